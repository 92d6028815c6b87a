//! The example of RFC 8463 appendix A: one message with two signatures.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used)]

use dkim::{Algorithm, Policy, SignatureReport, Verdict, Zone};

const MESSAGE: &str = "\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
 subject : date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r
 date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r
From: Joe SixPack <joe@football.example.com>\r
To: Suzie Q <suzie@shopping.example.net>\r
Subject: Is dinner ready?\r
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
\r
Hi.\r
\r
We lost the game.  Are you hungry yet?\r
\r
Joe.\r
";

const ZONE: &str = r#"
brisbane._domainkey.football.example.com. TXT (
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
test._domainkey.football.example.com. TXT (
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB")
"#;

fn verify(message: &str) -> Vec<SignatureReport> {
    dkim::verify(message.as_bytes(), &Policy::default(), 1_528_637_909, &Zone::parse(ZONE).unwrap())
}

#[test]
fn both_signatures_of_appendix_a_pass() {
    let reports = verify(MESSAGE);
    let found: Vec<_> =
        reports.iter().map(|report| (report.index, report.verdict, report.algorithm)).collect();
    assert_eq!(
        found,
        [(0, Verdict::Pass, Some(Algorithm::Ed25519Sha256)), (1, Verdict::Pass, Some(Algorithm::RsaSha256)),]
    );
    assert_eq!(reports[0].key_bits, Some(256));
    assert_eq!(reports[0].identity.as_ref().unwrap().to_string(), "@football.example.com");
}

#[test]
fn a_field_that_is_signed_once_more_than_it_is_there_cannot_be_added() {
    let reports = verify(&MESSAGE.replace("Message-ID:", "Subject: another\r\nMessage-ID:"));
    assert!(reports.iter().all(|report| report.verdict == Verdict::Fail), "{reports:?}");
    let reports = verify(&MESSAGE.replace("Message-ID:", "To: another\r\nMessage-ID:"));
    assert!(reports.iter().all(|report| report.verdict == Verdict::Fail), "the bottom one is the signed one");
    let reports = verify(&MESSAGE.replace("From:", "To: another\r\nFrom:"));
    assert!(reports.iter().all(|report| report.verdict == Verdict::Pass), "To is signed once: {reports:?}");
}
