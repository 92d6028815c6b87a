//! What a domain's records mean for everybody: how many look-ups they can cost, and which networks pass.
//!
//! A [`Survey`] is an [`Inquiry`] like a check, but for no client: it asks for every record that an `include` or
//! `redirect` leads to and for the addresses of every `a` and `mx`. What comes out is an [`Overview`].
//!
//! ```
//! use spf::{Name, Zone, survey::{SurveyLimits, survey}};
//!
//! let zone = Zone::parse(r#"
//!     example.com.      TXT "v=spf1 mx include:_spf.example.net -all"
//!     example.com.      MX  10 mail.example.com.
//!     mail.example.com. A   192.0.2.25
//!     _spf.example.net. TXT "v=spf1 -ip4:198.51.100.7 ip4:198.51.100.0/29 ~all"
//! "#)?;
//! let overview = survey(Name::parse("example.com")?, &SurveyLimits::default()).run(&zone);
//! assert_eq!(overview.lookups, 2);
//! let passing: Vec<_> = overview.passing.iter().map(ToString::to_string).collect();
//! assert_eq!(passing, ["192.0.2.25/32", "198.51.100.0/30", "198.51.100.4/31", "198.51.100.6/32"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The networks are exact, exceptions and errors and all, as far as they can be known: what `ptr` does, or a term with
//! macros other than `%{d}` and `%{o}`, depends on the message or the client, so that such terms are listed and
//! otherwise left out. Only the limits of a check, of look-ups and of void ones, do not strike here: how many of them
//! lie before a term differs from client to client, since whoever matches a term of an included record leaves the rest
//! of it out. [`Overview::lookups`] tells the worst case, and [`Overview::warnings`] what is over the limit.

mod networks;
mod overview;

pub use networks::Network;
pub(crate) use networks::{Space, range};
pub use overview::{Overview, Problem, SurveyLimits, SurveyedRecord};

use crate::{
    raw::{Raw, RawKind, Span},
    record::{DualPrefix, Qualifier, Record},
    report::Matched,
    request::has_two_labels,
    verdict::DomainError,
};
use alloc::{collections::VecDeque, vec::Vec};
use core::net::IpAddr;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Kind, Question},
};

/// Starts a survey of the records of a domain.
pub fn survey(domain: Name, limits: &SurveyLimits) -> Step<Survey> {
    let overview = Overview {
        domain: domain.clone(),
        records: Vec::new(),
        lookups: 0,
        passing: Vec::new(),
        depending: Vec::new(),
        problems: Vec::new(),
        is_complete: true,
    };
    let mut survey = Survey {
        question: Question::txt(domain.clone()),
        limits: *limits,
        overview,
        questions: 0,
        frames: Vec::new(),
        pending: Pending::Record(Entry::new(Space::all())),
        passed: Space::default(),
        failed: Space::default(),
    };
    // RFC 7208 §4.3: another domain is not even asked
    if !has_two_labels(&domain) {
        survey.overview.problems.push(Problem::NoRecord(domain));
        return Step::Done(survey.overview);
    }
    Step::Ask(survey)
}

/// A survey that waits for an answer.
#[derive(Clone, Debug)]
pub struct Survey {
    question: Question,
    limits: SurveyLimits,
    overview: Overview,
    questions: usize,
    /// The records that are being read, the outermost first.
    frames: Vec<Frame>,
    pending: Pending,
    /// What passes in the end.
    passed: Space,
    /// Whoever comes to an error, and so does not pass, whatever follows it.
    failed: Space,
}

/// Who comes to a record, and how.
#[derive(Clone, Debug)]
struct Entry {
    /// The addresses that no term before has matched.
    space: Space,
    /// The addresses that pass already, by records that redirect here.
    passed: Space,
    /// The domains of these records.
    redirecting: Vec<Name>,
}

impl Entry {
    /// The entry of an `include`.
    fn new(space: Space) -> Self {
        Self { space, passed: Space::default(), redirecting: Vec::new() }
    }
}

/// A record that is being read.
#[derive(Clone, Debug)]
struct Frame {
    domain: Name,
    record: Record,
    term: Raw,
    /// What is left of the addresses, what passes, and what redirects here.
    entry: Entry,
}

#[derive(Clone, Debug)]
enum Pending {
    /// A record.
    Record(Entry),
    /// Whether there is any address.
    Existence,
    /// The exchangers of a name.
    Exchangers(DualPrefix),
    /// Addresses, and then those of the other questions.
    Addresses(DualPrefix, VecDeque<Question>),
}

/// The most exchangers of an `mx` (RFC 7208 §4.6.4).
const EXCHANGERS: usize = 10;

impl Inquiry for Survey {
    type Outcome = Overview;

    fn question(&self) -> &Question {
        &self.question
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        self.questions = self.questions.saturating_add(1);
        match &answer {
            Answer::Unavailable => self.unavailable(),
            // a name with addresses of one family only is nothing to complain about
            Answer::NoRecords if self.question.kind == Kind::Aaaa => {}
            answer if answer.is_void() && self.question.kind != Kind::Txt => {
                self.overview.problems.push(Problem::Void(self.question.clone()));
            }
            _ => {}
        }
        let pending = core::mem::replace(&mut self.pending, Pending::Exchangers(DualPrefix::default()));
        let next = match pending {
            Pending::Record(entry) => {
                self.record_answered(&answer, entry);
                None
            }
            Pending::Existence => {
                if !answer.as_a().is_empty() {
                    self.take_all();
                }
                None
            }
            Pending::Exchangers(prefix) => self.exchangers_answered(&answer, prefix),
            Pending::Addresses(prefix, rest) => {
                self.addresses_answered(&answer, prefix);
                self.next_addresses(prefix, rest)
            }
        };
        self.go_on(next)
    }

    fn expire(mut self) -> Overview {
        self.overview.is_complete = false;
        // what passes by now passes whatever follows
        if let Pending::Record(entry) = core::mem::replace(&mut self.pending, Pending::Existence)
            && !entry.redirecting.is_empty()
        {
            self.leave(entry.passed);
        }
        while let Some(frame) = self.frames.pop() {
            self.leave(frame.entry.passed);
        }
        self.finish()
    }
}

impl Survey {
    fn finish(mut self) -> Overview {
        self.passed.remove(&self.failed);
        self.overview.passing = self.passed.networks();
        self.overview
    }

    /// Goes on with the terms of the innermost record until there is something to ask.
    fn go_on(mut self, next: Option<(Question, Pending)>) -> Step<Self> {
        let mut next = next;
        loop {
            let is_asking = next.is_some();
            if let Some((question, pending)) = next {
                (self.question, self.pending) = (question, pending);
            }
            let is_over = is_asking && self.questions >= self.limits.questions;
            if is_over || self.overview.lookups > self.limits.terms {
                return Step::Done(self.expire());
            }
            if is_asking {
                return Step::Ask(self);
            }
            let Some(frame) = self.frames.last_mut() else { return Step::Done(self.finish()) };
            let term = frame.record.raw_terms_from(usize::from(frame.term.end)).next();
            // what nobody is left to reach is not read
            let term = term.filter(|_| !frame.entry.space.is_empty());
            next = match term {
                Some(term) => {
                    frame.term = term;
                    self.term(term)
                }
                None => self.end_of_record(),
            };
        }
    }

    fn record_answered(&mut self, answer: &Answer, entry: Entry) {
        let domain = self.question.name.clone();
        let mut claimed = answer.as_txt().iter().filter(|text| Record::is_claimed_by(text.as_bytes()));
        let problem = match (claimed.next(), claimed.next(), answer) {
            (_, _, Answer::Unavailable) => None,
            (None, _, _) => Some(Problem::NoRecord(domain.clone())),
            (Some(_), Some(_), _) => Some(Problem::SeveralRecords(domain.clone())),
            (Some(text), None, _) => match Record::from_txt(text.clone()) {
                Ok(record) => {
                    let depth = self.frames.len();
                    let surveyed = SurveyedRecord { domain: domain.clone(), record: record.clone(), depth };
                    self.overview.records.push(surveyed);
                    self.frames.push(Frame { domain, record, term: Raw::VERSION, entry });
                    return;
                }
                Err(error) => Some(Problem::Syntax(domain, error)),
            },
        };
        self.overview.problems.extend(problem);
        self.failed.add(&entry.space);
        // a redirect that leads nowhere still ends the record that it stands in
        if !entry.redirecting.is_empty() {
            self.leave(entry.passed);
        }
    }

    /// Leaves open what becomes of all addresses that no term has matched yet: what follows depends on what is not read.
    fn give_up(&mut self) {
        self.overview.is_complete = false;
        for frame in &mut self.frames {
            frame.entry.space = Space::default();
        }
    }

    /// Whoever is left at the term comes to an error there (RFC 7208 §5.2, §6.1, §4.6.4).
    fn fail(&mut self) {
        if let Some(frame) = self.frames.last() {
            self.failed.add(&frame.entry.space);
        }
    }

    /// The same, for those whose check asks the question that was not answered (RFC 7208 §5).
    fn unavailable(&mut self) {
        self.overview.problems.push(Problem::Unavailable(self.question.clone()));
        self.overview.is_complete = false;
        let Some(frame) = self.frames.last() else { return };
        let space = &frame.entry.space;
        match (&self.pending, self.question.kind) {
            // who comes to the record is known there
            (Pending::Record(_), _) => {}
            (Pending::Addresses(..), Kind::A) => self.failed.add(&space.of_ip4()),
            (Pending::Addresses(..), _) => self.failed.add(&space.of_ip6()),
            (Pending::Exchangers(_) | Pending::Existence, _) => self.failed.add(space),
        }
    }

    /// The record is done: what passes by it matches the `include` that led to it.
    fn leave(&mut self, passed: Space) {
        let Some(outer) = self.frames.last_mut() else {
            self.passed = passed;
            return;
        };
        outer.entry.space.remove(&passed);
        outer.matched(&passed);
    }

    fn end_of_record(&mut self) -> Option<(Question, Pending)> {
        let Frame { domain, record, mut entry, .. } = self.frames.pop()?;
        // behind an `all`, nobody is left
        let Some(redirect) = record.index().redirect.filter(|_| !entry.space.is_empty()) else {
            self.leave(entry.passed);
            return None;
        };
        self.overview.lookups = self.overview.lookups.saturating_add(1);
        let term = Matched::new(domain.clone(), record.clone(), redirect.at);
        entry.redirecting.push(domain.clone());
        let problem = match self.target(&domain, &record, redirect.domain).map(two_labels) {
            Some(Ok(name)) if !self.is_open(&name) && !entry.redirecting.contains(&name) => {
                return Some((Question::txt(name), Pending::Record(entry)));
            }
            Some(Ok(_)) => Problem::Loop(term),
            Some(Err(_)) => Problem::Target(term),
            None => {
                self.overview.depending.push(term);
                self.leave(entry.passed);
                return None;
            }
        };
        self.overview.problems.push(problem);
        self.failed.add(&entry.space);
        self.leave(entry.passed);
        None
    }

    /// Whether the record of a domain is being read, or redirects to one that is.
    fn is_open(&self, name: &Name) -> bool {
        self.frames.iter().any(|frame| frame.domain == *name || frame.entry.redirecting.contains(name))
    }

    fn term(&mut self, term: Raw) -> Option<(Question, Pending)> {
        let frame = self.frames.last()?;
        let Raw { kind, value, prefix, .. } = term;
        let text = frame.record.as_txt().as_bytes();
        match kind {
            RawKind::All => return self.take_all(),
            RawKind::Ip4 => return self.take(term.ip4_network(text).into(), prefix.ip4),
            RawKind::Ip6 => return self.take(term.ip6_network(text).into(), prefix.ip6),
            RawKind::Redirect | RawKind::Exp | RawKind::Unknown => return None,
            RawKind::Include | RawKind::A | RawKind::Mx | RawKind::Ptr | RawKind::Exists => {}
        }
        self.overview.lookups = self.overview.lookups.saturating_add(1);
        let matched = frame.term();
        let target = match kind {
            RawKind::Ptr => None,
            _ => self.target(&frame.domain, &frame.record, value),
        };
        let Some(target) = target else {
            self.overview.depending.push(matched);
            return None;
        };
        match (kind, target) {
            (RawKind::Include, target) => self.include(target, matched),
            (RawKind::A, Ok(name)) => self.next_addresses(prefix, address_questions([name])),
            (RawKind::Mx, Ok(name)) => Some((Question::new(name, Kind::Mx), Pending::Exchangers(prefix))),
            (_, Ok(name)) => Some((Question::new(name, Kind::A), Pending::Existence)),
            (_, Err(_)) => {
                self.overview.problems.push(Problem::Target(matched));
                None
            }
        }
    }

    fn include(&mut self, target: Result<Name, DomainError>, term: Matched) -> Option<(Question, Pending)> {
        let problem = match two_labels(target) {
            Ok(name) if self.is_open(&name) => Problem::Loop(term),
            Ok(_) if self.frames.len() >= self.limits.depth => {
                self.give_up();
                return None;
            }
            Ok(name) => {
                let entry = Entry::new(self.frames.last()?.entry.space.clone());
                return Some((Question::txt(name), Pending::Record(entry)));
            }
            Err(_) => Problem::Target(term),
        };
        self.overview.problems.push(problem);
        self.fail();
        None
    }

    /// Everybody who is left matches the term.
    fn take_all(&mut self) -> Option<(Question, Pending)> {
        let frame = self.frames.last_mut()?;
        let all = core::mem::take(&mut frame.entry.space);
        frame.matched(&all);
        None
    }

    fn take(&mut self, address: IpAddr, prefix: u8) -> Option<(Question, Pending)> {
        let limit = self.limits.ranges;
        let frame = self.frames.last_mut()?;
        if frame.entry.space.len().saturating_add(frame.entry.passed.len()) >= limit {
            self.give_up();
            return None;
        }
        let taken = frame.entry.space.take(address, prefix);
        frame.matched(&taken);
        None
    }

    /// The name that a domain-spec stands for, where that does not depend on the message.
    fn target(&self, domain: &Name, record: &Record, span: Span) -> Option<Result<Name, DomainError>> {
        if span.is_empty() {
            return Some(Ok(domain.clone()));
        }
        record.domain_spec(span).for_everybody(domain, &self.overview.domain)
    }

    fn exchangers_answered(&mut self, answer: &Answer, prefix: DualPrefix) -> Option<(Question, Pending)> {
        let exchangers = answer.as_mx();
        if exchangers.len() > EXCHANGERS {
            let frame = self.frames.last()?;
            let term = frame.term();
            self.overview.problems.push(Problem::TooManyExchangers(term));
            self.fail();
            return None;
        }
        let hosts = exchangers.iter().filter(|mx| !mx.exchange.is_root()).map(|mx| mx.exchange.clone());
        self.next_addresses(prefix, address_questions(hosts))
    }

    fn addresses_answered(&mut self, answer: &Answer, prefix: DualPrefix) {
        for address in answer.as_a() {
            self.take(IpAddr::V4(*address), prefix.ip4);
        }
        for address in answer.as_aaaa() {
            self.take(IpAddr::V6(*address), prefix.ip6);
        }
    }

    fn next_addresses(
        &mut self,
        prefix: DualPrefix,
        mut questions: VecDeque<Question>,
    ) -> Option<(Question, Pending)> {
        let question = questions.pop_front()?;
        Some((question, Pending::Addresses(prefix, questions)))
    }
}

impl Frame {
    /// The term that is being read.
    fn term(&self) -> Matched {
        Matched::new(self.domain.clone(), self.record.clone(), self.term.at)
    }

    /// Files the addresses that the term matches.
    fn matched(&mut self, addresses: &Space) {
        if self.term.qualifier == Qualifier::Pass {
            self.entry.passed.add(addresses);
        }
    }
}

/// Only a name of two labels at least can have a record (RFC 7208 §4.3).
fn two_labels(target: Result<Name, DomainError>) -> Result<Name, DomainError> {
    target.and_then(|name| if has_two_labels(&name) { Ok(name) } else { Err(DomainError::SingleLabel) })
}

/// The questions for the addresses of both families.
fn address_questions(names: impl IntoIterator<Item = Name>) -> VecDeque<Question> {
    let both = |name: Name| [Question::new(name.clone(), Kind::A), Question::new(name, Kind::Aaaa)];
    names.into_iter().flat_map(both).collect()
}
