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
pub(crate) struct Slot<I: Inquiry>(Option<Step<I>>);

impl<I: Inquiry> Slot<I> {
    pub(crate) fn new(step: Step<I>) -> Self {
        Self(Some(step))
    }

    /// Answers what the transcript can.
    pub(crate) fn advance(&mut self, transcript: &Transcript) {
        while let Some(Step::Ask(inquiry)) = self.0.take_if(|step| is_answered(step, transcript)) {
            if let Some(answer) = transcript.find(inquiry.question()).cloned() {
                self.0 = Some(inquiry.answer(answer));
            }
        }
    }

    /// The question that waits for an answer.
    pub(crate) fn question(&self) -> Option<&Question> {
        self.0.as_ref().and_then(Step::question)
    }

    pub(crate) fn is_done(&self) -> bool {
        !matches!(self.0, Some(Step::Ask(_)))
    }

    pub(crate) fn outcome(&self) -> Option<&I::Outcome> {
        match &self.0 {
            Some(Step::Done(outcome)) => Some(outcome),
            _ => None,
        }
    }

    /// What came out, or what comes out without further answers.
    pub(crate) fn into_outcome(self) -> Option<I::Outcome> {
        match self.0? {
            Step::Ask(inquiry) => Some(inquiry.expire()),
            Step::Done(outcome) => Some(outcome),
        }
    }
}

fn is_answered<I: Inquiry>(step: &Step<I>, transcript: &Transcript) -> bool {
    step.question().is_some_and(|question| transcript.find(question).is_some())
}
