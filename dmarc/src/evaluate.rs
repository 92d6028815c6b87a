//! The evaluation of a message (RFC 9989 §5.3).
//!
//! It is a function of the facts and of the answers known so far: it ends in a report, or in the one question
//! without which it cannot go on. [`Evaluation`] asks that, files the answer, and calls the function again; at
//! most [`MAX_WALK`](crate::limits::MAX_WALK) questions a domain, and no question twice. Nothing is asked that
//! the verdict does not need:
//!
//! - An authenticated domain that is the author's own is aligned without looking for organizational domains.
//! - One that has no part in common with the author's cannot be aligned.
//! - Where one is aligned by what is known already, no other is asked about.
//! - Whether the author's domain exists is asked where the message fails and `np` differs from `sp`.

use crate::{
    answers::{Answers, Pending, Stop},
    discovery::{self, Discovery, Found, Method, Place},
    few::Few,
    policy::AlignmentMode,
    record::{Policies, Record},
    request::{Identifier, OnReject, Request},
    verdict::{Cause, Disposition, Mechanism, Override, OverrideKind, Report, Verdict},
};
use alloc::vec::Vec;
use core::mem;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Question},
};

/// Evaluates a message.
///
/// ```
/// use dmarc::{Discovery, Disposition, Name, Request, Verdict, Zone, evaluate};
///
/// let zone = Zone::parse(r#"_dmarc.example.com. TXT "v=DMARC1; p=reject""#)?;
/// let name = |text| Name::parse(text).unwrap();
///
/// let forged = Request::new(name("example.com")).spf_passed(name("example.net"));
/// let report = evaluate(forged, Discovery::TreeWalk).run(&zone);
/// assert_eq!((report.verdict, report.disposition), (Verdict::Fail, Disposition::Reject));
/// assert_eq!(report.reply().unwrap().to_string(), "550 5.7.1 Email rejected per DMARC policy for example.com");
/// # Ok::<(), mail_base::zone::ZoneError>(())
/// ```
pub fn evaluate(request: Request, discovery: Discovery<'_>) -> Step<Evaluation<'_>> {
    Evaluation::go_on(request, discovery, Answers::default())
}

/// Looks for the policies of a message's authors before it is known what SPF and DKIM say, so that everything
/// can be asked at the same time. Of authors that the request's limits and local policy refuse, none is looked for.
///
/// ```
/// use dmarc::{Discovery, Name, Request, Verdict, Zone, discover};
///
/// let zone = Zone::parse(r#"_dmarc.example.com. TXT "v=DMARC1; p=reject""#)?;
/// let author = Name::parse("example.com").unwrap();
/// let request = Request::new(author.clone());
/// let discovered = discover(&request, Discovery::TreeWalk).run(&zone);
///
/// // meanwhile, SPF has passed
/// let report = discovered.evaluate(request.spf_passed(author)).run(&zone);
/// assert_eq!((report.verdict, report.questions), (Verdict::Pass, 1));
/// # Ok::<(), mail_base::zone::ZoneError>(())
/// ```
pub fn discover<'d>(request: &Request, discovery: Discovery<'d>) -> Step<Discover<'d>> {
    let is_refused = request.refusal().is_some();
    let authors = if is_refused { Few::default() } else { request.authors.clone() };
    Discover::go_on(authors, Discovered { discovery, answers: Answers::default() })
}

/// The search for policies: a question to ask.
#[derive(Clone, Debug)]
pub struct Discover<'d> {
    authors: Few<Name>,
    discovered: Discovered<'d>,
    pending: Pending,
}

impl<'d> Discover<'d> {
    fn go_on(authors: Few<Name>, discovered: Discovered<'d>) -> Step<Self> {
        for author in authors.iter() {
            match discovery::policy(&discovered.answers, discovered.discovery, author) {
                Err(Stop::Ask(pending)) => return Step::Ask(Self { authors, discovered, pending }),
                Ok(_) | Err(Stop::Unavailable(_)) => {}
            }
        }
        Step::Done(discovered)
    }
}

impl<'d> Inquiry for Discover<'d> {
    type Outcome = Discovered<'d>;

    fn question(&self) -> &Question {
        &self.pending.question
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        self.discovered.answers.file(self.pending, &answer);
        Self::go_on(self.authors, self.discovered)
    }

    /// Ends the search. The evaluation that follows takes the question for one that was not answered.
    fn expire(mut self) -> Discovered<'d> {
        self.discovered.answers.file(self.pending, &Answer::Unavailable);
        self.discovered
    }
}

/// The policies that were found, and every answer on the way, so that nothing is asked twice.
#[derive(Clone, Debug)]
pub struct Discovered<'d> {
    discovery: Discovery<'d>,
    answers: Answers,
}

impl<'d> Discovered<'d> {
    /// The record that applies to an author, and the domain at which it stands; `None` where there is none or
    /// the DNS failed.
    #[must_use]
    pub fn policy_of(&self, author: &Name) -> Option<(Record, Name)> {
        let found = discovery::policy(&self.answers, self.discovery, author).ok()??;
        Some((found.record().clone(), found.at().name(author)?.clone()))
    }

    /// How many questions were asked.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.answers.count()
    }

    /// Evaluates the message, now that it is known what passed. What was found serves any number of messages of
    /// the author, for as long as the caller trusts the answers.
    pub fn evaluate(&self, mut request: Request) -> Step<Evaluation<'d>> {
        let discovery = self.discovery;
        let mut report = Report::new(discovery.method());
        match message(&mut request, discovery, &self.answers, &mut report) {
            Ok(()) => Step::Done(report),
            Err(pending) => {
                Step::Ask(Evaluation { request, discovery, answers: self.answers.clone(), pending })
            }
        }
    }
}

/// The evaluation of a message: a question to ask.
#[derive(Clone, Debug)]
pub struct Evaluation<'d> {
    request: Request,
    discovery: Discovery<'d>,
    answers: Answers,
    pending: Pending,
}

impl<'d> Evaluation<'d> {
    fn go_on(mut request: Request, discovery: Discovery<'d>, answers: Answers) -> Step<Self> {
        let mut report = Report::new(discovery.method());
        match message(&mut request, discovery, &answers, &mut report) {
            Ok(()) => Step::Done(report),
            Err(pending) => Step::Ask(Self { request, discovery, answers, pending }),
        }
    }
}

impl Inquiry for Evaluation<'_> {
    type Outcome = Report;

    fn question(&self) -> &Question {
        &self.pending.question
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        self.answers.file(self.pending, &answer);
        Self::go_on(self.request, self.discovery, self.answers)
    }

    fn expire(self) -> Report {
        expired(&self.request, self.discovery.method(), &self.answers)
    }
}

/// The report of an evaluation that was given up.
pub(crate) fn expired(request: &Request, method: Method, answers: &Answers) -> Report {
    Report {
        verdict: Verdict::TempError,
        cause: Some(Cause::Expired),
        author: request.authors.first().cloned(),
        questions: answers.count(),
        ..Report::new(method)
    }
}

/// Evaluates a message as far as the answers go, and fills in the report, which is large and therefore never moved
/// on the way. Where that ends well, the author's name has moved from the request into the report.
pub(crate) fn message(
    request: &mut Request,
    discovery: Discovery<'_>,
    answers: &Answers,
    report: &mut Report,
) -> Result<(), Pending> {
    let case = Case { request, discovery, answers };
    if let [author] = &*request.authors {
        case.author(author, report)?;
        report.author = mem::take(&mut request.authors).into_first();
    } else {
        case.several(&request.authors, report)?;
    }
    report.questions = answers.count();
    Ok(())
}

/// What an evaluation looks at.
struct Case<'a> {
    request: &'a Request,
    discovery: Discovery<'a>,
    answers: &'a Answers,
}

impl Case<'_> {
    /// Evaluates for several authors: "apply the most strict policy selected among the checks that fail"
    /// (RFC 9989 §11.5). Only where none fails, and none is without a verdict, does the message pass.
    fn several(&self, authors: &[Name], strictest: &mut Report) -> Result<(), Pending> {
        if let Some(cause) = self.request.refusal() {
            strictest.decide(Verdict::PermError, cause);
            strictest.disposition = Disposition::Reject;
            return Ok(());
        }
        strictest.decide(Verdict::None, Cause::NoRecord);
        let mut others = Vec::new();
        for (number, author) in authors.iter().enumerate() {
            let mut report = Report::new(self.discovery.method());
            self.author(author, &mut report)?;
            report.author = Some(author.clone());
            if number == 0 {
                *strictest = report;
                continue;
            }
            if severity(&report) > severity(strictest) {
                mem::swap(strictest, &mut report);
            }
            others.push(report);
        }
        strictest.others = others;
        Ok(())
    }

    /// Evaluates for one author. Its name is left to be put into the report.
    fn author(&self, author: &Name, report: &mut Report) -> Result<(), Pending> {
        let found = match discovery::policy(self.answers, self.discovery, author) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let several = self.answers.several_above(author).cloned();
                report.decide(Verdict::None, several.map_or(Cause::NoRecord, Cause::SeveralRecords));
                return Ok(());
            }
            Err(Stop::Unavailable(name)) => {
                report.decide(Verdict::TempError, Cause::Unavailable(name));
                return Ok(());
            }
            Err(Stop::Ask(pending)) => return Err(pending),
        };
        let record = found.record();
        report.record = Some(record.clone());
        report.record_at = found.at();
        let Some(policies) = record.policies() else {
            let at = report.record_at.name(author).unwrap_or(author).clone();
            report.decide(Verdict::None, Cause::NotApplicable(at));
            return Ok(());
        };
        let is_subdomain = found.is_above();
        report.policy = Some(if is_subdomain { policies.subdomains } else { policies.domain });
        let trouble = self.compare(author, &found, report)?;
        if report.alignment.is_any() {
            report.verdict = Verdict::Pass;
            return Ok(());
        }
        let is_authenticated = !self.request.identifiers.is_empty();
        let cause = match trouble {
            Some(cause) => cause,
            None if is_authenticated => Cause::NotAligned,
            None => Cause::NotAuthenticated,
        };
        if matches!(cause, Cause::Unavailable(_)) {
            report.decide(Verdict::TempError, cause);
            return Ok(());
        }
        report.decide(Verdict::Fail, cause);
        if is_subdomain {
            self.apply_non_existence(author, policies, report)?;
        }
        self.dispose(report, record.is_test());
        Ok(())
    }

    /// Takes `np` for an author that does not exist (RFC 9989 §4.10.1).
    fn apply_non_existence(
        &self,
        author: &Name,
        policies: Policies,
        report: &mut Report,
    ) -> Result<(), Pending> {
        if policies.non_existent == policies.subdomains {
            return Ok(());
        }
        match self.answers.exists(author) {
            Ok(true) => {}
            Ok(false) => report.policy = Some(policies.non_existent),
            Err(Stop::Ask(pending)) => return Err(pending),
            Err(Stop::Unavailable(name)) => {
                report.decide(Verdict::TempError, Cause::Unavailable(name));
            }
        }
        Ok(())
    }

    /// Turns the policy of a message that fails into a disposition.
    fn dispose(&self, report: &mut Report, is_test: bool) {
        if report.verdict != Verdict::Fail {
            return;
        }
        let published = report.policy.unwrap_or_default();
        let asked = if is_test { published.one_below() } else { published };
        report.disposition = asked.into();
        if asked != published {
            report.overrides.push(Override::new(OverrideKind::PolicyTestMode));
        }
        let quarantines = self.request.local_policy.on_reject == OnReject::AsQuarantine;
        if quarantines && report.disposition == Disposition::Reject {
            let comment = "reject is treated as quarantine (RFC 9989 section 7.4)";
            report.overrides.push(Override::new(OverrideKind::LocalPolicy).with_comment(comment));
            report.disposition = Disposition::Quarantine;
        }
    }

    /// Compares the authenticated domains with the author's (RFC 9989 §4.10.2): first those that are the same,
    /// which needs no question, then those whose organizational domain may be. Gives the reason why some could
    /// not be compared.
    fn compare(
        &self,
        author: &Name,
        found: &Found<'_>,
        report: &mut Report,
    ) -> Result<Option<Cause>, Pending> {
        report.organizational_domain = match self.discovery {
            Discovery::SuffixList(list) => Place::of(list.organizational_domain(author), author),
            Discovery::TreeWalk => found.organizational_domain(),
        };
        report.alignment.is_complete = true;
        let mut is_every_same = true;
        for identifier in self.request.identifiers.iter() {
            if identifier.domain == *author {
                report.alignment.set(identifier, AlignmentMode::Strict);
            } else {
                is_every_same = false;
            }
        }
        let is_any = report.alignment.is_any();
        if is_every_same && is_any && !found.is_above() && report.organizational_domain == Place::Unknown {
            // "this common domain is treated as the Organizational Domain"
            report.organizational_domain = Place::Author;
        }
        if is_every_same { Ok(None) } else { self.compare_others(author, found.record(), report) }
    }

    /// Compares those that are not the same.
    fn compare_others(
        &self,
        author: &Name,
        record: &Record,
        report: &mut Report,
    ) -> Result<Option<Cause>, Pending> {
        let limit = self.request.limits.identifiers;
        let is_every_wanted = self.request.local_policy.every_alignment;
        let alignment = &mut report.alignment;
        let mut organization = report.organizational_domain.name(author).cloned();
        let mut trouble = None;
        let mut looked_at: Vec<&Identifier> = Vec::new();
        // what must be asked for one domain may not matter once another is compared
        let mut missing = None;
        for identifier in self.request.identifiers.iter() {
            let is_settled = alignment.of(identifier.mechanism).is_some();
            if is_settled || !may_align(identifier, author, record) || looked_at.contains(&identifier) {
                continue;
            }
            if alignment.is_any() && !is_every_wanted {
                alignment.is_complete = false;
                break;
            }
            if looked_at.len() >= limit {
                // trouble with the DNS goes before it: a later attempt may do better
                alignment.is_complete = false;
                trouble = trouble.or(Some(Cause::TooManyIdentifiers { limit }));
                break;
            }
            looked_at.push(identifier);
            match self.is_same_organization(author, &identifier.domain, &mut organization) {
                Ok(true) => alignment.set(identifier, AlignmentMode::Relaxed),
                Ok(false) => {}
                Err(Stop::Unavailable(name)) => {
                    alignment.is_complete = false;
                    trouble = trouble.or(Some(Cause::Unavailable(name)));
                }
                Err(Stop::Ask(pending)) => missing = missing.or(Some(pending)),
            }
        }
        if let Some(pending) = missing {
            if !alignment.is_any() || is_every_wanted {
                return Err(pending);
            }
            alignment.is_complete = false;
        }
        if let Some(organization) = organization {
            report.organizational_domain = Place::of(organization, author);
        }
        Ok(trouble)
    }

    /// Whether a domain has the author's organizational domain, which is looked for once. It can only if it
    /// is within that, so that most domains of others need no walk.
    fn is_same_organization(
        &self,
        author: &Name,
        domain: &Name,
        known: &mut Option<Name>,
    ) -> Result<bool, Stop> {
        let organization = match known {
            Some(organization) => organization.clone(),
            None => discovery::organizational_domain(self.answers, self.discovery, author)?,
        };
        let is_same = domain.is_within(&organization)
            && discovery::organizational_domain(self.answers, self.discovery, domain)? == organization;
        *known = Some(organization);
        Ok(is_same)
    }
}

/// Whether a domain other than the author's may be aligned: the mode is relaxed, and the two names have an
/// end in common.
fn may_align(identifier: &Identifier, author: &Name, record: &Record) -> bool {
    let mode = match identifier.mechanism {
        Mechanism::Spf => record.spf_alignment(),
        Mechanism::Dkim => record.dkim_alignment(),
    };
    mode == AlignmentMode::Relaxed
        && identifier.domain != *author
        && identifier.domain.labels().next_back() == author.labels().next_back()
}

/// How bad a verdict is, where one of several authors decides.
fn severity(report: &Report) -> (u8, Disposition) {
    let rank = match report.verdict {
        Verdict::Fail => 4,
        Verdict::TempError => 3,
        Verdict::PermError => 2,
        Verdict::None => 1,
        Verdict::Pass => 0,
    };
    (rank, report.disposition)
}
