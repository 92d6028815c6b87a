//! Gathering evaluations into reports.

use super::{
    aggregate::{
        AggregateReport, AuthResult, DkimResult, Metadata, Namespace, PolicyPublished, Reason, ReasonKind,
        ReportRow, RowDisposition, SpfResult, Text,
    },
    weight::{self, Room, Weight},
};
use crate::{
    policy::{AlignmentMode, Policy},
    record::Record,
    tag::Tag,
    verdict::{Disposition, Override, OverrideKind, Report, Verdict},
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, VecDeque},
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::net::IpAddr;
use mail_base::{Name, lex::is_atext};

/// The most results of DKIM that a row has (RFC 9990 §3.1.3).
const MAX_DKIM_RESULTS: usize = 100;

/// The most addresses that a report goes to: "every remaining URI, up to the Receiver's limits on supported URIs"
/// (RFC 9990 §3.5). A record has room for thousands, and nobody has as many.
const MAX_ADDRESSES: usize = 100;

/// How many intervals are remembered whose reports were taken out.
const MAX_CLOSED: usize = 64;

/// Who reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reporter {
    /// The name of the organization.
    pub org_name: String,
    /// Its address.
    pub email: String,
    /// The domain that receives the mail.
    pub domain: Name,
    /// More ways to reach it.
    pub extra_contact_info: Option<Text>,
    /// The program that makes the reports.
    pub generator: Option<String>,
    /// Which of the servers that report for the domain this is, where there are several.
    pub instance: Option<u128>,
}

impl Reporter {
    /// An organization, its address, and its domain.
    pub fn new(org_name: impl Into<String>, email: impl Into<String>, domain: Name) -> Self {
        Self {
            org_name: org_name.into(),
            email: email.into(),
            domain,
            extra_contact_info: None,
            generator: None,
            instance: None,
        }
    }

    /// The same for one of several servers that report for the same domain: a number that no other of them has,
    /// such as its place in a list or the number of a UUID. It stays the same when the server starts again.
    ///
    /// The number becomes part of the Report-ID, and the `unique-id` of the file name (RFC 9990 §3.5). Without
    /// it, what two servers report of one domain and interval has the same identifiers, and whoever receives both
    /// takes the second for the first sent again. A server that reports alone needs none.
    #[must_use]
    pub fn with_instance(self, instance: u128) -> Self {
        Self { instance: Some(instance), ..self }
    }

    /// The same with the name of a program.
    #[must_use]
    pub fn with_generator(self, generator: impl Into<String>) -> Self {
        Self { generator: Some(generator.into()), ..self }
    }

    /// The same with more ways to reach it.
    #[must_use]
    pub fn with_extra_contact_info(self, info: impl Into<String>) -> Self {
        let text = Text { text: info.into(), lang: None };
        Self { extra_contact_info: Some(text), ..self }
    }
}

/// What a report tells of a message besides its evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The address of the client.
    pub source_ip: IpAddr,
    /// The domain of MAIL FROM; empty where the reverse path is.
    pub envelope_from: Option<String>,
    /// The domain of RCPT TO.
    pub envelope_to: Option<String>,
    /// What DKIM said of each signature.
    pub dkim: Vec<DkimResult>,
    /// What SPF said of MAIL FROM.
    pub spf: Option<SpfResult>,
}

impl Message {
    /// A message that came from this address.
    #[must_use]
    pub fn from_ip(source_ip: IpAddr) -> Self {
        Self { source_ip, envelope_from: None, envelope_to: None, dkim: Vec::new(), spf: None }
    }

    /// The same with these domains of its envelope.
    #[must_use]
    pub fn with_envelope(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { envelope_from: Some(from.into()), envelope_to: Some(to.into()), ..self }
    }

    /// The same with one more result of DKIM.
    #[must_use]
    pub fn with_dkim(mut self, result: DkimResult) -> Self {
        self.dkim.push(result);
        self
    }

    /// The same with the result of SPF.
    #[must_use]
    pub fn with_spf(self, result: SpfResult) -> Self {
        Self { spf: Some(result), ..self }
    }
}

/// What became of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Added {
    /// It is counted.
    Counted,
    /// It is not: no policy applied, or the DNS failed.
    NotEvaluated,
    /// It is not: the record asks for no aggregate reports (RFC 9989 §4.7).
    NotAsked,
    /// There is no room for another row, by the number of rows or by the octets that they take. The report tells
    /// of the message in its `error`; a domain that has no report yet gets none.
    NoRoom,
}

/// Takes evaluations in, and gives one report for each policy domain and interval out.
///
/// Whoever sends the mail chooses of how many domains it is, and how long the texts in it are. What is kept is
/// therefore bounded: by the rows of a report, by those of all reports, and by the octets that all take. What comes
/// over a limit is [`Added::NoRoom`], until reports are taken out.
#[derive(Clone, Debug)]
pub struct Aggregator {
    reporter: Reporter,
    /// In seconds.
    interval: u64,
    max_rows: usize,
    max_rows_in_all: usize,
    /// The rows of all groups together.
    rows: usize,
    room: Room,
    /// The intervals, by their first second, of which reports were taken out last. What comes late for one of them
    /// counts in the next that is none of them, since a second report of an interval would have the identifier of
    /// the first. They are named one by one, so that a clock that was wrong for a time closes no others.
    closed: VecDeque<u64>,
    /// By the first second of the interval, and the policy's domain.
    groups: BTreeMap<(u64, Name), Group>,
}

/// What goes into one report.
#[derive(Clone, Debug, Default)]
struct Group {
    /// The last that was seen: "SHOULD note only the final configuration" (RFC 9990 §3.1).
    published: Published,
    /// Rows, their count at zero, and how often each came. A row is boxed because a tree makes room for eleven at
    /// once, and most domains have few.
    rows: BTreeMap<Box<ReportRow>, u64>,
    /// What the rows take of the heap.
    rows_weight: usize,
    /// Messages for which there was no room.
    omitted: u64,
}

/// What a report needs of a record, whose text may be long.
#[derive(Clone, Debug, Default)]
struct Published {
    policy: PolicyPublished,
    addresses: Vec<String>,
    /// What a group with this takes of the heap, besides its rows.
    weight: usize,
}

impl Published {
    fn new(report: &Report, record: &Record, at: &Name) -> Self {
        let addresses = record.aggregate_reports().flatten().take(MAX_ADDRESSES);
        let mut published = Self {
            policy: policy_published(report, record, at),
            addresses: addresses.map(|uri| uri.as_str().to_string()).collect(),
            weight: 0,
        };
        let parts = [weight::of_group::<Group>(at), published.policy.weight(), published.addresses.weight()];
        published.weight = parts.into_iter().sum();
        published
    }
}

/// A report that is ready, and where its record wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Due {
    /// The domain at which the record was found.
    pub policy_domain: Name,
    /// The report.
    pub report: AggregateReport,
    /// The addresses in `rua` that are valid, the first 100 of them. Whether each may be sent to is for
    /// [`check_destination`](crate::check_destination).
    pub addresses: Vec<String>,
}

impl Aggregator {
    /// Begins, with intervals of a day that begin at midnight UTC, at most 100,000 rows a report, and at most
    /// 1,000,000 rows and 512 MiB of all reports that are not taken out yet.
    #[must_use]
    pub fn new(reporter: Reporter) -> Self {
        Self {
            reporter,
            interval: 86_400,
            max_rows: 100_000,
            max_rows_in_all: 1_000_000,
            rows: 0,
            room: Room::new(512 << 20),
            closed: VecDeque::new(),
            groups: BTreeMap::new(),
        }
    }

    /// The same with another interval, in seconds; at least one a day is asked for (RFC 9989 §5.3.8).
    #[must_use]
    pub fn with_interval(self, seconds: u64) -> Self {
        Self { interval: seconds.max(1), ..self }
    }

    /// The same with another limit for the rows of a report.
    #[must_use]
    pub fn with_max_rows(self, max_rows: usize) -> Self {
        Self { max_rows, ..self }
    }

    /// The same with another limit for the rows of all reports together.
    #[must_use]
    pub fn with_max_rows_in_all(self, max_rows_in_all: usize) -> Self {
        Self { max_rows_in_all, ..self }
    }

    /// The same with another limit for the octets that all reports together take of the heap: their rows, policies and
    /// addresses. They are counted generously, as what they take at worst.
    #[must_use]
    pub fn with_max_octets_in_all(self, max_octets_in_all: usize) -> Self {
        Self { room: self.room.with_limit(max_octets_in_all), ..self }
    }

    /// Counts a message, and of one with several authors each of them.
    ///
    /// `now` is in seconds since 1970. It is believed: what is counted at a time in the future waits for it. A time in
    /// an interval whose reports were taken out already, among the last 64 of them, counts in the next one. For exact
    /// rows evaluate with [`LocalPolicy::every_alignment`](crate::LocalPolicy::every_alignment).
    pub fn add(&mut self, now: u64, report: &Report, message: Message) -> Added {
        for other in &report.others {
            self.add_one(now, other, message.clone());
        }
        self.add_one(now, report, message)
    }

    fn add_one(&mut self, now: u64, report: &Report, message: Message) -> Added {
        if !matches!(report.verdict, Verdict::Pass | Verdict::Fail) {
            return Added::NotEvaluated;
        }
        let (Some(record), Some(at), Some(author)) = (&report.record, report.record_at(), &report.author)
        else {
            return Added::NotEvaluated;
        };
        let published = Published::new(report, record, at);
        if published.addresses.is_empty() {
            return Added::NotAsked;
        }
        let key = (self.open_interval(now), at.clone());
        self.count(key, published, row(report, author, message))
    }

    fn count(&mut self, key: (u64, Name), published: Published, row: ReportRow) -> Added {
        let row_weight = weight::of_row(&row);
        let has_row = self.rows < self.max_rows_in_all;
        let has_group = has_row && self.room.has(published.weight.saturating_add(row_weight));
        if !has_group && !self.groups.contains_key(&key) {
            return Added::NoRoom;
        }
        let group = self.groups.entry(key).or_default();
        // a policy that changed and takes more than there is room for is not noted
        if self.room.take(published.weight.saturating_sub(group.published.weight)) {
            self.room.give_back(group.published.weight.saturating_sub(published.weight));
            group.published = published;
        }
        if let Some(count) = group.rows.get_mut(&row) {
            *count = count.saturating_add(1);
            return Added::Counted;
        }
        let has_row = has_row && group.rows.len() < self.max_rows;
        if !has_row || !self.room.take(row_weight) {
            group.omitted = group.omitted.saturating_add(1);
            return Added::NoRoom;
        }
        group.rows.insert(Box::new(row), 1);
        group.rows_weight = group.rows_weight.saturating_add(row_weight);
        self.rows = self.rows.saturating_add(1);
        Added::Counted
    }

    /// The first second of the interval in which a time counts.
    fn open_interval(&self, now: u64) -> u64 {
        let mut begin = now.saturating_sub(now.checked_rem(self.interval).unwrap_or(0));
        for _ in 0..self.closed.len() {
            if !self.closed.contains(&begin) {
                break;
            }
            begin = begin.saturating_add(self.interval);
        }
        begin
    }

    /// Remembers that reports of an interval were taken out.
    fn close(&mut self, begin: u64) {
        if self.closed.contains(&begin) {
            return;
        }
        if self.closed.len() >= MAX_CLOSED {
            self.closed.pop_front();
        }
        self.closed.push_back(begin);
    }

    /// Takes out the reports of every interval that has ended, all at once. Where there may be very many, take one
    /// after the other with [`next_due`](Self::next_due).
    pub fn take_due(&mut self, now: u64) -> Vec<Due> {
        core::iter::from_fn(|| self.next_due(now)).collect()
    }

    /// Takes out one report of an interval that has ended, of the earliest first; `None` where there is no other.
    pub fn next_due(&mut self, now: u64) -> Option<Due> {
        let first = self.groups.first_entry()?;
        let end = first.key().0.saturating_add(self.interval);
        if end > now {
            return None;
        }
        let ((begin, policy_domain), group) = first.remove_entry();
        self.rows = self.rows.saturating_sub(group.rows.len());
        self.room.give_back(group.published.weight.saturating_add(group.rows_weight));
        self.close(begin);
        let errors = (group.omitted > 0).then(|| {
            let text =
                format!("{} messages are not listed: the report has no room for more rows", group.omitted);
            Text { text, lang: None }
        });
        let metadata = Metadata {
            org_name: self.reporter.org_name.clone(),
            email: self.reporter.email.clone(),
            extra_contact_info: self.reporter.extra_contact_info.clone(),
            report_id: report_id(begin, &policy_domain, &self.reporter),
            begin,
            end: end.saturating_sub(1),
            errors: errors.into_iter().collect(),
            generator: self.reporter.generator.clone(),
        };
        let report = AggregateReport {
            namespace: Namespace::Dmarc2,
            version: Some("1.0".to_string()),
            metadata,
            policy: group.published.policy,
            rows: group.rows.into_iter().map(|(row, count)| ReportRow { count, ..*row }).collect(),
            extensions: Vec::new(),
            defects: Vec::new(),
            unique_id: self.reporter.instance,
        };
        Some(Due { policy_domain, report, addresses: group.published.addresses })
    }
}

/// `ridfmt = dot-atom-text ["@" dot-atom-text]` (RFC 9990 §3.5.1), unique for a domain, an interval and a server.
fn report_id(begin: u64, policy_domain: &Name, reporter: &Reporter) -> String {
    let atoms = |name: &Name| -> String {
        let is_plain = |one: char| one == '.' || (one.is_ascii() && u8::try_from(one).is_ok_and(is_atext));
        name.as_str().chars().map(|one| if is_plain(one) { one } else { '_' }).collect()
    };
    let instance = reporter.instance.map(|instance| format!("{instance:x}.")).unwrap_or_default();
    format!("{begin}.{instance}{}@{}", atoms(policy_domain), atoms(&reporter.domain))
}

/// "The discovered or default value for the DMARC policy applied" (RFC 9990 §3.1.1.5).
fn policy_published(report: &Report, record: &Record, at: &Name) -> PolicyPublished {
    let policies = record.policies().unwrap_or_default();
    let unless_default = |tag: Tag, policy: Policy| record.has(tag).then_some(policy);
    PolicyPublished {
        domain: at.to_string(),
        discovery_method: Some(report.method),
        p: Some(policies.domain),
        sp: unless_default(Tag::Sp, policies.subdomains),
        np: unless_default(Tag::Np, policies.non_existent),
        adkim: Some(record.dkim_alignment()),
        aspf: Some(record.spf_alignment()),
        fo: record.has(Tag::Ruf).then(|| record.failure_options().to_string()),
        testing: Some(record.is_test()),
        pct: None,
    }
}

fn row(report: &Report, author: &Name, message: Message) -> ReportRow {
    let mut dkim = message.dkim;
    dkim.sort_by_cached_key(|result| rank(result, author, report));
    dkim.truncate(MAX_DKIM_RESULTS);
    dkim.shrink_to_fit();
    ReportRow {
        source_ip: Some(message.source_ip),
        count: 0,
        disposition: row_disposition(report),
        dkim_aligned: report.alignment.dkim.is_some(),
        spf_aligned: report.alignment.spf.is_some(),
        reasons: reasons(report),
        header_from: author.to_string(),
        envelope_from: message.envelope_from,
        envelope_to: message.envelope_to,
        dkim,
        spf: message.spf.into_iter().collect(),
    }
}

/// The order of RFC 9990 §3.1.3: passed and aligned strictly, passed and aligned, passed, not passed.
fn rank(result: &DkimResult, author: &Name, report: &Report) -> u8 {
    if result.result != AuthResult::Pass {
        return 3;
    }
    let Ok(domain) = Name::parse(&result.domain) else { return 2 };
    let is_aligned = report.alignment.dkim.as_ref().is_some_and(|aligned| aligned.domain == domain);
    // that one has aligned strictly does not say of the others that they have not
    let is_relaxed = report.record.as_ref().map(Record::dkim_alignment) == Some(AlignmentMode::Relaxed);
    let is_within = report.organizational_domain().is_some_and(|domains| domain.is_within(domains));
    if domain == *author {
        0
    } else if is_aligned || (is_relaxed && is_within) {
        1
    } else {
        2
    }
}

fn row_disposition(report: &Report) -> RowDisposition {
    match report.disposition {
        Disposition::Quarantine => RowDisposition::Quarantine,
        Disposition::Reject => RowDisposition::Reject,
        Disposition::None if report.verdict == Verdict::Pass && report.policy > Some(Policy::None) => {
            RowDisposition::Pass
        }
        Disposition::None => RowDisposition::None,
    }
}

/// "If alignment fails and the policy applied does not match the [...] configured policy, the 'reason' element
/// MUST be included" (RFC 9990 §3.1.1.9).
fn reasons(report: &Report) -> Vec<Reason> {
    let reason = |one: &Override| Reason {
        kind: ReasonKind::Override(one.kind),
        comment: one.comment.as_deref().map(Text::from),
    };
    let mut reasons: Vec<Reason> = report.overrides.iter().map(reason).collect();
    let is_as_published = report.policy.map(Disposition::from) == Some(report.disposition);
    if report.verdict == Verdict::Fail && !is_as_published && reasons.is_empty() {
        reasons.push(reason(&Override::new(OverrideKind::LocalPolicy)));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Discovery, Request, Zone, evaluate};

    #[test]
    fn aligned_results_go_first() {
        let zone = Zone::parse(r#"_dmarc.example.com. TXT "v=DMARC1; p=reject; psd=n""#).unwrap();
        let author = Name::parse("example.com").unwrap();
        let request = Request::new(author.clone()).dkim_passed(author.clone());
        let report = evaluate(request, Discovery::TreeWalk).run(&zone);
        let rank = |domain: &str, result| {
            rank(&DkimResult { domain: domain.into(), result, ..DkimResult::default() }, &author, &report)
        };
        assert_eq!(rank("example.com", AuthResult::Pass), 0);
        assert_eq!(rank("mail.example.com", AuthResult::Pass), 1);
        assert_eq!(rank("example.net", AuthResult::Pass), 2);
        assert_eq!(rank("example.com", AuthResult::Fail), 3);
    }
}
