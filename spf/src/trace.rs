//! What a check did, step by step.
//!
//! A request with [`trace(true)`](crate::Request::trace) gets a [`Trace`] in its report: a tree, kept as a list of
//! [`TraceStep`]s with their depth. `Display` draws it.

use crate::{
    record::Record,
    report::Matched,
    verdict::{Cause, DomainError, Verdict},
};
use alloc::{string::String, vec, vec::Vec};
use core::fmt;
use mail_base::{
    Name,
    dns::{Answer, Question, Records, Txt},
};

/// What a check did, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    steps: Vec<TraceStep>,
}

/// One step of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceStep {
    /// How many steps stand above this one.
    pub depth: usize,
    /// What happened.
    pub event: Event,
    /// How many terms had asked the DNS when the step was done, or the check ended in it.
    pub lookups: usize,
    /// How many of their questions had been answered with nothing.
    pub void_lookups: usize,
}

/// What happened in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A question was answered.
    Answered {
        /// The question.
        question: Question,
        /// The answer.
        answer: Answer,
    },
    /// A record is evaluated.
    Record {
        /// Whose.
        domain: Name,
        /// The record.
        record: Record,
        /// What came of it, where it was included.
        verdict: Option<Verdict>,
        /// Whether it is the caller's [best-guess record](crate::Request::best_guess), because the domain has none.
        is_guess: bool,
    },
    /// A term is evaluated.
    Term {
        /// The term.
        term: Matched,
        /// Whether it matched; nothing where the check ended in it, and for `redirect` and `exp`.
        is_match: Option<bool>,
    },
    /// Nothing was asked: the domain of the term expands to what is no domain name.
    Unasked {
        /// What is wrong with it.
        error: DomainError,
    },
    /// The explanation of a fail was looked for.
    Explanation {
        /// The explanation, where there is one.
        text: Option<String>,
    },
    /// The check ends.
    Verdict {
        /// With this result.
        verdict: Verdict,
        /// For this reason, where it did not pass.
        cause: Option<Cause>,
        /// What the caller's [best-guess record](crate::Request::best_guess) says, where it was evaluated.
        best_guess: Option<Verdict>,
    },
}

impl Trace {
    /// The steps, in the order in which they began. What belongs to a step follows it and is deeper.
    #[must_use]
    pub fn steps(&self) -> &[TraceStep] {
        &self.steps
    }
}

/// Keeps the steps of a check while it runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracer {
    steps: Vec<TraceStep>,
    /// The numbers of the records and terms that are being evaluated, the outermost first.
    open: Vec<usize>,
    /// How many were open when each `include` was entered.
    entered: Vec<usize>,
    /// Whether the explanation of a fail is looked for.
    is_explaining: bool,
}

impl Tracer {
    fn push(&mut self, event: Event, lookups: usize, void_lookups: usize) {
        self.count(lookups, void_lookups);
        self.steps.push(TraceStep { depth: self.open.len(), event, lookups, void_lookups });
    }

    /// What is counted is counted for all steps that are not done.
    fn count(&mut self, lookups: usize, void_lookups: usize) {
        for number in &self.open {
            if let Some(step) = self.steps.get_mut(*number) {
                (step.lookups, step.void_lookups) = (lookups, void_lookups);
            }
        }
    }

    fn open(&mut self, event: Event, lookups: usize, void_lookups: usize) {
        let number = self.steps.len();
        self.push(event, lookups, void_lookups);
        self.open.push(number);
    }

    pub(crate) fn exchange(&mut self, question: &Question, answer: &Answer, lookups: usize, void: usize) {
        let event = Event::Answered { question: question.clone(), answer: answer.clone() };
        self.push(event, lookups, void);
    }

    pub(crate) fn record(
        &mut self,
        domain: &Name,
        record: Record,
        is_guess: bool,
        lookups: usize,
        void: usize,
    ) {
        let event = Event::Record { domain: domain.clone(), record, verdict: None, is_guess };
        self.open(event, lookups, void);
    }

    pub(crate) fn term(&mut self, term: Matched, lookups: usize, void: usize) {
        self.open(Event::Term { term, is_match: None }, lookups, void);
    }

    pub(crate) fn unasked(&mut self, error: DomainError, lookups: usize, void: usize) {
        self.push(Event::Unasked { error }, lookups, void);
    }

    /// The verdict stands, and the explanation that this term leads to is looked for.
    pub(crate) fn exp(&mut self, term: Matched, lookups: usize, void: usize) {
        self.is_explaining = true;
        self.term(term, lookups, void);
    }

    /// The innermost open term matched or not.
    pub(crate) fn outcome(&mut self, matched: bool, lookups: usize, void: usize) {
        self.count(lookups, void);
        let step = self.open.pop().and_then(|number| self.steps.get_mut(number));
        if let Some(TraceStep { event: Event::Term { is_match, .. }, .. }) = step {
            *is_match = Some(matched);
        }
    }

    /// An included record follows.
    pub(crate) fn enter(&mut self) {
        self.entered.push(self.open.len());
    }

    /// The included record, or the one it redirects to, is done.
    pub(crate) fn leave(&mut self, result: Verdict) {
        let Some(length) = self.entered.pop() else { return };
        let step = self.open.get(length).and_then(|number| self.steps.get_mut(*number));
        if let Some(TraceStep { event: Event::Record { verdict, .. }, .. }) = step {
            *verdict = Some(result);
        }
        self.open.truncate(length);
    }

    /// The check is over, with this verdict and this explanation.
    pub(crate) fn finish(
        mut self,
        verdict: Event,
        explanation: Option<&str>,
        lookups: usize,
        void_lookups: usize,
    ) -> Trace {
        self.count(lookups, void_lookups);
        if self.is_explaining {
            let text = explanation.map(String::from);
            self.push(Event::Explanation { text }, lookups, void_lookups);
        }
        self.open.clear();
        self.push(verdict, lookups, void_lookups);
        Trace { steps: self.steps }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { question, answer } => write!(f, "{question}: {}", Brief(answer)),
            Self::Record { domain, record, verdict, is_guess } => {
                write!(f, "{}{domain}: {record}", if *is_guess { "best guess for " } else { "" })?;
                match verdict {
                    Some(verdict) => write!(f, " => {verdict}"),
                    None => Ok(()),
                }
            }
            Self::Term { term, is_match } => {
                f.write_str(term.text())?;
                f.write_str(match is_match {
                    Some(true) => " matches",
                    Some(false) => " does not match",
                    None => "",
                })
            }
            Self::Unasked { error } => write!(f, "nothing to ask: {error}"),
            Self::Explanation { text: Some(text) } => write!(f, "explanation: {text}"),
            Self::Explanation { text: None } => f.write_str("no explanation"),
            Self::Verdict { verdict, cause, best_guess } => {
                write!(f, "{verdict}")?;
                if let Some(cause) = cause {
                    write!(f, ": {cause}")?;
                }
                match best_guess {
                    Some(guess) => write!(f, "; best guess: {guess}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The most records of an answer that are written out.
const BRIEF: usize = 4;

/// An answer in a few words.
struct Brief<'a>(&'a Answer);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = match self.0 {
            Answer::NoRecords => return f.write_str("no such records"),
            Answer::NoSuchName => return f.write_str("no such name"),
            Answer::Unavailable => return f.write_str("no answer"),
            Answer::Records(records) => records,
        };
        match records {
            Records::A(records) => list(f, records.iter()),
            Records::Aaaa(records) => list(f, records.iter()),
            Records::Mx(records) => list(f, records.iter().map(|mx| &mx.exchange)),
            Records::Ptr(records) => list(f, records.iter()),
            Records::Txt(texts) if !has_record(texts) => list(f, texts.iter().map(Quoted)),
            Records::Txt(records) if records.len() == 1 => f.write_str("1 text"),
            Records::Txt(records) => write!(f, "{} texts", records.len()),
            _ => write!(f, "{} records", records.len()),
        }
    }
}

/// Whether one text is an SPF record, so that it is evaluated: what follows in the trace shows it.
fn has_record(texts: &[Txt]) -> bool {
    let mut claimed = texts.iter().filter(|text| Record::is_claimed_by(text.as_bytes()));
    match (claimed.next(), claimed.next()) {
        (Some(text), None) => Record::from_txt(text.clone()).is_ok(),
        _ => false,
    }
}

/// The most octets of a text that are written out, unless it claims to be an SPF record.
const BRIEF_TEXT: usize = 80;

/// A text in quotation marks, with what is not visible ASCII escaped.
struct Quoted<'a>(&'a Txt);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.0.as_bytes();
        match octets.get(..BRIEF_TEXT) {
            Some(start) if octets.len() > BRIEF_TEXT && !Record::is_claimed_by(octets) => {
                write!(f, "\"{}\"...", start.escape_ascii())
            }
            _ => write!(f, "\"{}\"", octets.escape_ascii()),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: impl ExactSizeIterator<Item = T>) -> fmt::Result {
    let count = items.len();
    for (at, item) in items.take(BRIEF).enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
    }
    match count.checked_sub(BRIEF) {
        None | Some(0) => Ok(()),
        Some(more) => write!(f, " and {more} more"),
    }
}

/// Draws the tree. Where a term asks the DNS, its line ends in the counts of look-ups and of void look-ups after
/// it.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_last = self.last_of_their_kind();
        // whether the step that is open at each depth has a sibling still to come
        let mut bars: Vec<bool> = Vec::new();
        for (step, is_last) in self.steps.iter().zip(is_last) {
            let mut line = String::new();
            bars.truncate(step.depth);
            if step.depth > 0 {
                for bar in bars.iter().skip(1) {
                    line.push_str(if *bar { "│  " } else { "   " });
                }
                line.push_str(if is_last { "└─ " } else { "├─ " });
            }
            bars.push(!is_last);
            write!(f, "{line}{}", step.event)?;
            match &step.event {
                Event::Term { term, .. } if term.term().is_some_and(|term| term.is_lookup()) => {
                    writeln!(f, "  [look-ups {}, void {}]", step.lookups, step.void_lookups)?;
                }
                _ => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl Trace {
    /// For each step, whether no other of its depth follows below the same one.
    fn last_of_their_kind(&self) -> Vec<bool> {
        let mut is_last = vec![false; self.steps.len()];
        let mut has_later: Vec<bool> = Vec::new();
        for (step, is_last) in self.steps.iter().zip(&mut is_last).rev() {
            has_later.resize(step.depth.saturating_add(1), false);
            if let Some(has_later) = has_later.get_mut(step.depth) {
                *is_last = !*has_later;
                *has_later = true;
            }
        }
        is_last
    }
}
