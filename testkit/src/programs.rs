//! Programs that tests run: mail programs of others on loopback, and the examples of our own crates. What was
//! started is ended, and what was written is removed, when the value goes.
//!
//! Everything here panics where it fails: it is for tests.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a server may take until it listens, and a file until it is there.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder of its own, which goes away again.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one, among the temporary files of the system.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mailproto-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of something in it.
    #[must_use]
    pub fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// Writes a file, with the folders that it is in, and gives its path.
    pub fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(&path, octets).expect("a file");
        self.join(name)
    }

    /// Makes a folder in it, and gives its path.
    pub fn folder(&self, name: &str) -> String {
        fs::create_dir_all(self.0.join(name)).expect("folders");
        self.join(name)
    }

    /// What is in the files in and below it that have this in their paths, in the order of the paths, once there
    /// are so many.
    #[must_use]
    pub fn wait_for(&self, part: &str, count: usize) -> Vec<Vec<u8>> {
        let start = Instant::now();
        loop {
            let mut files = Vec::new();
            find(&self.0, part, &mut files);
            if files.len() >= count {
                files.sort();
                return files.iter().map(|path| fs::read(path).expect("a file")).collect();
            }
            assert!(start.elapsed() < PATIENCE, "{} of {count} files", files.len());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn find(folder: &Path, part: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, part, files);
        } else if path.to_string_lossy().contains(part) {
            files.push(path);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that is ended when the value goes.
#[derive(Debug)]
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // asked first, so that it can end what it has started itself
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let start = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server that says on its first line where it listens; gives that line.
#[must_use]
pub fn announced(command: &mut Command) -> (Running, String) {
    let mut child =
        command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let running = Running(child);
    let first = lines.next().expect("a first line").expect("a text");
    // the rest must be read, or the server waits to be heard
    thread::spawn(move || lines.for_each(drop));
    (running, first)
}

/// Starts a server that tells nothing, and waits until it listens on this port of the own machine.
#[must_use]
pub fn listening(command: &mut Command, port: u16) -> Running {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let running = Running(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < PATIENCE, "{command:?} does not listen");
        thread::sleep(Duration::from_millis(50));
    }
    running
}

/// A port of the own machine that nothing listens on.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// An example of the package whose test this is. `cargo build --examples` makes it.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test");
    let target = test.parent().and_then(Path::parent).expect("a folder for what is built");
    let path = target.join("examples").join(name);
    assert!(path.exists(), "{} is missing: cargo build --examples", path.display());
    path
}

/// Runs a program that must succeed, with this as its input.
pub fn run(command: &mut Command, input: &[u8]) -> Output {
    let output = run_anyhow(command, input);
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&said));
    output
}

/// Runs a program that may fail, with this as its input.
pub fn run_anyhow(command: &mut Command, input: &[u8]) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    thread::scope(|scope| {
        // who reads nothing closes the pipe
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().expect("an output")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_their_input_and_folders_go_away() {
        let folder = Folder::new("programs");
        let file = folder.write("a/b.eml", b"octets");
        assert_eq!(run(Command::new("cat").arg(&file).arg("-"), b" and more").stdout, b"octets and more");
        assert_eq!(folder.wait_for(".eml", 1), [b"octets"]);
        assert!(!run_anyhow(Command::new("cat").arg(folder.join("c")), b"").status.success());
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_server_is_waited_for_and_ended() {
        let (server, line) = announced(Command::new("sh").args(["-c", "echo here; exec sleep 600"]));
        assert_eq!(line, "here");
        let process = format!("/proc/{}", server.0.id());
        drop(server);
        assert!(!Path::new(&process).exists());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listening(Command::new("sleep").arg("600"), port));
        assert_ne!(free_port(), port);
    }
}
