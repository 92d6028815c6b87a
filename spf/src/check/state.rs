//! What a check waits for, and what it does next.

use crate::{
    parse::Raw,
    record::{DualPrefix, Record},
    report::Matched,
    verdict::{Cause, Verdict},
};
use alloc::{string::String, sync::Arc};
use mail_base::{
    Name,
    dns::{Mx, Txt},
};

/// A record that is being evaluated, and the term at which the check is.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) domain: Name,
    pub(super) record: Record,
    pub(super) term: Raw,
    /// Whether the term has been counted: a term that waits for the client's name is evaluated again.
    pub(super) is_counted: bool,
}

impl Frame {
    /// Nothing is known of the domain yet.
    pub(super) fn before(domain: Name) -> Self {
        Self { domain, record: Record::nothing(), term: Raw::version(), is_counted: false }
    }

    /// Goes on to a term of the record.
    pub(super) fn go_to(&mut self, term: Raw) {
        (self.term, self.is_counted) = (term, false);
    }

    pub(super) fn matched(&self) -> Matched {
        Matched::new(&self.domain, &self.record, self.term.at)
    }

    /// What a match of the term means.
    pub(super) fn verdict(&self) -> Verdict {
        self.term.qualifier.verdict()
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
pub(super) enum Next {
    /// Wait for the answer to the question.
    Wait,
    /// Do this at once.
    Do(Task),
    /// The term matches.
    Match,
    /// The term does not match.
    NoMatch,
    /// The check ends, wherever it is.
    End(End),
}

impl Next {
    pub(super) fn stop(verdict: Verdict, cause: Cause) -> Self {
        Self::End(End::Stopped(verdict, cause))
    }
}

/// How a check ends.
pub(super) enum End {
    /// The term is the verdict, and this its explanation.
    Decided(Option<String>),
    /// There is no term to decide.
    Stopped(Verdict, Cause),
}
