//! Writing the XML of an aggregate report (RFC 9990 §3.1.1 and appendix A).

use super::{
    aggregate::{AggregateReport, DkimResult, Reason, ReasonKind, ReportRow, SpfResult, SpfScope, Text},
    archive,
};
use crate::{policy::Policy, verdict::OverrideKind};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use quick_xml::escape::escape;

/// What every report begins with.
const HEAD: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n";

impl AggregateReport {
    /// Writes the report as RFC 9990 has it, in the order of the schema.
    ///
    /// What only RFC 7489 had is left out, or becomes its nearest: `pct`, a scope of HELO, reasons that were
    /// dropped (they become `other`, with their comment); so are extensions and, but for the first, errors and
    /// results of SPF. The schema wants at least one row.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = Xml { text: String::from(HEAD), depth: 1 };
        xml.leaf("version", "1.0");
        xml.element("report_metadata", |xml| self.write_metadata(xml));
        xml.element("policy_published", |xml| self.write_policy(xml));
        for row in &self.rows {
            xml.element("record", |xml| row.write(xml));
        }
        xml.text.push_str("</feedback>\n");
        xml.text
    }

    /// [`to_xml`](Self::to_xml), compressed with GZIP.
    #[must_use]
    pub fn to_gzip(&self) -> Vec<u8> {
        archive::gzip(self.to_xml().as_bytes())
    }

    fn write_metadata(&self, xml: &mut Xml) {
        let metadata = &self.metadata;
        xml.leaf("org_name", &metadata.org_name);
        xml.leaf("email", &metadata.email);
        xml.text_leaf("extra_contact_info", metadata.extra_contact_info.as_ref());
        xml.leaf("report_id", &metadata.report_id);
        xml.element("date_range", |xml| {
            xml.leaf("begin", &metadata.begin.to_string());
            xml.leaf("end", &metadata.end.to_string());
        });
        xml.text_leaf("error", metadata.errors.first());
        xml.optional("generator", metadata.generator.as_deref());
    }

    fn write_policy(&self, xml: &mut Xml) {
        let policy = &self.policy;
        xml.leaf("domain", &policy.domain);
        xml.optional("discovery_method", policy.discovery_method.map(|method| method.as_str()));
        xml.leaf("p", policy.p.unwrap_or_default().as_str());
        xml.optional("sp", policy.sp.map(Policy::as_str));
        xml.optional("np", policy.np.map(Policy::as_str));
        xml.optional("fo", policy.fo.as_deref());
        xml.optional("adkim", policy.adkim.map(|mode| mode.letter()));
        xml.optional("aspf", policy.aspf.map(|mode| mode.letter()));
        xml.optional("testing", policy.testing.map(|is_test| if is_test { "y" } else { "n" }));
    }
}

impl ReportRow {
    fn write(&self, xml: &mut Xml) {
        let pass_or_fail = |is_pass: bool| if is_pass { "pass" } else { "fail" };
        xml.element("row", |xml| {
            xml.leaf("source_ip", &self.source_ip.map(|ip| ip.to_string()).unwrap_or_default());
            xml.leaf("count", &self.count.to_string());
            xml.element("policy_evaluated", |xml| {
                xml.leaf("disposition", self.disposition.as_str());
                xml.leaf("dkim", pass_or_fail(self.dkim_aligned));
                xml.leaf("spf", pass_or_fail(self.spf_aligned));
                for reason in &self.reasons {
                    xml.element("reason", |xml| reason.write(xml));
                }
            });
        });
        xml.element("identifiers", |xml| {
            xml.leaf("header_from", &self.header_from);
            xml.optional("envelope_from", self.envelope_from.as_deref());
            xml.optional("envelope_to", self.envelope_to.as_deref());
        });
        xml.element("auth_results", |xml| {
            for result in &self.dkim {
                xml.element("dkim", |xml| result.write(xml));
            }
            if let Some(result) = self.spf.first() {
                xml.element("spf", |xml| result.write(xml));
            }
        });
    }
}

impl Reason {
    fn write(&self, xml: &mut Xml) {
        let kind = match self.kind {
            ReasonKind::Override(kind) => kind,
            ReasonKind::Forwarded | ReasonKind::SampledOut => OverrideKind::Other,
        };
        xml.leaf("type", kind.as_str());
        xml.text_leaf("comment", self.comment.as_ref());
    }
}

impl DkimResult {
    fn write(&self, xml: &mut Xml) {
        xml.leaf("domain", &self.domain);
        xml.leaf("selector", self.selector.as_deref().unwrap_or_default());
        // the schema has softfail for SPF alone
        let result = self.result.as_str();
        xml.leaf("result", if result == "softfail" { "fail" } else { result });
        xml.text_leaf("human_result", self.human_result.as_ref());
    }
}

impl SpfResult {
    fn write(&self, xml: &mut Xml) {
        xml.leaf("domain", &self.domain);
        xml.optional("scope", self.scope.filter(|scope| *scope == SpfScope::MailFrom).map(SpfScope::as_str));
        xml.leaf("result", self.result.as_str());
        xml.text_leaf("human_result", self.human_result.as_ref());
    }
}

/// Elements, indented, one a line.
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn indent(&mut self) {
        self.text.extend(core::iter::repeat_n("  ", self.depth));
    }

    fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.indent();
        self.text.extend(["<", name, ">\n"]);
        self.depth = self.depth.saturating_add(1);
        content(self);
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.text.extend(["</", name, ">\n"]);
    }

    fn leaf(&mut self, name: &str, value: &str) {
        self.indent();
        self.text.extend(["<", name, ">"]);
        self.value(value);
        self.text.extend(["</", name, ">\n"]);
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    fn text_leaf(&mut self, name: &str, text: Option<&Text>) {
        let Some(Text { text, lang }) = text else { return };
        let Some(lang) = lang.as_deref().filter(|lang| is_language(lang)) else {
            return self.leaf(name, text);
        };
        self.indent();
        self.text.extend(["<", name, " lang=\"", lang, "\">"]);
        self.value(text);
        self.text.extend(["</", name, ">\n"]);
    }

    /// A value, escaped; a character that XML cannot have becomes U+FFFD (XML 1.0 §2.2).
    fn value(&mut self, value: &str) {
        let is_allowed = |character: char| !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
        let escaped = escape(value);
        if escaped.chars().all(is_allowed) {
            self.text.push_str(&escaped);
        } else {
            let replaced = escaped.chars().map(|one| if is_allowed(one) { one } else { '\u{fffd}' });
            self.text.extend(replaced);
        }
    }
}

/// `xs:language`: one to eight letters, then groups of letters and digits after hyphens.
fn is_language(lang: &str) -> bool {
    let is_group = |group: &str| {
        (1..=8).contains(&group.len()) && group.bytes().all(|octet| octet.is_ascii_alphanumeric())
    };
    let starts_with_letters =
        lang.split('-').next().is_some_and(|first| first.bytes().all(|octet| octet.is_ascii_alphabetic()));
    starts_with_letters && lang.split('-').all(is_group)
}
