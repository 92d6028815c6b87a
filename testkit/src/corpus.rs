//! Conformance data that is kept outside the repository.
//!
//! The environment variable `MAILPROTO_CORPORA` names the folder. Tests that need it are
//! `#[ignore = "needs MAILPROTO_CORPORA"]`, so that they are never silently green.

use mail_base::{
    Name,
    dns::{Answer, Kind, Question, Resolve, Txt},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

/// The path of a file or folder of the data.
///
/// # Panics
/// Where the variable is not set.
#[must_use]
pub fn path(below: &str) -> PathBuf {
    let root =
        env::var_os("MAILPROTO_CORPORA").expect("MAILPROTO_CORPORA names the folder of the conformance data");
    Path::new(&root).join(below)
}

/// The octets of a file of the data.
///
/// # Panics
/// Where it cannot be read.
#[must_use]
pub fn read(below: &str) -> Vec<u8> {
    let path = path(below);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A JSON file of the data.
///
/// # Panics
/// Where it cannot be read or is not JSON.
#[must_use]
pub fn json(below: &str) -> Value {
    serde_json::from_slice(&read(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
}

/// The octets that a string of the data stands for: code points up to 255 are one octet each.
#[must_use]
pub fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

/// The `dns.json` of the DKIM suites, `{name: {"txt": [..]} | {"error": ..}}`, as a resolver. A name that is
/// not there does not exist.
#[derive(Clone, Debug, Default)]
pub struct TxtRecords {
    names: BTreeMap<Name, Answer>,
}

impl TxtRecords {
    /// Reads the names of a JSON object.
    ///
    /// # Panics
    /// Where the value is no such object.
    #[must_use]
    pub fn new(names: &Value) -> Self {
        let mut records = Self::default();
        records.add(names);
        records
    }

    /// Adds names, replacing those that are there already.
    ///
    /// # Panics
    /// Where the value is no such object.
    pub fn add(&mut self, names: &Value) {
        for (name, entry) in names.as_object().expect("an object of names") {
            let Ok(name) = Name::parse(name) else { continue };
            let texts = entry["txt"].as_array().map(|texts| {
                texts.iter().map(|text| match text {
                    Value::Array(strings) => {
                        Txt::from_strings(strings.iter().map(|text| octets(text.as_str().expect("a string"))))
                    }
                    text => Txt::from(&octets(text.as_str().expect("a string"))),
                })
            });
            let answer = match texts {
                Some(texts) => Answer::txt(texts),
                None => match entry["error"].as_str() {
                    Some("NXDOMAIN" | "nxdomain" | "ENOTFOUND") => Answer::NoSuchName,
                    Some("NODATA" | "nodata" | "ENODATA") => Answer::NoRecords,
                    _ => Answer::Unavailable,
                },
            };
            self.names.insert(name, answer);
        }
    }
}

impl Resolve for TxtRecords {
    fn resolve(&self, question: &Question) -> Answer {
        match self.names.get(&question.name) {
            Some(answer) if question.kind == Kind::Txt || *answer == Answer::Unavailable => answer.clone(),
            Some(_) => Answer::NoRecords,
            None => Answer::NoSuchName,
        }
    }
}
