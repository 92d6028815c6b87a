//! A report for a person.

use super::{
    aggregate::{AggregateReport, AuthResult, ReportRow, Text},
    date,
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// Shows who sent mail for the domain, what passed, and what failed and why, as a table.
///
/// Control characters in what the report says are shown as `?`.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    report: &'a AggregateReport,
}

/// The heads of the columns.
const HEADS: [&str; 7] = ["messages", "source", "from", "DMARC", "done", "DKIM", "SPF"];

/// The columns whose cells stand at the right.
const RIGHT: [bool; 7] = [true, false, false, false, false, false, false];

impl<'a> Summary<'a> {
    /// Shows this report.
    #[must_use]
    pub fn new(report: &'a AggregateReport) -> Self {
        Self { report }
    }

    /// Rows of the table, those with the most messages first.
    fn rows(&self) -> Vec<&'a ReportRow> {
        let mut rows: Vec<&ReportRow> = self.report.rows.iter().collect();
        rows.sort_by_key(|row| core::cmp::Reverse(row.count));
        rows
    }
}

fn cells(row: &ReportRow) -> [String; 7] {
    let dkim = row.dkim.iter().map(|result| (result.result, result.domain.as_str()));
    let spf = row.spf.iter().map(|result| (result.result, result.domain.as_str()));
    [
        row.count.to_string(),
        row.source_ip.map_or_else(|| "?".to_string(), |ip| ip.to_string()),
        row.header_from.clone(),
        if row.is_pass() { "pass" } else { "fail" }.to_string(),
        done(row),
        results(dkim, row.dkim_aligned),
        results(spf, row.spf_aligned),
    ]
    .map(|cell| printable(&cell))
}

/// The results of a mechanism, and whether one that passed was of no use.
fn results<'a>(results: impl Iterator<Item = (AuthResult, &'a str)>, is_aligned: bool) -> String {
    let mut passed = false;
    let mut texts = Vec::new();
    for (result, domain) in results {
        passed |= result == AuthResult::Pass;
        texts.push(format!("{result} {domain}"));
    }
    if texts.is_empty() {
        return "none".to_string();
    }
    if passed && !is_aligned {
        texts.push("not aligned".to_string());
    }
    texts.join(", ")
}

fn done(row: &ReportRow) -> String {
    let mut done = row.disposition.to_string();
    for reason in &row.reasons {
        done.push_str(&format!(" ({}", reason.kind));
        if let Some(comment) = &reason.comment {
            done.push_str(&format!(": {}", comment.text));
        }
        done.push(')');
    }
    done
}

fn printable(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { '?' } else { one }).collect()
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AggregateReport { metadata, policy, rows, defects, .. } = self.report;
        writeln!(f, "DMARC report for {} by {}", printable(&policy.domain), printable(&metadata.org_name))?;
        writeln!(
            f,
            "from {} to {} UTC, id {}",
            date::short(metadata.begin),
            date::short(metadata.end),
            printable(&metadata.report_id)
        )?;
        let named = |name: &str, value: Option<String>| {
            value.map(|value| format!(" {name}={value}")).unwrap_or_default()
        };
        writeln!(
            f,
            "policy:{}{}{}{}{}{}",
            named("p", policy.p.map(|policy| policy.to_string())),
            named("sp", policy.sp.map(|policy| policy.to_string())),
            named("np", policy.np.map(|policy| policy.to_string())),
            named("adkim", policy.adkim.map(|mode| mode.letter().to_string())),
            named("aspf", policy.aspf.map(|mode| mode.letter().to_string())),
            named("t", policy.testing.filter(|is_test| *is_test).map(|_| "y".to_string())),
        )?;
        for Text { text, .. } in &metadata.errors {
            writeln!(f, "error: {}", printable(text))?;
        }
        writeln!(f)?;
        let count = |of: fn(&ReportRow) -> bool| {
            rows.iter().filter(|row| of(row)).fold(0_u64, |sum, row| sum.saturating_add(row.count))
        };
        let (all, passed) = (count(|_| true), count(ReportRow::is_pass));
        table(f, &self.rows())?;
        writeln!(f, "\n{all} messages: {passed} passed, {} failed", all.saturating_sub(passed))?;
        if !defects.is_empty() {
            writeln!(f, "\nThe report is not as it should be:")?;
        }
        for defect in defects {
            writeln!(f, "  {}", printable(&defect.to_string()))?;
        }
        Ok(())
    }
}

/// Writes rows under their heads, every column as wide as its widest cell.
fn table(f: &mut fmt::Formatter<'_>, rows: &[&ReportRow]) -> fmt::Result {
    let heads = HEADS.map(String::from);
    let lines: Vec<[String; 7]> = core::iter::once(heads).chain(rows.iter().map(|row| cells(row))).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    for line in &lines {
        let mut text = String::new();
        for ((cell, width), is_right) in line.iter().zip(&widths).zip(RIGHT) {
            match is_right {
                true => text.push_str(&format!("{cell:>width$}  ")),
                false => text.push_str(&format!("{cell:<width$}  ")),
            }
        }
        writeln!(f, "{}", text.trim_end())?;
    }
    Ok(())
}
