//! The examples of RFC 4616 §4.

#![allow(clippy::panic)]
mod common;

use common::{attempt, client, ready, server, tls};
use sasl::{Credentials, Failure, Identity, Mechanism, Step};

fn message_of(credentials: &Credentials) -> sasl::Secret {
    client(Mechanism::Plain, credentials, &tls()).start(1000).0.unwrap_or_default()
}

#[test]
fn tim_is_let_in_as_himself() {
    let message = "\0tim\0tanstaaftanstaaf";
    assert_eq!(message_of(&Credentials::password(ready("tim"), ready("tanstaaftanstaaf"))), message.into());
    let channel = tls();
    let step =
        server(&[Mechanism::Plain]).start(attempt(Mechanism::Plain, Some(message.as_bytes()), &channel));
    let Step::Password(question) = step else { panic!("{step:?}") };
    assert_eq!((question.user(), question.password()), ("tim", "tanstaaftanstaaf"));
    let Step::Done(identity) = question.answer(true) else { panic!("not done") };
    assert_eq!(identity, Identity::User { name: "tim".into(), acting_as: None });
}

#[test]
fn kurt_may_not_act_as_ursel() {
    let message = "Ursel\0Kurt\0xipj3plmq";
    let credentials = Credentials::password(ready("Kurt"), ready("xipj3plmq")).acting_as("Ursel").unwrap();
    assert_eq!(message_of(&credentials), message.into());
    let channel = tls();
    let step =
        server(&[Mechanism::Plain]).start(attempt(Mechanism::Plain, Some(message.as_bytes()), &channel));
    let Step::Password(question) = step else { panic!("{step:?}") };
    let Step::Authorize(question) = question.answer(true) else { panic!("not asked") };
    assert_eq!((question.name(), question.acting_as()), ("Kurt", "Ursel"));
    assert!(matches!(question.answer(false), Step::Failed(Failure::NotAuthorized)));
}
