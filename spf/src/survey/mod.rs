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
//! The networks are exact, exceptions and all, as far as they can be known: what a term with macros, `exists` or
//! `ptr` does depends on the message or the client, so that such terms are listed and otherwise left out.

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
    let survey = Survey {
        question: Question::txt(domain),
        limits: *limits,
        overview,
        questions: 0,
        frames: Vec::new(),
        pending: Pending::Record { space: Space::all(), passed: Space::default(), is_included: true },
        passed: Space::default(),
    };
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
}

/// A record that is being read.
#[derive(Clone, Debug)]
struct Frame {
    domain: Name,
    record: Record,
    term: Raw,
    /// The addresses that no term before has matched.
    space: Space,
    /// The addresses that pass.
    passed: Space,
}

#[derive(Clone, Debug)]
enum Pending {
    /// A record for the clients of this space, some of which pass already where it is redirected to.
    Record { space: Space, passed: Space, is_included: bool },
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
            Answer::Unavailable => self.overview.problems.push(Problem::Unavailable(self.question.clone())),
            // a name with addresses of one family only is nothing to complain about
            Answer::NoRecords if self.question.kind == Kind::Aaaa => {}
            answer if answer.is_void() && self.question.kind != Kind::Txt => {
                self.overview.problems.push(Problem::Void(self.question.clone()));
            }
            _ => {}
        }
        let pending = core::mem::replace(&mut self.pending, Pending::Exchangers(DualPrefix::default()));
        let next = match pending {
            Pending::Record { space, passed, is_included } => {
                self.record_answered(&answer, space, passed, is_included);
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
        self.overview.passing = self.passed.networks();
        self.overview
    }

    /// Goes on with the terms of the innermost record until there is something to ask.
    fn go_on(mut self, next: Option<(Question, Pending)>) -> Step<Self> {
        let mut next = next;
        loop {
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
            let term = term.filter(|_| !frame.space.is_empty());
            next = match term {
                Some(term) => {
                    frame.term = term;
                    self.term(term)
                }
                None => self.end_of_record(),
            };
        }
    }

    fn record_answered(&mut self, answer: &Answer, space: Space, passed: Space, is_included: bool) {
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
                    let term = Raw::version();
                    self.frames.push(Frame { domain, record, term, space, passed });
                    return;
                }
                Err(error) => Some(Problem::Syntax(domain, error)),
            },
        };
        self.overview.problems.extend(problem);
        // a redirect that leads nowhere still ends the record that it stands in
        if !is_included {
            self.leave(passed);
        }
    }

    /// The record is done: what passes by it matches the `include` that led to it.
    fn leave(&mut self, passed: Space) {
        let Some(outer) = self.frames.last_mut() else {
            self.passed = passed;
            return;
        };
        outer.space.remove(&passed);
        if outer.term.qualifier == Qualifier::Pass {
            outer.passed.add(passed);
        }
    }

    fn end_of_record(&mut self) -> Option<(Question, Pending)> {
        let frame = self.frames.pop()?;
        let Some(redirect) = frame.record.index().followed() else {
            self.leave(frame.passed);
            return None;
        };
        self.overview.lookups = self.overview.lookups.saturating_add(1);
        let term = Matched::new(frame.domain.clone(), frame.record.clone(), redirect.at);
        match self.target(&frame.domain, &frame.record, redirect.domain, term) {
            Some(name) if !self.is_open(&name) && name != frame.domain => {
                let pending =
                    Pending::Record { space: frame.space, passed: frame.passed, is_included: false };
                Some((Question::txt(name), pending))
            }
            Some(_) => {
                self.overview.problems.push(Problem::Loop(Matched::new(
                    frame.domain.clone(),
                    frame.record.clone(),
                    redirect.at,
                )));
                self.leave(frame.passed);
                None
            }
            None => {
                self.leave(frame.passed);
                None
            }
        }
    }

    fn is_open(&self, name: &Name) -> bool {
        self.frames.iter().any(|frame| frame.domain == *name)
    }

    fn term(&mut self, term: Raw) -> Option<(Question, Pending)> {
        let frame = self.frames.last_mut()?;
        match term.kind {
            RawKind::All => {
                let all = core::mem::take(&mut frame.space);
                frame.matched(all);
                return None;
            }
            RawKind::Ip4(address, prefix) => return self.take(IpAddr::V4(address), prefix),
            RawKind::Ip6(address, prefix) => return self.take(IpAddr::V6(address), prefix),
            RawKind::Redirect(_) | RawKind::Exp(_) | RawKind::Unknown(_) => return None,
            RawKind::Include(_) | RawKind::A(..) | RawKind::Mx(..) | RawKind::Ptr(_) | RawKind::Exists(_) => {
            }
        }
        self.overview.lookups = self.overview.lookups.saturating_add(1);
        let (domain, record) = (frame.domain.clone(), frame.record.clone());
        let matched = Matched::new(domain.clone(), record.clone(), term.at);
        match term.kind {
            RawKind::A(span, prefix) => {
                let name = self.target(&domain, &record, span, matched)?;
                self.next_addresses(prefix, address_questions([name]))
            }
            RawKind::Mx(span, prefix) => {
                let name = self.target(&domain, &record, span, matched)?;
                Some((Question::new(name, Kind::Mx), Pending::Exchangers(prefix)))
            }
            RawKind::Include(span) => {
                let name = self.target(&domain, &record, span, matched.clone())?;
                if self.is_open(&name) || self.frames.len() >= self.limits.depth {
                    self.overview.problems.push(Problem::Loop(matched));
                    return None;
                }
                let space = self.frames.last()?.space.clone();
                let pending = Pending::Record { space, passed: Space::default(), is_included: true };
                Some((Question::txt(name), pending))
            }
            _ => {
                self.overview.depending.push(matched);
                None
            }
        }
    }

    fn take(&mut self, address: IpAddr, prefix: u8) -> Option<(Question, Pending)> {
        let limit = self.limits.ranges;
        let frame = self.frames.last_mut()?;
        if frame.space.len().saturating_add(frame.passed.len()) >= limit {
            self.overview.is_complete = false;
            return None;
        }
        let taken = frame.space.take(address, prefix);
        frame.matched(taken);
        None
    }

    /// The name that a domain-spec stands for, where that does not depend on the message.
    fn target(&mut self, domain: &Name, record: &Record, span: Span, term: Matched) -> Option<Name> {
        if span.is_empty() {
            return Some(domain.clone());
        }
        let spec = record.domain_spec(span);
        let text = match spec.of_domain_only(domain) {
            Some(text) => text,
            None => {
                self.overview.depending.push(term);
                return None;
            }
        };
        match Name::parse(&text).map_err(Into::into).and_then(at_least_two_labels) {
            Ok(name) => Some(name),
            Err(_) => {
                self.overview.problems.push(Problem::Target(term));
                None
            }
        }
    }

    fn exchangers_answered(&mut self, answer: &Answer, prefix: DualPrefix) -> Option<(Question, Pending)> {
        let exchangers = answer.as_mx();
        if exchangers.len() > EXCHANGERS {
            let frame = self.frames.last()?;
            let term = Matched::new(frame.domain.clone(), frame.record.clone(), frame.term.at);
            self.overview.problems.push(Problem::TooManyExchangers(term));
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
    fn matched(&mut self, addresses: Space) {
        if self.term.qualifier == Qualifier::Pass {
            self.passed.add(addresses);
        }
    }
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
        assert_eq!(passing(&overview), ["0.0.0.0/0", "::/0"]);
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
