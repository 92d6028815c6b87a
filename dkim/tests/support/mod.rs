//! Keys that sign nothing but tests, and messages signed with them.
#![allow(dead_code, reason = "not every test needs everything")]
#![allow(clippy::unwrap_used)]

use dkim::{Algorithm, Name, SecretKey, sign::Template};
#[cfg(feature = "rustcrypto")]
use dkim::{Policy, SignatureReport, Zone, sign::Signer};

pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn rsa_2048() -> SecretKey {
    SecretKey::from_pem(include_bytes!("rsa-2048.pem")).unwrap()
}

pub(crate) fn rsa_1024() -> SecretKey {
    SecretKey::from_pem(include_bytes!("rsa-1024.pem")).unwrap()
}

pub(crate) fn rsa_512() -> SecretKey {
    SecretKey::from_pem(include_bytes!("rsa-512.pem")).unwrap()
}

pub(crate) fn ed25519() -> SecretKey {
    SecretKey::from_ed25519_seed(&[7; 32])
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A template for the Ed25519 key of the zone.
pub(crate) fn template() -> Template {
    Template::new(name("example.com"), name("ed"), Algorithm::Ed25519Sha256)
}

/// The message with a signature by the Ed25519 key before it.
#[cfg(feature = "rustcrypto")]
pub(crate) fn signed(template: Template, message: &[u8]) -> Vec<u8> {
    let mut signer = Signer::new([template], NOW);
    signer.write(message);
    let key = dkim::backend::rustcrypto::PrivateKey::new(&ed25519()).unwrap();
    let field = signer.finish().unwrap().remove(0).sign_with(&key).unwrap();
    [field.as_str().as_bytes(), message].concat()
}

/// A zone with the keys of `ed` and `rsa` at example.com, and with these lines.
#[cfg(feature = "rustcrypto")]
pub(crate) fn zone(more: &str) -> Zone {
    let record = |secret| dkim::backend::rustcrypto::PrivateKey::new(secret).unwrap().record().zone_data();
    let text = format!(
        "ed._domainkey.example.com. TXT {}\nrsa._domainkey.example.com. TXT {}\n{more}",
        record(&ed25519()),
        record(&rsa_2048())
    );
    Zone::parse(&text).unwrap()
}

#[cfg(feature = "rustcrypto")]
pub(crate) fn verify(message: &[u8], policy: &Policy) -> Vec<SignatureReport> {
    dkim::verify(message, policy, NOW, &zone(""))
}

/// The message with a signature put together by hand: `tags` are added, `signed_body` is what is hashed, and of
/// the header only From is signed, which must come first. All in the simple form, where hashing is plain.
#[cfg(feature = "rustcrypto")]
pub(crate) fn signed_by_hand(tags: &str, signed_body: &str, message: &str) -> Vec<u8> {
    signed_by_hand_for("example.com", tags, signed_body, message)
}

/// The same for another domain, which may be written in any way.
#[cfg(feature = "rustcrypto")]
pub(crate) fn signed_by_hand_for(domain: &str, tags: &str, signed_body: &str, message: &str) -> Vec<u8> {
    use dkim::backend::{
        Backend, SigningKey,
        rustcrypto::{PrivateKey, RustCrypto},
    };

    let mut hash = RustCrypto.hash(dkim::algorithm::HashAlgorithm::Sha256).unwrap();
    hash.update(signed_body.as_bytes());
    let body_hash = base64(hash.digest().as_bytes());
    let field =
        format!("DKIM-Signature: v=1; a=ed25519-sha256; d={domain}; s=ed; h=From; {tags}bh={body_hash}; b=");
    let from = message.split_inclusive("\r\n").next().unwrap();
    let signature = PrivateKey::new(&ed25519()).unwrap().sign(format!("{from}{field}").as_bytes()).unwrap();
    format!("{field}{}\r\n{message}", base64(&signature)).into_bytes()
}

/// A record with these octets in `p=` shows them in base64.
pub(crate) fn base64(octets: &[u8]) -> String {
    let record = dkim::KeyRecord::new(dkim::algorithm::KeyType::Rsa, octets.to_vec()).to_string();
    record.split_once("p=").unwrap().1.to_owned()
}
