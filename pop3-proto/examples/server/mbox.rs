//! An mbox file: each message stands behind a line that starts with `From ` and before an empty line, and where a line
//! of its own would start so, perhaps behind some `>`, it has one `>` more (mboxrd).

use std::{
    fs::{self, File},
    io::{Error, ErrorKind, Result, Write as _},
    ops::Range,
    path::{Path, PathBuf},
};

/// A file as it was when it was opened.
pub(crate) struct Mbox {
    path: PathBuf,
    text: Vec<u8>,
    /// Where each message stands in the text, its `From ` line and the empty line behind it among them.
    entries: Vec<Range<usize>>,
}

impl Mbox {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let text = fs::read(path)?;
        if !text.is_empty() && !text.starts_with(b"From ") {
            return Err(Error::new(ErrorKind::InvalidData, "not an mbox, it does not start with From"));
        }
        let starts = starts(&text);
        let ends = starts.iter().copied().skip(1).chain([text.len()]);
        let entries = starts.iter().zip(ends).map(|(start, end)| *start..end).collect();
        Ok(Self { path: path.to_owned(), text, entries })
    }

    /// How many messages there are.
    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    /// A message as it came, but for its line ends.
    pub(crate) fn message(&self, index: usize) -> Option<Vec<u8>> {
        let entry = self.text.get(self.entries.get(index)?.clone())?;
        let mut lines: Vec<_> = entry.split_inclusive(|octet| *octet == b'\n').skip(1).collect();
        if lines.last().is_some_and(|line| is_empty(line)) {
            lines.pop();
        }
        Some(lines.into_iter().map(unquoted).collect::<Vec<_>>().concat())
    }

    /// Takes messages, the first ones first, out of the file, under the lock that mail programs respect. What has come
    /// behind the others meanwhile is kept. The file is written anew beside the old one, and takes its place when it is
    /// whole.
    pub(crate) fn delete(&self, indices: &[usize]) -> Result<()> {
        let _lock = Lock::take(self.beside("lock"))?;
        let now = fs::read(&self.path)?;
        let Some(new) = now.strip_prefix(self.text.as_slice()) else {
            return Err(Error::new(ErrorKind::InvalidData, "another program has changed the mbox"));
        };
        if !new.is_empty() && starts(&now).binary_search(&self.text.len()).is_err() {
            return Err(Error::new(ErrorKind::InvalidData, "the last message was still being written"));
        }
        let beside = self.beside("new");
        let mut file = File::create(&beside)?;
        file.set_permissions(fs::metadata(&self.path)?.permissions())?;
        for (_, entry) in
            self.entries.iter().enumerate().filter(|(index, _)| indices.binary_search(index).is_err())
        {
            file.write_all(self.text.get(entry.clone()).unwrap_or_default())?;
        }
        file.write_all(new)?;
        file.sync_all()?;
        fs::rename(beside, &self.path)
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(end);
        path.into()
    }
}

/// A lock file, as long as this lives.
struct Lock(PathBuf);

impl Lock {
    fn take(path: PathBuf) -> Result<Self> {
        File::create_new(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // one that stays is seen by the next who wants it
        let _ = fs::remove_file(&self.0);
    }
}

/// Where the `From ` lines are that start a message: behind an empty line, or the first.
fn starts(text: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let (mut at, mut is_behind_empty) = (0_usize, true);
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        if is_behind_empty && line.starts_with(b"From ") {
            starts.push(at);
        }
        is_behind_empty = is_empty(line);
        at = at.saturating_add(line.len());
    }
    starts
}

fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

/// The line without the `>` that keeps it from being taken for the start of a message.
fn unquoted(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|octet| **octet == b'>').count();
    let is_quoted = quotes > 0 && line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From "));
    line.get(usize::from(is_quoted)..).unwrap_or(line)
}
