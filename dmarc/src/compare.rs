//! Both ways of discovery beside each other, for receivers that move from RFC 7489 to RFC 9989.

use crate::{
    answers::{Answers, Pending},
    discovery::{Discovery, SuffixList},
    evaluate::{expired, message},
    request::Request,
    verdict::Report,
};
use mail_base::{
    Inquiry, Step,
    dns::{Answer, Question},
};

/// Evaluates a message by the tree walk and by a list of public suffixes. Questions that both have are asked
/// once.
///
/// ```
/// use dmarc::{Name, Request, SuffixList, Verdict, Zone, compare};
///
/// struct OneLabel;
/// impl SuffixList for OneLabel {
///     fn suffix_labels(&self, _: &Name) -> usize { 1 }
/// }
///
/// // the tree walk finds a record between the author and the registered domain; RFC 7489 does not
/// let zone = Zone::parse(r#"_dmarc.b.example.com. TXT "v=DMARC1; p=reject""#)?;
/// let request = Request::new(Name::parse("a.b.example.com").unwrap());
/// let compared = compare(request, &OneLabel).run(&zone);
/// assert!(compared.differs());
/// assert_eq!(compared.tree_walk.verdict, Verdict::Fail);
/// assert_eq!(compared.suffix_list.verdict, Verdict::None);
/// # Ok::<(), mail_base::zone::ZoneError>(())
/// ```
pub fn compare(request: Request, list: &(dyn SuffixList + Sync)) -> Step<Compare<'_>> {
    Compare::go_on(request, list, Answers::default())
}

/// The evaluation by both ways: a question to ask.
#[derive(Clone)]
pub struct Compare<'d> {
    request: Request,
    list: &'d (dyn SuffixList + Sync),
    answers: Answers,
    pending: Pending,
}

impl<'d> Compare<'d> {
    fn go_on(request: Request, list: &'d (dyn SuffixList + Sync), answers: Answers) -> Step<Self> {
        match both(&request, list, &answers) {
            Ok(comparison) => Step::Done(comparison),
            Err(pending) => Step::Ask(Self { request, list, answers, pending }),
        }
    }
}

fn both(request: &Request, list: &(dyn SuffixList + Sync), answers: &Answers) -> Result<Comparison, Pending> {
    let report = |discovery: Discovery<'_>| {
        let mut report = Report::new(discovery.method());
        message(&mut request.clone(), discovery, answers, &mut report).map(|()| report)
    };
    let (tree_walk, suffix_list) = (report(Discovery::TreeWalk)?, report(Discovery::SuffixList(list))?);
    Ok(Comparison { tree_walk, suffix_list })
}

impl core::fmt::Debug for Compare<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Compare").field("question", &self.pending.question).finish_non_exhaustive()
    }
}

impl Inquiry for Compare<'_> {
    type Outcome = Comparison;

    fn question(&self) -> &Question {
        &self.pending.question
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        self.answers.file(self.pending, &answer);
        Self::go_on(self.request, self.list, self.answers)
    }

    fn expire(self) -> Comparison {
        let of = |discovery: Discovery<'_>| expired(&self.request, discovery.method(), &self.answers);
        Comparison { tree_walk: of(Discovery::TreeWalk), suffix_list: of(Discovery::SuffixList(self.list)) }
    }
}

/// What the two ways say. The questions that each report counts are those of both.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// By RFC 9989.
    pub tree_walk: Report,
    /// By RFC 7489.
    pub suffix_list: Report,
}

impl Comparison {
    /// Whether the message would be treated in another way: another verdict, or another disposition.
    #[must_use]
    pub fn differs(&self) -> bool {
        let outcome = |report: &Report| (report.verdict, report.disposition);
        outcome(&self.tree_walk) != outcome(&self.suffix_list)
    }

    /// Whether the record that applies was found at another domain, even where the outcome is the same.
    #[must_use]
    pub fn differs_in_record(&self) -> bool {
        self.tree_walk.record_at() != self.suffix_list.record_at()
    }
}
