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
    dns::{Mx, Question, Txt},
};

/// A record that is being evaluated, and the term at which it is.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) domain: Name,
    pub(super) record: Record,
    pub(super) term: Raw,
    /// Whether the term has been counted: a term that waits for the client's name is evaluated again.
    pub(super) is_counted: bool,
}

impl Frame {
    pub(super) fn at(self, term: Raw) -> Self {
        Self { term, is_counted: false, ..self }
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
    /// The records that a term compares.
    Term(Frame, Wanted),
    /// The names of the client, and then the task again.
    Pointers(Task),
    /// The addresses of the client's name of this number, and then the task again.
    PointerAddresses(Task, usize),
    /// The explanation of the fail that this frame made.
    Explanation(Frame),
}

impl Pending {
    /// Whether the verdict stands and only its explanation is missing.
    pub(super) fn is_for_explanation(&self) -> bool {
        match self {
            Self::Record(_) | Self::Term(..) => false,
            Self::Pointers(task) | Self::PointerAddresses(task, _) => task.is_explaining(),
            Self::Explanation(_) => true,
        }
    }

    /// The frame that decided, where the verdict stands.
    pub(super) fn into_decided(self) -> Option<Frame> {
        match self {
            Self::Explanation(frame) => Some(frame),
            Self::Pointers(task) | Self::PointerAddresses(task, _) => match task {
                Task::Explain(frame) | Task::Explanation(frame, _) => Some(frame),
                Task::Term(_) | Task::Redirect(_) => None,
            },
            Self::Record(_) | Self::Term(..) => None,
        }
    }
}

/// What led to a domain's record.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// It is the domain that is checked.
    Domain,
    /// The term of the outermost frame on the stack.
    Include,
    /// A modifier; its record is left for good.
    Redirect(Matched),
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
    /// Evaluate the term of the frame.
    Term(Frame),
    /// Follow the `redirect` of the frame.
    Redirect(Frame),
    /// Ask for the explanation of a fail.
    Explain(Frame),
    /// Expand the text of an explanation.
    Explanation(Frame, Txt),
}

impl Task {
    fn is_explaining(&self) -> bool {
        matches!(self, Self::Explain(_) | Self::Explanation(..))
    }
}

/// What happens next.
pub(super) enum Next {
    /// Ask, and wait.
    Ask(Question, Pending),
    /// Do this at once.
    Do(Task),
    /// The term of the frame matches.
    Match(Frame),
    /// The term of the frame does not match.
    NoMatch(Frame),
    /// The term of the frame is the verdict, and this its explanation.
    Explained(Frame, Option<String>),
    /// Nothing in the record of the domain matches.
    Neutral(Name),
    /// The check ends here, whatever is on the stack.
    Stop(Verdict, Cause),
}
