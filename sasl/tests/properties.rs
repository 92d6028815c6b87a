//! Whatever the name and the password, the server gets what the client has.

#![allow(clippy::panic)]
mod common;

use common::{attempt, client, server, tls};
use proptest::prelude::*;
use sasl::{Credentials, Mechanism, Prepared, Step, line};

/// Text that can be a name: something, and no control characters.
fn name() -> impl Strategy<Value = String> {
    "\\PC{1,40}"
}

/// The first question of the server about these credentials.
fn question(mechanism: Mechanism, credentials: &Credentials) -> Step {
    let channel = tls();
    let (initial, client) = client(mechanism, credentials, &channel).start(1000);
    let server = server(&[mechanism]);
    if let Some(initial) = initial {
        return server.start(attempt(mechanism, Some(initial.as_bytes()), &channel));
    }
    let Step::Challenge(challenge) = server.start(attempt(mechanism, None, &channel)) else {
        panic!("no challenge")
    };
    let (response, client) = client.respond(challenge.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    match challenge.respond(response.as_bytes()) {
        Step::Challenge(challenge) => {
            let (response, _) =
                client.respond(challenge.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
            challenge.respond(response.as_bytes())
        }
        step => step,
    }
}

fn as_is(text: &str) -> Prepared {
    Prepared::as_is(text).unwrap_or_else(|error| panic!("{error}"))
}

proptest! {
    #[test]
    fn the_server_reads_what_the_client_meant(user in name(), password in name(), other in name()) {
        let credentials = Credentials::password(as_is(&user), as_is(&password));
        for mechanism in [Mechanism::Plain, Mechanism::Login] {
            let Step::Password(question) = question(mechanism, &credentials) else { panic!("{mechanism}") };
            prop_assert_eq!((question.user(), question.password()), (user.as_str(), password.as_str()));
        }
        let Step::Secret(asked) = question(Mechanism::CramMd5, &credentials) else { panic!("no question") };
        prop_assert_eq!(asked.user(), &user);
        prop_assert!(matches!(asked.answer(Some(password.as_bytes())), Step::Done(_)));
        let acting = credentials.acting_as(&other).unwrap_or_else(|error| panic!("{error}"));
        let Step::Keys(asked) = question(Mechanism::ScramSha256, &acting) else { panic!("no question") };
        prop_assert_eq!(asked.user(), &user);
        let Step::Password(asked) = question(Mechanism::Plain, &acting) else { panic!("no question") };
        if let Step::Authorize(asked) = asked.answer(true) {
            prop_assert_eq!((asked.name(), asked.acting_as()), (user.as_str(), other.as_str()));
        } else {
            prop_assert_eq!(&user, &other);
        }
        let bearer = Credentials::bearer(&user, "token").unwrap_or_else(|error| panic!("{error}"));
        for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
            let Step::Token(question) = question(mechanism, &bearer) else { panic!("{mechanism}") };
            prop_assert_eq!((question.user(), question.token()), (Some(user.as_str()), &b"token"[..]));
        }
    }

    #[test]
    fn a_line_is_decoded_to_what_was_encoded(octets: Vec<u8>) {
        let decoded = line::decode(line::encode(&octets).as_bytes());
        prop_assert_eq!(decoded, Ok(line::Response::Octets(sasl::Secret::new(&octets))));
        let decoded = line::decode_initial(line::encode_initial(&octets).as_bytes());
        prop_assert_eq!(decoded, Ok(sasl::Secret::new(&octets)));
    }

    /// What is accepted is written in one way only.
    #[test]
    fn a_line_that_is_decoded_is_encoded_to_itself(text in "[A-Za-z0-9+/=]{0,12}") {
        if let Ok(line::Response::Octets(octets)) = line::decode(text.as_bytes()) {
            prop_assert_eq!(line::encode(octets.as_bytes()), text.as_str().into());
        }
    }
}
