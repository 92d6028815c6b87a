//! What the signer signs verifies; with one bit of the signed header or body flipped it does not, unless the slow
//! oracle says that it is still the same message.
#![no_main]

extern crate alloc;

#[path = "../../dkim/tests/support/oracle.rs"]
mod oracle;

use dkim::{
    Algorithm, Canonicalization, Form, Name, Policy, SecretKey, Signature, Verdict, Verifier, Zone,
    backend::rustcrypto::PrivateKey,
    sign::{Signer, Template},
    signature::FIELD_NAME,
};
use libfuzzer_sys::fuzz_target;
use mail_base::fields::{Field, Header, HeaderLimits, HeaderReader};
use std::sync::LazyLock;

struct World {
    key: PrivateKey,
    zone: Zone,
    template: Template,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let name = |text| Name::parse(text).expect("a name");
    let key = PrivateKey::new(&SecretKey::from_ed25519_seed(&[7; 32])).expect("a key");
    let zone = Zone::parse(&format!("s._domainkey.example.com. TXT {}", key.record().zone_data()));
    let mut template = Template::new(name("example.com"), name("s"), Algorithm::Ed25519Sha256);
    template.timestamp = false;
    World { key, zone: zone.expect("a zone"), template }
});

fn passes(message: &[u8], step: usize) -> bool {
    let mut verifier = Verifier::new(&Policy::default(), 0);
    for piece in message.chunks(step) {
        verifier.write(piece);
    }
    dkim::run_all(verifier.finish(), &WORLD.zone).iter().any(|report| report.verdict == Verdict::Pass)
}

/// What the signature covers, in the words of RFC 6376: the fields that `h=` names, each name from the bottom up,
/// and the body.
fn covered(message: &[u8], h: &[&str], forms: Canonicalization) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut reader = HeaderReader::new(HeaderLimits::default());
    let used = reader.write(message).expect("no limit is reached").unwrap_or(message.len());
    let header: Header = reader.finish();
    let mut left: Vec<Field<'_>> = header.fields().filter(|field| !field.is_named(FIELD_NAME)).collect();
    let mut fields = Vec::new();
    for name in h {
        if let Some(at) = left.iter().rposition(|field| field.is_named(name)) {
            fields.push(oracle::field(forms.header == Form::Relaxed, left.remove(at).raw()));
        }
    }
    (fields, oracle::body(forms.body == Form::Relaxed, &message[used..]))
}

fuzz_target!(|input: (bool, bool, u8, u32, &[u8])| {
    let (header, body, step, flip, rest) = input;
    let form = |relaxed| if relaxed { Form::Relaxed } else { Form::Simple };
    let forms = Canonicalization { header: form(header), body: form(body) };
    let message = [b"From: a@example.com\r\n", rest].concat();
    let step = usize::from(step).saturating_add(1);

    let mut template = WORLD.template.clone();
    template.canonicalization = forms;
    let mut signer = Signer::new([template], 0);
    for piece in message.chunks(step) {
        signer.write(piece);
    }
    let Ok(mut unsigned) = signer.finish() else { return };
    let field = unsigned.remove(0).sign_with(&WORLD.key).expect("the key fits");
    assert!(field.as_str().lines().all(|line| line.len() <= 998));
    let signature = Signature::parse(field.value().as_bytes(), None).expect("what is signed reads back");
    let mut signed = [field.as_str().as_bytes(), &message].concat();
    assert!(passes(&signed, step));

    let at = usize::try_from(flip >> 3).expect("it fits") % signed.len();
    let before = signed[at];
    signed[at] ^= 1 << (flip & 7);
    let passes = passes(&signed, step);
    if at < field.as_str().len() {
        // white space for white space, and the name in another case, change nothing
        let is_space = |octet: u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
        let in_name = at < FIELD_NAME.len() && forms.header == Form::Relaxed;
        let is_same = (is_space(before) && is_space(signed[at]))
            || (in_name && before.eq_ignore_ascii_case(&signed[at]));
        assert!(!passes || is_same, "octet {at} of the signature");
    } else {
        let h: Vec<&str> = signature.fields.iter().collect();
        let flipped = &signed[field.as_str().len()..];
        let is_same = covered(flipped, &h, forms) == covered(&message, &h, forms);
        assert!(!passes || is_same, "octet {at}");
    }
});
