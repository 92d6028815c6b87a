//! What the DNS has said so far.

use crate::record::Record;
use alloc::vec::Vec;
use mail_base::{
    Name,
    dns::{Answer, Kind, Question},
};

/// The label below which records stand (RFC 9989 §4.5).
const LABEL: &str = "_dmarc";

/// The record at a domain.
#[derive(Clone, Debug)]
enum Lookup {
    Record(Record),
    Nothing,
    /// More than one: none of them counts (RFC 9989 §4.10 step 2).
    Several,
    Unavailable,
}

/// Whether a domain exists.
#[derive(Clone, Copy, Debug)]
enum Existence {
    Exists,
    DoesNotExist,
    Unavailable,
}

/// Why an evaluation cannot go on.
pub(crate) enum Stop {
    /// This must be asked first.
    Ask(Pending),
    /// The answer could not be had.
    Unavailable(Name),
}

/// A question that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) question: Question,
    domain: Name,
}

/// All answers, by domain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    /// The first record to be looked up, which is often the only one.
    first: Option<(Name, Lookup)>,
    /// The others, sorted by domain.
    records: Vec<(Name, Lookup)>,
    /// Sorted by domain.
    existence: Vec<(Name, Existence)>,
}

fn find<'a, T>(sorted: &'a [(Name, T)], domain: &Name) -> Option<&'a T> {
    let at = sorted.binary_search_by(|(name, _)| name.cmp(domain)).ok()?;
    sorted.get(at).map(|(_, value)| value)
}

fn file<T>(sorted: &mut Vec<(Name, T)>, domain: Name, value: T) {
    match sorted.binary_search_by(|(name, _)| name.cmp(&domain)) {
        Ok(at) => {
            if let Some((_, slot)) = sorted.get_mut(at) {
                *slot = value;
            }
        }
        Err(at) => sorted.insert(at, (domain, value)),
    }
}

impl Answers {
    /// The record at a domain.
    pub(crate) fn record(&self, domain: &Name) -> Result<Option<&Record>, Stop> {
        match self.lookup(domain) {
            Some(Lookup::Record(record)) => Ok(Some(record)),
            Some(Lookup::Nothing | Lookup::Several) => Ok(None),
            Some(Lookup::Unavailable) => Err(Stop::Unavailable(domain.clone())),
            None => match domain.prefixed(LABEL) {
                Ok(name) => Err(Stop::Ask(Pending { question: Question::txt(name), domain: domain.clone() })),
                // a name that is too long for the DNS has no record
                Err(_) => Ok(None),
            },
        }
    }

    /// Whether there is more than one record at a domain.
    pub(crate) fn has_several(&self, domain: &Name) -> bool {
        matches!(self.lookup(domain), Some(Lookup::Several))
    }

    #[inline]
    fn lookup(&self, domain: &Name) -> Option<&Lookup> {
        let first = self.first.as_ref().filter(|(name, _)| name == domain).map(|(_, lookup)| lookup);
        first.or_else(|| find(&self.records, domain))
    }

    /// Whether a domain exists: everything but an NXDOMAIN says so (RFC 9989 §3.2.13). The kind of the
    /// question is of no matter.
    pub(crate) fn exists(&self, domain: &Name) -> Result<bool, Stop> {
        match find(&self.existence, domain) {
            Some(Existence::Exists) => Ok(true),
            Some(Existence::DoesNotExist) => Ok(false),
            Some(Existence::Unavailable) => Err(Stop::Unavailable(domain.clone())),
            None => {
                let question = Question::new(domain.clone(), Kind::A);
                Err(Stop::Ask(Pending { question, domain: domain.clone() }))
            }
        }
    }

    /// Keeps the answer to a question that [`record`](Self::record) or [`exists`](Self::exists) asked.
    pub(crate) fn file(&mut self, pending: Pending, answer: &Answer) {
        if pending.question.kind == Kind::Txt {
            let lookup = lookup(answer);
            match self.first {
                None => self.first = Some((pending.domain, lookup)),
                Some(_) => file(&mut self.records, pending.domain, lookup),
            }
        } else {
            let existence = match answer {
                Answer::Records(_) | Answer::NoRecords => Existence::Exists,
                Answer::NoSuchName => Existence::DoesNotExist,
                Answer::Unavailable => Existence::Unavailable,
            };
            file(&mut self.existence, pending.domain, existence);
        }
    }

    /// A domain on an author's way up at which there was more than one record.
    pub(crate) fn several_above(&self, author: &Name) -> Option<&Name> {
        let records = self.first.iter().chain(&self.records);
        let mut several = records.filter(|(_, lookup)| matches!(lookup, Lookup::Several));
        several.find(|(domain, _)| author.is_within(domain)).map(|(domain, _)| domain)
    }

    /// How many questions were answered.
    pub(crate) fn count(&self) -> usize {
        let records = usize::from(self.first.is_some()).saturating_add(self.records.len());
        records.saturating_add(self.existence.len())
    }
}

/// The records among the texts at a name (RFC 9989 §4.10 steps 2 and 6).
fn lookup(answer: &Answer) -> Lookup {
    if matches!(answer, Answer::Unavailable) {
        return Lookup::Unavailable;
    }
    let mut records = answer.as_txt().iter().filter_map(|text| Record::from_txt(text.clone()).ok());
    match (records.next(), records.next()) {
        (None, _) => Lookup::Nothing,
        (Some(record), None) => Lookup::Record(record),
        (Some(_), Some(_)) => Lookup::Several,
    }
}
