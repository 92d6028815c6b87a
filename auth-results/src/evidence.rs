//! All questions of a message at once.
//!
//! SPF for both identities, the key of every signature, DMARC's policy and the names of the client are looked
//! for side by side. [`Evidence`] shows the questions that can be asked now, takes the answers in any order,
//! and asks none twice: what one method has asked, the others know.

use crate::{
    inbound::{Envelope, Policy},
    iprev,
    replay::Shown,
    report::Report,
    transcript::{Slot, Transcript},
};
use alloc::{boxed::Box, vec::Vec};
use core::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};
use dmarc::{AuthorError, Authors};
use mail_base::{
    Step,
    dns::{Answer, AsyncResolve, Question, Resolve},
};

/// A message whose questions to the DNS are open.
///
/// [`run`](Self::run) asks one after the other and [`run_async`](Self::run_async) all that can be asked at the
/// same time. By hand, where answers come from an event loop:
///
/// ```
/// # use auth_results::{Envelope, Inbound, Policy, dns::Answer};
/// # let envelope = Envelope::new([192, 0, 2, 1].into(), "mail.example.com", "a@example.com");
/// # let mut evidence = Inbound::new(envelope, &Policy::default(), 0).finish();
/// loop {
///     let questions: Vec<_> = evidence.questions().into_iter().cloned().collect();
///     if questions.is_empty() {
///         break;
///     }
///     for question in questions {
///         evidence = evidence.answer(&question, Answer::NoSuchName); // as it comes in, in any order
///     }
/// }
/// let report = evidence.finish();
/// ```
#[derive(Debug)]
pub struct Evidence<'p> {
    /// In one place for all the time: it is some thousands of octets, and handed over with every answer.
    known: Box<Known<'p>>,
}

#[derive(Debug)]
struct Known<'p> {
    envelope: Envelope,
    mail_from: Slot<spf::Check>,
    helo: Slot<spf::Check>,
    keys: Vec<Slot<dkim::KeyInquiry>>,
    iprev: Option<Slot<iprev::Check>>,
    dmarc: Dmarc<'p>,
    shown: Shown,
    transcript: Transcript,
}

/// How far DMARC is: the policy can be looked for at once, the alignment is known only after SPF and DKIM.
#[derive(Debug)]
enum Dmarc<'p> {
    NoAuthor(AuthorError),
    /// With what is asked of it as far as it is known.
    Discovering(dmarc::Request, Slot<dmarc::Discover<'p>>),
    Evaluating(Slot<dmarc::Evaluation<'p>>),
}

impl Dmarc<'_> {
    fn question(&self) -> Option<&Question> {
        match self {
            Self::NoAuthor(_) => None,
            Self::Discovering(_, slot) => slot.question(),
            Self::Evaluating(slot) => slot.question(),
        }
    }

    fn advanced(self, transcript: &Transcript) -> Self {
        match self {
            Self::NoAuthor(_) => self,
            Self::Discovering(request, slot) => Self::Discovering(request, slot.advanced(transcript)),
            Self::Evaluating(slot) => Self::Evaluating(slot.advanced(transcript)),
        }
    }
}

impl<'p> Evidence<'p> {
    pub(crate) fn new(
        envelope: Envelope,
        policy: Policy<'p>,
        now: u64,
        authors: Result<Authors, AuthorError>,
        keys: Vec<Step<dkim::KeyInquiry>>,
        shown: Shown,
    ) -> Self {
        let request = |request: spf::Request| {
            let is_trusted = envelope.is_trusted_forwarder;
            let mut request = request.now(now).trace(policy.trace).trust_forwarder(|_| is_trusted);
            if let Some(receiver) = &policy.receiver {
                request = request.receiver(receiver);
            }
            if let Some(to_ascii) = policy.to_ascii {
                request = request.to_ascii(to_ascii);
            }
            Slot::new(spf::check(request, &policy.spf))
        };
        let (ip, helo) = (envelope.ip, &envelope.helo);
        let mut mail_from = spf::Request::mail_from(ip, helo, &envelope.mail_from);
        if let Some(record) = &policy.spf_best_guess {
            mail_from = mail_from.best_guess(record.clone());
        }
        let known = Known {
            mail_from: request(mail_from),
            helo: request(spf::Request::helo(ip, helo)),
            keys: keys.into_iter().map(Slot::new).collect(),
            iprev: policy.iprev.then(|| Slot::new(iprev::check(ip, policy.iprev_names))),
            dmarc: match authors {
                Ok(authors) => {
                    let request = dmarc::Request::from_authors(&authors)
                        .with_local_policy(policy.dmarc)
                        .with_limits(policy.dmarc_limits);
                    let search = Slot::new(dmarc::discover(&request, policy.discovery));
                    Dmarc::Discovering(request, search)
                }
                Err(error) => Dmarc::NoAuthor(error),
            },
            envelope,
            shown,
            transcript: Transcript::default(),
        };
        Self { known: Box::new(known) }.evaluated()
    }

    /// The questions that can be asked now, each once. Where there is none, all is known.
    #[must_use]
    pub fn questions(&self) -> Vec<&Question> {
        let mut questions: Vec<&Question> = Vec::new();
        for question in self.open_questions() {
            if !questions.contains(&question) {
                questions.push(question);
            }
        }
        questions
    }

    /// What each inquiry waits for.
    fn open_questions(&self) -> impl Iterator<Item = &Question> {
        let known = &self.known;
        let iprev = known.iprev.as_ref().and_then(Slot::question);
        let single = [known.mail_from.question(), known.helo.question(), known.dmarc.question(), iprev];
        single.into_iter().chain(known.keys.iter().map(Slot::question)).flatten()
    }

    fn next_question(&self) -> Option<Question> {
        self.open_questions().next().cloned()
    }

    /// Takes the answer to a question, for every method that waits for it, and goes on as far as it leads. An
    /// answer to another question is kept, in case it is asked later.
    #[must_use]
    pub fn answer(mut self, question: &Question, answer: Answer) -> Self {
        self.known.transcript.keep(question, answer);
        let transcript = &self.known.transcript;
        // an inquiry is some hundred octets: what waits for another answer stays where it is
        if self.known.mail_from.waits_for(question) {
            self.known.mail_from = self.known.mail_from.advanced(transcript);
        }
        if self.known.helo.waits_for(question) {
            self.known.helo = self.known.helo.advanced(transcript);
        }
        if self.known.keys.iter().any(|slot| slot.waits_for(question)) {
            self.known.keys = self.known.keys.into_iter().map(|slot| slot.advanced(transcript)).collect();
        }
        if self.known.iprev.as_ref().is_some_and(|slot| slot.waits_for(question)) {
            self.known.iprev = self.known.iprev.map(|slot| slot.advanced(transcript));
        }
        if self.known.dmarc.question() == Some(question) {
            self.known.dmarc = self.known.dmarc.advanced(transcript);
        }
        self.evaluated()
    }

    /// Starts to evaluate DMARC once its policy, SPF and every signature are known.
    fn evaluated(mut self) -> Self {
        let is_known = self.known.mail_from.outcome().is_some()
            && self.known.keys.iter().all(|key| key.outcome().is_some());
        if is_known && let Dmarc::Discovering(request, Slot::Done(discovered)) = self.known.dmarc {
            let request = with_facts(request, &self.known.mail_from, &self.known.keys);
            let evaluation = Slot::new(discovered.evaluate(request)).advanced(&self.known.transcript);
            self.known.dmarc = Dmarc::Evaluating(evaluation);
        }
        self
    }

    /// What is known. Questions that are still open count as not answered in time: a temporary error of the
    /// method that asks.
    #[must_use]
    pub fn finish(self) -> Report {
        let mut known = *self.known;
        known.mail_from = known.mail_from.expired();
        known.keys = known.keys.into_iter().map(Slot::expired).collect();
        let dmarc = match known.dmarc {
            Dmarc::NoAuthor(error) => dmarc::Report::without_author(error),
            Dmarc::Evaluating(slot) => slot.into_outcome(),
            Dmarc::Discovering(request, slot) => {
                // what has passed by now may be enough
                let request = with_facts(request, &known.mail_from, &known.keys);
                Slot::new(slot.into_outcome().evaluate(request)).advanced(&known.transcript).into_outcome()
            }
        };
        let mut dkim: Vec<_> = known.keys.into_iter().flat_map(Slot::into_outcome).collect();
        dkim.sort_by_key(|report| report.index);
        let replay_hints = dkim.iter().filter_map(|report| known.shown.hints(report)).collect();
        Report {
            envelope: known.envelope,
            mail_from: known.mail_from.into_outcome(),
            helo: known.helo.into_outcome(),
            dkim,
            dmarc,
            iprev: known.iprev.map(Slot::into_outcome),
            replay_hints,
            transcript: known.transcript,
        }
    }

    /// Asks `resolver`, one question after the other.
    #[must_use]
    pub fn run(self, resolver: &(impl Resolve + ?Sized)) -> Report {
        self.run_until(resolver, || false)
    }

    /// As [`run`](Self::run), but looks before each question whether the caller's time is up, and then
    /// [finishes](Self::finish) with what is known.
    #[must_use]
    pub fn run_until(
        mut self,
        resolver: &(impl Resolve + ?Sized),
        mut is_up: impl FnMut() -> bool,
    ) -> Report {
        while let Some(question) = self.next_question() {
            if is_up() {
                break;
            }
            let answer = resolver.resolve(&question);
            self = self.answer(&question, answer);
        }
        self.finish()
    }

    /// Asks `resolver` everything that can be asked at the same time, so that the whole takes no longer than
    /// its longest single chain of questions. Needs no runtime. Dropping the future cancels all that is under
    /// way; a time-out is the caller's to put around it.
    pub async fn run_async<R: AsyncResolve + Sync + ?Sized>(mut self, resolver: &R) -> Report {
        let mut under_way = UnderWay::default();
        loop {
            for question in self.questions() {
                if !under_way.questions.contains(question) {
                    under_way.start(question.clone(), resolver);
                }
            }
            match poll_fn(|context| under_way.poll(context)).await {
                Some((question, answer)) => self = self.answer(&question, answer),
                None => return self.finish(),
            }
        }
    }
}

/// Tells DMARC what it needs to know: the domains for which SPF and DKIM passed.
fn with_facts(
    mut request: dmarc::Request,
    mail_from: &Slot<spf::Check>,
    keys: &[Slot<dkim::KeyInquiry>],
) -> dmarc::Request {
    if let Some(report) = mail_from.outcome()
        && report.verdict == spf::Verdict::Pass
        && let Some(domain) = &report.domain
    {
        request = request.spf_passed(domain.clone());
    }
    for report in keys.iter().filter_map(Slot::outcome).flatten() {
        if report.verdict == dkim::Verdict::Pass
            && let Some(domain) = &report.domain
        {
            request = request.dkim_passed(domain.clone());
        }
    }
    request
}

/// Questions that have been asked and not yet answered.
#[derive(Default)]
struct UnderWay<'r> {
    questions: Vec<Question>,
    answers: Vec<Pin<Box<dyn Future<Output = Answer> + Send + 'r>>>,
}

impl<'r> UnderWay<'r> {
    fn start<R: AsyncResolve + Sync + ?Sized>(&mut self, question: Question, resolver: &'r R) {
        self.questions.push(question.clone());
        self.answers.push(Box::pin(async move { resolver.resolve(&question).await }));
    }

    /// The next answer that is there; `None` where nothing is under way.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<(Question, Answer)>> {
        if self.answers.is_empty() {
            return Poll::Ready(None);
        }
        for (at, answer) in self.answers.iter_mut().enumerate() {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                drop(self.answers.swap_remove(at));
                return Poll::Ready(Some((self.questions.swap_remove(at), answer)));
            }
        }
        Poll::Pending
    }
}
