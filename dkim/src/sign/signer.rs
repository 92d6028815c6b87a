//! The machine that reads a message once.

use super::{SignError, Template, Unsigned, selection::Selection};
use crate::{
    backend::Backend,
    canon::{
        body::BodyForm,
        tap::{Digests, Tap, want},
    },
    header_index::IndexedHeader,
    line_ends::{Normaliser, bare_cr},
    policy::LineEnds,
    signature::{Listed, Statement},
};
use alloc::{sync::Arc, vec::Vec};
use mail_base::fields::{Field, HeaderError, HeaderLimits, HeaderReader};

/// Reads a message piece by piece, and leaves one [`Unsigned`] for each template.
///
/// ```
/// # #[cfg(feature = "rustcrypto")] {
/// use dkim::{Algorithm, Name, SecretKey, backend::rustcrypto::PrivateKey, sign::{Signer, Template}};
///
/// let key = PrivateKey::new(&SecretKey::from_ed25519_seed(&[7; 32])).unwrap();
/// let name = |text| Name::parse(text).unwrap();
/// let template = Template::new(name("example.com"), name("2026"), Algorithm::Ed25519Sha256);
/// let mut signer = Signer::new([template], 1_800_000_000);
/// signer.write(b"From: a@example.com\r\nSubject: none\r\n\r\nHello\r\n");
/// for unsigned in signer.finish().unwrap() {
///     let field = unsigned.sign_with(&key).unwrap().to_string(); // goes before the message
///     assert!(field.starts_with("DKIM-Signature: v=1; a=ed25519-sha256;") && field.ends_with("\r\n"));
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Signer {
    templates: Vec<Arc<Template>>,
    now: u64,
    backend: &'static dyn Backend,
    line_ends: LineEnds,
    normaliser: Normaliser,
    reader: HeaderReader,
    error: Option<HeaderError>,
    forms: Vec<BodyForm<Tap>>,
}

impl Signer {
    /// Starts at the first octet of a message, with the hash of the backend `RustCrypto`. `now` is the time in
    /// seconds since 1970. Templates that are kept for the next message are shared as [`Arc`]s.
    #[cfg(feature = "rustcrypto")]
    pub fn new(templates: impl IntoIterator<Item = impl Into<Arc<Template>>>, now: u64) -> Self {
        Self::with_backend(templates, now, &crate::backend::rustcrypto::RustCrypto)
    }

    /// Starts at the first octet of a message, with the hash of this backend. The keys may be of another.
    pub fn with_backend(
        templates: impl IntoIterator<Item = impl Into<Arc<Template>>>,
        now: u64,
        backend: &'static dyn Backend,
    ) -> Self {
        let templates: Vec<Arc<Template>> = templates.into_iter().map(Into::into).collect();
        let mut forms: Vec<BodyForm<Tap>> = Vec::with_capacity(2);
        for template in &templates {
            // a backend without the hash is noticed when the digest is missing
            want(&mut forms, template.canonicalization.body, template.algorithm.hash(), None, backend);
        }
        Self {
            templates,
            now,
            backend,
            line_ends: LineEnds::AsReceived,
            normaliser: Normaliser::default(),
            reader: HeaderReader::new(HeaderLimits::default()),
            error: None,
            forms,
        }
    }

    /// What is made of line ends that are not CRLF. Default: [`LineEnds::AsReceived`], which refuses a header
    /// that has them; a body is signed as it is. A message from a file of a Unix system wants
    /// [`LineEnds::Normalise`], and must be sent with CRLF.
    #[must_use]
    pub fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    /// How large a header may be.
    #[must_use]
    pub fn header_limits(mut self, limits: HeaderLimits) -> Self {
        self.reader = HeaderReader::new(limits);
        self
    }

    /// Takes the next piece of the message. Where the pieces are cut makes no difference.
    pub fn write(&mut self, piece: &[u8]) {
        match self.line_ends {
            LineEnds::AsReceived => self.take(piece),
            LineEnds::Normalise => {
                let mut normaliser = self.normaliser;
                normaliser.write(piece, |piece| self.take(piece));
                self.normaliser = normaliser;
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        if self.error.is_some() {
            return;
        }
        match self.reader.write(piece) {
            Ok(None) => {}
            Ok(Some(used)) => {
                let body = piece.get(used..).unwrap_or(&[]);
                for form in &mut self.forms {
                    form.write(body);
                }
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Ends the message. Gives what is to be signed, one for each template, in their order.
    ///
    /// # Errors
    /// A [`SignError`] where no receiver would accept the signature.
    pub fn finish(mut self) -> Result<Vec<Unsigned>, SignError> {
        if self.line_ends == LineEnds::Normalise {
            let normaliser = self.normaliser;
            normaliser.finish(|piece| self.take(piece));
        }
        let Self { templates, now, backend, line_ends, reader, error, forms, .. } = self;
        if let Some(error) = error {
            return Err(SignError::Header(error));
        }
        let header = IndexedHeader::new(reader.finish());
        check_header(&header, line_ends)?;
        let digests: Vec<_> = forms.into_iter().map(|form| (form.form(), form.finish().finish())).collect();
        let unsigned = templates.iter().map(|template| {
            template.check()?;
            let found = digests.iter().find(|(form, _)| *form == template.canonicalization.body);
            let body_hash =
                found.and_then(|(_, digests): &(_, Digests)| digests.get(template.algorithm.hash(), None));
            let body_hash = body_hash.ok_or(SignError::Algorithm(template.algorithm))?;
            let Selection { names, data, copies } = Selection::new(template, &header);
            let statement = Statement {
                algorithm: template.algorithm,
                canonicalization: template.canonicalization,
                domain: &template.domain,
                selector: &template.selector,
                identity: template.identity.as_ref(),
                timestamp: template.timestamp.then_some(now),
                expiration: template.lifetime.map(|lifetime| now.saturating_add(lifetime.max(1))),
                body_length: None,
                wants_reports: template.wants_reports,
                fields: &names,
                copied_fields: &copies,
                body_hash: body_hash.as_bytes(),
            };
            let times = [statement.timestamp, statement.expiration];
            if times.into_iter().flatten().any(|time| time > LAST_TIME) {
                return Err(SignError::Time);
            }
            Unsigned::new(&statement, data, backend)
        });
        unsigned.collect()
    }
}

/// The last time that twelve digits can tell (RFC 6376 §3.5).
const LAST_TIME: u64 = 999_999_999_999;

/// Refuses what no receiver should accept.
fn check_header(indexed: &IndexedHeader, line_ends: LineEnds) -> Result<(), SignError> {
    let header = indexed.header();
    if let Some(field) = header.fields().find(Field::is_malformed) {
        return Err(SignError::MalformedField { at: field.at() });
    }
    if line_ends == LineEnds::AsReceived && header.bare_line_feeds() > 0 {
        return Err(SignError::BareLineFeed);
    }
    if bare_cr(header.as_bytes()).is_some() {
        return Err(SignError::BareCarriageReturn);
    }
    match indexed.count(&Listed::FROM) {
        0 => Err(SignError::NoFrom),
        1 => Ok(()),
        count => Err(SignError::SeveralFrom { count }),
    }
}
