//! Forward-confirmed reverse DNS (RFC 8601 §3): the names of an address, and whether one of them leads back.

use alloc::vec::Vec;
use core::{fmt, net::IpAddr};
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Kind, Question},
};

/// The default of how many names of an address are looked up, as many as SPF allows (RFC 7208 §4.6.4).
pub const MAX_NAMES: usize = 10;

/// Asks for the names of an address, and then for the addresses of each name until one is the first.
///
/// At most one question and one more for each of `max_names` names. IPv4 addresses in IPv6 form are taken as
/// IPv4.
///
/// ```
/// use auth_results::{Name, Zone, iprev};
///
/// let zone = Zone::parse("1.2.0.192.in-addr.arpa. PTR mail.example.com.\nmail.example.com. A 192.0.2.1")?;
/// let report = iprev::check([192, 0, 2, 1].into(), iprev::MAX_NAMES).run(&zone);
/// assert_eq!(report.verdict, iprev::Verdict::Pass);
/// assert_eq!(report.name, Some(Name::parse("mail.example.com").unwrap()));
/// # Ok::<(), auth_results::zone::ZoneError>(())
/// ```
pub fn check(address: IpAddr, max_names: usize) -> Step<Check> {
    let address = address.to_canonical();
    let question = Question::new(Name::reverse_of(address), Kind::Ptr);
    Step::Ask(Check { address, max_names, question, names: None, unavailable: false, questions: 0 })
}

/// How it came out (RFC 8601 §2.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One of the names leads back to the address.
    Pass,
    /// There are names, and none leads back.
    Fail,
    /// The DNS could not tell.
    TempError,
    /// The address has no name.
    PermError,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        })
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is none better.
    pub cause: Option<Cause>,
    /// The address that was looked up.
    pub address: IpAddr,
    /// The name that leads back to the address.
    pub name: Option<Name>,
    /// How many questions were answered.
    pub questions: usize,
}

/// Why an address was not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The address has no PTR record.
    NoName,
    /// None of its names leads back.
    NotConfirmed {
        /// How many names were looked up.
        names: usize,
    },
    /// The DNS could not tell the names, or not the addresses of one of them.
    Unavailable,
    /// The caller's time was up.
    Deadline,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("the address has no name"),
            Self::NotConfirmed { names } => write!(f, "none of {names} names leads back to the address"),
            Self::Unavailable => f.write_str("the DNS could not be asked"),
            Self::Deadline => f.write_str("the time was up"),
        }
    }
}

/// The machine of [`check`].
#[derive(Clone, Debug)]
pub struct Check {
    address: IpAddr,
    max_names: usize,
    question: Question,
    /// The names still to ask for, the next one last; `None` until they are known.
    names: Option<Names>,
    unavailable: bool,
    questions: usize,
}

#[derive(Clone, Debug)]
struct Names {
    rest: Vec<Name>,
    asked: usize,
}

impl Check {
    fn report(&self, verdict: Verdict, cause: Option<Cause>, name: Option<Name>) -> Report {
        Report { verdict, cause, address: self.address, name, questions: self.questions }
    }

    fn done(&self, verdict: Verdict, cause: Cause) -> Step<Self> {
        Step::Done(self.report(verdict, Some(cause), None))
    }

    /// Takes the names of the address.
    fn names(mut self, answer: &Answer) -> Step<Self> {
        if *answer == Answer::Unavailable {
            return self.done(Verdict::TempError, Cause::Unavailable);
        }
        // a PTR record may name the root, which is no host
        let names = answer.as_ptr().iter().filter(|name| !name.is_root());
        let mut rest: Vec<Name> = names.take(self.max_names).cloned().collect();
        if rest.is_empty() {
            return self.done(Verdict::PermError, Cause::NoName);
        }
        rest.reverse();
        self.names = Some(Names { rest, asked: 0 });
        self.next()
    }

    /// Asks for the addresses of the next name.
    fn next(mut self) -> Step<Self> {
        let Some(names) = &mut self.names else {
            return Step::Ask(self);
        };
        let Some(name) = names.rest.pop() else {
            let asked = names.asked;
            return if self.unavailable {
                self.done(Verdict::TempError, Cause::Unavailable)
            } else {
                self.done(Verdict::Fail, Cause::NotConfirmed { names: asked })
            };
        };
        names.asked = names.asked.saturating_add(1);
        let kind = if self.address.is_ipv4() { Kind::A } else { Kind::Aaaa };
        self.question = Question::new(name, kind);
        Step::Ask(self)
    }

    fn leads_back(&self, answer: &Answer) -> bool {
        match self.address {
            IpAddr::V4(address) => answer.as_a().contains(&address),
            IpAddr::V6(address) => answer.as_aaaa().contains(&address),
        }
    }
}

impl Inquiry for Check {
    type Outcome = Report;

    fn question(&self) -> &Question {
        &self.question
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        self.questions = self.questions.saturating_add(1);
        if self.names.is_none() {
            return self.names(&answer);
        }
        if self.leads_back(&answer) {
            let name = self.question.name.clone();
            return Step::Done(self.report(Verdict::Pass, None, Some(name)));
        }
        self.unavailable |= answer == Answer::Unavailable;
        self.next()
    }

    fn expire(self) -> Report {
        self.report(Verdict::TempError, Some(Cause::Deadline), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};
    use mail_base::{Zone, zone::Recorder};

    fn run(address: &str, zone: &str) -> Report {
        check(address.parse().unwrap(), MAX_NAMES).run(&Zone::parse(zone).unwrap())
    }

    const NAMES: &str = "1.2.0.192.in-addr.arpa. PTR a.example.\n1.2.0.192.in-addr.arpa. PTR b.example.\n";

    #[test]
    fn any_name_that_leads_back_confirms() {
        let report = run("192.0.2.1", &format!("{NAMES}a.example. A 192.0.2.9\nb.example. A 192.0.2.1\n"));
        assert_eq!((report.verdict, report.cause, report.questions), (Verdict::Pass, None, 3));
        assert_eq!(report.name, Name::parse("b.example").ok());
        let report = run("::ffff:192.0.2.1", &format!("{NAMES}a.example. A 192.0.2.1\n"));
        assert_eq!((report.verdict, report.questions), (Verdict::Pass, 2));
    }

    #[test]
    fn ipv6_addresses_are_confirmed_by_aaaa() {
        let zone = format!("{}. PTR a.example.\na.example. AAAA 2001:db8::1\n", {
            Name::reverse_of("2001:db8::1".parse().unwrap())
        });
        assert_eq!(run("2001:db8::1", &zone).verdict, Verdict::Pass);
    }

    #[test]
    fn names_that_lead_elsewhere_fail() {
        let report = run("192.0.2.1", &format!("{NAMES}a.example. A 192.0.2.9\n"));
        assert_eq!((report.verdict, report.cause), (Verdict::Fail, Some(Cause::NotConfirmed { names: 2 })));
        assert_eq!(report.name, None);
    }

    #[test]
    fn no_name_is_permanent_and_trouble_is_temporary() {
        assert_eq!(run("192.0.2.1", "").cause, Some(Cause::NoName));
        assert_eq!(run("192.0.2.1", "").verdict, Verdict::PermError);
        assert_eq!(run("192.0.2.1", "1.2.0.192.in-addr.arpa. NODATA").verdict, Verdict::PermError);
        assert_eq!(run("192.0.2.1", "1.2.0.192.in-addr.arpa. PTR .").cause, Some(Cause::NoName));
        let report = run("192.0.2.1", "1.2.0.192.in-addr.arpa. UNAVAILABLE");
        assert_eq!((report.verdict, report.cause), (Verdict::TempError, Some(Cause::Unavailable)));
        let report = run("192.0.2.1", &format!("{NAMES}a.example. UNAVAILABLE\n"));
        assert_eq!((report.verdict, report.cause), (Verdict::TempError, Some(Cause::Unavailable)));
        let report = run("192.0.2.1", &format!("{NAMES}a.example. UNAVAILABLE\nb.example. A 192.0.2.1\n"));
        assert_eq!(report.verdict, Verdict::Pass);
    }

    #[test]
    fn no_more_names_are_asked_for_than_the_limit() {
        let zone: String = (0..50).map(|n| format!("1.2.0.192.in-addr.arpa. PTR n{n}.example.\n")).collect();
        let recorder = Recorder::new(Zone::parse(&zone).unwrap());
        let report = check([192, 0, 2, 1].into(), MAX_NAMES).run(&recorder);
        assert_eq!(report.cause, Some(Cause::NotConfirmed { names: 10 }));
        assert_eq!((recorder.count(), report.questions), (11, 11));
    }

    #[test]
    fn time_that_is_up_is_a_temporary_error() {
        let report = check([192, 0, 2, 1].into(), MAX_NAMES).run_until(&Zone::new(), || true);
        assert_eq!((report.verdict, report.cause), (Verdict::TempError, Some(Cause::Deadline)));
    }
}
