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

mod clients;
mod explain;
mod state;
mod terms;

use crate::{
    limits::Limits,
    networks::Networks,
    parse::{Raw, RawKind},
    record::Record,
    report::{Matched, Report},
    request::Request,
    trace::Tracer,
    verdict::{Cause, Verdict},
};
use alloc::{boxed::Box, vec::Vec};
use clients::ClientNames;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Kind, Question},
};
use state::{End, Frame, Next, Origin, Pending, Task};

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
    Step::Ask(Check { state: State::new(Question::txt(domain), request, *limits) })
}

/// A check that waits for an answer. See [`Inquiry`].
#[derive(Clone, Debug)]
pub struct Check {
    state: State,
}

/// What a check knows.
#[derive(Clone, Debug)]
struct State {
    request: Request,
    limits: Limits,
    domain: Name,
    question: Question,
    /// What the answer is wanted for.
    pending: Pending,
    /// Where the check is.
    frame: Frame,
    /// The records whose `include` is being evaluated, the outermost first. No deeper than the limit of look-ups.
    outer: Vec<Frame>,
    lookups: usize,
    void_lookups: usize,
    questions: usize,
    clients: ClientNames,
    innermost: Option<Matched>,
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
        match self.state.go_on(&answer) {
            Some(end) => Step::Done(self.state.report(end)),
            None => Step::Ask(self),
        }
    }

    /// The overall limit of time (RFC 7208 §4.6.4): temperror, unless only the explanation is missing.
    fn expire(self) -> Report {
        let mut state = self.state;
        let end = if state.pending.is_for_explanation() {
            End::Decided(None)
        } else {
            End::Stopped(Verdict::TempError, Cause::Deadline(state.question.clone()))
        };
        state.report(end)
    }
}

impl State {
    fn new(question: Question, request: Request, limits: Limits) -> Self {
        let trace = request.is_traced.then(Box::default);
        Self {
            request,
            limits,
            domain: question.name.clone(),
            frame: Frame::before(question.name.clone()),
            question,
            pending: Pending::Record(Origin::Domain),
            outer: Vec::new(),
            lookups: 0,
            void_lookups: 0,
            questions: 0,
            clients: ClientNames::default(),
            innermost: None,
            is_guess: false,
            trace,
        }
    }

    /// Goes on until there is something to ask or nothing left to do.
    fn go_on(&mut self, answer: &Answer) -> Option<End> {
        let mut next = self.answered(answer);
        loop {
            next = match next {
                Next::Wait => return None,
                Next::Do(Task::Term) => self.evaluate(),
                Next::Do(Task::Redirect) => self.redirect(),
                Next::Do(Task::Explain) => self.explain(),
                Next::Do(Task::Explanation(text)) => self.expand_explanation(&text),
                Next::Match => self.matched(),
                Next::NoMatch => self.not_matched(),
                Next::End(end) => return Some(end),
            };
        }
    }

    /// Asks, and waits.
    fn ask(&mut self, question: Question, pending: Pending) -> Next {
        (self.question, self.pending) = (question, pending);
        Next::Wait
    }

    fn answered(&mut self, answer: &Answer) -> Next {
        // the place is filled again with the next question
        let pending = core::mem::replace(&mut self.pending, Pending::Record(Origin::Domain));
        self.questions = self.questions.saturating_add(1);
        if let Some(stop) = self.count_void(&pending, answer) {
            return stop;
        }
        match pending {
            Pending::Record(origin) => self.record_answered(origin, answer),
            Pending::Pointers(task) => {
                self.clients.learn_names(answer, self.limits.pointers);
                Next::Do(task)
            }
            Pending::PointerAddresses(task, number) => {
                self.clients.learn_addresses(number, answer, self.request.ip);
                Next::Do(task)
            }
            Pending::Explanation => self.explanation_answered(answer),
            Pending::Term(wanted) => self.term_answered(wanted, answer),
        }
    }

    /// Counts a void look-up (RFC 7208 §4.6.4) and keeps the exchange in the trace. The domain's own record is no
    /// term's look-up, and an explanation is looked up when the verdict stands.
    fn count_void(&mut self, pending: &Pending, answer: &Answer) -> Option<Next> {
        let counts = !matches!(pending, Pending::Record(Origin::Domain)) && !pending.is_for_explanation();
        let is_void = counts && is_void(self.question.kind, answer);
        self.void_lookups = self.void_lookups.saturating_add(usize::from(is_void));
        if let Some(trace) = &mut self.trace {
            trace.exchange(&self.question, answer, self.lookups, self.void_lookups);
        }
        let limit = self.limits.void_lookups;
        (is_void && self.void_lookups > limit).then(|| {
            let question = self.question.clone();
            Next::stop(Verdict::PermError, Cause::TooManyVoidLookups { limit, question })
        })
    }

    /// Selects the record among the texts of a domain (RFC 7208 §4.4, §4.5).
    fn record_answered(&mut self, origin: Origin, answer: &Answer) -> Next {
        let domain = self.question.name.clone();
        match answer {
            Answer::Unavailable => {
                return Next::stop(Verdict::TempError, Cause::Unavailable(self.question.clone()));
            }
            Answer::NoSuchName => return self.no_record(origin, Cause::NoSuchName { domain }),
            Answer::NoRecords | Answer::Records(_) => {}
        }
        let mut claimed = answer.as_txt().iter().filter(|text| Record::is_claimed_by(text.as_bytes()));
        let Some(text) = claimed.next() else {
            return self.no_record(origin, Cause::NoRecord { domain });
        };
        let others = claimed.count();
        if others > 0 {
            let count = others.saturating_add(1);
            return Next::stop(Verdict::PermError, Cause::SeveralRecords { domain, count });
        }
        let mut first = None;
        let record = Record::scan(text.clone(), self.networks(), |term| {
            if first.is_none() && self.concerns(term) {
                first = Some(*term);
            }
        });
        match record {
            Ok(record) => self.begin(origin, domain, record, first),
            Err(error) => Next::stop(Verdict::PermError, Cause::Syntax { domain, error }),
        }
    }

    /// What a domain without a record means depends on who led there: none for the domain itself (RFC 7208
    /// §4.3, §4.5), permerror for `include` (§5.2) and `redirect` (§6.1).
    fn no_record(&mut self, origin: Origin, cause: Cause) -> Next {
        if matches!(origin, Origin::Include | Origin::Redirect) {
            let cause = Cause::TargetWithoutRecord { term: self.frame.matched() };
            return Next::stop(Verdict::PermError, cause);
        }
        match (&cause, self.request.best_guess.take()) {
            (Cause::NoRecord { domain }, Some(record)) => {
                let domain = domain.clone();
                let first = record.raw_terms().find(|term| self.concerns(term));
                self.is_guess = true;
                self.begin(origin, domain, record, first)
            }
            _ => Next::stop(Verdict::None, cause),
        }
    }

    /// Whether a term must be looked at for this client. A trace wants to see every directive.
    fn concerns(&self, term: &Raw) -> bool {
        terms::may_match(term.kind, self.request.ip)
            || (self.trace.is_some() && terms::is_directive(term.kind))
    }

    /// The networks that must be looked at.
    fn networks(&self) -> Networks {
        if self.trace.is_some() { Networks::All } else { Networks::Of(self.request.ip) }
    }

    /// Begins to evaluate a record, at the first term that concerns the client.
    fn begin(&mut self, origin: Origin, domain: Name, record: Record, first: Option<Raw>) -> Next {
        if let Some(trace) = &mut self.trace {
            trace.record(&domain, &record, self.lookups, self.void_lookups);
        }
        let term = first.unwrap_or_else(Raw::version);
        let frame = Frame { domain, record, term, is_counted: false };
        if origin == Origin::Include {
            self.outer.push(core::mem::replace(&mut self.frame, frame));
        } else {
            self.frame = frame;
        }
        if first.is_some() { self.evaluate() } else { self.end_of_record() }
    }

    /// The directive matches: in an included record the result decides whether the outer directive does
    /// (RFC 7208 §5.2), in any other it is the verdict.
    fn matched(&mut self) -> Next {
        self.trace_outcome(true);
        let verdict = self.frame.verdict();
        let Some(outer) = self.outer.pop() else {
            // RFC 7208 §6.2: only a fail is explained, by the record that made it
            let is_explained = verdict == Verdict::Fail && !self.is_guess;
            return match self.frame.record.index().exp {
                Some(_) if is_explained => Next::Do(Task::Explain),
                _ => Next::End(End::Decided(None)),
            };
        };
        self.trace_leave(verdict);
        let inner = core::mem::replace(&mut self.frame, outer);
        if verdict == Verdict::Pass {
            self.innermost.get_or_insert_with(|| inner.matched());
            Next::Match
        } else {
            self.innermost = None;
            Next::NoMatch
        }
    }

    /// The directive does not match: on to the next that concerns the client.
    fn not_matched(&mut self) -> Next {
        self.trace_outcome(false);
        let behind = usize::from(self.frame.term.end);
        let next =
            self.frame.record.raw_terms_among(self.networks(), behind).find(|term| self.concerns(term));
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
        match self.frame.record.index().followed() {
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
                let domain = self.frame.domain.clone();
                Next::stop(Verdict::Neutral, Cause::NoMatch { domain })
            }
        }
    }

    /// The report; the check is over, and keeps nothing.
    fn report(&mut self, end: End) -> Report {
        let (verdict, cause, matched, explanation) = match end {
            End::Stopped(verdict, cause) => (verdict, Some(cause), None, None),
            End::Decided(explanation) => {
                let (verdict, matched) = (self.frame.verdict(), self.frame.matched());
                let cause = (verdict != Verdict::Pass).then(|| Cause::Matched(matched.clone()));
                (verdict, cause, Some(matched), explanation)
            }
        };
        let (lookups, void_lookups) = (self.lookups, self.void_lookups);
        let finish = |tracer: Box<Tracer>| tracer.finish(verdict, cause.as_ref(), lookups, void_lookups);
        let trace = self.trace.take().map(finish);
        let domain = self.domain.clone();
        let (verdict, cause, best_guess) = if self.is_guess {
            (Verdict::None, Some(Cause::NoRecord { domain: domain.clone() }), Some(verdict))
        } else {
            (verdict, cause, None)
        };
        let innermost = matched.as_ref().and_then(|_| self.innermost.take());
        Report {
            verdict,
            cause,
            explanation,
            identity: self.request.identity,
            domain: Some(domain),
            matched,
            innermost,
            best_guess,
            lookups,
            void_lookups,
            questions: self.questions,
            trace,
            request: core::mem::replace(&mut self.request, Request::nothing()),
        }
    }

    fn trace_outcome(&mut self, is_match: bool) {
        if let Some(trace) = &mut self.trace {
            trace.outcome(is_match, self.lookups, self.void_lookups);
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
