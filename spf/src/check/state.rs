//! What a check waits for, and what it does next.

use super::client::Client;
use crate::{
    error::RecordError,
    parse::{self, Body, Index, Modifier, Raw, Reader, Span},
    record::{DomainSpec, DualPrefix, Qualifier, Record},
    report::Matched,
    verdict::Verdict,
};
use alloc::{sync::Arc, vec::Vec};
use mail_base::{Name, dns::Txt};

/// A term that concerns the client. It is flat: so it is written once, to where it stays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    at: u16,
    end: u16,
    pub(super) qualifier: Qualifier,
    pub(super) comparison: Comparison,
    pub(super) domain: Span,
    pub(super) prefix: DualPrefix,
}

/// What a term compares the client with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Everybody, or a network that the client is in.
    Matching,
    /// A network that the client is not in.
    NotMatching,
    Include,
    Addresses,
    Exchangers,
    ClientName,
    Existence,
    /// It is no directive, but comes behind them.
    Redirect,
}

impl Term {
    /// Nothing that is ever evaluated.
    const EMPTY: Self = Self {
        at: 0,
        end: 0,
        qualifier: Qualifier::Pass,
        comparison: Comparison::NotMatching,
        domain: Span::EMPTY,
        prefix: DualPrefix::ALL,
    };

    #[inline(always)]
    pub(super) fn new(raw: &Raw, comparison: Comparison) -> Self {
        let Body { domain, prefix, .. } = raw.body;
        Self { at: raw.at, end: raw.end, qualifier: raw.qualifier, comparison, domain, prefix }
    }

    pub(super) fn redirect(modifier: Modifier) -> Self {
        let Modifier { at, domain } = modifier;
        Self { at, end: domain.end, comparison: Comparison::Redirect, domain, ..Self::EMPTY }
    }
}

/// The record of a domain that is being evaluated, and the term at which the check is.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) domain: Name,
    /// The texts of the domain.
    texts: Option<Arc<[Txt]>>,
    /// Which of them is the record.
    number: usize,
    pub(super) index: Index,
    pub(super) term: Term,
    ahead: Ahead,
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
            term: Term::EMPTY,
            ahead: Ahead::EMPTY,
            is_counted: false,
        }
    }

    /// Begins with a record: the text of this number.
    fn begin(&mut self, domain: &Name, texts: Arc<[Txt]>, number: usize) {
        self.domain.clone_from(domain);
        (self.texts, self.number) = (Some(texts), number);
        (self.index, self.is_counted) = (Index::EMPTY, false);
        self.ahead.clear();
    }

    /// Checks the whole syntax of the record, keeps what is found once in it, and goes to the first term that concerns
    /// the client. Tells whether there is such a term.
    pub(super) fn scan(&mut self, client: &Client) -> Result<bool, RecordError> {
        let Self { texts, number, index, term, ahead, .. } = self;
        let text = texts.as_deref().and_then(|texts| texts.get(*number));
        let mut is_found = false;
        parse::terms(text.map_or(&[], Txt::as_bytes), client.networks(), index, |raw| {
            if let Some(next) = client.concern(raw) {
                if is_found {
                    ahead.keep(next);
                } else {
                    is_found = true;
                    *term = next;
                }
            }
        })?;
        Ok(is_found)
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

    /// Goes on to the next term that concerns the client. Tells whether there is one.
    pub(super) fn go_on(&mut self, client: &Client) -> bool {
        let next = match self.ahead.take() {
            None if self.ahead.is_cut => self.read_next(client),
            next => next,
        };
        let Some(next) = next else { return false };
        self.go_to(next);
        true
    }

    /// Reads the next term that concerns the client.
    fn read_next(&self, client: &Client) -> Option<Term> {
        let behind = Reader::again(self.octets(), usize::from(self.term.end));
        behind.among(client.networks()).find_map(|raw| client.concern(&raw))
    }

    /// Goes on to a term of the record.
    pub(super) fn go_to(&mut self, term: Term) {
        (self.term, self.is_counted) = (term, false);
    }

    pub(super) fn matched(&self) -> Matched {
        Matched::new(self.domain.clone(), self.record(), self.term.at)
    }

    /// What a match of the term means.
    pub(super) fn verdict(&self) -> Verdict {
        self.term.qualifier.verdict()
    }
}

/// The next terms of a record that concern the client, as they were seen when its syntax was checked: few records have
/// more of them, and those are read again.
#[derive(Clone, Debug)]
struct Ahead {
    terms: [Term; 3],
    /// How many there are.
    count: usize,
    /// How many were taken.
    taken: usize,
    /// Whether there are more.
    is_cut: bool,
}

impl Ahead {
    const EMPTY: Self = Self { terms: [Term::EMPTY; 3], count: 0, taken: 0, is_cut: false };

    fn clear(&mut self) {
        (self.count, self.taken, self.is_cut) = (0, 0, false);
    }

    #[inline(always)]
    fn keep(&mut self, term: Term) {
        match self.terms.get_mut(self.count) {
            Some(place) => {
                *place = term;
                self.count = self.count.saturating_add(1);
            }
            None => self.is_cut = true,
        }
    }

    fn take(&mut self) -> Option<Term> {
        let term = self.terms.get(..self.count)?.get(self.taken)?;
        self.taken = self.taken.saturating_add(1);
        Some(*term)
    }
}

/// The records that are being evaluated.
#[derive(Clone, Debug)]
pub(super) struct Frames {
    /// The domain's own, or that of the domain which it redirects to.
    pub(super) own: Frame,
    /// Those that are included, each by the one before it: no more than the limit of look-ups. A place that was left is
    /// used again.
    included: Vec<Frame>,
    /// How many of them are being evaluated.
    pub(super) depth: usize,
}

impl Frames {
    #[inline(always)]
    pub(super) fn empty() -> Self {
        Self { own: Frame::empty(), included: Vec::new(), depth: 0 }
    }

    /// The record that is evaluated, while the others wait for its result.
    pub(super) fn current(&self) -> &Frame {
        let included = self.depth.checked_sub(1).and_then(|last| self.included.get(last));
        included.unwrap_or(&self.own)
    }

    pub(super) fn current_mut(&mut self) -> &mut Frame {
        let included = self.depth.checked_sub(1).and_then(|last| self.included.get_mut(last));
        included.unwrap_or(&mut self.own)
    }

    /// Goes to another record, to come back from it or not.
    pub(super) fn enter(
        &mut self,
        origin: Origin,
        domain: &Name,
        texts: Arc<[Txt]>,
        number: usize,
    ) -> &mut Frame {
        if origin == Origin::Include {
            if self.included.is_empty() {
                // few includes hold others
                self.included = Vec::with_capacity(2);
            }
            if self.depth == self.included.len() {
                self.included.push(Frame::empty());
            }
            self.depth = self.depth.saturating_add(1);
        }
        let frame = self.current_mut();
        frame.begin(domain, texts, number);
        frame
    }

    /// Comes back from an included record. Tells whether there was one.
    pub(super) fn leave(&mut self) -> bool {
        let is_included = self.depth > 0;
        self.depth = self.depth.saturating_sub(1);
        is_included
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
