//! A real name server on loopback: NSD, with what a [`Zone`] says as its root zone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use core::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicUsize, Ordering},
};
use mail_base::Zone;
use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    net::{TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
};

/// What makes a zone of records: it says nothing of names that the tests ask for.
const APEX: &str = "$TTL 300\n. SOA ns.apex. hostmaster.apex. 1 3600 600 86400 300\n. NS ns.apex.\n";

/// How often another port is tried, where somebody was faster to take the free one.
const ATTEMPTS: usize = 5;

/// A running name server. It ends and its folder is removed when this is dropped.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    server: Child,
    folder: PathBuf,
}

impl NameServer {
    /// Serves the records of a zone.
    pub(crate) fn start(zone: &Zone) -> Self {
        Self::start_with(zone, "")
    }

    /// Serves the records of a zone, and of `more` text, for what a zone cannot hold.
    pub(crate) fn start_with(zone: &Zone, more: &str) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let count = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("mailproto-nsd-{}-{count}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("root.zone"), format!("{APEX}{zone}{more}")).unwrap();
        let mut complaint = String::new();
        for _ in 0..ATTEMPTS {
            let address = free_address();
            match start(&folder, address) {
                Ok(server) => return Self { address, server, folder },
                Err(line) => complaint = line,
            }
        }
        let _ = fs::remove_dir_all(&folder);
        panic!("NSD does not start: {complaint}");
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        end(&mut self.server);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Asks the server to end, so that it ends its children too.
fn end(server: &mut Child) {
    let asked = Command::new("kill").arg(server.id().to_string()).status();
    if !asked.is_ok_and(|status| status.success()) {
        let _ = server.kill();
    }
    let _ = server.wait();
}

/// An address whose port was free a moment ago, for UDP and for TCP.
fn free_address() -> SocketAddr {
    loop {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Starts NSD in the foreground and waits until it says that it serves. What it complains about is the error.
fn start(folder: &Path, address: SocketAddr) -> Result<Child, String> {
    let configuration = folder.join("nsd.conf");
    fs::write(&configuration, configure(folder, address)).unwrap();
    let mut server = spawn(&configuration).expect("nsd is installed (Debian package nsd)");
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut complaint = None;
    let mut is_serving = false;
    while let Some(Ok(line)) = log.next() {
        if line.contains("error") {
            complaint = Some(line);
        } else if line.contains("nsd started") {
            is_serving = true;
            break;
        }
    }
    if complaint.is_some() || !is_serving {
        end(&mut server);
        return Err(complaint.unwrap_or_default());
    }
    // a full pipe would stop it
    thread::spawn(move || log.for_each(drop));
    Ok(server)
}

/// Debian keeps it where not every user's path leads.
fn spawn(configuration: &Path) -> io::Result<Child> {
    let spawn = |program| {
        let mut command = Command::new(program);
        command.arg("-d").arg("-c").arg(configuration).stdin(Stdio::null()).stderr(Stdio::piped()).spawn()
    };
    spawn("nsd").or_else(|_| spawn("/usr/sbin/nsd"))
}

fn configure(folder: &Path, address: SocketAddr) -> String {
    let (ip, port, folder) = (address.ip(), address.port(), folder.display());
    format!(
        "server:\n  ip-address: {ip}@{port}\n  server-count: 1\n  username: \"\"\n  database: \"\"\n  \
         pidfile: \"\"\n  zonesdir: \"{folder}\"\n  xfrdir: \"{folder}\"\n  xfrdfile: \"{folder}/xfrd.state\"\n  \
         zonelistfile: \"{folder}/zone.list\"\nremote-control:\n  control-enable: no\n\
         zone:\n  name: \".\"\n  zonefile: root.zone\n"
    )
}
