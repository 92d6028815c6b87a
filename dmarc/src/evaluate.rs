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
    author::Authors,
    discovery::{self, Discovery, Found, Method},
    few::Few,
    policy::AlignmentMode,
    record::{Policies, Record},
    request::{Identifier, OnReject, Request, SeveralAuthors},
    verdict::{Alignment, Cause, Disposition, Mechanism, Override, OverrideKind, Report, Verdict},
};
use alloc::vec::Vec;
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
/// can be asked at the same time.
///
/// ```
/// use dmarc::{Authors, Discovery, Name, Request, Verdict, Zone, discover};
///
/// let zone = Zone::parse(r#"_dmarc.example.com. TXT "v=DMARC1; p=reject""#)?;
/// let author = Name::parse("example.com").unwrap();
/// let discovered = discover(&Authors::from(author.clone()), Discovery::TreeWalk).run(&zone);
///
/// // meanwhile, SPF has passed
/// let request = Request::new(author.clone()).spf_passed(author);
/// let report = discovered.evaluate(request).run(&zone);
/// assert_eq!((report.verdict, report.questions), (Verdict::Pass, 1));
/// # Ok::<(), mail_base::zone::ZoneError>(())
/// ```
pub fn discover<'d>(authors: &Authors, discovery: Discovery<'d>) -> Step<Discover<'d>> {
    let limit = crate::Limits::default().authors;
    let mut authors = authors.domains();
    if authors.len() > limit {
        // they will not be evaluated
        authors = &[];
    }
    Discover::go_on(authors.to_vec(), Discovered { discovery, answers: Answers::default() })
}

/// The search for policies: a question to ask.
#[derive(Clone, Debug)]
pub struct Discover<'d> {
    authors: Vec<Name>,
    discovered: Discovered<'d>,
    pending: Pending,
}

impl<'d> Discover<'d> {
    fn go_on(authors: Vec<Name>, discovered: Discovered<'d>) -> Step<Self> {
        for author in &authors {
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
        Some((found.record.clone(), found.at.into_owned()))
    }

    /// How many questions were asked.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.answers.count()
    }

    /// Evaluates the message, now that it is known what passed. What was found serves any number of messages of
    /// the author, for as long as the caller trusts the answers.
    pub fn evaluate(&self, request: Request) -> Step<Evaluation<'d>> {
        let discovery = self.discovery;
        match message(&request, discovery, &self.answers) {
            Ok(report) => Step::Done(report),
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
    fn go_on(request: Request, discovery: Discovery<'d>, answers: Answers) -> Step<Self> {
        match message(&request, discovery, &answers) {
            Ok(report) => Step::Done(report),
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
    let author = request.authors.first().cloned();
    let mut report = Report::new(author, method, Verdict::TempError, Some(Cause::Expired));
    report.questions = answers.count();
    report
}

/// Evaluates a message as far as the answers go.
pub(crate) fn message(
    request: &Request,
    discovery: Discovery<'_>,
    answers: &Answers,
) -> Result<Report, Pending> {
    let case = Case { request, discovery, answers };
    let mut report = match request.authors.first() {
        Some(author) if request.authors.len() == 1 => case.author(author)?,
        _ => case.several(&request.authors)?,
    };
    report.questions = answers.count();
    Ok(report)
}

/// What an evaluation looks at.
struct Case<'a> {
    request: &'a Request,
    discovery: Discovery<'a>,
    answers: &'a Answers,
}

impl Case<'_> {
    fn report(&self, author: &Name, verdict: Verdict, cause: Cause) -> Report {
        Report::new(Some(author.clone()), self.discovery.method(), verdict, Some(cause))
    }

    /// Evaluates for several authors: "apply the most strict policy selected among the checks that fail"
    /// (RFC 9989 §11.5). Only where none fails, and none is without a verdict, does the message pass.
    fn several(&self, authors: &Few<Name>) -> Result<Report, Pending> {
        let limit = self.request.limits.authors;
        let refusal = match self.request.local_policy.several_authors {
            SeveralAuthors::Refuse => Some(Cause::SeveralAuthors { count: authors.len() }),
            SeveralAuthors::EvaluateEach => {
                (authors.len() > limit).then_some(Cause::TooManyAuthors { limit })
            }
        };
        if let Some(cause) = refusal {
            let mut report = Report::new(None, self.discovery.method(), Verdict::PermError, Some(cause));
            report.disposition = Disposition::Reject;
            return Ok(report);
        }
        let mut strictest: Option<Report> = None;
        let mut others = Vec::new();
        for author in authors.iter() {
            let report = self.author(author)?;
            others.extend(match strictest.take() {
                Some(first) if severity(&first) >= severity(&report) => {
                    strictest = Some(first);
                    Some(report)
                }
                first => {
                    strictest = Some(report);
                    first
                }
            });
        }
        let none = || Report::new(None, self.discovery.method(), Verdict::None, Some(Cause::NoRecord));
        let mut report = strictest.unwrap_or_else(none);
        report.others = others;
        Ok(report)
    }

    /// Evaluates for one author.
    fn author(&self, author: &Name) -> Result<Report, Pending> {
        let found = match discovery::policy(self.answers, self.discovery, author) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let several = self.answers.several_above(author).cloned();
                let cause = several.map_or(Cause::NoRecord, Cause::SeveralRecords);
                return Ok(self.report(author, Verdict::None, cause));
            }
            Err(Stop::Unavailable(name)) => {
                return Ok(self.report(author, Verdict::TempError, Cause::Unavailable(name)));
            }
            Err(Stop::Ask(pending)) => return Err(pending),
        };
        let Some(policies) = found.record.policies() else {
            let at = found.at.into_owned();
            let mut report = self.report(author, Verdict::None, Cause::NotApplicable(at.clone()));
            report.record_at = Some(at);
            report.record = Some(found.record.clone());
            return Ok(report);
        };
        let compared = self.compare(author, &found)?;
        let is_subdomain = *found.at != *author;
        let policy = if is_subdomain { policies.subdomains } else { policies.domain };
        let is_test = found.record.is_test();
        let mut report = Report::new(Some(author.clone()), self.discovery.method(), Verdict::Pass, None);
        report.alignment = compared.alignment;
        report.policy = Some(policy);
        report.record = Some(found.record.clone());
        report.record_at = Some(found.at.into_owned());
        report.organizational_domain = compared.organizational_domain;
        if report.alignment.is_any() {
            return Ok(report);
        }
        if let Some(cause) = compared.trouble {
            let is_temporary = matches!(cause, Cause::Unavailable(_));
            report.verdict = if is_temporary { Verdict::TempError } else { Verdict::Fail };
            report.cause = Some(cause);
        } else {
            report.verdict = Verdict::Fail;
            let is_authenticated = self.request.identifiers.first().is_some();
            report.cause = Some(if is_authenticated { Cause::NotAligned } else { Cause::NotAuthenticated });
        }
        if report.verdict == Verdict::Fail {
            if is_subdomain {
                self.apply_non_existence(author, policies, &mut report)?;
            }
            self.dispose(&mut report, is_test);
        }
        Ok(report)
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
                report.verdict = Verdict::TempError;
                report.cause = Some(Cause::Unavailable(name));
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
    /// which needs no question, then those whose organizational domain may be.
    fn compare(&self, author: &Name, found: &Found<'_>) -> Result<Compared, Pending> {
        let mut compared = Compared::with_same_domains(author, &self.request.identifiers);
        compared.organizational_domain = match self.discovery {
            Discovery::SuffixList(list) => Some(list.organizational_domain(author)),
            Discovery::TreeWalk => found.organizational_domain.clone(),
        };
        let limit = self.request.limits.identifiers;
        let is_every_wanted = self.request.local_policy.every_alignment;
        let mut looked_at: Vec<&Identifier> = Vec::new();
        // what must be asked for one domain may not matter once another is compared
        let mut missing = None;
        for identifier in self.request.identifiers.iter() {
            let is_settled = compared.alignment.of(identifier.mechanism).is_some();
            if is_settled || !may_align(identifier, author, found.record) || looked_at.contains(&identifier) {
                continue;
            }
            if compared.alignment.is_any() && !is_every_wanted {
                compared.alignment.is_complete = false;
                break;
            }
            if looked_at.len() >= limit {
                compared.is_unsettled(Cause::TooManyIdentifiers { limit });
                break;
            }
            looked_at.push(identifier);
            match self.is_same_organization(author, &identifier.domain, &mut compared.organizational_domain) {
                Ok(true) => compared.alignment.set(identifier, AlignmentMode::Relaxed),
                Ok(false) => {}
                Err(Stop::Unavailable(name)) => compared.is_unsettled(Cause::Unavailable(name)),
                Err(Stop::Ask(pending)) => missing = missing.or(Some(pending)),
            }
        }
        if let Some(pending) = missing {
            if !compared.alignment.is_any() || is_every_wanted {
                return Err(pending);
            }
            compared.alignment.is_complete = false;
        }
        if compared.organizational_domain.is_none() && *found.at == *author && self.is_all_of(author) {
            // "this common domain is treated as the Organizational Domain"
            compared.organizational_domain = Some(author.clone());
        }
        Ok(compared)
    }

    /// Whether every authenticated domain is the author's, and there is one.
    fn is_all_of(&self, author: &Name) -> bool {
        let identifiers = &self.request.identifiers;
        identifiers.first().is_some() && identifiers.iter().all(|identifier| identifier.domain == *author)
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

/// What comparing gave.
struct Compared {
    alignment: Alignment,
    organizational_domain: Option<Name>,
    /// Why some domains could not be compared.
    trouble: Option<Cause>,
}

impl Compared {
    fn with_same_domains(author: &Name, identifiers: &Few<Identifier>) -> Self {
        let mut alignment = Alignment { is_complete: true, ..Alignment::default() };
        for identifier in identifiers.iter().filter(|identifier| identifier.domain == *author) {
            alignment.set(identifier, AlignmentMode::Strict);
        }
        Self { alignment, organizational_domain: None, trouble: None }
    }

    /// Notes that a domain could not be compared. Trouble with the DNS goes before a limit: a later attempt may
    /// do better.
    fn is_unsettled(&mut self, cause: Cause) {
        self.alignment.is_complete = false;
        self.trouble = self.trouble.take().or(Some(cause));
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
