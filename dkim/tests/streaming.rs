//! Where a message is cut into pieces makes no difference, wherever that is and whatever stands there.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use dkim::{Canonicalization, Form, LineEnds, Policy, SignatureReport, Verifier, sign::Signer};
use mail_base::fields::HeaderLimits;
use proptest::prelude::*;
use support::{NOW, signed, template, zone};

/// The pieces between cuts, some of them empty.
fn pieces<'a>(message: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
    cuts.extend([0, 0, message.len(), message.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &message[pair[0]..pair[1]]).collect()
}

fn verify(pieces: &[&[u8]], policy: &Policy) -> Vec<SignatureReport> {
    let mut verifier = Verifier::new(policy, NOW);
    for piece in pieces {
        verifier.write(piece);
    }
    dkim::run_all(verifier.finish(), &zone(""))
}

proptest! {
    #[test]
    fn the_pieces_make_no_difference(
        header in "(Subject: [a ]{0,9}(\r\n|\n|\r)[ \t]?|DKIM-Signature: v=1;\r\n){0,4}",
        body in "([a \t]{0,3}(\r\n|\r|\n)?){0,30}",
        forms in any::<(bool, bool, bool)>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let form = |relaxed| if relaxed { Form::Relaxed } else { Form::Simple };
        let mut template = template();
        template.canonicalization = Canonicalization { header: form(forms.0), body: form(forms.1) };
        let line_ends = if forms.2 { LineEnds::Normalise } else { LineEnds::AsReceived };
        let mut policy = Policy::default();
        policy.line_ends = line_ends;

        let plain = format!("From: a@example.com\r\n{header}\r\n{body}").into_bytes();
        let sign = |pieces: &[&[u8]]| {
            let mut signer = Signer::new([template.clone()], NOW).line_ends(line_ends);
            pieces.iter().for_each(|piece| signer.write(piece));
            signer.finish().map(|unsigned| unsigned[0].data().to_vec())
        };
        prop_assert_eq!(sign(&pieces(&plain, &cuts)), sign(&[&plain]));

        let field = signed(template.clone(), b"From: a@example.com\r\n\r\nb\r\n");
        let field = &field[..field.len() - b"From: a@example.com\r\n\r\nb\r\n".len()];
        let message = [field, &plain].concat();
        prop_assert_eq!(verify(&pieces(&message, &cuts), &policy), verify(&[&message], &policy));
    }
}

#[test]
fn the_pieces_of_a_header_that_is_too_large_make_no_difference() {
    let message = b"From: a@example.com\r\nDKIM-Signature: v=1;\r\nTo: x\r\n\r\n";
    for limit in 0..message.len() {
        let mut policy = Policy::default();
        policy.header = HeaderLimits::default().with_octets(limit);
        for cut in 0..=message.len() {
            let (start, end) = message.split_at(cut);
            let reports = verify(&[start, end], &policy);
            assert_eq!(reports, verify(&[message], &policy), "at most {limit}, cut at {cut}");
        }
    }
}
