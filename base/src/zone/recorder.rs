//! Keeping what was asked and answered.

use super::Zone;
use crate::dns::{Answer, Question, Resolve};
use alloc::vec::Vec;
use core::cell::RefCell;

/// A resolver that passes questions on to another and keeps each with its answer.
///
/// ```
/// use mail_base::{Name, Zone, dns::{Question, Resolve}, zone::Recorder};
///
/// let recorder = Recorder::new(Zone::parse("example.com. TXT hello")?);
/// recorder.resolve(&Question::txt(Name::parse("example.com").unwrap()));
/// assert_eq!(recorder.count(), 1);
/// assert_eq!(recorder.into_zone().to_string(), "example.com. TXT \"hello\"\n");
/// # Ok::<(), mail_base::zone::ZoneError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recorder<R> {
    resolver: R,
    exchanges: RefCell<Vec<(Question, Answer)>>,
}

impl<R: Resolve> Recorder<R> {
    /// Records what is asked of `resolver`.
    pub fn new(resolver: R) -> Self {
        Self { resolver, exchanges: RefCell::default() }
    }

    /// How many questions were asked.
    pub fn count(&self) -> usize {
        self.exchanges.borrow().len()
    }

    /// The questions that were asked, in order.
    pub fn questions(&self) -> Vec<Question> {
        self.exchanges.borrow().iter().map(|(question, _)| question.clone()).collect()
    }

    /// The questions with their answers, in order.
    pub fn into_exchanges(self) -> Vec<(Question, Answer)> {
        self.exchanges.into_inner()
    }

    /// A zone that gives the same answers again.
    pub fn into_zone(self) -> Zone {
        let mut zone = Zone::new();
        for (question, answer) in self.exchanges.into_inner() {
            zone.keep(&question, &answer);
        }
        zone
    }
}

impl<R: Resolve> Resolve for Recorder<R> {
    fn resolve(&self, question: &Question) -> Answer {
        let answer = self.resolver.resolve(question);
        self.exchanges.borrow_mut().push((question.clone(), answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, dns::Kind};

    #[test]
    fn questions_are_counted_kept_and_replayed() {
        let zone = Zone::parse("a.example. TXT x\nb.example. UNAVAILABLE\n").unwrap();
        let recorder = Recorder::new(&zone);
        let ask = |owner, kind| Question::new(Name::parse(owner).unwrap(), kind);
        let questions = [ask("a.example", Kind::Txt), ask("b.example", Kind::A), ask("c.example", Kind::Mx)];
        for question in &questions {
            recorder.resolve(question);
        }
        assert_eq!(recorder.count(), 3);
        assert_eq!(recorder.questions(), questions);
        let replay = recorder.into_zone();
        for question in &questions {
            assert_eq!(Resolve::resolve(&replay, question), Resolve::resolve(&zone, question));
        }
    }
}
