//! Signatures as nobody writes them and the grammar of RFC 6376 §3.5 allows: tags in any order, white space wherever
//! it may stand, `b=` in the middle, names in any case. They are put together by hand, over what the slow oracle says
//! is hashed.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing)]

extern crate alloc;

#[path = "support/oracle.rs"]
#[allow(unreachable_pub)]
mod oracle;
mod support;

use dkim::{
    Policy, Verdict,
    algorithm::HashAlgorithm,
    backend::{
        Backend, SigningKey,
        rustcrypto::{PrivateKey, RustCrypto},
    },
};
use proptest::prelude::*;
use support::{base64, ed25519, verify};

/// Folding white space, or none.
fn fws() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["", "", "", " ", "\t", "  ", "\r\n ", "\r\n\t", " \r\n  "][..])
}

/// White space before the name of a tag, after it, before its value and after it.
type Around = (&'static str, &'static str, &'static str, &'static str);

/// The field with this value of `b=`; without one, as it is hashed: white space around the value is gone too (§3.7).
fn field(name: &str, tags: &[(String, Around)], end: &str, signature: Option<&str>) -> String {
    let tags = tags.iter().map(|(tag, (before, after_name, before_value, after))| {
        let (name, value) = tag.split_once('=').unwrap();
        match (name, signature) {
            ("b", None) => format!("{before}b{after_name}="),
            ("b", Some(signature)) => format!("{before}b{after_name}={before_value}{signature}{after}"),
            _ => format!("{before}{name}{after_name}={before_value}{value}{after}"),
        }
    });
    format!("{name}:{}{end}\r\n", tags.collect::<Vec<_>>().join(";"))
}

proptest! {
    #[test]
    fn whatever_the_grammar_allows_passes(
        forms in any::<(bool, bool)>(),
        name in prop::sample::select(&["DKIM-Signature", "dkim-SIGNATURE", "DKIM-signature ", "Dkim-Signature\t"][..]),
        body in "([a \t]{0,3}(\r\n)?){0,9}",
        separators in prop::collection::vec((fws(), fws()), 3),
        more in prop::sample::subsequence(
            vec!["i=j=6Fe\r\n\t=3B@mail.example.com", "t=1", "x=999999999999", "q=http/x : dns/txt", "bb=AAAA b=x", "z=a:b|\r\n c:=3B", "n=\r\n\tB"],
            0..7,
        ),
        order in Just((0..14_usize).collect::<Vec<_>>()).prop_shuffle(),
        around in prop::collection::vec((fws(), fws(), fws(), fws()), 14),
        end in prop::sample::select(&["", ";", "; ", ";\r\n "][..]),
        cut in any::<prop::sample::Index>(),
        place in 0..3_usize,
    ) {
        let (relaxed_header, relaxed_body) = forms;
        // of the relaxed form of white space at the very end others think otherwise, and it is tested elsewhere
        let body = body.trim_end_matches([' ', '\t']);
        let form = |relaxed| if relaxed { "relaxed" } else { "simple" };
        let mut hash = RustCrypto.hash(HashAlgorithm::Sha256).unwrap();
        hash.update(&oracle::body(relaxed_body, body.as_bytes()));
        let mut body_hash = base64(hash.finish().as_bytes());
        body_hash.insert_str(cut.index(body_hash.len() - 1) + 1, separators[2].0);
        let names = ["froM", "X-Absent", "subject", "From"];
        let separators: Vec<String> = separators.iter().map(|(before, after)| format!("{before}:{after}")).collect();
        let list = format!("{}{}{}{}{}{}{}", names[0], separators[0], names[1], separators[1], names[2], separators[2], names[3]);
        let mut tags = vec![
            "v=1".to_owned(),
            "a=ed25519-sha256".to_owned(),
            format!("c={}/{}", form(relaxed_header), form(relaxed_body)),
            "d=Example.COM".to_owned(),
            "s=ED".to_owned(),
            format!("h={list}"),
            format!("bh={body_hash}"),
            "b=".to_owned(),
        ];
        tags.extend(more.into_iter().map(str::to_owned));
        let ordered = order.iter().filter_map(|&at| tags.get(at).cloned());
        let tags: Vec<(String, Around)> = ordered.zip(around).collect();
        // white space after the last value and before the end of the list would be there twice
        let hashed = field(name, &tags, end, None);

        let fields = ["From : a@example.com\r\n", "Subject:  two \r\n\twords \r\n"];
        let mut data: Vec<u8> = [fields[0], fields[1]].iter().flat_map(|field| oracle::field(relaxed_header, field.as_bytes())).collect();
        let own = oracle::field(relaxed_header, hashed.as_bytes());
        data.extend_from_slice(own.strip_suffix(b"\r\n").unwrap());
        let mut signature = base64(&PrivateKey::new(&ed25519()).unwrap().sign(&data).unwrap());
        signature.insert_str(cut.index(signature.len() - 3) + 1, "\r\n  ");

        let mut lines = fields.map(str::to_owned).to_vec();
        lines.insert(place, field(name, &tags, end, Some(&signature)));
        let message = format!("{}\r\n{body}", lines.concat());
        let reports = verify(message.as_bytes(), &Policy::default());
        prop_assert_eq!(reports.len(), 1);
        prop_assert_eq!(reports[0].verdict, Verdict::Pass, "{}\n{}", reports[0], message);
    }
}
