//! The example of RFC 6376 appendix A, with errata 3192 (one space after "game.") and 4926 (six spaces before
//! the folded lines of the signature).
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used)]

use dkim::{
    Algorithm, Cause, Policy, SignatureReport, Verdict, Zone,
    report::{BodyFact, HeaderFact, KeyFact},
};

const MESSAGE: &str = "\
DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r
      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r
      h=Received : From : To : Subject : Date : Message-ID;\r
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r
      4bmp/YzhwvcubU4=;\r
Received: from client1.football.example.com  [192.0.2.1]\r
      by submitserver.example.com with SUBMISSION;\r
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r
From: Joe SixPack <joe@football.example.com>\r
To: Suzie Q <suzie@shopping.example.net>\r
Subject: Is dinner ready?\r
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
\r
Hi.\r
\r
We lost the game. Are you hungry yet?\r
\r
Joe.\r
";

/// The key of appendix C.
const ZONE: &str = r#"
brisbane._domainkey.example.com. TXT (
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ"
    "KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
    "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v"
    "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
    "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB")
"#;

fn verify(message: &str) -> Vec<SignatureReport> {
    dkim::verify(message.as_bytes(), &Policy::default(), 1_058_000_000, &Zone::parse(ZONE).unwrap())
}

#[test]
fn the_signature_of_appendix_a_passes() {
    let reports = verify(MESSAGE);
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((report.verdict, &report.cause), (Verdict::Pass, &None));
    assert_eq!(report.domain.as_ref().unwrap().as_str(), "example.com");
    assert_eq!(report.selector.as_ref().unwrap().as_str(), "brisbane");
    assert_eq!(report.identity.as_ref().unwrap().to_string(), "joe@football.example.com");
    assert_eq!(report.algorithm, Some(Algorithm::RsaSha256));
    assert_eq!(report.key_bits, Some(1024));
    assert_eq!(
        (report.body, report.header, report.key),
        (BodyFact::Match, HeaderFact::Match, KeyFact::Usable)
    );
    assert_eq!(report.signature_prefix.as_deref(), Some("AuUoFEfD"));
    let covered = report.covered.as_ref().unwrap();
    assert!(covered.from);
    assert_eq!(covered.fields.to_string(), "Received:From:To:Subject:Date:Message-ID");
    assert_eq!((covered.body_length, covered.body_octets, covered.unsigned_octets()), (None, Some(54), 0));
    assert_eq!(report.to_string(), "pass example.com (selector brisbane, rsa-sha256)");
}

#[test]
fn what_erratum_3192_takes_out_breaks_the_body_hash() {
    let report = &verify(&MESSAGE.replace("game. Are", "game.  Are"))[0];
    assert_eq!((report.verdict, &report.cause), (Verdict::Fail, &Some(Cause::BodyMismatch)));
    assert_eq!((report.body, report.header), (BodyFact::Mismatch, HeaderFact::Match));
}

#[test]
fn what_erratum_4926_puts_in_matters_to_the_simple_form() {
    let report = &verify(&MESSAGE.replace("\r\n      4nujc7", "\r\n     4nujc7"))[0];
    assert_eq!(report.verdict, Verdict::Pass, "white space inside b= is no part of what is signed");
    let report = &verify(&MESSAGE.replace("      c=simple", "     c=simple"))[0];
    assert_eq!((report.verdict, &report.cause), (Verdict::Fail, &Some(Cause::SignatureMismatch)));
    assert_eq!((report.body, report.header), (BodyFact::Match, HeaderFact::Mismatch));
}

#[test]
fn any_split_gives_the_same() {
    let expected = verify(MESSAGE);
    let zone = Zone::parse(ZONE).unwrap();
    for pieces in testkit::splits(MESSAGE.as_bytes()) {
        let mut verifier = dkim::Verifier::new(&Policy::default(), 1_058_000_000);
        for piece in pieces {
            verifier.write(piece);
        }
        assert_eq!(dkim::run_all(verifier.finish(), &zone), expected);
    }
}
