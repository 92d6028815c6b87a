//! What was asked and what came back, kept to be used again and to be replayed.

use alloc::vec::Vec;
use mail_base::{
    Inquiry, Step, Zone,
    dns::{Answer, Question},
};

/// Every question of an authentication with its answer, each once, in the order in which they were answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    exchanges: Vec<(Question, Answer)>,
}

impl Transcript {
    /// The questions with their answers.
    #[must_use]
    pub fn exchanges(&self) -> &[(Question, Answer)] {
        &self.exchanges
    }

    /// How many questions were answered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// A zone that gives the same answers again. Its [`Display`](core::fmt::Display) is text to keep with a
    /// message: "why did it fail last Tuesday?" is answered by running the message against it.
    #[must_use]
    pub fn to_zone(&self) -> Zone {
        let mut zone = Zone::new();
        for (question, answer) in &self.exchanges {
            zone.keep(question, answer);
        }
        zone
    }

    pub(crate) fn find(&self, question: &Question) -> Option<&Answer> {
        self.exchanges.iter().find(|(asked, _)| asked == question).map(|(_, answer)| answer)
    }

    pub(crate) fn keep(&mut self, question: &Question, answer: Answer) {
        if self.find(question).is_none() {
            self.exchanges.push((question.clone(), answer));
        }
    }
}

/// One inquiry among several that share their answers.
#[derive(Debug)]
pub(crate) enum Slot<I: Inquiry> {
    Asking(I),
    Done(I::Outcome),
}

impl<I: Inquiry> Slot<I> {
    pub(crate) fn new(step: Step<I>) -> Self {
        match step {
            Step::Ask(inquiry) => Self::Asking(inquiry),
            Step::Done(outcome) => Self::Done(outcome),
        }
    }

    pub(crate) fn waits_for(&self, question: &Question) -> bool {
        self.question() == Some(question)
    }

    /// Answers what the transcript can.
    pub(crate) fn advanced(self, transcript: &Transcript) -> Self {
        let mut inquiry = match self {
            Self::Asking(inquiry) => inquiry,
            done @ Self::Done(_) => return done,
        };
        while let Some(answer) = transcript.find(inquiry.question()) {
            inquiry = match inquiry.answer(answer.clone()) {
                Step::Ask(next) => next,
                Step::Done(outcome) => return Self::Done(outcome),
            };
        }
        Self::Asking(inquiry)
    }

    /// The question that waits for an answer.
    pub(crate) fn question(&self) -> Option<&Question> {
        match self {
            Self::Asking(inquiry) => Some(inquiry.question()),
            Self::Done(_) => None,
        }
    }

    /// What came out, if all is known.
    pub(crate) fn outcome(&self) -> Option<&I::Outcome> {
        match self {
            Self::Asking(_) => None,
            Self::Done(outcome) => Some(outcome),
        }
    }

    /// What came out, or what comes out without further answers.
    pub(crate) fn into_outcome(self) -> I::Outcome {
        match self {
            Self::Asking(inquiry) => inquiry.expire(),
            Self::Done(outcome) => outcome,
        }
    }

    /// The same without further answers.
    pub(crate) fn expired(self) -> Self {
        Self::Done(self.into_outcome())
    }
}
