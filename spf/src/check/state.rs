//! What a check waits for, and what it does next.

use super::client::Client;
use crate::{
    error::RecordError,
    parse::{self, Reader},
    raw::{Directives, Index, Raw, Span},
    record::{DomainSpec, DualPrefix, Record},
    report::Matched,
    verdict::Verdict,
};
use alloc::{sync::Arc, vec::Vec};
use mail_base::{Name, dns::Txt};

/// The record of a domain that is being evaluated, and the term at which the check is.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) domain: Name,
    /// The texts of the domain.
    texts: Option<Arc<[Txt]>>,
    /// Which of them is the record.
    number: usize,
    pub(super) index: Index,
    first: Directives,
    /// At which of them the check is.
    term: usize,
    /// Whether the term has been counted: a term that waits for the client's name is evaluated again.
    pub(super) is_counted: bool,
}

impl Frame {
    #[inline(always)]
    fn empty() -> Self {
        Self {
            domain: Name::root(),
            texts: None,
            number: 0,
            index: Index::EMPTY,
            first: Directives::NONE,
            term: 0,
            is_counted: false,
        }
    }

    /// Begins with a record: the text of this number. Checks the whole syntax of it, and keeps what is found once in it
    /// and the first directives that may concern the client. Tells whether there is any.
    pub(super) fn begin(
        &mut self,
        domain: &Name,
        texts: Arc<[Txt]>,
        number: usize,
        client: &Client,
    ) -> Result<bool, RecordError> {
        self.domain.clone_from(domain);
        (self.index, self.term, self.is_counted) = (Index::EMPTY, 0, false);
        self.first.clear();
        let text = texts.get(number).map_or(&[][..], Txt::as_bytes);
        let outcome = parse::terms(text, client.networks(), &mut self.index, &mut self.first);
        (self.texts, self.number) = (Some(texts), number);
        outcome.map(|()| self.first.get(0).is_some())
    }

    /// The term at which the check is.
    #[inline(always)]
    pub(super) fn term(&self) -> &Raw {
        self.first.get(self.term).unwrap_or(&Raw::VERSION)
    }

    fn text(&self) -> Option<&Txt> {
        self.texts.as_deref()?.get(self.number)
    }

    pub(super) fn octets(&self) -> &[u8] {
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

    /// The name that a domain-spec writes out, where it does.
    #[inline(always)]
    pub(super) fn plain_name(&self, span: Span) -> Option<Name> {
        if span.has_macros {
            return None;
        }
        Name::parse_bytes(self.part(span)).ok()
    }

    /// Counts the term, which asks the DNS, unless it was counted before (RFC 7208 §4.6.4). Tells whether the limit allows
    /// it.
    #[inline(always)]
    pub(super) fn count(&mut self, lookups: &mut usize, limit: usize) -> bool {
        if self.is_counted {
            return true;
        }
        if *lookups >= limit {
            return false;
        }
        (self.is_counted, *lookups) = (true, lookups.wrapping_add(1));
        true
    }

    pub(super) fn record(&self) -> Record {
        Record::indexed(self.text().cloned().unwrap_or_default(), self.index)
    }

    /// Goes on to the next directive that may concern the client. Tells whether there is one.
    pub(super) fn go_on(&mut self, client: &Client) -> bool {
        let next = self.term.saturating_add(1);
        if self.first.get(next).is_some() {
            (self.term, self.is_counted) = (next, false);
            return true;
        }
        if !self.first.is_cut {
            return false;
        }
        let behind = Reader::again(self.octets(), usize::from(self.term().end));
        let later = behind.among(client.networks()).find(Raw::is_directive);
        later.is_some_and(|later| {
            self.go_to(later);
            true
        })
    }

    /// Goes on to a term that is none of the first directives.
    pub(super) fn go_to(&mut self, term: Raw) {
        self.first.set_only(term);
        (self.term, self.is_counted) = (0, false);
    }

    pub(super) fn matched(&self) -> Matched {
        Matched::new(self.domain.clone(), self.record(), self.term().at)
    }

    /// What a match of the term means.
    pub(super) fn verdict(&self) -> Verdict {
        self.term().qualifier.verdict()
    }
}

/// The records that are being evaluated.
#[derive(Clone, Debug)]
pub(super) struct Frames {
    /// The domain's own, or that of the domain which it redirects to.
    own: Frame,
    /// Those that are included, each by the one before it: no more than the limit of look-ups. A place that was left is
    /// used again.
    included: Vec<Frame>,
    /// How many of them are being evaluated.
    depth: usize,
}

impl Frames {
    #[inline(always)]
    pub(super) fn empty() -> Self {
        Self { own: Frame::empty(), included: Vec::new(), depth: 0 }
    }

    /// The record that is evaluated, while the others wait for its result.
    #[inline(always)]
    pub(super) fn current(&self) -> &Frame {
        // where nothing is included, there is no such place
        self.included.get(self.depth.wrapping_sub(1)).unwrap_or(&self.own)
    }

    #[inline(always)]
    pub(super) fn current_mut(&mut self) -> &mut Frame {
        self.included.get_mut(self.depth.wrapping_sub(1)).unwrap_or(&mut self.own)
    }

    /// Goes to an included record, to come back from it.
    pub(super) fn enter(&mut self) {
        if self.included.is_empty() {
            // few includes hold others
            self.included = Vec::with_capacity(2);
        }
        if self.depth == self.included.len() {
            self.included.push(Frame::empty());
        }
        self.depth = self.depth.wrapping_add(1);
    }

    /// Whether the record is an included one.
    pub(super) fn is_included(&self) -> bool {
        self.depth > 0
    }

    /// Comes back from an included record.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

/// What the answer is wanted for.
#[derive(Clone, Copy, Debug)]
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
    pub(super) fn is_for_explanation(self) -> bool {
        match self {
            Self::Record(_) | Self::Term(_) => false,
            Self::Pointers(task) | Self::PointerAddresses(task, _) => {
                matches!(task, Task::Explain | Task::Explanation)
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
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// Addresses of the client's family.
    Addresses(DualPrefix),
    /// Any address at all.
    Existence,
    /// Mail exchangers.
    Exchangers(DualPrefix),
    /// The addresses of the exchanger before the number, and then of those from it on.
    ExchangerAddresses(DualPrefix, usize),
}

/// Work that may have to wait for the client's name and is then done again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    /// Evaluate the term.
    Term,
    /// Follow the term, a `redirect`.
    Redirect,
    /// Ask for the explanation of a fail.
    Explain,
    /// Expand the text of an explanation.
    Explanation,
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
