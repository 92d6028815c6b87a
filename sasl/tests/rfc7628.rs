//! The examples of RFC 7628 §4.

#![allow(clippy::panic)]
mod common;

use common::{attempt, client, server, tls};
use sasl::{Credentials, Failure, Identity, Mechanism, Step};

const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
const RESPONSE: &str = "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}\
    auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}";

#[test]
fn a_successful_exchange() {
    let credentials = Credentials::bearer("user@example.com", TOKEN).unwrap();
    let credentials = credentials.connected_to("server.example.com", 143).unwrap();
    let (response, _) = client(Mechanism::OAuthBearer, &credentials, &tls()).start(1000);
    assert_eq!(response, Some(RESPONSE.into()));
    let channel = tls();
    let start = attempt(Mechanism::OAuthBearer, Some(RESPONSE.as_bytes()), &channel);
    let Step::Token(question) = server(&[Mechanism::OAuthBearer]).start(start) else { panic!("not asked") };
    assert_eq!(question.token(), TOKEN.as_bytes());
    assert_eq!((question.host(), question.port()), (Some("server.example.com"), Some(143)));
    let Step::Done(identity) = question.accept("user@example.com") else { panic!("not done") };
    assert_eq!(identity, Identity::User { name: "user@example.com".into(), acting_as: None });
}

/// §4.3: an empty token, an error in JSON, `^A`, failure.
#[test]
fn a_failed_exchange() {
    let error = r#"{"status":"invalid_token","scope":"example_scope"}"#;
    let response = "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=\u{1}\u{1}";
    let channel = tls();
    let start = attempt(Mechanism::OAuthBearer, Some(response.as_bytes()), &channel);
    let Step::Token(question) = server(&[Mechanism::OAuthBearer]).start(start) else { panic!("not asked") };
    let Step::Challenge(challenge) = question.refuse(error) else { panic!("no challenge") };
    assert_eq!(challenge.as_bytes(), error.as_bytes());
    assert!(matches!(challenge.respond(b"\x01"), Step::Failed(Failure::Credentials)));
}
