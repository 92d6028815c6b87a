//! The messages of a mailbox: the files of a Maildir, or what an mbox file holds.

use crate::{Failure, mbox::Mbox};
use pop3_proto::{Maildrop, Number};
use std::{
    fs,
    io::{Cursor, Error, ErrorKind},
    path::{Path, PathBuf},
};
use tokio::{fs::File, io::AsyncRead};

/// In the order of their numbers.
pub(crate) enum Messages {
    Maildir(Vec<PathBuf>),
    Mbox(Mbox),
}

impl Messages {
    /// Whether there is a mailbox: what is wrong shall be told before anybody logs in.
    pub(crate) fn check(path: &Path) -> Result<(), Failure> {
        let name = path.display();
        if path.is_file() {
            Mbox::open(path).map(drop).map_err(|error| format!("{name}: {error}").into())
        } else if path.join("cur").is_dir() && path.join("new").is_dir() {
            Ok(())
        } else {
            Err(format!("{name}: not a Maildir, there is no cur or no new in it").into())
        }
    }

    /// Opens a mailbox for a login: the messages, and what POP3 tells of them.
    pub(crate) fn open(path: &Path) -> Result<(Self, Maildrop), Failure> {
        if path.is_file() { Self::open_mbox(path) } else { Self::open_maildir(path) }
    }

    /// The name of a file, without its flags, is the unique id of its message.
    fn open_maildir(path: &Path) -> Result<(Self, Maildrop), Failure> {
        let mut files = Vec::new();
        for part in ["new", "cur"] {
            for entry in fs::read_dir(path.join(part))? {
                files.push(entry?.path());
            }
        }
        files.sort_by(|left, right| left.file_name().cmp(&right.file_name()));
        let (mut messages, mut maildrop) = (Vec::new(), Maildrop::new());
        for file in files {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("");
            let id = name.split(':').next().unwrap_or("");
            // a file whose name is no unique id is no message either
            if maildrop.add(sent_octets(&fs::read(&file)?), id).is_ok() {
                messages.push(file);
            }
        }
        Ok((Self::Maildir(messages), maildrop))
    }

    /// The hash of a message is its unique id; two that are the same have the same (RFC 1939 §7).
    fn open_mbox(path: &Path) -> Result<(Self, Maildrop), Failure> {
        let mbox = Mbox::open(path)?;
        let mut maildrop = Maildrop::new();
        for message in (0..mbox.count()).filter_map(|index| mbox.message(index)) {
            let hash = ring::digest::digest(&ring::digest::SHA256, &message);
            let id: String = hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
            maildrop.add(sent_octets(&message), &id)?;
        }
        Ok((Self::Mbox(mbox), maildrop))
    }

    /// A message, to be read.
    pub(crate) async fn read(&self, number: Number) -> Result<Box<dyn AsyncRead + Unpin + Send>, Error> {
        let none = || Error::new(ErrorKind::NotFound, "a message that was never there");
        match self {
            Self::Maildir(files) => {
                let file = files.get(number.index()).ok_or_else(none)?;
                Ok(Box::new(File::open(file).await?))
            }
            Self::Mbox(mbox) => Ok(Box::new(Cursor::new(mbox.message(number.index()).ok_or_else(none)?))),
        }
    }

    /// Deletes messages: fails if one of them is still there.
    pub(crate) fn delete(&self, numbers: &[Number]) -> Result<(), Error> {
        let indices = numbers.iter().map(|number| number.index());
        match self {
            Self::Maildir(files) => {
                let removed = indices.filter_map(|index| files.get(index)).map(fs::remove_file);
                // the others are deleted all the same
                removed.fold(Ok(()), Result::and)
            }
            Self::Mbox(_) if numbers.is_empty() => Ok(()),
            Self::Mbox(mbox) => mbox.delete(&indices.collect::<Vec<_>>()),
        }
    }
}

/// How many octets go over the wire, dots not counted: each bare LF becomes CRLF, and the end gets one.
fn sent_octets(message: &[u8]) -> u64 {
    let mut octets: u64 = 0;
    let mut last = b'\n';
    for &octet in message {
        let is_bare = octet == b'\n' && last != b'\r';
        octets = octets.saturating_add(if is_bare { 2 } else { 1 });
        last = octet;
    }
    if last == b'\n' { octets } else { octets.saturating_add(2) }
}
