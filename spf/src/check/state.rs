//! What a check waits for, and what it does next.

use crate::{
    networks::Networks,
    parse::{Index, Raw, Reader, Span},
    record::{DomainSpec, DualPrefix, Record},
    report::Matched,
    verdict::Verdict,
};
use alloc::{sync::Arc, vec::Vec};
use mail_base::{
    Name,
    dns::{Mx, Question, Txt},
};

/// The record of a domain, which is asked for or being evaluated, and the term at which the check is.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// What asks for the record.
    pub(super) question: Question,
    /// The texts of the domain, once they are known.
    texts: Option<Arc<[Txt]>>,
    /// Which of them is the record.
    number: usize,
    pub(super) index: Index,
    pub(super) term: Raw,
    /// Whether the term has been counted: a term that waits for the client's name is evaluated again.
    pub(super) is_counted: bool,
}

impl Frame {
    /// Nothing but the domain is known yet.
    pub(super) fn new(domain: Name) -> Self {
        Self {
            question: Question::txt(domain),
            texts: None,
            number: 0,
            index: Index::default(),
            term: Raw::version(),
            is_counted: false,
        }
    }

    /// Keeps the record: the text of this number.
    pub(super) fn learn(&mut self, texts: Arc<[Txt]>, number: usize) {
        (self.texts, self.number) = (Some(texts), number);
    }

    pub(super) fn domain(&self) -> &Name {
        &self.question.name
    }

    fn text(&self) -> Option<&Txt> {
        self.texts.as_deref()?.get(self.number)
    }

    fn octets(&self) -> &[u8] {
        self.text().map_or(&[], Txt::as_bytes)
    }

    /// A part of the record.
    pub(super) fn part(&self, span: Span) -> &[u8] {
        span.of(self.octets())
    }

    /// A domain-spec of the record.
    pub(super) fn domain_spec(&self, span: Span) -> DomainSpec<'_> {
        DomainSpec::of(self.part(span))
    }

    pub(super) fn record(&self) -> Record {
        Record::indexed(self.text().cloned().unwrap_or_default(), self.index)
    }

    /// The terms behind this one that are no networks, and those that are among these.
    pub(super) fn terms_behind(&self, networks: Networks) -> impl Iterator<Item = Raw> {
        Reader::again(self.octets(), usize::from(self.term.end)).among(networks)
    }

    /// Goes on to a term of the record.
    pub(super) fn go_to(&mut self, term: Raw) {
        (self.term, self.is_counted) = (term, false);
    }

    pub(super) fn matched(&self) -> Matched {
        Matched::new(self.domain().clone(), self.record(), self.term.at)
    }

    /// The same, where the frame is left for good.
    pub(super) fn into_matched(self) -> Matched {
        let record = self.record();
        Matched::new(self.question.name, record, self.term.at)
    }

    /// What a match of the term means.
    pub(super) fn verdict(&self) -> Verdict {
        self.term.qualifier.verdict()
    }
}

/// The records that are left until another one is evaluated, the outermost first: no more than the limit of look-ups.
/// Most checks never have more than one of them, which takes nothing from the heap.
#[derive(Clone, Debug, Default)]
pub(super) struct Outer {
    first: Option<Frame>,
    others: Vec<Frame>,
}

impl Outer {
    pub(super) fn push(&mut self, frame: Frame) {
        match &self.first {
            None => self.first = Some(frame),
            Some(_) => self.others.push(frame),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        self.others.pop().or_else(|| self.first.take())
    }

    pub(super) fn last(&self) -> Option<&Frame> {
        self.others.last().or(self.first.as_ref())
    }
}

/// What the answer is wanted for.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    /// The texts of a domain.
    Record(Origin),
    /// The records that the term compares.
    Term(Wanted),
    /// The names of the client, and then the task again.
    Pointers(Task),
    /// The addresses of the client's name of this number, and then the task again.
    PointerAddresses(Task, usize),
    /// The explanation of the fail that the term made.
    Explanation,
}

impl Pending {
    /// Whether the verdict stands and only its explanation is missing.
    pub(super) fn is_for_explanation(&self) -> bool {
        match self {
            Self::Record(_) | Self::Term(_) => false,
            Self::Pointers(task) | Self::PointerAddresses(task, _) => {
                matches!(task, Task::Explain | Task::Explanation(_))
            }
            Self::Explanation => true,
        }
    }
}

/// What led to a domain's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is the domain that is checked.
    Domain,
    /// The term, which waits for the result.
    Include,
    /// The term; its record is left for good.
    Redirect,
}

/// What a term compares with the client.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Addresses of the client's family.
    Addresses(DualPrefix),
    /// Any address at all.
    Existence,
    /// Mail exchangers.
    Exchangers(DualPrefix),
    /// The addresses of the exchanger before the number, and then of those from it on.
    ExchangerAddresses(DualPrefix, Arc<[Mx]>, usize),
}

/// Work that may have to wait for the client's name and is then done again.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// Evaluate the term.
    Term,
    /// Follow the term, a `redirect`.
    Redirect,
    /// Ask for the explanation of a fail.
    Explain,
    /// Expand the text of an explanation.
    Explanation(Txt),
}

/// What happens next.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// Wait for the answer to the question.
    Wait,
    /// The term matches.
    Match,
    /// The term does not match.
    NoMatch,
    /// The check ends, wherever it is.
    End,
}
