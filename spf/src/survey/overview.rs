//! What a survey may cost, and what comes out of it.

use super::Network;
use crate::{
    error::RecordError,
    limits::Limits,
    lint::{Warning, WarningKind},
    record::Record,
    report::Matched,
};
use alloc::vec::Vec;
use mail_base::{Name, dns::Question};

/// What a survey may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SurveyLimits {
    /// The most questions. Default: 500.
    pub questions: usize,
    /// How deep records may include each other. Default: 20, twice what a check can reach.
    pub depth: usize,
    /// The most terms that ask the DNS, in all records. Default: 1,000, a hundred times what a check may.
    pub terms: usize,
    /// The most ranges of addresses that are kept apart. Default: 10,000.
    pub ranges: usize,
}

impl Default for SurveyLimits {
    fn default() -> Self {
        Self { questions: 500, depth: 20, terms: 1000, ranges: 10_000 }
    }
}

impl SurveyLimits {
    /// The same with another limit for questions.
    #[must_use]
    pub fn with_questions(self, questions: usize) -> Self {
        Self { questions, ..self }
    }

    /// The same with another limit for depth.
    #[must_use]
    pub fn with_depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// The same with another limit for terms that ask the DNS.
    #[must_use]
    pub fn with_terms(self, terms: usize) -> Self {
        Self { terms, ..self }
    }

    /// The same with another limit for ranges.
    #[must_use]
    pub fn with_ranges(self, ranges: usize) -> Self {
        Self { ranges, ..self }
    }
}

/// What the records of a domain mean for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overview {
    /// The domain.
    pub domain: Name,
    /// The records, in the order in which a check comes to them. One that is included twice is here twice.
    pub records: Vec<SurveyedRecord>,
    /// How many terms ask the DNS in the worst case, when nothing matches: RFC 7208 §4.6.4 allows 10. What an `include`
    /// or `redirect` in [`depending`](Self::depending) leads to is not counted.
    pub lookups: usize,
    /// The networks that pass where none of the terms in [`depending`](Self::depending) matches. The fewest that hold
    /// the same addresses. Who comes to an error before, such as an `include` without a record, does not pass.
    pub passing: Vec<Network>,
    /// The terms whose outcome depends on the message or the client.
    pub depending: Vec<Matched>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Whether all was seen. Where a limit struck, time was up or the DNS did not answer it is not.
    pub is_complete: bool,
}

/// A record of an [`Overview`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SurveyedRecord {
    /// Whose record.
    pub domain: Name,
    /// The record.
    pub record: Record,
    /// How many `include`s lead to it.
    pub depth: usize,
}

/// What is wrong with the records of a domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A domain has no record.
    #[error("{0} has no SPF record")]
    NoRecord(Name),
    /// A domain has several records.
    #[error("{0} has several SPF records")]
    SeveralRecords(Name),
    /// A record is broken.
    #[error("the record of {0} is broken: {1}")]
    Syntax(Name, RecordError),
    /// The DNS did not answer.
    #[error("the DNS did not answer {0}")]
    Unavailable(Question),
    /// Nothing is there: a void look-up, of which RFC 7208 §4.6.4 allows two.
    #[error("there is nothing at {0}")]
    Void(Question),
    /// A record leads to itself.
    #[error("{0} leads back to itself")]
    Loop(Matched),
    /// A term leads to what is no domain name.
    #[error("{0} leads to what is no domain name")]
    Target(Matched),
    /// An `mx` has more than ten exchangers, which is permerror.
    #[error("{0} has more than ten mail exchangers")]
    TooManyExchangers(Matched),
}

impl Overview {
    /// What [`Record::lint`] says of each record, and of all of them together: the look-ups of the whole tree. An
    /// included record needs no end, and what the DNS has given has been published in strings that fit.
    #[must_use]
    pub fn warnings(&self) -> Vec<(Name, Warning)> {
        let own = self.records.iter().flat_map(|surveyed| {
            let is_included = surveyed.depth > 0;
            let warnings = surveyed.record.lint().into_iter().filter(move |warning| match warning.kind {
                WarningKind::TooManyLookups { .. } | WarningKind::LongerThanString { .. } => false,
                WarningKind::NoEnd => !is_included,
                _ => true,
            });
            warnings.map(|warning| (surveyed.domain.clone(), warning))
        });
        let mut warnings: Vec<_> = own.collect();
        let limit = Limits::default().lookups;
        if self.lookups > limit {
            let kind = WarningKind::TooManyLookups { count: self.lookups, limit };
            warnings.push((self.domain.clone(), Warning { kind, at: 0 }));
        }
        warnings
    }
}
