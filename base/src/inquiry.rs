//! The asking machine: work that needs answers from the DNS, without doing I/O.
//!
//! An [`Inquiry`] *is* its pending [`Question`]. Answering consumes it and gives the next [`Step`]: another
//! inquiry with the next question, or the outcome. Nothing can be called in the wrong order, and dropping an
//! inquiry cancels it.
//!
//! ```text
//!   start ──► Step::Ask(inquiry) ── inquiry.answer(…) ──► Step::Ask(inquiry) … ──► Step::Done(outcome)
//! ```
//!
//! Drive it with a blocking resolver ([`Step::run`]), with one that is awaited ([`Step::run_async`]), or by
//! hand, where the answers come from an event loop of your own:
//!
//! ```
//! use mail_base::{Inquiry, Step, dns::Answer};
//!
//! fn drive<I: Inquiry>(mut step: Step<I>) -> I::Outcome {
//!     loop {
//!         match step {
//!             Step::Ask(inquiry) => {
//!                 let _question = inquiry.question(); // send it, wait, …
//!                 step = inquiry.answer(Answer::NoSuchName);
//!             }
//!             Step::Done(outcome) => return outcome,
//!         }
//!     }
//! }
//! ```

use crate::dns::{Answer, AsyncResolve, Question, Resolve};

/// A pending question, and the work that goes on once it is answered.
///
/// Every inquiry of the family ends after a bounded number of questions, whatever the answers are.
pub trait Inquiry: Sized {
    /// What comes out in the end.
    type Outcome;

    /// What must be asked.
    fn question(&self) -> &Question;

    /// Takes the answer and goes on to the next question or the outcome.
    fn answer(self, answer: Answer) -> Step<Self>;

    /// Ends the inquiry without an answer, because the caller's time is up. The outcome is the inquiry's
    /// temporary error (RFC 7208 §4.6.4 for SPF, and in kind elsewhere).
    fn expire(self) -> Self::Outcome;
}

/// What comes next.
#[must_use = "an inquiry does nothing until its question is answered"]
#[derive(Clone, Debug)]
pub enum Step<I: Inquiry> {
    /// A question must be answered first.
    Ask(I),
    /// There is no more to ask.
    Done(I::Outcome),
}

impl<I: Inquiry> Step<I> {
    /// Answers every question from `resolver`, one after the other.
    pub fn run(self, resolver: &(impl Resolve + ?Sized)) -> I::Outcome {
        self.run_until(resolver, || false)
    }

    /// As [`run`](Self::run), but looks before each question whether the caller's time is up, and then
    /// [expires](Inquiry::expire) the inquiry.
    pub fn run_until(
        self,
        resolver: &(impl Resolve + ?Sized),
        mut is_up: impl FnMut() -> bool,
    ) -> I::Outcome {
        let mut inquiry = match self {
            Self::Ask(inquiry) => inquiry,
            Self::Done(outcome) => return outcome,
        };
        while !is_up() {
            let answer = resolver.resolve(inquiry.question());
            inquiry = match inquiry.answer(answer) {
                Self::Ask(next) => next,
                Self::Done(outcome) => return outcome,
            };
        }
        inquiry.expire()
    }

    /// Answers every question from `resolver`, one after the other. Dropping the future cancels the work; a
    /// time-out is the caller's to put around it.
    pub async fn run_async(self, resolver: &(impl AsyncResolve + ?Sized)) -> I::Outcome {
        let mut inquiry = match self {
            Self::Ask(inquiry) => inquiry,
            Self::Done(outcome) => return outcome,
        };
        loop {
            let answer = resolver.resolve(inquiry.question()).await;
            inquiry = match inquiry.answer(answer) {
                Self::Ask(next) => next,
                Self::Done(outcome) => return outcome,
            };
        }
    }

    /// The question that must be answered next, if any.
    pub fn question(&self) -> Option<&Question> {
        match self {
            Self::Ask(inquiry) => Some(inquiry.question()),
            Self::Done(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::{Name, Zone, dns::Kind};
    use alloc::{boxed::Box, vec::Vec};
    use core::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    /// Counts the texts at a list of names.
    struct Count {
        question: Question,
        rest: Vec<Name>,
        found: usize,
    }

    impl Inquiry for Count {
        type Outcome = Option<usize>;

        fn question(&self) -> &Question {
            &self.question
        }

        fn answer(mut self, answer: Answer) -> Step<Self> {
            self.found += answer.as_txt().len();
            match self.rest.pop() {
                Some(name) => {
                    self.question = Question::new(name, Kind::Txt);
                    Step::Ask(self)
                }
                None => Step::Done(Some(self.found)),
            }
        }

        fn expire(self) -> Option<usize> {
            None
        }
    }

    fn start() -> Step<Count> {
        let name = |text| Name::parse(text).unwrap();
        Step::Ask(Count {
            question: Question::txt(name("a.example")),
            rest: [name("b.example")].into(),
            found: 0,
        })
    }

    fn zone() -> Zone {
        Zone::parse("a.example. TXT one\na.example. TXT two\nb.example. TXT three\n").unwrap()
    }

    #[test]
    fn both_drivers_reach_the_same_outcome() {
        assert_eq!(start().run(&zone()), Some(3));
        let zone = zone();
        let mut future = Box::pin(start().run_async(&zone));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(pin!(future.as_mut()).poll(&mut context), Poll::Ready(Some(3)));
    }

    #[test]
    fn a_deadline_is_looked_at_before_each_question() {
        let mut looks = 0;
        let outcome = start().run_until(&zone(), || {
            looks += 1;
            looks == 2
        });
        assert_eq!(outcome, None);
        assert_eq!(looks, 2);
    }

    #[test]
    fn the_pending_question_is_in_sight() {
        assert_eq!(
            start().question().map(alloc::string::ToString::to_string).as_deref(),
            Some("TXT a.example")
        );
        assert_eq!(Step::<Count>::Done(None).question(), None);
    }
}
