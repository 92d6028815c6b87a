//! Evaluating one term (RFC 7208 §5, §6.1).

use super::{
    State,
    names::Choice,
    state::{Next, Origin, Pending, Task, Wanted},
};
use crate::{
    macros::{Letter, Piece, Place, expand_into, expanded_name},
    octets::{is_in_ip4, is_in_ip6},
    raw::{Raw, RawKind, Span},
    record::DualPrefix,
    request::has_two_labels,
    verdict::{Cause, DomainError, Verdict},
};
use alloc::string::String;
use core::net::IpAddr;
use mail_base::{
    Name,
    dns::{Answer, Kind, Question, Records},
    name::{MAX_OCTETS, NameError},
};

/// Where a domain-spec leads (RFC 7208 §4.8).
pub(super) enum Target {
    /// To this name.
    Name(Name),
    /// To no name, so that nothing matches. RFC 7208 §4.8 leaves open what follows from that.
    Malformed(DomainError),
    /// To no name, because the local part of the sender is not ASCII (RFC 8616 §4).
    NotAscii,
    /// The name of the client must be known first.
    Ask(Question, AskFor),
}

/// What is asked of the client's names.
pub(super) enum AskFor {
    Names,
    Addresses(usize),
}

impl AskFor {
    pub(super) fn pending(self, task: Task) -> Pending {
        match self {
            Self::Names => Pending::Pointers(task),
            Self::Addresses(number) => Pending::PointerAddresses(task, number),
        }
    }
}

impl State {
    /// Evaluates the directive.
    pub(super) fn evaluate(&mut self) -> Next {
        self.trace_term();
        let frame = self.frames.current_mut();
        let &Raw { kind, value, prefix, .. } = frame.term();
        match kind {
            RawKind::All => return Next::Match,
            RawKind::Ip4 | RawKind::Ip6 => {
                let is_in = self.client.is_in(frame.term(), frame.octets());
                return if is_in { Next::Match } else { Next::NoMatch };
            }
            _ => {}
        }
        if !frame.count(&mut self.lookups, self.limits.lookups) {
            return self.too_many_lookups();
        }
        // most ask for the record of a name that is written out
        if kind == RawKind::Include
            && let Some(name) = frame.plain_name(value)
        {
            return self.include(name);
        }
        self.compare_target(kind, value, prefix)
    }

    /// Compares the client with what is at the target of the directive.
    fn compare_target(&mut self, kind: RawKind, value: Span, prefix: DualPrefix) -> Next {
        let target = match kind {
            RawKind::Include => self.record_target(value),
            _ => self.target(value),
        };
        match (target, kind) {
            (Target::Name(name), _) => self.compare(kind, prefix, name),
            (Target::Ask(question, ask), _) => self.ask(question, ask.pending(Task::Term)),
            // RFC 7208 §4.3 and §5.2: a malformed domain has no record, which is permerror for include
            (Target::Malformed(error), RawKind::Include) => self.target_error(error),
            (Target::Malformed(error), _) => {
                self.trace_unasked(error);
                Next::NoMatch
            }
            (Target::NotAscii, _) => {
                self.trace_unasked(DomainError::LocalPart);
                Next::NoMatch
            }
        }
    }

    /// Keeps in the trace why nothing is asked.
    pub(super) fn trace_unasked(&mut self, error: DomainError) {
        if let Some(trace) = &mut self.trace {
            trace.unasked(error, self.lookups, self.void_lookups);
        }
    }

    /// Compares the client with what is at a name.
    #[inline(always)]
    fn compare(&mut self, kind: RawKind, prefix: DualPrefix, name: Name) -> Next {
        let (kind, wanted) = match kind {
            RawKind::Include => return self.include(name),
            RawKind::A => (self.address_kind(), Wanted::Addresses(prefix)),
            RawKind::Mx => (Kind::Mx, Wanted::Exchangers(prefix)),
            RawKind::Ptr => return self.compare_client_name(&name),
            // RFC 7208 §5.7: the type is A, even where the client's address is IPv6
            RawKind::Exists => (Kind::A, Wanted::Existence),
            // these compare no name
            RawKind::All | RawKind::Ip4 | RawKind::Ip6 => return Next::NoMatch,
            RawKind::Redirect | RawKind::Exp | RawKind::Unknown => return Next::NoMatch,
        };
        self.ask(Question::new(name, kind), Pending::Term(wanted))
    }

    /// Whether a validated name of the client is within the target (RFC 7208 §5.5).
    fn compare_client_name(&mut self, target: &Name) -> Next {
        match self.names.within(target) {
            Choice::Name(_) => Next::Match,
            Choice::Nothing => Next::NoMatch,
            Choice::AskNames => {
                let question = self.names_question();
                self.ask(question, Pending::Pointers(Task::Term))
            }
            Choice::AskAddresses(name, number) => {
                let question = Question::new(name.clone(), self.address_kind());
                self.ask(question, Pending::PointerAddresses(Task::Term, number))
            }
        }
    }

    /// Goes on with the record of another domain, and comes back with its result (RFC 7208 §5.2).
    #[inline(always)]
    fn include(&mut self, name: Name) -> Next {
        if let Some(trace) = &mut self.trace {
            trace.enter();
        }
        self.ask(Question::txt(name), Pending::Record(Origin::Include))
    }

    /// Follows the `redirect` (RFC 7208 §6.1).
    pub(super) fn redirect(&mut self) -> Next {
        self.trace_term();
        let frame = self.frames.current_mut();
        let domain = frame.term().value;
        if !frame.count(&mut self.lookups, self.limits.lookups) {
            return self.too_many_lookups();
        }
        match self.record_target(domain) {
            Target::Name(name) => self.ask(Question::txt(name), Pending::Record(Origin::Redirect)),
            Target::Malformed(error) => self.target_error(error),
            Target::NotAscii => {
                self.trace_unasked(DomainError::LocalPart);
                self.nothing_matched()
            }
            Target::Ask(question, ask) => self.ask(question, ask.pending(Task::Redirect)),
        }
    }

    fn target_error(&mut self, error: DomainError) -> Next {
        let term = self.frames.current().matched();
        self.stop(Verdict::PermError, Cause::TargetDomain { term, error })
    }

    #[inline(always)]
    fn trace_term(&mut self) {
        if self.trace.is_some() && !self.frames.current().is_counted {
            self.add_term_to_trace();
        }
    }

    #[cold]
    fn add_term_to_trace(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.term(self.frames.current().matched(), self.lookups, self.void_lookups);
        }
    }

    #[cold]
    fn too_many_lookups(&mut self) -> Next {
        let (limit, term) = (self.limits.lookups, self.frames.current().matched());
        self.stop(Verdict::PermError, Cause::TooManyLookups { limit, term })
    }

    /// Takes the records that the term wanted.
    pub(super) fn term_answered(&mut self, wanted: Wanted, answer: &Answer) -> Next {
        // RFC 7208 §5: an error ends the whole check
        if *answer == Answer::Unavailable {
            let cause = Cause::Unavailable(self.question.clone());
            return self.stop(Verdict::TempError, cause);
        }
        let is_match = match wanted {
            Wanted::Existence => !answer.as_a().is_empty(),
            Wanted::Addresses(prefix) => self.is_among(answer, prefix),
            Wanted::Exchangers(prefix) => return self.exchangers_answered(prefix, answer),
            Wanted::ExchangerAddresses(prefix, next) => {
                if !self.is_among(answer, prefix) {
                    return self.ask_exchanger(prefix, next);
                }
                true
            }
        };
        if is_match { Next::Match } else { Next::NoMatch }
    }

    /// The exchangers of an `mx` (RFC 7208 §5.4). There is no implicit one.
    fn exchangers_answered(&mut self, prefix: DualPrefix, answer: &Answer) -> Next {
        let Answer::Records(Records::Mx(exchangers)) = answer else { return Next::NoMatch };
        let limit = self.limits.exchangers;
        let count = exchangers.len();
        if count > limit {
            let cause = Cause::TooManyExchangers { limit, count, term: self.frames.current().matched() };
            return self.stop(Verdict::PermError, cause);
        }
        self.exchangers = Some(exchangers.clone());
        self.ask_exchanger(prefix, 0)
    }

    /// Asks for the addresses of the exchanger of this number, or of the first after it that is a host: a null MX
    /// (RFC 7505) names none.
    fn ask_exchanger(&mut self, prefix: DualPrefix, number: usize) -> Next {
        let exchangers = self.exchangers.as_deref().unwrap_or(&[]);
        let host = exchangers.iter().enumerate().skip(number).find(|(_, mx)| !mx.exchange.is_root());
        let Some((number, mx)) = host else { return Next::NoMatch };
        let question = Question::new(mx.exchange.clone(), self.address_kind());
        let next = number.saturating_add(1);
        self.ask(question, Pending::Term(Wanted::ExchangerAddresses(prefix, next)))
    }

    /// The kind of the client's address (RFC 7208 §5).
    fn address_kind(&self) -> Kind {
        if self.facts.ip.is_ipv4() { Kind::A } else { Kind::Aaaa }
    }

    /// Whether the client is within the prefix of an address. Of no address nobody is, whatever the prefix.
    fn is_among(&self, answer: &Answer, prefix: DualPrefix) -> bool {
        match self.facts.ip {
            IpAddr::V4(ip) => {
                answer.as_a().iter().any(|address| is_in_ip4(ip.to_bits(), address.to_bits(), prefix.ip4))
            }
            IpAddr::V6(ip) => {
                answer.as_aaaa().iter().any(|address| is_in_ip6(ip.to_bits(), address.to_bits(), prefix.ip6))
            }
        }
    }

    /// The same, where a record is wanted: of a name of two labels at least (RFC 7208 §4.3).
    #[inline(always)]
    fn record_target(&self, span: Span) -> Target {
        match self.target(span) {
            // without macros, the grammar wants a dot before the top label
            Target::Name(name) if span.has_macros && !has_two_labels(&name) => {
                Target::Malformed(DomainError::SingleLabel)
            }
            target => target,
        }
    }

    /// The name that a domain-spec stands for (RFC 7208 §4.8). Without one it is the domain itself.
    #[inline(always)]
    pub(super) fn target(&self, span: Span) -> Target {
        match self.frames.current().plain_name(span) {
            Some(name) => Target::Name(name),
            None => self.expanded_target(span),
        }
    }

    /// Expands a domain-spec to a name (RFC 7208 §7.3).
    fn expanded_target(&self, span: Span) -> Target {
        let frame = self.frames.current();
        let domain = &frame.domain;
        if span.is_empty() {
            return Target::Name(domain.clone());
        }
        let spec = frame.domain_spec(span);
        let has = |letters: &[Letter]| {
            spec.pieces()
                .flatten()
                .any(|piece| matches!(piece, Piece::Macro(one) if letters.contains(&one.letter)))
        };
        if has(&[Letter::Sender, Letter::LocalPart]) && !self.facts.texts.local_part().is_ascii() {
            return Target::NotAscii;
        }
        let validated_name = match self.validated_name(has(&[Letter::ValidatedName])) {
            Ok(name) => name,
            Err((question, ask)) => return Target::Ask(question, ask),
        };
        let mut text = String::with_capacity(MAX_OCTETS.saturating_add(1));
        let values = self.facts.values(domain, validated_name);
        match expand_into(&mut text, spec.as_str(), Place::DomainSpec, &values) {
            Ok(()) => target_name(expanded_name(&text)),
            Err(_) => Target::Malformed(DomainError::Expansion),
        }
    }

    /// What `%{p}` stands for, or the question that must be answered first.
    pub(super) fn validated_name(&self, is_wanted: bool) -> Result<&str, (Question, AskFor)> {
        if !is_wanted {
            return Ok("unknown");
        }
        match self.names.closest_to(&self.frames.current().domain) {
            Choice::Name(name) => Ok(name.as_str()),
            Choice::Nothing => Ok("unknown"),
            Choice::AskNames => Err((self.names_question(), AskFor::Names)),
            Choice::AskAddresses(name, number) => {
                Err((Question::new(name.clone(), self.address_kind()), AskFor::Addresses(number)))
            }
        }
    }

    fn names_question(&self) -> Question {
        Question::new(Name::reverse_of(self.facts.ip), Kind::Ptr)
    }
}

fn target_name(name: Result<Name, NameError>) -> Target {
    match name {
        Ok(name) => Target::Name(name),
        Err(error) => Target::Malformed(error.into()),
    }
}
