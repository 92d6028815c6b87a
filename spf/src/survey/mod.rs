//! What a domain's records mean for everybody: how many look-ups they can cost, and which networks pass.
//!
//! A [`Survey`] is an [`Inquiry`] like a check, but for no client: it asks for every record that an `include` or
//! `redirect` leads to and for the addresses of every `a` and `mx`. What comes out is an [`Overview`].
//!
//! ```
//! use spf::{Name, Zone, survey::{SurveyLimits, survey}};
//!
//! let zone = Zone::parse(r#"
//!     example.com.      TXT "v=spf1 mx include:_spf.example.net -all"
//!     example.com.      MX  10 mail.example.com.
//!     mail.example.com. A   192.0.2.25
//!     _spf.example.net. TXT "v=spf1 -ip4:198.51.100.7 ip4:198.51.100.0/29 ~all"
//! "#)?;
//! let overview = survey(Name::parse("example.com")?, &SurveyLimits::default()).run(&zone);
//! assert_eq!(overview.lookups, 2);
//! let passing: Vec<_> = overview.passing.iter().map(ToString::to_string).collect();
//! assert_eq!(passing, ["192.0.2.25/32", "198.51.100.0/30", "198.51.100.4/31", "198.51.100.6/32"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The networks are exact, exceptions and errors and all, as far as they can be known: what `ptr` does, or a term with
//! macros other than `%{d}` and `%{o}`, depends on the message or the client, so that such terms are listed and
//! otherwise left out. Only the limits of a check, of look-ups and of void ones, do not strike here.

mod networks;
mod overview;

pub use networks::Network;
pub(crate) use networks::{Space, range};
pub use overview::{Overview, Problem, SurveyLimits, SurveyedRecord};

use crate::{
    parse::{Raw, RawKind, Span},
    record::{DualPrefix, Qualifier, Record},
    report::Matched,
    request::at_least_two_labels,
    verdict::DomainError,
};
use alloc::{collections::VecDeque, vec::Vec};
use core::net::IpAddr;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Kind, Question},
};

/// Starts a survey of the records of a domain.
pub fn survey(domain: Name, limits: &SurveyLimits) -> Step<Survey> {
    let overview = Overview {
        domain: domain.clone(),
        records: Vec::new(),
        lookups: 0,
        passing: Vec::new(),
        depending: Vec::new(),
        problems: Vec::new(),
        is_complete: true,
    };
    let mut survey = Survey {
        question: Question::txt(domain.clone()),
        limits: *limits,
        overview,
        questions: 0,
        frames: Vec::new(),
        pending: Pending::Record(Entry::new(Space::all())),
        passed: Space::default(),
        failed: Space::default(),
    };
    // RFC 7208 §4.3: another domain is not even asked
    if at_least_two_labels(domain.clone()).is_err() {
        survey.overview.problems.push(Problem::NoRecord(domain));
        return Step::Done(survey.overview);
    }
    Step::Ask(survey)
}

/// A survey that waits for an answer.
#[derive(Clone, Debug)]
pub struct Survey {
    question: Question,
    limits: SurveyLimits,
    overview: Overview,
    questions: usize,
    /// The records that are being read, the outermost first.
    frames: Vec<Frame>,
    pending: Pending,
    /// What passes in the end.
    passed: Space,
    /// Whoever comes to an error, and so does not pass, whatever follows it.
    failed: Space,
}

/// Who comes to a record, and how.
#[derive(Clone, Debug)]
struct Entry {
    /// The addresses that no term before has matched.
    space: Space,
    /// The addresses that pass already, by records that redirect here.
    passed: Space,
    /// The domains of these records.
    redirecting: Vec<Name>,
}

impl Entry {
    /// The entry of an `include`.
    fn new(space: Space) -> Self {
        Self { space, passed: Space::default(), redirecting: Vec::new() }
    }
}

/// A record that is being read.
#[derive(Clone, Debug)]
struct Frame {
    domain: Name,
    record: Record,
    term: Raw,
    /// What is left of the addresses, what passes, and what redirects here.
    entry: Entry,
}

#[derive(Clone, Debug)]
enum Pending {
    /// A record.
    Record(Entry),
    /// Whether there is any address.
    Existence,
    /// The exchangers of a name.
    Exchangers(DualPrefix),
    /// Addresses, and then those of the other questions.
    Addresses(DualPrefix, VecDeque<Question>),
}

/// The most exchangers of an `mx` (RFC 7208 §4.6.4).
const EXCHANGERS: usize = 10;

impl Inquiry for Survey {
    type Outcome = Overview;

    fn question(&self) -> &Question {
        &self.question
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        self.questions = self.questions.saturating_add(1);
        match &answer {
            Answer::Unavailable => self.unavailable(),
            // a name with addresses of one family only is nothing to complain about
            Answer::NoRecords if self.question.kind == Kind::Aaaa => {}
            answer if answer.is_void() && self.question.kind != Kind::Txt => {
                self.overview.problems.push(Problem::Void(self.question.clone()));
            }
            _ => {}
        }
        let pending = core::mem::replace(&mut self.pending, Pending::Exchangers(DualPrefix::default()));
        let next = match pending {
            Pending::Record(entry) => {
                self.record_answered(&answer, entry);
                None
            }
            Pending::Existence => {
                if !answer.as_a().is_empty() {
                    self.take_all();
                }
                None
            }
            Pending::Exchangers(prefix) => self.exchangers_answered(&answer, prefix),
            Pending::Addresses(prefix, rest) => {
                self.addresses_answered(&answer, prefix);
                self.next_addresses(prefix, rest)
            }
        };
        self.go_on(next)
    }

    fn expire(mut self) -> Overview {
        self.overview.is_complete = false;
        self.finish()
    }
}

impl Survey {
    fn finish(mut self) -> Overview {
        self.passed.remove(&self.failed);
        self.overview.passing = self.passed.networks();
        self.overview
    }

    /// Goes on with the terms of the innermost record until there is something to ask.
    fn go_on(mut self, next: Option<(Question, Pending)>) -> Step<Self> {
        let mut next = next;
        loop {
            if self.overview.lookups > self.limits.terms {
                return Step::Done(self.expire());
            }
            if let Some((question, pending)) = next {
                (self.question, self.pending) = (question, pending);
                if self.questions >= self.limits.questions {
                    return Step::Done(self.expire());
                }
                return Step::Ask(self);
            }
            let Some(frame) = self.frames.last_mut() else { return Step::Done(self.finish()) };
            let term = frame.record.raw_terms_from(usize::from(frame.term.end)).next();
            // what nobody is left to reach is not read
            let term = term.filter(|_| !frame.entry.space.is_empty());
            next = match term {
                Some(term) => {
                    frame.term = term;
                    self.term(term)
                }
                None => self.end_of_record(),
            };
        }
    }

    fn record_answered(&mut self, answer: &Answer, entry: Entry) {
        let domain = self.question.name.clone();
        let mut claimed = answer.as_txt().iter().filter(|text| Record::is_claimed_by(text.as_bytes()));
        let problem = match (claimed.next(), claimed.next(), answer) {
            (_, _, Answer::Unavailable) => None,
            (None, _, _) => Some(Problem::NoRecord(domain.clone())),
            (Some(_), Some(_), _) => Some(Problem::SeveralRecords(domain.clone())),
            (Some(text), None, _) => match Record::from_txt(text.clone()) {
                Ok(record) => {
                    let depth = self.frames.len();
                    let surveyed = SurveyedRecord { domain: domain.clone(), record: record.clone(), depth };
                    self.overview.records.push(surveyed);
                    self.frames.push(Frame { domain, record, term: Raw::version(), entry });
                    return;
                }
                Err(error) => Some(Problem::Syntax(domain, error)),
            },
        };
        self.overview.problems.extend(problem);
        self.failed.add(&entry.space);
        // a redirect that leads nowhere still ends the record that it stands in
        if !entry.redirecting.is_empty() {
            self.leave(entry.passed);
        }
    }

    /// Whoever is left at the term comes to an error there (RFC 7208 §5.2, §6.1, §4.6.4).
    fn fail(&mut self) {
        if let Some(frame) = self.frames.last() {
            self.failed.add(&frame.entry.space);
        }
    }

    /// The same, for those whose check asks the question that was not answered (RFC 7208 §5).
    fn unavailable(&mut self) {
        self.overview.problems.push(Problem::Unavailable(self.question.clone()));
        self.overview.is_complete = false;
        let Some(frame) = self.frames.last() else { return };
        let space = &frame.entry.space;
        match (&self.pending, self.question.kind) {
            // who comes to the record is known there
            (Pending::Record(_), _) => {}
            (Pending::Addresses(..), Kind::A) => self.failed.add(&space.of_ip4()),
            (Pending::Addresses(..), _) => self.failed.add(&space.of_ip6()),
            (Pending::Exchangers(_) | Pending::Existence, _) => self.failed.add(space),
        }
    }

    /// The record is done: what passes by it matches the `include` that led to it.
    fn leave(&mut self, passed: Space) {
        let Some(outer) = self.frames.last_mut() else {
            self.passed = passed;
            return;
        };
        outer.entry.space.remove(&passed);
        outer.matched(&passed);
    }

    fn end_of_record(&mut self) -> Option<(Question, Pending)> {
        let Frame { domain, record, mut entry, .. } = self.frames.pop()?;
        let Some(redirect) = record.index().followed() else {
            self.leave(entry.passed);
            return None;
        };
        self.overview.lookups = self.overview.lookups.saturating_add(1);
        let term = Matched::new(domain.clone(), record.clone(), redirect.at);
        entry.redirecting.push(domain.clone());
        let problem = match self.target(&domain, &record, redirect.domain).map(two_labels) {
            Some(Ok(name)) if !self.is_open(&name) && !entry.redirecting.contains(&name) => {
                return Some((Question::txt(name), Pending::Record(entry)));
            }
            Some(Ok(_)) => Problem::Loop(term),
            Some(Err(_)) => Problem::Target(term),
            None => {
                self.overview.depending.push(term);
                self.leave(entry.passed);
                return None;
            }
        };
        self.overview.problems.push(problem);
        self.failed.add(&entry.space);
        self.leave(entry.passed);
        None
    }

    /// Whether the record of a domain is being read, or redirects to one that is.
    fn is_open(&self, name: &Name) -> bool {
        self.frames.iter().any(|frame| frame.domain == *name || frame.entry.redirecting.contains(name))
    }

    fn term(&mut self, term: Raw) -> Option<(Question, Pending)> {
        let frame = self.frames.last()?;
        let span = match term.kind {
            RawKind::All => return self.take_all(),
            RawKind::Ip4(address, prefix) => return self.take(IpAddr::V4(address), prefix),
            RawKind::Ip6(address, prefix) => return self.take(IpAddr::V6(address), prefix),
            RawKind::Redirect(_) | RawKind::Exp(_) | RawKind::Unknown(_) => return None,
            RawKind::Include(span)
            | RawKind::A(span, _)
            | RawKind::Mx(span, _)
            | RawKind::Ptr(span)
            | RawKind::Exists(span) => span,
        };
        self.overview.lookups = self.overview.lookups.saturating_add(1);
        let matched = Matched::new(frame.domain.clone(), frame.record.clone(), term.at);
        let target = match term.kind {
            RawKind::Ptr(_) => None,
            _ => self.target(&frame.domain, &frame.record, span),
        };
        let Some(target) = target else {
            self.overview.depending.push(matched);
            return None;
        };
        match (term.kind, target) {
            (RawKind::Include(_), target) => self.include(target, matched),
            (RawKind::A(_, prefix), Ok(name)) => self.next_addresses(prefix, address_questions([name])),
            (RawKind::Mx(_, prefix), Ok(name)) => {
                Some((Question::new(name, Kind::Mx), Pending::Exchangers(prefix)))
            }
            (_, Ok(name)) => Some((Question::new(name, Kind::A), Pending::Existence)),
            (_, Err(_)) => {
                self.overview.problems.push(Problem::Target(matched));
                None
            }
        }
    }

    fn include(&mut self, target: Result<Name, DomainError>, term: Matched) -> Option<(Question, Pending)> {
        let problem = match two_labels(target) {
            Ok(name) if self.is_open(&name) => Problem::Loop(term),
            Ok(_) if self.frames.len() >= self.limits.depth => {
                self.overview.is_complete = false;
                return None;
            }
            Ok(name) => {
                let entry = Entry::new(self.frames.last()?.entry.space.clone());
                return Some((Question::txt(name), Pending::Record(entry)));
            }
            Err(_) => Problem::Target(term),
        };
        self.overview.problems.push(problem);
        self.fail();
        None
    }

    /// Everybody who is left matches the term.
    fn take_all(&mut self) -> Option<(Question, Pending)> {
        let frame = self.frames.last_mut()?;
        let all = core::mem::take(&mut frame.entry.space);
        frame.matched(&all);
        None
    }

    fn take(&mut self, address: IpAddr, prefix: u8) -> Option<(Question, Pending)> {
        let limit = self.limits.ranges;
        let frame = self.frames.last_mut()?;
        if frame.entry.space.len().saturating_add(frame.entry.passed.len()) >= limit {
            self.overview.is_complete = false;
            return None;
        }
        let taken = frame.entry.space.take(address, prefix);
        frame.matched(&taken);
        None
    }

    /// The name that a domain-spec stands for, where that does not depend on the message.
    fn target(&self, domain: &Name, record: &Record, span: Span) -> Option<Result<Name, DomainError>> {
        if span.is_empty() {
            return Some(Ok(domain.clone()));
        }
        record.domain_spec(span).for_everybody(domain, &self.overview.domain)
    }

    fn exchangers_answered(&mut self, answer: &Answer, prefix: DualPrefix) -> Option<(Question, Pending)> {
        let exchangers = answer.as_mx();
        if exchangers.len() > EXCHANGERS {
            let frame = self.frames.last()?;
            let term = Matched::new(frame.domain.clone(), frame.record.clone(), frame.term.at);
            self.overview.problems.push(Problem::TooManyExchangers(term));
            self.fail();
            return None;
        }
        let hosts = exchangers.iter().filter(|mx| !mx.exchange.is_root()).map(|mx| mx.exchange.clone());
        self.next_addresses(prefix, address_questions(hosts))
    }

    fn addresses_answered(&mut self, answer: &Answer, prefix: DualPrefix) {
        for address in answer.as_a() {
            self.take(IpAddr::V4(*address), prefix.ip4);
        }
        for address in answer.as_aaaa() {
            self.take(IpAddr::V6(*address), prefix.ip6);
        }
    }

    fn next_addresses(
        &mut self,
        prefix: DualPrefix,
        mut questions: VecDeque<Question>,
    ) -> Option<(Question, Pending)> {
        let question = questions.pop_front()?;
        Some((question, Pending::Addresses(prefix, questions)))
    }
}

impl Frame {
    /// Files the addresses that the term matches.
    fn matched(&mut self, addresses: &Space) {
        if self.term.qualifier == Qualifier::Pass {
            self.entry.passed.add(addresses);
        }
    }
}

/// Only a name of two labels at least can have a record (RFC 7208 §4.3).
fn two_labels(target: Result<Name, DomainError>) -> Result<Name, DomainError> {
    target.and_then(at_least_two_labels)
}

/// The questions for the addresses of both families.
fn address_questions(names: impl IntoIterator<Item = Name>) -> VecDeque<Question> {
    let both = |name: Name| [Question::new(name.clone(), Kind::A), Question::new(name, Kind::Aaaa)];
    names.into_iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;
    use crate::lint::WarningKind;
    use alloc::string::{String, ToString};

    fn overview(zone: &str) -> Overview {
        let zone = Zone::parse(zone).unwrap();
        survey(Name::parse("example.com").unwrap(), &SurveyLimits::default()).run(&zone)
    }

    fn passing(overview: &Overview) -> Vec<String> {
        overview.passing.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn networks_are_exact_with_their_exceptions() {
        let overview = overview(
            "example.com. TXT \"v=spf1 -ip4:192.0.2.5 ~include:a.example ip4:192.0.2.0/29 include:b.example -all\"\n\
             a.example. TXT \"v=spf1 ip4:192.0.2.6 -all\"\n\
             b.example. TXT \"v=spf1 -ip4:198.51.100.1 ?ip6:2001:db8::/64 ip4:198.51.100.0/30 ip6:2001:db8::/63\"\n",
        );
        assert_eq!(
            passing(&overview),
            [
                "192.0.2.0/30",
                "192.0.2.4/32",
                "192.0.2.7/32",
                "198.51.100.0/32",
                "198.51.100.2/31",
                "2001:db8:0:1::/64"
            ]
        );
        assert_eq!((overview.lookups, overview.records.len()), (2, 3));
        assert!(overview.is_complete && overview.problems.is_empty());
    }

    #[test]
    fn addresses_are_asked_in_both_families() {
        let overview = overview(
            "example.com. TXT \"v=spf1 a:h.example.com/31//127 mx redirect=_spf.%{d}\"\nexample.com. MX 5 m.example.com.\n\
             h.example.com. A 192.0.2.1\nh.example.com. AAAA 2001:db8::1\nm.example.com. AAAA 2001:db8::9\n\
             m.example.com. A 192.0.2.9\n_spf.example.com. TXT \"v=spf1 ip4:192.0.2.200 -all\"\n",
        );
        assert_eq!(
            passing(&overview),
            ["192.0.2.0/31", "192.0.2.9/32", "192.0.2.200/32", "2001:db8::/127", "2001:db8::9/128"]
        );
        assert_eq!(overview.lookups, 3);
        assert!(overview.depending.is_empty(), "%{{d}} is the same for everybody");
    }

    #[test]
    fn what_depends_on_the_message_is_listed() {
        let overview = overview(
            "example.com. TXT \"v=spf1 exists:%{i}.x.example ptr a:%{l}.example.com ip4:192.0.2.1 -all\"\n",
        );
        let depending: Vec<_> = overview.depending.iter().map(Matched::text).collect();
        assert_eq!(depending, ["exists:%{i}.x.example", "ptr", "a:%{l}.example.com"]);
        assert_eq!(passing(&overview), ["192.0.2.1/32"]);
        assert_eq!(overview.lookups, 3);
    }

    #[test]
    fn problems_and_loops_are_told() {
        let overview = overview(
            "example.com. TXT \"v=spf1 include:no.example include:two.example include:bad.example a:void.example \
             include:loop.example include:off.example +all\"\n\
             two.example. TXT \"v=spf1\"\ntwo.example. TXT \"v=spf1\"\nbad.example. TXT \"v=spf1 foo\"\n\
             loop.example. TXT \"v=spf1 include:example.com redirect=loop.example\"\noff.example. UNAVAILABLE\n",
        );
        let problems: Vec<_> = overview.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "no.example has no SPF record",
                "two.example has several SPF records",
                "the record of bad.example is broken: an unknown mechanism (at octet 7)",
                "there is nothing at A void.example",
                "there is nothing at AAAA void.example",
                "include:example.com in the record of loop.example leads back to itself",
                "redirect=loop.example in the record of loop.example leads back to itself",
                "the DNS did not answer TXT off.example",
            ]
        );
        assert!(passing(&overview).is_empty(), "nobody comes to the all without an error");
        assert!(!overview.is_complete, "the DNS did not answer");
    }

    #[test]
    fn who_comes_to_an_error_does_not_pass() {
        let passing_of = |records: &str| {
            let common =
                "bad.example. TXT \"v=spf1 foo\"\nfour.example. UNAVAILABLE\nmany.example. A 192.0.2.1\n";
            let many: String =
                (0..11).map(|n| alloc::format!("many.example. MX 1 m{n}.example.\n")).collect();
            passing(&overview(&alloc::format!("{common}{many}{records}")))
        };
        let first = "ip4:192.0.2.0/31";
        for (record, rest) in [
            ("include:bad.example", None),
            ("?include:none.example", None),
            ("mx:many.example", None),
            ("include:%{d1}", None),
            ("exists:four.example", None),
            ("a:four.example", None),
            ("a:many..example", Some("192.0.2.8/32")),
            ("mx:many.example.example", Some("192.0.2.8/32")),
        ] {
            let record = alloc::format!("example.com. TXT \"v=spf1 {first} {record} ip4:192.0.2.8 -all\"");
            let expected: Vec<_> = ["192.0.2.0/31"].into_iter().chain(rest).collect();
            assert_eq!(passing_of(&record), expected, "{record}");
        }
        let redirect = "example.com. TXT \"v=spf1 include:a.example ip4:192.0.2.8\"\n\
                        a.example. TXT \"v=spf1 ip4:192.0.2.0/31 -ip4:192.0.2.8 redirect=bad.example\"";
        assert_eq!(passing_of(redirect), ["192.0.2.0/31", "192.0.2.8/32"]);
    }

    #[test]
    fn what_is_the_same_for_everybody_is_asked() {
        let overview = overview(
            "example.com. TXT \"v=spf1 -ip4:192.0.2.1 exists:no.example include:%{o}.x.example exists:yes.example -all\"\n\
             example.com.x.example. TXT \"v=spf1 ip4:192.0.2.8 a:%{d1}\"\nexample. A 192.0.2.9\n\
             yes.example. A 127.0.0.2\nno.example. TXT x\n",
        );
        assert!(overview.depending.is_empty());
        let problems: Vec<_> = overview.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["there is nothing at A no.example"]);
        let passing = passing(&overview);
        assert_eq!(
            (passing.first().unwrap().as_str(), passing.last().unwrap().as_str()),
            ("0.0.0.0/1", "::/0")
        );
        assert!(!passing.contains(&"192.0.2.1/32".into()) && passing.contains(&"192.0.2.0/32".into()));
    }

    #[test]
    fn redirects_that_lead_back_are_told() {
        let overview = overview(
            "example.com. TXT \"v=spf1 redirect=b.example\"\nb.example. TXT \"v=spf1 include:c.example redirect=example.com\"\n\
             c.example. TXT \"v=spf1 include:example.com\"\n",
        );
        let problems: Vec<_> = overview.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "include:example.com in the record of c.example leads back to itself",
                "redirect=example.com in the record of b.example leads back to itself"
            ]
        );
        assert_eq!((overview.records.len(), overview.lookups), (3, 4));
    }

    #[test]
    fn what_is_deep_is_no_loop() {
        let zone = Zone::parse(
            "*.example. TXT \"v=spf1 include:a.%{d}\"\nexample.com. TXT \"v=spf1 include:x.example\"\n",
        )
        .unwrap();
        let limits = SurveyLimits::default().with_depth(5);
        let overview = survey(Name::parse("example.com").unwrap(), &limits).run(&zone);
        assert_eq!((overview.records.len(), overview.is_complete, overview.problems.len()), (5, false, 0));
    }

    #[test]
    fn what_is_listed_is_bounded() {
        let terms = " ptr".repeat(5_000);
        let zone = alloc::format!(
            "*.example. TXT \"v=spf1 {} include:a.%{{d}} include:b.%{{d}}\"\nexample.com. TXT \"v=spf1 include:x.example\"\n",
            terms
                .as_bytes()
                .chunks(240)
                .map(|chunk| alloc::format!("\" \"{}", str::from_utf8(chunk).unwrap()))
                .collect::<String>()
        );
        let overview = overview(&zone);
        assert!(!overview.is_complete);
        assert_eq!((overview.lookups, overview.depending.len()), (1001, 1000));
    }

    #[test]
    fn included_and_published_records_are_not_blamed_for_what_they_need_not() {
        let long: String = (0..30).map(|n| alloc::format!(" \" ip4:192.0.2.{n}\"")).collect();
        let overview = overview(&alloc::format!(
            "example.com. TXT \"v=spf1 include:a.example -all\"\na.example. TXT \"v=spf1\"{long}\n"
        ));
        assert_eq!(overview.records[1].record.lint().len(), 2);
        assert_eq!(overview.warnings(), []);
    }

    #[test]
    fn limits_end_a_survey_before_it_is_complete() {
        let zone = Zone::parse("*.example. TXT \"v=spf1 include:a.%{d} include:b.%{d}\"\nexample.com. TXT \"v=spf1 include:x.example\"\n").unwrap();
        let limits = SurveyLimits::default().with_questions(50);
        let overview = survey(Name::parse("example.com").unwrap(), &limits).run(&zone);
        assert!(!overview.is_complete);
        assert_eq!(overview.records.len(), 50);
        assert!(overview.lookups > 10);
        assert!(
            overview
                .warnings()
                .iter()
                .any(|(_, warning)| matches!(warning.kind, WarningKind::TooManyLookups { .. }))
        );
    }
}
