//! How many rounds of DNS latency a message takes when everything that can be asked is asked at once.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

use auth_results::{
    Envelope, Inbound, Policy, Zone,
    dns::{Answer, AsyncResolve, Question, Resolve},
};
use dkim::{
    Algorithm, SecretKey,
    backend::rustcrypto::PrivateKey,
    sign::{Signer, Template},
};
use mail_base::Name;
use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::{Context, Poll, Waker},
};

const NOW: u64 = 1_795_400_000;

/// SPF by two includes, DMARC at the organizational domain, and the names of the client.
const ZONE: &str = r#"
    bounce.example.com.       TXT   "v=spf1 include:_spf.example.com include:mailer.example.net -all"
    _spf.example.com.         TXT   "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/25 -all"
    mailer.example.net.       TXT   "v=spf1 ip4:192.0.2.0/24 -all"
    out.mailer.example.net.   TXT   "v=spf1 a -all"
    _dmarc.example.com.       TXT   "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
    1.2.0.192.in-addr.arpa.   PTR   out.mailer.example.net.
    out.mailer.example.net.   A     192.0.2.1
"#;

const MESSAGE: &[u8] =
    b"From: News <news@www.example.com>\r\nTo: reader@example.org\r\nSubject: This week\r\n\r\nHello\r\n";

/// Answers a question one round after it was asked.
struct Rounds {
    zone: Zone,
    now: AtomicUsize,
    questions: AtomicUsize,
}

impl AsyncResolve for Rounds {
    fn resolve(&self, question: &Question) -> impl Future<Output = Answer> + Send {
        let asked = self.now.load(SeqCst);
        self.questions.fetch_add(1, SeqCst);
        let answer = Resolve::resolve(&self.zone, question);
        std::future::poll_fn(move |_| {
            if self.now.load(SeqCst) > asked { Poll::Ready(answer.clone()) } else { Poll::Pending }
        })
    }
}

#[test]
fn a_typical_message_takes_as_many_rounds_as_its_longest_chain() {
    let name = |text| Name::parse(text).unwrap();
    let key = PrivateKey::new(&SecretKey::from_ed25519_seed(&[7; 32])).unwrap();
    let mut signer =
        Signer::new([Template::new(name("example.com"), name("s"), Algorithm::Ed25519Sha256)], NOW);
    signer.write(MESSAGE);
    let field = signer.finish().unwrap().remove(0).sign_with(&key).unwrap();
    let message = [field.as_str().as_bytes(), MESSAGE].concat();
    let zone = format!("{ZONE}    s._domainkey.example.com. TXT {}\n", key.record().zone_data());

    let envelope = Envelope::new([192, 0, 2, 1].into(), "out.mailer.example.net", "b@bounce.example.com");
    let mut inbound = Inbound::new(envelope, &Policy::default(), NOW);
    inbound.write(&message).unwrap();
    let resolver = Rounds {
        zone: Zone::parse(&zone).unwrap(),
        now: AtomicUsize::new(0),
        questions: AtomicUsize::new(0),
    };
    let mut future = pin!(inbound.finish().run_async(&resolver));
    let mut context = Context::from_waker(Waker::noop());
    let report = loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(report) => break report,
            Poll::Pending => resolver.now.fetch_add(1, SeqCst),
        };
    };

    assert_eq!(report.mail_from.verdict, spf::Verdict::Pass);
    assert_eq!(report.dmarc.alignment.dkim.unwrap().to_string(), "example.com (relaxed)");
    // the record of the sender and two includes; the walk from the author up to com has as many
    assert_eq!((report.mail_from.questions, report.dmarc.questions), (3, 3));
    assert_eq!(resolver.now.load(SeqCst), 3);
    // those, the key, the record of the HELO domain, the name of the client and the address of that name
    assert_eq!(resolver.questions.load(SeqCst), 3 + 3 + 1 + 1 + 1 + 1);
}
