//! What comes out of a check.

use crate::{
    record::{Record, Term},
    request::{Identity, Request},
    trace::{Event, Trace, Tracer},
    verdict::{Cause, Verdict},
};
use alloc::string::String;
use core::{fmt, net::IpAddr};
use mail_base::Name;

/// What comes out of a check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The result.
    pub verdict: Verdict,
    /// Why the check did not pass; nothing where it did.
    pub cause: Option<Cause>,
    /// The domain's own explanation of a fail, which `exp` leads to: the words of a third party, in ASCII.
    pub explanation: Option<String>,
    /// Which identity was checked.
    pub identity: Identity,
    /// The domain that was checked, where there is one.
    pub domain: Option<Name>,
    /// The directive that decided: of the domain's own record, or of the one that it redirects to.
    pub matched: Option<Matched>,
    /// Where [`matched`](Self::matched) is an `include`, the directive that matched in the innermost record.
    pub innermost: Option<Matched>,
    /// What the caller's [best-guess record](Request::best_guess) says of a domain that has none.
    pub best_guess: Option<Verdict>,
    /// How many terms asked the DNS, of the limit in RFC 7208 §4.6.4.
    pub lookups: usize,
    /// How many of their questions were answered with nothing.
    pub void_lookups: usize,
    /// How many questions were answered in all.
    pub questions: usize,
    /// Every step of the check, where the request wants it.
    pub trace: Option<Trace>,
    pub(crate) request: Request,
}

impl Report {
    /// The report of a check that asks nothing: the verdict is none.
    pub(crate) fn unasked(request: Request, domain: Option<Name>, cause: Cause) -> Self {
        let identity = request.facts().identity;
        let verdict = Verdict::None;
        let trace = request.facts().is_traced.then(|| {
            let end = Event::Verdict { verdict, cause: Some(cause.clone()), best_guess: None };
            Tracer::default().finish(end, None, 0, 0)
        });
        Self {
            verdict,
            cause: Some(cause),
            explanation: None,
            identity,
            domain,
            matched: None,
            innermost: None,
            best_guess: None,
            lookups: 0,
            void_lookups: 0,
            questions: 0,
            trace,
            request,
        }
    }

    /// The client's address; IPv4 where it is IPv4-mapped.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.request.facts().ip
    }

    /// The sender that was checked: the mailbox of MAIL FROM, or `postmaster` at the HELO domain.
    #[must_use]
    pub fn sender(&self) -> &str {
        self.request.facts().texts.sender()
    }

    /// What stands in the place of the domain, whether or not it is one.
    #[must_use]
    pub fn domain_text(&self) -> &str {
        self.request.facts().texts.domain()
    }

    /// The HELO domain.
    #[must_use]
    pub fn helo(&self) -> &str {
        self.request.facts().texts.helo()
    }

    /// The host that checks, where the request names it.
    #[must_use]
    pub fn receiver(&self) -> Option<&str> {
        self.request.facts().receiver.as_deref()
    }
}

/// A term in the record of a domain. `Display` writes `-all in the record of example.com`.
#[derive(Clone, PartialEq, Eq)]
pub struct Matched {
    domain: Name,
    record: Record,
    at: u16,
}

impl Matched {
    pub(crate) fn new(domain: Name, record: Record, at: u16) -> Self {
        Self { domain, record, at }
    }

    /// Whose record it stands in.
    #[must_use]
    pub fn domain(&self) -> &Name {
        &self.domain
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The term.
    #[must_use]
    pub fn term(&self) -> Option<Term<'_>> {
        self.record.term_at(self.at)
    }

    /// The text of the term.
    #[must_use]
    pub fn text(&self) -> &str {
        self.term().map_or("", |term| term.text)
    }

    /// The offset of the term in the record.
    #[must_use]
    pub fn at(&self) -> usize {
        usize::from(self.at)
    }
}

impl fmt::Display for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the record of {}", self.text(), self.domain)
    }
}

impl fmt::Debug for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matched({self})")
    }
}
