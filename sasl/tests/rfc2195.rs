//! The example of RFC 2195 §2.

#![allow(clippy::panic)]
mod common;

use common::{NOW, PASSWORD, USER, attempt, client, ready, server, tls};
use sasl::{Credentials, Failure, Mechanism, Step};

const CHALLENGE: &str = "<1896.697170952@postoffice.reston.mci.net>";
const RESPONSE: &str = "tim b913a602c7eda7a495b4e6e7334d3890";

#[test]
fn the_client_answers_as_in_the_example() {
    let client = client(Mechanism::CramMd5, &Credentials::password(ready(USER), ready(PASSWORD)), &tls());
    let (response, client) = client.respond(CHALLENGE.as_bytes()).unwrap();
    assert_eq!(response, RESPONSE.into());
    assert_eq!(client.finish(None), Ok(()));
}

#[test]
fn the_server_asks_and_checks_as_in_the_example() {
    assert_eq!(NOW, 697_170_952);
    let answered = |response: &str, password: Option<&[u8]>| {
        let channel = tls();
        let step = server(&[Mechanism::CramMd5]).start(attempt(Mechanism::CramMd5, None, &channel));
        let Step::Challenge(challenge) = step else { panic!("{step:?}") };
        assert_eq!(challenge.as_bytes(), CHALLENGE.as_bytes());
        let Step::Secret(question) = challenge.respond(response.as_bytes()) else { panic!("not asked") };
        assert_eq!(question.user(), USER);
        question.answer(password)
    };
    assert!(matches!(answered(RESPONSE, Some(PASSWORD.as_bytes())), Step::Done(_)));
    assert!(matches!(answered(RESPONSE, Some(b"x")), Step::Failed(Failure::Credentials)));
    assert!(matches!(answered(RESPONSE, None), Step::Failed(Failure::Credentials)));
    let wrong = RESPONSE.replace("b913", "b914");
    assert!(matches!(answered(&wrong, Some(PASSWORD.as_bytes())), Step::Failed(Failure::Credentials)));
}
