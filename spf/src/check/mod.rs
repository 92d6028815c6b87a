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
    error::RecordError,
    limits::Limits,
    parse::{self, RawKind},
    record::Record,
    report::{Matched, Report},
    request::Request,
    trace::{Event, Tracer},
    verdict::{Cause, Verdict},
};
use alloc::{boxed::Box, string::String, sync::Arc};
use client::Client;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Kind, Question, Records, Txt},
};
use names::ClientNames;
use state::{Frame, Next, Origin, Outer, Pending, Task};

/// Starts the check of one identity.
///
/// The outcome is a [`Report`]; a request whose domain cannot be asked about is done at once.
pub fn check(mut request: Request, limits: &Limits) -> Step<Check> {
    let domain = match request.resolve_domain() {
        Ok(domain) => domain,
        Err(error) => {
            let cause = Cause::Domain { text: request.texts.domain().into(), error };
            return Step::Done(Report::unasked(request, None, cause));
        }
    };
    if request.is_trusted {
        return Step::Done(Report::unasked(request, Some(domain), Cause::TrustedForwarder));
    }
    Step::Ask(Check { state: Box::new(State::new(domain, request, *limits)) })
}

/// A check that waits for an answer. See [`Inquiry`].
#[derive(Clone, Debug)]
pub struct Check {
    /// On the heap, where it stays while the check goes from hand to hand.
    state: Box<State>,
}

/// What a check knows.
#[derive(Clone, Debug)]
struct State {
    request: Request,
    limits: Limits,
    domain: Name,
    /// What is asked, where that is not the record of the frame.
    question: Option<Question>,
    /// What the answer is wanted for.
    pending: Pending,
    /// Where the check is.
    frame: Frame,
    /// The records whose `include` is being evaluated.
    outer: Outer,
    lookups: usize,
    void_lookups: usize,
    questions: usize,
    client: Client,
    names: ClientNames,
    innermost: Option<Matched>,
    /// The explanation of a fail.
    explanation: Option<String>,
    /// Why the check ends, where no term decides.
    stopped: Option<(Verdict, Cause)>,
    /// Whether the best-guess record is evaluated, because the domain has none.
    is_guess: bool,
    trace: Option<Box<Tracer>>,
}

impl Inquiry for Check {
    type Outcome = Report;

    fn question(&self) -> &Question {
        self.state.question()
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        if self.state.go_on(answer) { Step::Ask(self) } else { Step::Done(self.state.report()) }
    }

    /// The overall limit of time (RFC 7208 §4.6.4): temperror, unless only the explanation is missing.
    fn expire(mut self) -> Report {
        if !self.state.pending.is_for_explanation() {
            let cause = Cause::Deadline(self.state.question().clone());
            self.state.stop(Verdict::TempError, cause);
        }
        self.state.report()
    }
}

impl State {
    fn new(domain: Name, request: Request, limits: Limits) -> Self {
        let trace = request.is_traced.then(Box::default);
        let client = Client::new(request.ip, request.is_traced);
        Self {
            request,
            limits,
            domain: domain.clone(),
            question: None,
            frame: Frame::new(domain),
            pending: Pending::Record(Origin::Domain),
            outer: Outer::default(),
            lookups: 0,
            void_lookups: 0,
            questions: 0,
            client,
            names: ClientNames::default(),
            innermost: None,
            explanation: None,
            stopped: None,
            is_guess: false,
            trace,
        }
    }

    fn question(&self) -> &Question {
        self.question.as_ref().unwrap_or(&self.frame.question)
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
            Task::Explanation(text) => self.expand_explanation(&text),
        }
    }

    /// Asks, and waits.
    fn ask(&mut self, question: Question, pending: Pending) -> Next {
        (self.question, self.pending) = (Some(question), pending);
        Next::Wait
    }

    /// Asks for the record of a domain that the term leads to, and waits.
    fn ask_record(&mut self, domain: Name, origin: Origin) -> Next {
        self.outer.push(core::mem::replace(&mut self.frame, Frame::new(domain)));
        (self.question, self.pending) = (None, Pending::Record(origin));
        Next::Wait
    }

    fn answered(&mut self, answer: Answer) -> Next {
        // the place is filled again with the next question
        let pending = core::mem::replace(&mut self.pending, Pending::Record(Origin::Domain));
        self.questions = self.questions.saturating_add(1);
        if let Some(stop) = self.count_void(&pending, &answer) {
            return stop;
        }
        match pending {
            Pending::Record(origin) => self.record_answered(origin, answer),
            Pending::Pointers(task) => {
                self.names.learn_names(&answer, self.limits.pointers);
                self.resume(task)
            }
            Pending::PointerAddresses(task, number) => {
                self.names.learn_addresses(number, &answer, self.request.ip);
                self.resume(task)
            }
            Pending::Explanation => self.explanation_answered(&answer),
            Pending::Term(wanted) => self.term_answered(wanted, &answer),
        }
    }

    /// Counts a void look-up (RFC 7208 §4.6.4) and keeps the exchange in the trace. The domain's own record is no
    /// term's look-up, and an explanation is looked up when the verdict stands.
    fn count_void(&mut self, pending: &Pending, answer: &Answer) -> Option<Next> {
        let counts = !matches!(pending, Pending::Record(Origin::Domain)) && !pending.is_for_explanation();
        let is_void = counts && is_void(self.question().kind, answer);
        self.void_lookups = self.void_lookups.saturating_add(usize::from(is_void));
        if let Some(trace) = &mut self.trace {
            let question = self.question.as_ref().unwrap_or(&self.frame.question);
            trace.exchange(question, answer, self.lookups, self.void_lookups);
        }
        let limit = self.limits.void_lookups;
        (is_void && self.void_lookups > limit).then(|| {
            let question = self.question().clone();
            self.stop(Verdict::PermError, Cause::TooManyVoidLookups { limit, question })
        })
    }

    /// Selects the record among the texts of a domain (RFC 7208 §4.4, §4.5).
    fn record_answered(&mut self, origin: Origin, answer: Answer) -> Next {
        let domain = self.frame.domain();
        let texts = match answer {
            Answer::Records(Records::Txt(texts)) => texts,
            Answer::NoSuchName => {
                return self.no_record(origin, Cause::NoSuchName { domain: domain.clone() });
            }
            Answer::NoRecords | Answer::Records(_) => {
                return self.no_record(origin, Cause::NoRecord { domain: domain.clone() });
            }
            Answer::Unavailable => {
                let cause = Cause::Unavailable(self.frame.question.clone());
                return self.stop(Verdict::TempError, cause);
            }
        };
        let mut claimed = texts.iter().enumerate().filter(|(_, text)| Record::is_claimed_by(text.as_bytes()));
        let Some((number, text)) = claimed.next() else {
            return self.no_record(origin, Cause::NoRecord { domain: domain.clone() });
        };
        let others = claimed.count();
        if others > 0 {
            let (domain, count) = (domain.clone(), others.saturating_add(1));
            return self.stop(Verdict::PermError, Cause::SeveralRecords { domain, count });
        }
        match self.scan(text) {
            Ok(concerns) => {
                self.frame.learn(texts, number);
                self.begin(origin, concerns)
            }
            Err(error) => {
                let domain = self.frame.domain().clone();
                self.stop(Verdict::PermError, Cause::Syntax { domain, error })
            }
        }
    }

    /// Checks the whole syntax of the frame's record, and keeps what is found once in it and the first term that
    /// concerns the client. Tells whether there is such a term.
    fn scan(&mut self, text: &Txt) -> Result<bool, RecordError> {
        let (client, frame) = (self.client, &mut self.frame);
        let mut is_found = false;
        parse::terms(text.as_bytes(), client.networks(), &mut frame.index, |term| {
            if !is_found && client.is_concerned(term) {
                is_found = true;
                frame.term = *term;
            }
        })?;
        Ok(is_found)
    }

    /// What a domain without a record means depends on who led there: none for the domain itself (RFC 7208
    /// §4.3, §4.5), permerror for `include` (§5.2) and `redirect` (§6.1).
    fn no_record(&mut self, origin: Origin, cause: Cause) -> Next {
        if let (Origin::Include | Origin::Redirect, Some(outer)) = (origin, self.outer.last()) {
            let term = outer.matched();
            return self.stop(Verdict::PermError, Cause::TargetWithoutRecord { term });
        }
        match (&cause, self.request.best_guess.take()) {
            (Cause::NoRecord { .. }, Some(record)) => {
                self.is_guess = true;
                let texts = Arc::from([record.as_txt().clone()]);
                self.frame.learn(texts, 0);
                // a record is never broken
                let concerns = self.scan(record.as_txt()).unwrap_or(false);
                self.begin(origin, concerns)
            }
            _ => self.stop(Verdict::None, cause),
        }
    }

    /// Begins to evaluate the record, at the first term that concerns the client, if there is one.
    fn begin(&mut self, origin: Origin, concerns: bool) -> Next {
        if let Some(trace) = &mut self.trace {
            let (domain, record) = (self.frame.domain(), self.frame.record());
            // what the best-guess record includes are records of the DNS
            let is_guess = self.is_guess && origin == Origin::Domain;
            trace.record(domain, record, is_guess, self.lookups, self.void_lookups);
        }
        if origin == Origin::Redirect {
            // the record that holds the term is left for good
            self.outer.pop();
        }
        if concerns { self.evaluate() } else { self.end_of_record() }
    }

    /// The directive matches: in an included record the result decides whether the outer directive does
    /// (RFC 7208 §5.2), in any other it is the verdict.
    fn matched(&mut self) -> Next {
        self.trace_outcome(true);
        let verdict = self.frame.verdict();
        let Some(outer) = self.outer.pop() else {
            // RFC 7208 §6.2: only a fail is explained, by the record that made it
            let is_explained = verdict == Verdict::Fail && !self.is_guess;
            return match self.frame.index.exp {
                Some(exp) if is_explained => {
                    self.trace_exp(exp.at);
                    self.explain()
                }
                _ => Next::End,
            };
        };
        self.trace_leave(verdict);
        let inner = core::mem::replace(&mut self.frame, outer);
        if verdict == Verdict::Pass {
            if self.innermost.is_none() {
                self.innermost = Some(inner.into_matched());
            }
            Next::Match
        } else {
            self.innermost = None;
            Next::NoMatch
        }
    }

    /// The directive does not match: on to the next that concerns the client.
    fn not_matched(&mut self) -> Next {
        self.trace_outcome(false);
        let client = self.client;
        let next = self.frame.terms_behind(client.networks()).find(|term| client.is_concerned(term));
        match next {
            Some(term) => {
                self.frame.go_to(term);
                self.evaluate()
            }
            None => self.end_of_record(),
        }
    }

    /// No directive is left (RFC 7208 §4.7): redirect, unless there is an `all`, or else neutral.
    fn end_of_record(&mut self) -> Next {
        match self.frame.index.followed() {
            Some(redirect) => {
                self.frame.go_to(redirect.term(RawKind::Redirect));
                self.redirect()
            }
            None => self.nothing_matched(),
        }
    }

    /// The result is neutral, or the outer `include` does not match.
    fn nothing_matched(&mut self) -> Next {
        match self.outer.pop() {
            Some(outer) => {
                self.trace_leave(Verdict::Neutral);
                self.frame = outer;
                Next::NoMatch
            }
            None => {
                let domain = self.frame.domain().clone();
                self.stop(Verdict::Neutral, Cause::NoMatch { domain })
            }
        }
    }

    /// The report; the check is over.
    fn report(self: Box<Self>) -> Report {
        let (verdict, cause, matched) = match self.stopped {
            Some((verdict, cause)) => (verdict, Some(cause), None),
            None => {
                let (verdict, matched) = (self.frame.verdict(), self.frame.into_matched());
                let cause = (verdict != Verdict::Pass).then(|| Cause::Matched(matched.clone()));
                (verdict, cause, Some(matched))
            }
        };
        let (verdict, cause, best_guess) = if self.is_guess {
            (Verdict::None, Some(Cause::NoRecord { domain: self.domain.clone() }), Some(verdict))
        } else {
            (verdict, cause, None)
        };
        let (lookups, void_lookups) = (self.lookups, self.void_lookups);
        let explanation = self.explanation;
        let trace = self.trace.map(|tracer| {
            let end = Event::Verdict { verdict, cause: cause.clone(), best_guess };
            tracer.finish(end, explanation.as_deref(), lookups, void_lookups)
        });
        Report {
            verdict,
            cause,
            explanation,
            identity: self.request.identity,
            domain: Some(self.domain),
            innermost: self.innermost.filter(|_| matched.is_some()),
            matched,
            best_guess,
            lookups,
            void_lookups,
            questions: self.questions,
            trace,
            request: self.request,
        }
    }

    fn trace_outcome(&mut self, is_match: bool) {
        if let Some(trace) = &mut self.trace {
            trace.outcome(is_match, self.lookups, self.void_lookups);
        }
    }

    fn trace_exp(&mut self, at: u16) {
        if let Some(trace) = &mut self.trace {
            let term = Matched::new(self.frame.domain().clone(), self.frame.record(), at);
            trace.exp(term, self.lookups, self.void_lookups);
        }
    }

    fn trace_leave(&mut self, verdict: Verdict) {
        if let Some(trace) = &mut self.trace {
            trace.leave(verdict);
        }
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
