//! Reading the XML of an aggregate report.
//!
//! The XML comes as events, and a stack of elements tells where an event belongs; the order of elements does not
//! matter, since senders do not keep it. What the schema does not have is kept as it stands.

use super::{
    aggregate::{
        AggregateReport, AuthResult, DkimResult, Extension, Namespace, Reason, ReasonKind, ReportRow,
        RowDisposition, SpfResult, SpfScope, Text,
    },
    archive,
    element::Element,
    error::{Defect, DefectKind, ReadLimits, ReportError, ReportErrorKind},
};
use crate::{
    discovery::Method,
    policy::{AlignmentMode, Policy, yes_or_no},
    verdict::OverrideKind,
};
use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::{mem, str::FromStr};
use quick_xml::{
    Reader,
    events::{BytesEnd, BytesRef, BytesStart, Event},
};

impl AggregateReport {
    /// Reads a report: XML, or XML compressed with GZIP or in a ZIP file.
    ///
    /// # Errors
    /// A [`ReportError`] where a limit is passed, where the compression is broken, or where there is nothing of
    /// a report. All else is in [`defects`](Self::defects).
    pub fn read(file: &[u8], limits: &ReadLimits) -> Result<Self, ReportError> {
        let octets = archive::open(file, limits)?;
        let (text, is_utf8) = decode(&octets);
        let mut builder = Builder::new(&text, *limits);
        if !is_utf8 {
            builder.defect(DefectKind::Encoding, 0);
        }
        builder.run()?;
        builder.finish()
    }
}

/// The octets as text, and whether they were UTF-8: UTF-16 goes by its byte order mark, and what is neither is
/// read as Latin-1.
fn decode(octets: &[u8]) -> (Cow<'_, str>, bool) {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let pairs = octets.get(2..).unwrap_or(&[]).chunks_exact(2);
        let units = pairs.filter_map(|pair| pair.try_into().ok().map(unit));
        let text =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        (Cow::Owned(text), false)
    };
    match octets {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        _ => match core::str::from_utf8(octets) {
            Ok(text) => (Cow::Borrowed(text), true),
            Err(_) => (octets.iter().copied().map(char::from).collect(), false),
        },
    }
}

/// Puts a report together.
struct Builder<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    limits: ReadLimits,
    report: AggregateReport,
    stack: Vec<Element>,
    /// What has been read of the innermost element.
    content: Cow<'a, str>,
    lang: Option<String>,
    row: ReportRow,
    reason: Reason,
    dkim: DkimResult,
    spf: SpfResult,
    /// An element that the schema does not have, while it is being passed over.
    other: Option<Other>,
    has_disposition: bool,
    seen_anything: bool,
    more_defects: usize,
    /// Where the event began that is being looked at.
    at: usize,
}

struct Other {
    name: String,
    start: usize,
    /// How many elements are open in it, itself counted.
    depth: usize,
}

fn no_reason() -> Reason {
    Reason { kind: ReasonKind::Override(OverrideKind::Other), comment: None }
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, limits: ReadLimits) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        config.check_end_names = false;
        config.expand_empty_elements = true;
        Self {
            text,
            reader,
            limits,
            report: AggregateReport { namespace: Namespace::Absent, ..AggregateReport::default() },
            stack: Vec::new(),
            content: Cow::Borrowed(""),
            lang: None,
            row: ReportRow::default(),
            reason: no_reason(),
            dkim: DkimResult::default(),
            spf: SpfResult::default(),
            other: None,
            has_disposition: false,
            seen_anything: false,
            more_defects: 0,
            at: 0,
        }
    }

    fn defect(&mut self, kind: DefectKind, at: usize) {
        if self.report.defects.len() < self.limits.defects {
            self.report.defects.push(Defect { kind, at });
        } else {
            self.more_defects = self.more_defects.saturating_add(1);
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.text.len())
    }

    fn run(&mut self) -> Result<(), ReportError> {
        loop {
            self.at = self.position();
            match self.reader.read_event() {
                Ok(Event::Start(start)) => self.start(&start)?,
                Ok(Event::End(end)) => self.end(&end)?,
                Ok(Event::Text(text)) => self.add(text.into_inner()),
                Ok(Event::CData(data)) => self.add(data.into_inner()),
                Ok(Event::GeneralRef(reference)) => self.reference(&reference),
                Ok(Event::DocType(_)) => self.defect(DefectKind::DocumentType, self.at),
                Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_)) => {}
                Ok(Event::Eof) => return Ok(()),
                Err(error) => {
                    self.defect(DefectKind::Xml(error.to_string()), self.at);
                    if self.position() == self.at {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Adds to the content of the innermost element. One piece, which is almost always all, is not copied.
    fn add(&mut self, piece: Cow<'a, str>) {
        if self.other.is_some() {
            return;
        }
        if self.content.is_empty() {
            self.content = piece;
        } else {
            self.content.to_mut().push_str(&piece);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        let character = match reference.resolve_char_ref() {
            Ok(Some(character)) => Some(character),
            _ => match reference.as_ref() {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "apos" => Some('\''),
                "quot" => Some('"'),
                _ => None,
            },
        };
        if let Some(character) = character {
            self.content.to_mut().push(character);
            return;
        }
        let name: &str = reference.as_ref();
        self.content.to_mut().extend(["&", name, ";"]);
        self.defect(DefectKind::Entity(name.to_string()), self.at);
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), ReportError> {
        if let Some(other) = &mut self.other {
            other.depth = other.depth.saturating_add(1);
            return Ok(());
        }
        if self.stack.len() >= self.limits.depth {
            return Err(self.error(ReportErrorKind::TooDeep { limit: self.limits.depth }));
        }
        let local_name = start.local_name();
        let Some(element) = Element::named(local_name.as_ref()).filter(|element| self.make_room(*element))
        else {
            self.other(start);
            return Ok(());
        };
        self.content = Cow::Borrowed("");
        self.lang = match element {
            Element::Error | Element::ExtraContactInfo | Element::Comment | Element::HumanResult => {
                attribute(start, "lang")
            }
            _ => None,
        };
        match (self.stack.last(), element) {
            (None, Element::Feedback) => self.root(start),
            (_, Element::Record) => {
                if self.report.rows.len() >= self.limits.rows {
                    return Err(self.error(ReportErrorKind::TooManyRows { limit: self.limits.rows }));
                }
                self.row = ReportRow::default();
                self.has_disposition = false;
            }
            (_, Element::Reason) => self.reason = no_reason(),
            (Some(Element::AuthResults), Element::Dkim) => self.dkim = DkimResult::default(),
            (Some(Element::AuthResults), Element::Spf) => self.spf = SpfResult::default(),
            _ => {}
        }
        self.seen_anything = true;
        self.stack.push(element);
        Ok(())
    }

    /// Whether an element belongs where it begins, or does once elements that lack their end are closed: a value,
    /// or anything in which a larger element begins.
    fn make_room(&mut self, element: Element) -> bool {
        if element.belongs_in(self.stack.last().copied()) {
            return true;
        }
        let Some(depth) = self.stack.iter().rposition(|open| element.belongs_in(Some(*open))) else {
            return false;
        };
        let is_in_value = self.stack.len() == depth.saturating_add(2)
            && !self.stack.last().is_some_and(|open| open.is_container());
        let makes_room = element.is_container() || is_in_value;
        while makes_room && self.stack.len() > depth.saturating_add(1) {
            self.defect(DefectKind::Unclosed, self.at);
            self.close();
        }
        makes_room
    }

    fn error(&self, kind: ReportErrorKind) -> ReportError {
        ReportError::new(kind, self.at)
    }

    fn root(&mut self, start: &BytesStart<'_>) {
        let prefix = start.name().prefix().map(|prefix| prefix.as_ref().to_string());
        let declaration = match prefix {
            Some(prefix) => attribute(start, &["xmlns:", prefix.as_str()].concat()),
            None => attribute(start, "xmlns"),
        };
        self.report.namespace = match declaration.as_deref().map(str::trim) {
            None | Some("") => Namespace::Absent,
            Some("urn:ietf:params:xml:ns:dmarc-2.0") => Namespace::Dmarc2,
            Some(name) if name.starts_with("http://dmarc.org/dmarc-xml/") => Namespace::Rfc7489,
            Some(name) => {
                self.defect(DefectKind::Namespace(name.to_string()), self.at);
                Namespace::Other(name.to_string())
            }
        };
    }

    /// Begins to pass over an element that has no place here. One of another namespace is an extension, and no
    /// defect.
    fn other(&mut self, start: &BytesStart<'_>) {
        let name = start.name().as_ref().to_string();
        let is_extension = self.stack.contains(&Element::Extension)
            || start.name().prefix().is_some()
            || attribute(start, "xmlns").is_some();
        if !is_extension {
            self.defect(DefectKind::Element(name.clone()), self.at);
        }
        self.other = Some(Other { name, start: self.at, depth: 1 });
    }

    fn end(&mut self, end: &BytesEnd<'_>) -> Result<(), ReportError> {
        if let Some(other) = &mut self.other {
            other.depth = other.depth.saturating_sub(1);
            if other.depth == 0 {
                self.end_other();
            }
            return Ok(());
        }
        let local_name = end.local_name();
        let element = Element::named(local_name.as_ref());
        if element.is_some() && element == self.stack.last().copied() {
            self.close();
            return Ok(());
        }
        self.defect(DefectKind::EndTag(local_name.as_ref().to_string()), self.at);
        // an element further out ends, and with it those inside that were left open
        if let Some(depth) = self.stack.iter().rposition(|open| Some(*open) == element) {
            while self.stack.len() > depth {
                self.close();
            }
        }
        Ok(())
    }

    fn end_other(&mut self) {
        let Some(other) = self.other.take() else { return };
        let xml = self.text.get(other.start..self.position()).unwrap_or("").to_string();
        let row = self.stack.contains(&Element::Record).then_some(self.report.rows.len());
        self.report.extensions.push(Extension { name: other.name, xml, row });
    }

    /// Ends the innermost element.
    fn close(&mut self) {
        let Some(element) = self.stack.pop() else { return };
        let content = mem::take(&mut self.content);
        let value = content.trim();
        match (self.stack.last().copied(), element) {
            (_, Element::Record) => self.end_row(),
            (Some(Element::AuthResults), Element::Dkim) => {
                if self.dkim.selector.is_none() && self.report.namespace == Namespace::Dmarc2 {
                    self.defect(DefectKind::Missing("selector"), self.at);
                }
                self.row.dkim.push(mem::take(&mut self.dkim));
            }
            (Some(Element::AuthResults), Element::Spf) => self.row.spf.push(mem::take(&mut self.spf)),
            (_, Element::Reason) => self.row.reasons.push(mem::replace(&mut self.reason, no_reason())),
            (Some(Element::Feedback), Element::Version) => self.report.version = Some(value.to_string()),
            (Some(Element::Metadata), _) => self.metadata(element, value),
            (Some(Element::DateRange), Element::Begin) => {
                self.report.metadata.begin = self.value("begin", value).unwrap_or_default();
            }
            (Some(Element::DateRange), Element::End) => {
                self.report.metadata.end = self.value("end", value).unwrap_or_default();
            }
            (Some(Element::PolicyPublished), _) => self.policy_published(element, value),
            (Some(Element::Row), _) => self.source(element, value),
            (Some(Element::PolicyEvaluated), _) => self.policy_evaluated(element, value),
            (Some(Element::Reason), Element::Type) => {
                if let Some(kind) = self.word("type", value, ReasonKind::parse) {
                    self.reason.kind = kind;
                }
            }
            (Some(Element::Reason), Element::Comment) => self.reason.comment = self.text(value),
            (Some(Element::Identifiers), Element::HeaderFrom) => self.row.header_from = value.to_string(),
            (Some(Element::Identifiers), Element::EnvelopeFrom) => {
                self.row.envelope_from = Some(value.to_string());
            }
            (Some(Element::Identifiers), Element::EnvelopeTo) => {
                self.row.envelope_to = Some(value.to_string())
            }
            (Some(Element::Dkim), _) => self.dkim_result(element, value),
            (Some(Element::Spf), _) => self.spf_result(element, value),
            _ => {}
        }
    }

    /// The value of an element as a number or an address; a defect where it is none.
    fn value<T: FromStr>(&mut self, element: &'static str, text: &str) -> Option<T> {
        self.word(element, text, |text| text.parse().ok())
    }

    fn word<T>(&mut self, element: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = parse(text);
        if value.is_none() {
            self.defect(DefectKind::Value { element, text: text.to_string() }, self.at);
        }
        value
    }

    fn text(&mut self, text: &str) -> Option<Text> {
        let lang = self.lang.take();
        (!text.is_empty()).then(|| Text { text: text.to_string(), lang })
    }

    fn metadata(&mut self, element: Element, value: &str) {
        let text = self.text(value);
        let metadata = &mut self.report.metadata;
        match element {
            Element::OrgName => metadata.org_name = value.to_string(),
            Element::Email => metadata.email = value.to_string(),
            Element::ExtraContactInfo => metadata.extra_contact_info = text,
            Element::ReportId => metadata.report_id = value.to_string(),
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
        let method =
            |text: &str| [Method::TreeWalk, Method::SuffixList].into_iter().find(|one| one.as_str() == text);
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
                let ip = |text: &str| text.trim_matches(['[', ']']).parse().ok();
                self.row.source_ip = self.word("source_ip", value, ip);
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

    fn dkim_result(&mut self, element: Element, value: &str) {
        match element {
            Element::Domain => self.dkim.domain = value.to_string(),
            Element::Selector => self.dkim.selector = Some(value.to_string()),
            Element::Result => {
                self.dkim.result = self.word("result", value, AuthResult::parse).unwrap_or_default()
            }
            Element::HumanResult => self.dkim.human_result = self.text(value),
            _ => {}
        }
    }

    fn spf_result(&mut self, element: Element, value: &str) {
        match element {
            Element::Domain => self.spf.domain = value.to_string(),
            Element::Scope => {
                let scope = |text: &str| {
                    [SpfScope::MailFrom, SpfScope::Helo].into_iter().find(|one| one.as_str() == text)
                };
                self.spf.scope = self.word("scope", value, scope);
            }
            Element::Result => {
                self.spf.result = self.word("result", value, AuthResult::parse).unwrap_or_default()
            }
            Element::HumanResult => self.spf.human_result = self.text(value),
            _ => {}
        }
    }

    fn end_row(&mut self) {
        let row = mem::take(&mut self.row);
        let missing = [
            (row.source_ip.is_none(), "source_ip"),
            (row.count == 0, "count"),
            (!self.has_disposition, "disposition"),
            (row.header_from.is_empty(), "header_from"),
        ];
        for (_, element) in missing.into_iter().filter(|(is_missing, _)| *is_missing) {
            self.defect(DefectKind::Missing(element), self.at);
        }
        self.report.rows.push(row);
    }

    fn finish(mut self) -> Result<AggregateReport, ReportError> {
        if !self.seen_anything {
            return Err(ReportError::new(ReportErrorKind::NotAReport, 0));
        }
        let end = self.text.len();
        if !self.stack.is_empty() || self.other.is_some() {
            self.defect(DefectKind::Truncated, end);
            self.at = end;
            self.end_other();
            while !self.stack.is_empty() {
                self.close();
            }
        }
        let (metadata, policy) = (&self.report.metadata, &self.report.policy);
        let missing = [
            (metadata.org_name.is_empty(), "org_name"),
            (metadata.email.is_empty(), "email"),
            (metadata.report_id.is_empty(), "report_id"),
            (metadata.end == 0, "date_range"),
            (policy.domain.is_empty(), "domain"),
            (policy.p.is_none(), "p"),
            (self.report.rows.is_empty(), "record"),
        ];
        for (_, element) in missing.into_iter().filter(|(is_missing, _)| *is_missing) {
            self.defect(DefectKind::Missing(element), end);
        }
        if self.more_defects > 0 {
            self.report.defects.push(Defect { kind: DefectKind::More(self.more_defects), at: end });
        }
        Ok(self.report)
    }
}

/// The value of an attribute, its references undone.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute =
        start.html_attributes().with_checks(false).flatten().find(|one| one.key.as_ref() == name)?;
    let value = quick_xml::escape::unescape(&attribute.value).map(Cow::into_owned);
    Some(value.unwrap_or_else(|_| attribute.value.to_string()))
}
