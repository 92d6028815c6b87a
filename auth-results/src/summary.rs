//! A report in words: a line for each result, readable at a glance.

use crate::{iprev, report::Report, report::applied_policy};
use core::fmt::{self, Display, Formatter};

/// Writes a summary: what was checked, how it came out, what it was for, and why where it did not pass. What a
/// peer wrote is printed without its control characters.
impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line(f, "SPF", &self.mail_from.verdict, &Spf("MAIL FROM", &self.mail_from))?;
        line(f, "", &self.helo.verdict, &Spf("HELO", &self.helo))?;
        if self.dkim.is_empty() {
            line(f, "DKIM", &"none", &"the message has no signature")?;
        }
        for (nth, report) in self.told_signatures().iter().enumerate() {
            line(f, if nth == 0 { "DKIM" } else { "" }, &report.verdict, &Dkim(report))?;
        }
        line(f, "DMARC", &self.dmarc.verdict, &Dmarc(&self.dmarc))?;
        if let Some(report) = &self.iprev {
            line(f, "iprev", &report.verdict, &Iprev(report))?;
        }
        let questions = self.transcript.len();
        write!(f, "{:<7}{questions} question{}", "DNS", if questions == 1 { "" } else { "s" })
    }
}

fn line(f: &mut Formatter<'_>, method: &str, verdict: &dyn Display, details: &dyn Display) -> fmt::Result {
    writeln!(f, "{method:<7}{verdict:<10}{details}")
}

/// A cause, set off from what stands before it.
fn because(f: &mut Formatter<'_>, cause: Option<&impl Display>) -> fmt::Result {
    match cause {
        Some(cause) => write!(f, ": {cause}"),
        None => Ok(()),
    }
}

struct Spf<'a>(&'static str, &'a spf::Report);

impl Display for Spf<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(identity, report) = self;
        write!(f, "{identity} {}", Printable(report.domain_text()))?;
        because(f, report.cause.as_ref())?;
        if report.verdict == spf::Verdict::Pass
            && let Some(matched) = &report.matched
        {
            write!(f, " ({matched})")?;
        }
        if let Some(guess) = report.best_guess {
            write!(f, ", best guess {guess}")?;
        }
        if let Some(explanation) = &report.explanation {
            write!(f, " (the domain explains: {})", Printable(explanation))?;
        }
        Ok(())
    }
}

struct Dkim<'a>(&'a dkim::SignatureReport);

impl Display for Dkim<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        match &report.domain {
            Some(domain) => write!(f, "{domain}")?,
            None => f.write_str("a signature without a readable domain")?,
        }
        if let Some(selector) = &report.selector {
            write!(f, " selector {selector}")?;
        }
        if let Some(algorithm) = &report.algorithm {
            write!(f, " {algorithm}")?;
        }
        if let Some(bits) = report.key_bits {
            write!(f, " {bits} bits")?;
        }
        because(f, report.cause.as_ref())
    }
}

struct Dmarc<'a>(&'a dmarc::Report);

impl Display for Dmarc<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        if let Some(author) = &report.author {
            write!(f, "From {author}")?;
            match (&report.alignment.spf, &report.alignment.dkim) {
                (None, None) => {}
                (Some(spf), None) => write!(f, ", aligned by SPF {spf}")?,
                (None, Some(dkim)) => write!(f, ", aligned by DKIM {dkim}")?,
                (Some(spf), Some(dkim)) => write!(f, ", aligned by SPF {spf} and DKIM {dkim}")?,
            }
        }
        because(f, report.cause.as_ref())?;
        if let (Some(policy), Some(at)) = (applied_policy(report), report.record_at()) {
            write!(f, ", policy {policy} at {at}, disposition {}", report.disposition)?;
        }
        Ok(())
    }
}

struct Iprev<'a>(&'a iprev::Report);

impl Display for Iprev<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.address)?;
        if let Some(name) = &self.0.name {
            write!(f, " is {name}")?;
        }
        because(f, self.0.cause.as_ref())
    }
}

/// Text of a third party, its control characters replaced.
struct Printable<'a>(&'a str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            write!(f, "{}", if character.is_control() { '?' } else { character })?;
        }
        Ok(())
    }
}
