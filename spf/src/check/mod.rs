//! check_host (RFC 7208 §4): the machine that asks.
//!
//! A [`Check`] is always waiting for one answer. What it is doing with that answer is its `Pending`; what it does
//! between two questions is a chain of `Next` steps, so that nothing recurses: an `include` puts the record that
//! holds it on a stack and goes on with the record that it names.
//!
//! ```text
//!   TXT of the domain ─► scan: the whole syntax, and the first term that concerns the client
//!                          │
//!                          ▼            no match                  nothing left
//!                     evaluate a term ◄──────────── next term ─────────────────► redirect, or neutral
//!                       │        │ match
//!            a question │        ▼
//!                       ▼      in an include: the outer directive matches or not
//!                     answer   else: the verdict, and for a fail the explanation
//! ```

mod client;
mod explain;
mod names;
mod state;
mod terms;

use crate::{
    limits::Limits,
    raw::Raw,
    record::Record,
    report::{Matched, Report},
    request::{Facts, Request},
    trace::{Event, Tracer},
    verdict::{Cause, Verdict},
};
use alloc::{boxed::Box, string::String, sync::Arc};
use client::Client;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Kind, Mx, Question, Records, Txt},
};
use names::ClientNames;
use state::{Frames, Next, Origin, Pending, Task};

/// Starts the check of one identity.
///
/// The outcome is a [`Report`]; a request whose domain cannot be asked about is done at once.
pub fn check(mut request: Request, limits: &Limits) -> Step<Check> {
    let facts = &mut request.state.facts;
    let domain = match facts.resolve_domain() {
        Ok(domain) => domain.clone(),
        Err(error) => {
            let cause = Cause::Domain { text: facts.texts.domain().into(), error };
            return Step::Done(Report::unasked(request, None, cause));
        }
    };
    if facts.is_trusted {
        return Step::Done(Report::unasked(request, Some(domain), Cause::TrustedForwarder));
    }
    let Request { mut state } = request;
    state.start(domain, limits);
    Step::Ask(Check { state })
}

/// A check that waits for an answer. See [`Inquiry`].
#[derive(Clone, Debug)]
pub struct Check {
    /// On the heap, where it stays while the check goes from hand to hand.
    state: Box<State>,
}

/// What is asked of a check, and what it knows.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) facts: Facts,
    limits: Limits,
    /// What is asked.
    question: Question,
    /// What the answer is wanted for.
    pending: Pending,
    /// Where the check is.
    frames: Frames,
    lookups: usize,
    void_lookups: usize,
    questions: usize,
    client: Client,
    names: ClientNames,
    /// The mail exchangers whose addresses are asked.
    exchangers: Option<Arc<[Mx]>>,
    /// The text of the explanation of a fail, and what it expands to.
    explaining: Option<Txt>,
    explanation: Option<String>,
    innermost: Option<Matched>,
    /// Why the check ends, where no term decides.
    stopped: Option<(Verdict, Cause)>,
    /// Whether the best-guess record is evaluated, because the domain has none.
    is_guess: bool,
    trace: Option<Box<Tracer>>,
}

impl Inquiry for Check {
    type Outcome = Report;

    fn question(&self) -> &Question {
        &self.state.question
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        if self.state.go_on(answer) { Step::Ask(self) } else { Step::Done(report(self.state)) }
    }

    /// The overall limit of time (RFC 7208 §4.6.4): temperror, unless only the explanation is missing.
    fn expire(mut self) -> Report {
        if !self.state.pending.is_for_explanation() {
            let cause = Cause::Deadline(self.state.question.clone());
            self.state.stop(Verdict::TempError, cause);
        }
        report(self.state)
    }
}

impl State {
    /// What is known before anything is asked.
    #[inline(always)]
    pub(crate) fn empty() -> Self {
        Self {
            facts: Facts::empty(),
            limits: Limits::DEFAULT,
            question: Question { name: Name::root(), kind: Kind::Txt },
            pending: Pending::Record(Origin::Domain),
            frames: Frames::empty(),
            lookups: 0,
            void_lookups: 0,
            questions: 0,
            client: Client::NOBODY,
            names: ClientNames::empty(),
            exchangers: None,
            explaining: None,
            explanation: None,
            innermost: None,
            stopped: None,
            is_guess: false,
            trace: None,
        }
    }

    /// Asks for the record of the domain.
    fn start(&mut self, domain: Name, limits: &Limits) {
        self.limits = *limits;
        self.client = Client::new(self.facts.ip, self.facts.is_traced);
        self.trace = self.facts.is_traced.then(Box::default);
        self.question.name = domain;
    }

    /// Goes on until there is something to ask, or nothing left to do. Tells whether there is something to ask.
    fn go_on(&mut self, answer: Answer) -> bool {
        let mut next = self.answered(answer);
        loop {
            next = match next {
                Next::Match => self.matched(),
                Next::NoMatch => self.not_matched(),
                Next::Wait => return true,
                Next::End => return false,
            };
        }
    }

    /// Ends the check without a term that decides.
    fn stop(&mut self, verdict: Verdict, cause: Cause) -> Next {
        self.stopped = Some((verdict, cause));
        Next::End
    }

    /// Does what had to wait for the client's name.
    fn resume(&mut self, task: Task) -> Next {
        match task {
            Task::Term => self.evaluate(),
            Task::Redirect => self.redirect(),
            Task::Explain => self.explain(),
            Task::Explanation => self.expand_explanation(),
        }
    }

    /// Asks, and waits.
    #[inline(always)]
    fn ask(&mut self, question: Question, pending: Pending) -> Next {
        (self.question, self.pending) = (question, pending);
        Next::Wait
    }

    fn answered(&mut self, answer: Answer) -> Next {
        let pending = self.pending;
        self.questions = self.questions.saturating_add(1);
        if let Some(stop) = self.count_void(pending, &answer) {
            return stop;
        }
        match pending {
            Pending::Record(origin) => self.record_answered(origin, answer),
            Pending::Pointers(task) => {
                self.names.learn_names(&answer, self.limits.pointers);
                self.resume(task)
            }
            Pending::PointerAddresses(task, number) => {
                self.names.learn_addresses(number, &answer, self.facts.ip);
                self.resume(task)
            }
            Pending::Explanation => self.explanation_answered(&answer),
            Pending::Term(wanted) => self.term_answered(wanted, &answer),
        }
    }

    /// Counts a void look-up (RFC 7208 §4.6.4) and keeps the exchange in the trace. The domain's own record is no
    /// term's look-up, and an explanation is looked up when the verdict stands.
    fn count_void(&mut self, pending: Pending, answer: &Answer) -> Option<Next> {
        let is_void = is_void(self.question.kind, answer)
            && !matches!(pending, Pending::Record(Origin::Domain))
            && !pending.is_for_explanation();
        self.void_lookups = self.void_lookups.saturating_add(usize::from(is_void));
        if let Some(trace) = &mut self.trace {
            trace.exchange(&self.question, answer, self.lookups, self.void_lookups);
        }
        let limit = self.limits.void_lookups;
        (is_void && self.void_lookups > limit).then(|| {
            let question = self.question.clone();
            self.stop(Verdict::PermError, Cause::TooManyVoidLookups { limit, question })
        })
    }

    /// Selects the record among the texts of a domain (RFC 7208 §4.4, §4.5).
    fn record_answered(&mut self, origin: Origin, answer: Answer) -> Next {
        let domain = &self.question.name;
        let texts = match answer {
            Answer::Records(Records::Txt(texts)) => texts,
            Answer::NoSuchName => {
                let cause = Cause::NoSuchName { domain: domain.clone() };
                return self.no_record(origin, cause);
            }
            Answer::NoRecords | Answer::Records(_) => {
                let cause = Cause::NoRecord { domain: domain.clone() };
                return self.no_record(origin, cause);
            }
            Answer::Unavailable => {
                let cause = Cause::Unavailable(self.question.clone());
                return self.stop(Verdict::TempError, cause);
            }
        };
        let mut claimed = texts.iter().enumerate().filter(|(_, text)| Record::is_claimed_by(text.as_bytes()));
        let Some((number, _)) = claimed.next() else {
            let cause = Cause::NoRecord { domain: domain.clone() };
            return self.no_record(origin, cause);
        };
        let others = claimed.count();
        if others > 0 {
            let (domain, count) = (domain.clone(), others.saturating_add(1));
            return self.stop(Verdict::PermError, Cause::SeveralRecords { domain, count });
        }
        self.begin(origin, texts, number)
    }

    /// What a domain without a record means depends on who led there: none for the domain itself (RFC 7208
    /// §4.3, §4.5), permerror for `include` (§5.2) and `redirect` (§6.1).
    fn no_record(&mut self, origin: Origin, cause: Cause) -> Next {
        if origin != Origin::Domain {
            let term = self.frames.current().matched();
            return self.stop(Verdict::PermError, Cause::TargetWithoutRecord { term });
        }
        match (&cause, self.facts.best_guess.take()) {
            (Cause::NoRecord { .. }, Some(record)) => {
                self.is_guess = true;
                self.begin(origin, Arc::from([record.as_txt().clone()]), 0)
            }
            _ => self.stop(Verdict::None, cause),
        }
    }

    /// Begins to evaluate the record, the text of this number: checks the whole syntax of it, and goes to the first term
    /// that concerns the client, if there is one.
    fn begin(&mut self, origin: Origin, texts: Arc<[Txt]>, number: usize) -> Next {
        if origin == Origin::Include {
            self.frames.enter();
        }
        let frame = self.frames.current_mut();
        let begun = frame.begin(&self.question.name, texts, number, &self.client);
        let has_directive = match begun {
            Ok(has_directive) => has_directive,
            Err(error) => {
                let domain = frame.domain.clone();
                return self.stop(Verdict::PermError, Cause::Syntax { domain, error });
            }
        };
        if let Some(trace) = &mut self.trace {
            // what the best-guess record includes are records of the DNS
            let is_guess = self.is_guess && origin == Origin::Domain;
            trace.record(&frame.domain, frame.record(), is_guess, self.lookups, self.void_lookups);
        }
        if has_directive { self.evaluate() } else { self.end_of_record() }
    }

    /// The directive matches: in an included record the result decides whether the outer directive does
    /// (RFC 7208 §5.2), in any other it is the verdict.
    fn matched(&mut self) -> Next {
        self.trace_outcome(true);
        let frame = self.frames.current();
        let verdict = frame.verdict();
        if !self.frames.is_included() {
            // RFC 7208 §6.2: only a fail is explained, by the record that made it
            let is_explained = verdict == Verdict::Fail && !self.is_guess;
            return match frame.index.exp {
                Some(exp) if is_explained => {
                    self.trace_exp(exp.at);
                    self.explain()
                }
                _ => Next::End,
            };
        }
        let next = if verdict == Verdict::Pass {
            if self.innermost.is_none() {
                self.innermost = Some(frame.matched());
            }
            Next::Match
        } else {
            self.innermost = None;
            Next::NoMatch
        };
        self.frames.leave();
        self.trace_leave(verdict);
        next
    }

    /// The directive does not match: on to the next that may concern the client.
    fn not_matched(&mut self) -> Next {
        self.trace_outcome(false);
        if self.frames.current_mut().go_on(&self.client) { self.evaluate() } else { self.end_of_record() }
    }

    /// No directive is left (RFC 7208 §4.7): redirect, or else neutral. An `all` would have matched, so that there is
    /// none (§5.1).
    fn end_of_record(&mut self) -> Next {
        let frame = self.frames.current_mut();
        match frame.index.redirect {
            Some(redirect) => {
                frame.go_to(Raw::redirect(redirect));
                self.redirect()
            }
            None => self.nothing_matched(),
        }
    }

    /// The result is neutral, or the outer `include` does not match.
    fn nothing_matched(&mut self) -> Next {
        if self.frames.is_included() {
            self.frames.leave();
            self.trace_leave(Verdict::Neutral);
            return Next::NoMatch;
        }
        let domain = self.frames.current().domain.clone();
        self.stop(Verdict::Neutral, Cause::NoMatch { domain })
    }

    fn trace_outcome(&mut self, is_match: bool) {
        if let Some(trace) = &mut self.trace {
            trace.outcome(is_match, self.lookups, self.void_lookups);
        }
    }

    fn trace_exp(&mut self, at: u16) {
        if let Some(trace) = &mut self.trace {
            let frame = self.frames.current();
            let term = Matched::new(frame.domain.clone(), frame.record(), at);
            trace.exp(term, self.lookups, self.void_lookups);
        }
    }

    fn trace_leave(&mut self, verdict: Verdict) {
        if let Some(trace) = &mut self.trace {
            trace.leave(verdict);
        }
    }
}

/// The report of a check that is over.
fn report(mut state: Box<State>) -> Report {
    let (verdict, cause, matched) = match state.stopped.take() {
        Some((verdict, cause)) => (verdict, Some(cause), None),
        None => {
            let frame = state.frames.current();
            let (verdict, matched) = (frame.verdict(), frame.matched());
            let cause = (verdict != Verdict::Pass).then(|| Cause::Matched(matched.clone()));
            (verdict, cause, Some(matched))
        }
    };
    let domain = state.facts.domain.clone().ok();
    let (verdict, cause, best_guess) = match &domain {
        Some(domain) if state.is_guess => {
            (Verdict::None, Some(Cause::NoRecord { domain: domain.clone() }), Some(verdict))
        }
        _ => (verdict, cause, None),
    };
    let (lookups, void_lookups) = (state.lookups, state.void_lookups);
    let explanation = state.explanation.take();
    let trace = state.trace.take().map(|tracer| {
        let end = Event::Verdict { verdict, cause: cause.clone(), best_guess };
        tracer.finish(end, explanation.as_deref(), lookups, void_lookups)
    });
    Report {
        verdict,
        cause,
        explanation,
        identity: state.facts.identity,
        domain,
        innermost: state.innermost.take().filter(|_| matched.is_some()),
        matched,
        best_guess,
        lookups,
        void_lookups,
        questions: state.questions,
        trace,
        request: Request { state },
    }
}

/// Whether there is no such record; records of another kind than the one asked are none.
fn is_void(kind: Kind, answer: &Answer) -> bool {
    match answer {
        Answer::Records(records) => records.is_empty() || records.kind() != kind,
        Answer::NoRecords | Answer::NoSuchName => true,
        Answer::Unavailable => false,
    }
}
