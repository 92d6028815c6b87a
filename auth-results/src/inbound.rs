//! A message on its way in: the envelope, then the message in any pieces.

use crate::{evidence::Evidence, iprev, replay::Shown};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::net::IpAddr;
use mail_base::{
    fields::{Header, HeaderError},
    name::ToAscii,
};

/// What the SMTP session said of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// The address of the client.
    pub ip: IpAddr,
    /// What the client called itself in HELO or EHLO.
    pub helo: String,
    /// The reverse-path, without angle brackets; empty for the null reverse-path.
    pub mail_from: String,
    /// The recipients, without angle brackets, where they are known.
    pub rcpt_to: Vec<String>,
    /// Whether the receiver knows the client to forward mail without rewriting its sender (RFC 7208 §D.2). SPF
    /// then says nothing of it: the verdicts are none, and the cause says why. Default: no.
    pub is_trusted_forwarder: bool,
}

impl Envelope {
    /// An envelope without recipients.
    #[must_use]
    pub fn new(ip: IpAddr, helo: &str, mail_from: &str) -> Self {
        Self {
            ip,
            helo: helo.to_owned(),
            mail_from: mail_from.to_owned(),
            rcpt_to: Vec::new(),
            is_trusted_forwarder: false,
        }
    }

    /// The same with one more recipient.
    #[must_use]
    pub fn with_recipient(mut self, recipient: &str) -> Self {
        self.rcpt_to.push(recipient.to_owned());
        self
    }

    /// The same with what the receiver knows of the client.
    #[must_use]
    pub fn with_trusted_forwarder(self, is_trusted_forwarder: bool) -> Self {
        Self { is_trusted_forwarder, ..self }
    }
}

/// The receiver's judgements and limits, those of each method and its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy<'p> {
    /// The limits of SPF.
    pub spf: spf::Limits,
    /// The record that is evaluated for a MAIL FROM domain that has none. What it says is
    /// [`best_guess`](spf::Report::best_guess) of the report on MAIL FROM; the verdict stays none, and DMARC knows
    /// nothing of it. Default: none.
    pub spf_best_guess: Option<spf::Record>,
    /// The judgements and limits of DKIM.
    pub dkim: dkim::Policy,
    /// The judgements of DMARC.
    pub dmarc: dmarc::LocalPolicy,
    /// The limits of DMARC.
    pub dmarc_limits: dmarc::Limits,
    /// How DMARC finds records and organizational domains.
    pub discovery: dmarc::Discovery<'p>,
    /// Whether forward-confirmed reverse DNS is asked for. Default: yes.
    pub iprev: bool,
    /// How many names of the client's address are looked up. Default: 10.
    pub iprev_names: usize,
    /// The name of this host, for explanations of SPF (`%{r}`).
    pub receiver: Option<String>,
    /// The function that turns U-labels into A-labels. Default: none, so that domains outside ASCII are
    /// refused; with the feature `idna`, give it `Name::parse_idna`.
    pub to_ascii: Option<ToAscii>,
    /// Whether every step of SPF is recorded. Default: no.
    pub trace: bool,
}

impl Default for Policy<'_> {
    fn default() -> Self {
        Self {
            spf: spf::Limits::default(),
            spf_best_guess: None,
            dkim: dkim::Policy::default(),
            dmarc: dmarc::LocalPolicy::default(),
            dmarc_limits: dmarc::Limits::default(),
            discovery: dmarc::Discovery::TreeWalk,
            iprev: true,
            iprev_names: iprev::MAX_NAMES,
            receiver: None,
            to_ascii: None,
            trace: false,
        }
    }
}

/// A message on its way in. What it keeps of a message is the header and the states of the hashes, whatever the
/// size of the body.
#[derive(Debug)]
pub struct Inbound<'p> {
    envelope: Envelope,
    policy: Policy<'p>,
    now: u64,
    verifier: dkim::Verifier,
}

impl<'p> Inbound<'p> {
    /// Starts with the envelope, and verifies signatures with the crates of RustCrypto. `now` is the time of
    /// reception in seconds since 1970.
    #[cfg(feature = "rustcrypto")]
    #[must_use]
    pub fn new(envelope: Envelope, policy: &Policy<'p>, now: u64) -> Self {
        Self::with_backend(envelope, policy, now, &dkim::backend::rustcrypto::RustCrypto)
    }

    /// Starts with the envelope, and verifies signatures with this backend.
    #[must_use]
    pub fn with_backend(
        envelope: Envelope,
        policy: &Policy<'p>,
        now: u64,
        backend: &'static dyn dkim::backend::Backend,
    ) -> Self {
        let verifier = dkim::Verifier::with_backend(&policy.dkim, now, backend);
        Self { envelope, policy: policy.clone(), now, verifier }
    }

    /// Takes the next piece of the message: header and body as they came after DATA, with CRLF line ends and
    /// without dot-stuffing.
    ///
    /// # Errors
    /// [`HeaderError`] where the header is larger than the policy's limits. The message cannot be judged then,
    /// and should be refused.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), HeaderError> {
        self.verifier.write(piece);
        self.verifier.header_error().map_or(Ok(()), Err)
    }

    /// The header as far as it has come.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.verifier.header()
    }

    /// Ends the message. What is left are questions.
    #[must_use]
    pub fn finish(mut self) -> Evidence<'p> {
        self.verifier.end_header();
        let header = self.verifier.header();
        let authors = dmarc::Authors::from_header(header, self.policy.to_ascii);
        let shown = Shown::new(header, &self.envelope, self.now);
        Evidence::new(self.envelope, self.policy, self.now, authors, self.verifier.finish(), shown)
    }
}
