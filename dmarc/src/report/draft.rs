//! A report as far as it has been read: where each value goes, and what is wrong with it.

use super::{
    aggregate::{
        AggregateReport, AuthResult, DkimResult, Extension, Namespace, Reason, ReasonKind, ReportRow,
        RowDisposition, SpfResult, SpfScope, Text,
    },
    element::Element,
    error::{Defect, DefectKind, ReadLimits, ReportError, ReportErrorKind},
};
use crate::{
    discovery::Method,
    policy::{AlignmentMode, Policy, yes_or_no},
    verdict::OverrideKind,
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{mem, str::FromStr};

/// Puts a report together, one element after the other.
pub(super) struct Draft {
    /// Where the markup begins that is being looked at.
    pub(super) at: usize,
    limits: ReadLimits,
    report: AggregateReport,
    row: ReportRow,
    reason: Reason,
    dkim: DkimResult,
    spf: SpfResult,
    /// Which elements have been seen that may stand once in a report, in a row, and in a reason or a result.
    seen: u64,
    seen_in_row: u64,
    seen_in_item: u64,
    has_disposition: bool,
    /// Whether a result of DKIM or SPF is open, of which an evaluation has elements of the same names.
    is_in_result: bool,
    seen_anything: bool,
    more_defects: usize,
    results: usize,
    more_extensions: usize,
    more_results: usize,
    more_errors: usize,
}

fn no_reason() -> Reason {
    Reason { kind: ReasonKind::Override(OverrideKind::Other), comment: None }
}

impl Draft {
    pub(super) fn new(limits: ReadLimits) -> Self {
        Self {
            at: 0,
            limits,
            report: AggregateReport { namespace: Namespace::Absent, ..AggregateReport::default() },
            row: ReportRow::default(),
            reason: no_reason(),
            dkim: DkimResult::default(),
            spf: SpfResult::default(),
            seen: 0,
            seen_in_row: 0,
            seen_in_item: 0,
            has_disposition: false,
            is_in_result: false,
            seen_anything: false,
            more_defects: 0,
            results: 0,
            more_extensions: 0,
            more_results: 0,
            more_errors: 0,
        }
    }

    pub(super) fn defect(&mut self, kind: DefectKind) {
        if self.report.defects.len() < self.limits.defects {
            self.report.defects.push(Defect { kind, at: self.at });
        } else {
            self.more_defects = self.more_defects.saturating_add(1);
        }
    }

    pub(super) fn namespace(&mut self, namespace: Namespace) {
        self.report.namespace = namespace;
    }

    pub(super) fn error(&self, kind: ReportErrorKind) -> ReportError {
        ReportError::new(kind, self.at)
    }

    /// An element that the schema does not have here, as it stands in the text.
    pub(super) fn extension(&mut self, name: String, xml: &str, is_in_record: bool) {
        if self.report.extensions.len() >= self.limits.extensions {
            self.more_extensions = self.more_extensions.saturating_add(1);
            return;
        }
        let row = is_in_record.then_some(self.report.rows.len());
        self.report.extensions.push(Extension { name, xml: xml.to_string(), row });
    }

    /// Whether an element stands for the second time where it may stand once.
    fn is_repeated(&mut self, parent: Option<Element>, element: Element) -> bool {
        use Element as E;
        let seen = match (parent, element) {
            (_, E::Record | E::Reason | E::Error | E::Extension) | (Some(E::AuthResults), _) => return false,
            (Some(E::Reason | E::Dkim | E::Spf), _) => &mut self.seen_in_item,
            (Some(E::Record | E::Row | E::PolicyEvaluated | E::Identifiers), _) => &mut self.seen_in_row,
            _ => &mut self.seen,
        };
        let before = *seen;
        *seen |= element.bit();
        before == *seen
    }

    /// Text that stands between elements.
    pub(super) fn stray(&mut self, text: &str) {
        let text = text.trim_ascii();
        if !text.is_empty() {
            self.defect(DefectKind::Text(text.to_string()));
        }
    }

    /// An element begins.
    pub(super) fn begin(&mut self, parent: Option<Element>, element: Element) -> Result<(), ReportError> {
        self.seen_anything = true;
        if element.is_container() && self.is_repeated(parent, element) {
            self.defect(DefectKind::Repeated { element: element.name(), text: String::new() });
        }
        match (parent, element) {
            (_, Element::Record) => {
                if self.report.rows.len() >= self.limits.rows {
                    return Err(self.error(ReportErrorKind::TooManyRows { limit: self.limits.rows }));
                }
                self.row = ReportRow::default();
                self.seen_in_row = 0;
                self.has_disposition = false;
            }
            (_, Element::Reason) => {
                self.reason = no_reason();
                self.seen_in_item = 0;
            }
            (Some(Element::AuthResults), Element::Dkim) => {
                self.dkim = DkimResult::default();
                (self.seen_in_item, self.is_in_result) = (0, true);
            }
            (Some(Element::AuthResults), Element::Spf) => {
                self.spf = SpfResult::default();
                (self.seen_in_item, self.is_in_result) = (0, true);
            }
            _ => {}
        }
        Ok(())
    }

    /// An element ends, with this content in this language.
    pub(super) fn end(
        &mut self,
        parent: Option<Element>,
        element: Element,
        value: &str,
        lang: Option<String>,
    ) {
        let is_result = parent == Some(Element::AuthResults);
        self.is_in_result &= !is_result;
        if element.is_container() || is_result {
            self.stray(value);
        } else if matches!(parent, Some(Element::Dkim | Element::Spf)) && !self.is_in_result {
            return self.stray(value);
        } else if self.is_repeated(parent, element) {
            self.defect(DefectKind::Repeated { element: element.name(), text: value.to_string() });
            return;
        }
        match (parent, element) {
            (_, Element::Record) => self.end_row(),
            (Some(Element::AuthResults), Element::Dkim) => {
                if self.dkim.selector.is_none() && self.report.namespace == Namespace::Dmarc2 {
                    self.defect(DefectKind::Missing("selector"));
                }
                if self.has_room_for_result() {
                    push(&mut self.row.dkim, mem::take(&mut self.dkim));
                }
            }
            (Some(Element::AuthResults), Element::Spf) if self.has_room_for_result() => {
                push(&mut self.row.spf, mem::take(&mut self.spf));
            }
            (_, Element::Reason) if self.has_room_for_result() => {
                push(&mut self.row.reasons, mem::replace(&mut self.reason, no_reason()));
            }
            (Some(Element::Feedback), Element::Version) => self.report.version = Some(value.to_string()),
            (Some(Element::Metadata), _) => self.metadata(element, value, lang),
            (Some(Element::DateRange), Element::Begin) => {
                self.report.metadata.begin = self.seconds("begin", value);
            }
            (Some(Element::DateRange), Element::End) => {
                self.report.metadata.end = self.seconds("end", value);
            }
            (Some(Element::PolicyPublished), _) => self.policy_published(element, value),
            (Some(Element::Row), _) => self.source(element, value),
            (Some(Element::PolicyEvaluated), _) => self.policy_evaluated(element, value),
            (Some(Element::Reason), Element::Type) => {
                if let Some(kind) = self.word("type", value, ReasonKind::parse) {
                    self.reason.kind = kind;
                }
            }
            (Some(Element::Reason), Element::Comment) => self.reason.comment = text(value, lang),
            (Some(Element::Identifiers), Element::HeaderFrom) => self.row.header_from = value.to_string(),
            (Some(Element::Identifiers), Element::EnvelopeFrom) => {
                self.row.envelope_from = Some(value.to_string());
            }
            (Some(Element::Identifiers), Element::EnvelopeTo) => {
                self.row.envelope_to = Some(value.to_string())
            }
            (Some(Element::Dkim), _) => self.dkim_result(element, value, lang),
            (Some(Element::Spf), _) => self.spf_result(element, value, lang),
            _ => {}
        }
    }

    /// Whether another result or reason may be kept; counts it.
    fn has_room_for_result(&mut self) -> bool {
        let has_room = self.results < self.limits.results;
        let count = if has_room { &mut self.results } else { &mut self.more_results };
        *count = count.saturating_add(1);
        has_room
    }

    /// The value of an element as a number or an address; a defect where it is none.
    fn value<T: FromStr>(&mut self, element: &'static str, text: &str) -> Option<T> {
        self.word(element, text, |text| text.parse().ok())
    }

    fn word<T>(&mut self, element: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = parse(text);
        if value.is_none() {
            self.defect(DefectKind::Value { element, text: text.to_string() });
        }
        value
    }

    /// Seconds since 1970. There are senders that write fractions of them; those are a defect, and left out.
    fn seconds(&mut self, element: &'static str, text: &str) -> u64 {
        let whole = || text.split_once('.').and_then(|(whole, _)| whole.parse().ok());
        self.value(element, text).or_else(whole).unwrap_or_default()
    }

    /// The result of DKIM or SPF. A word of before RFC 9990 is a defect, and read as what it stood for.
    fn result(&mut self, text: &str) -> AuthResult {
        let result = self.word("result", text, AuthResult::parse);
        result.or_else(|| AuthResult::parse_old(text)).unwrap_or_default()
    }

    fn metadata(&mut self, element: Element, value: &str, lang: Option<String>) {
        let text = text(value, lang);
        let metadata = &mut self.report.metadata;
        match element {
            Element::OrgName => metadata.org_name = value.to_string(),
            Element::Email => metadata.email = value.to_string(),
            Element::ExtraContactInfo => metadata.extra_contact_info = text,
            Element::ReportId => metadata.report_id = value.to_string(),
            Element::Error if metadata.errors.len() >= self.limits.errors => {
                self.more_errors = self.more_errors.saturating_add(1);
            }
            Element::Error => metadata.errors.extend(text),
            Element::Generator => metadata.generator = Some(value.to_string()),
            _ => {}
        }
    }

    fn policy_published(&mut self, element: Element, value: &str) {
        // many senders write empty elements for what was not published
        if value.is_empty() && element != Element::Domain {
            return;
        }
        let policy = |text: &str| Policy::parse(text.as_bytes());
        let mode = |text: &str| AlignmentMode::parse(text.as_bytes());
        let method = |text: &str| {
            let mut methods = [Method::TreeWalk, Method::SuffixList].into_iter();
            methods.find(|one| text.eq_ignore_ascii_case(one.as_str()))
        };
        match element {
            Element::Domain => self.report.policy.domain = value.to_string(),
            Element::DiscoveryMethod => {
                self.report.policy.discovery_method = self.word("discovery_method", value, method);
            }
            Element::P => self.report.policy.p = self.word("p", value, policy),
            Element::Sp => self.report.policy.sp = self.word("sp", value, policy),
            Element::Np => self.report.policy.np = self.word("np", value, policy),
            Element::Fo => self.report.policy.fo = Some(value.to_string()),
            Element::Adkim => self.report.policy.adkim = self.word("adkim", value, mode),
            Element::Aspf => self.report.policy.aspf = self.word("aspf", value, mode),
            Element::Testing => {
                self.report.policy.testing = self.word("testing", value, |text| yes_or_no(text.as_bytes()));
            }
            Element::Pct => self.report.policy.pct = self.value("pct", value),
            _ => {}
        }
    }

    fn source(&mut self, element: Element, value: &str) {
        match element {
            Element::SourceIp => {
                // an address of IPv6 may stand in brackets
                let bare = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')).unwrap_or(value);
                self.row.source_ip = self.word("source_ip", value, |_| bare.parse().ok());
            }
            Element::Count => self.row.count = self.value("count", value).unwrap_or_default(),
            _ => {}
        }
    }

    fn policy_evaluated(&mut self, element: Element, value: &str) {
        let pass_or_fail = |text: &str| match AuthResult::parse(text)? {
            AuthResult::Pass => Some(true),
            AuthResult::Fail => Some(false),
            _ => None,
        };
        match element {
            Element::Disposition => {
                self.has_disposition = true;
                self.row.disposition =
                    self.word("disposition", value, RowDisposition::parse).unwrap_or_default();
            }
            Element::Dkim => self.row.dkim_aligned = self.word("dkim", value, pass_or_fail) == Some(true),
            Element::Spf => self.row.spf_aligned = self.word("spf", value, pass_or_fail) == Some(true),
            _ => {}
        }
    }

    fn dkim_result(&mut self, element: Element, value: &str, lang: Option<String>) {
        match element {
            Element::Domain => self.dkim.domain = value.to_string(),
            Element::Selector => self.dkim.selector = Some(value.to_string()),
            Element::Result => self.dkim.result = self.result(value),
            Element::HumanResult => self.dkim.human_result = text(value, lang),
            _ => {}
        }
    }

    fn spf_result(&mut self, element: Element, value: &str, lang: Option<String>) {
        match element {
            Element::Domain => self.spf.domain = value.to_string(),
            Element::Scope => {
                self.spf.scope = self.word("scope", value, SpfScope::parse);
            }
            Element::Result => self.spf.result = self.result(value),
            Element::HumanResult => self.spf.human_result = text(value, lang),
            _ => {}
        }
    }

    fn end_row(&mut self) {
        let row = mem::take(&mut self.row);
        self.missing([
            (row.source_ip.is_none(), "source_ip"),
            (row.count == 0, "count"),
            (!self.has_disposition, "disposition"),
            (row.header_from.is_empty(), "header_from"),
        ]);
        self.report.rows.push(row);
    }

    /// The report, unless nothing of one was there; `self.at` is the end of the text.
    pub(super) fn finish(mut self) -> Result<AggregateReport, ReportError> {
        if !self.seen_anything {
            return Err(ReportError::new(ReportErrorKind::NotAReport, 0));
        }
        let (metadata, policy) = (&self.report.metadata, &self.report.policy);
        self.missing([
            (metadata.org_name.is_empty(), "org_name"),
            (metadata.email.is_empty(), "email"),
            (metadata.report_id.is_empty(), "report_id"),
            (metadata.end == 0, "date_range"),
            (policy.domain.is_empty(), "domain"),
            (policy.p.is_none(), "p"),
            (self.report.rows.is_empty(), "record"),
        ]);
        for (what, count) in [
            ("extensions", self.more_extensions),
            ("results", self.more_results),
            ("errors", self.more_errors),
        ] {
            if count > 0 {
                self.report.defects.push(Defect { kind: DefectKind::Omitted { what, count }, at: self.at });
            }
        }
        if self.more_defects > 0 {
            self.report.defects.push(Defect { kind: DefectKind::More(self.more_defects), at: self.at });
        }
        Ok(self.report)
    }

    fn missing<const N: usize>(&mut self, elements: [(bool, &'static str); N]) {
        for (is_missing, element) in elements {
            if is_missing {
                self.defect(DefectKind::Missing(element));
            }
        }
    }
}

/// A text for people, where there is one.
fn text(text: &str, lang: Option<String>) -> Option<Text> {
    (!text.is_empty()).then(|| Text { text: text.to_string(), lang })
}

/// Adds a result. Most rows have one, and there may be a million rows: no room is made for more.
fn push<T>(results: &mut Vec<T>, result: T) {
    if results.is_empty() {
        results.reserve_exact(1);
    }
    results.push(result);
}
