//! The mbox files of the server example.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "../examples/server/mbox.rs"]
mod mbox;

use mbox::Mbox;
use std::{fs, path::Path};
use testkit::programs::Folder;

const TEXT: &str = "From a@x Sun Nov 22 03:10:01 2026\nSubject: 1\n\n>From here\n>>From there\n> From\n\n\
    From b@x Sun Nov 22 03:10:02 2026\nSubject: 2\n\ntext\nFrom the text, not behind an empty line\n\n\
    From c@x Sun Nov 22 03:10:03 2026\r\nSubject: 3\r\n\r\nlast";

fn messages(path: &str) -> Vec<String> {
    let mbox = Mbox::open(Path::new(path)).unwrap();
    (0..mbox.count()).map(|at| String::from_utf8(mbox.message(at).unwrap()).unwrap()).collect()
}

#[test]
fn messages_stand_behind_from_lines() {
    let folder = Folder::new("mbox-read");
    let path = folder.write("mbox", TEXT);
    let expected = [
        "Subject: 1\n\nFrom here\n>From there\n> From\n",
        "Subject: 2\n\ntext\nFrom the text, not behind an empty line\n",
        "Subject: 3\r\n\r\nlast",
    ];
    assert_eq!(messages(&path), expected);
    assert_eq!(messages(&folder.write("empty", "")), [""; 0]);
    assert_eq!(messages(&folder.write("one", "From a\n\n")), [""]);
    assert_eq!(messages(&folder.write("end", "From a\nA: b\n\nc\n")), ["A: b\n\nc\n"]);
    let other = folder.write("other", "Subject: x\n\n");
    assert!(Mbox::open(Path::new(&other)).is_err());
}

#[test]
fn what_is_deleted_is_gone_and_what_has_come_stays() {
    let folder = Folder::new("mbox-delete");
    let path = folder.write("mbox", "From a\nA\n\nFrom b\nB\n\nFrom c\nC\n\n");
    let mbox = Mbox::open(Path::new(&path)).unwrap();
    fs::write(&path, "From a\nA\n\nFrom b\nB\n\nFrom c\nC\n\nFrom d\nD\n\n").unwrap();
    mbox.delete(&[0, 2]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "From b\nB\n\nFrom d\nD\n\n");
    assert!(mbox.delete(&[0]).is_err(), "the file is another one now");
    assert_eq!(messages(&path), ["B\n", "D\n"]);
    assert!(!Path::new(&format!("{path}.lock")).exists());

    let mbox = Mbox::open(Path::new(&path)).unwrap();
    let lock = folder.write("mbox.lock", "");
    assert!(mbox.delete(&[0]).is_err(), "another program has the lock");
    assert_eq!(messages(&path), ["B\n", "D\n"]);
    assert!(Path::new(&lock).exists());
}

#[test]
fn a_message_that_was_still_being_written_is_not_torn() {
    let folder = Folder::new("mbox-torn");
    for (seen, whole) in [
        ("From a\nA\n\nFrom b\nSubject: ", "From a\nA\n\nFrom b\nSubject: b\n\nB\n\n"),
        ("From a\nA\n\nFrom b\nB\n", "From a\nA\n\nFrom b\nB\nFrom the text\n\n"),
    ] {
        let path = folder.write("mbox", seen);
        let mbox = Mbox::open(Path::new(&path)).unwrap();
        fs::write(&path, whole).unwrap();
        assert!(mbox.delete(&[1]).is_err(), "{seen:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    }
}
