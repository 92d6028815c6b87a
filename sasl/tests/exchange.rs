//! Our client against our server, in memory: every mechanism, in every way in which it can begin and end.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]
mod common;

use common::{NOW, PASSWORD, TOKEN, USER, answer, attempt, bound, choose, client, play, ready, server, tls};
use sasl::{
    Channel, ChannelBinding, ClientError, Credentials, Failure, Hash, Identity, Limits, Mechanism, Nonce,
    Policy, Secret, Server, Step, line,
    scram::{BindingFailure, Decoy, KeysLookup},
};

const BY_PASSWORD: [Mechanism; 7] = [
    Mechanism::Plain,
    Mechanism::Login,
    Mechanism::CramMd5,
    Mechanism::ScramSha1,
    Mechanism::ScramSha256,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha256Plus,
];

fn by_password(user: &str, password: &str) -> Credentials {
    Credentials::password(ready(user), ready(password))
}

fn credentials(mechanism: Mechanism) -> Credentials {
    match mechanism {
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::bearer(USER, TOKEN).unwrap(),
        Mechanism::External => Credentials::external(),
        Mechanism::Anonymous => Credentials::anonymous("sirhc").unwrap(),
        _ => by_password(USER, PASSWORD),
    }
}

/// The channel on which a mechanism works.
fn channel(mechanism: Mechanism) -> Channel {
    if mechanism.is_bound() { bound(7) } else { tls() }
}

fn untouched(_: usize, _: &mut Vec<u8>) {}

#[test]
fn every_mechanism_lets_its_user_in_with_and_without_an_initial_response() {
    for mechanism in Mechanism::ALL {
        for room in [0, 1000] {
            let channel = channel(mechanism);
            let client = client(mechanism, &credentials(mechanism), &channel);
            let played = play(&server(&[mechanism]), client, &channel, room, untouched);
            let identity = match mechanism {
                Mechanism::Anonymous => Identity::Anonymous { trace: "sirhc".into() },
                _ => Identity::User { name: USER.into(), acting_as: None },
            };
            assert_eq!(played.server, Ok(identity), "{mechanism} {room}");
            assert_eq!(played.client, Ok(()), "{mechanism} {room}");
        }
    }
}

#[test]
fn a_wrong_password_and_a_wrong_user_fail_alike() {
    for mechanism in BY_PASSWORD {
        let channel = channel(mechanism);
        let fails = |user, password| {
            let client = client(mechanism, &by_password(user, password), &channel);
            let played = play(&server(&[mechanism]), client, &channel, 1000, untouched);
            assert_eq!(played.server, Err(Failure::Credentials), "{mechanism} {user}");
            played.messages.iter().map(Vec::len).collect::<Vec<_>>()
        };
        let wrong_password = fails(USER, "x");
        let wrong_user = fails("tom", "x");
        assert_eq!(wrong_password, wrong_user, "{mechanism}: as many messages, as long");
    }
}

#[test]
fn the_salt_of_an_unknown_user_stays_the_same_and_is_his_own() {
    let salt = |user| {
        let client = client(Mechanism::ScramSha256, &by_password(user, "x"), &tls());
        let played = play(&server(&[Mechanism::ScramSha256]), client, &tls(), 1000, untouched);
        String::from_utf8(played.messages[1].clone()).unwrap()
    };
    assert_eq!(salt("tom"), salt("tom"));
    assert_ne!(salt("tom"), salt("tam"));
    assert!(salt("tom").ends_with(",i=4096"));
}

#[test]
fn acting_as_another_is_asked_about_after_the_credentials() {
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha1, Mechanism::External] {
        let outcome = |credentials: Credentials| {
            let client = client(mechanism, &credentials, &tls());
            play(&server(&[mechanism]), client, &tls(), 1000, untouched)
        };
        let as_other = |other| credentials(mechanism).acting_as(other).unwrap();
        let identity = |acting_as: Option<&str>| {
            Ok(Identity::User { name: USER.into(), acting_as: acting_as.map(Into::into) })
        };
        assert_eq!(
            outcome(as_other("shared-mailbox")).server,
            identity(Some("shared-mailbox")),
            "{mechanism}"
        );
        assert_eq!(outcome(as_other(USER)).server, identity(None), "{mechanism}");
        assert_eq!(outcome(as_other("boss")).server, Err(Failure::NotAuthorized), "{mechanism}");
        if mechanism != Mechanism::External {
            let guess = by_password(USER, "x").acting_as("shared-mailbox").unwrap();
            assert_eq!(outcome(guess).server, Err(Failure::Credentials), "{mechanism}");
        }
    }
    let of_other = Credentials::bearer("boss", TOKEN).unwrap();
    for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
        let played =
            play(&server(&[mechanism]), client(mechanism, &of_other, &tls()), &tls(), 1000, untouched);
        assert_eq!(played.server, Err(Failure::NotAuthorized), "{mechanism}");
    }
}

#[test]
fn a_refused_token_is_answered_and_explained() {
    for (mechanism, last) in [(Mechanism::OAuthBearer, &b"\x01"[..]), (Mechanism::XOAuth2, b"")] {
        let client = client(mechanism, &Credentials::bearer(USER, "expired").unwrap(), &tls());
        let played = play(&server(&[mechanism]), client, &tls(), 1000, untouched);
        assert_eq!(played.server, Err(Failure::Credentials));
        assert_eq!(played.refusal.as_deref(), Some(&br#"{"status":"invalid_token"}"#[..]));
        assert_eq!(played.messages.last().map(Vec::as_slice), Some(last));
    }
}

#[test]
fn no_token_is_never_accepted() {
    let channel = tls();
    let step = server(&[Mechanism::OAuthBearer]).start(attempt(
        Mechanism::OAuthBearer,
        Some(b"n,,\x01auth=\x01\x01"),
        &channel,
    ));
    let Step::Token(question) = step else { panic!("{step:?}") };
    assert!(question.token().is_empty());
    assert!(matches!(question.accept(USER), Step::Failed(Failure::Credentials)));
}

#[test]
fn the_server_is_told_where_the_client_connected_to() {
    let channel = tls();
    let credentials =
        Credentials::bearer(USER, TOKEN).unwrap().connected_to("mail.example.com", 587).unwrap();
    let (initial, _) = client(Mechanism::OAuthBearer, &credentials, &channel).start(1000);
    let initial = initial.unwrap();
    let step = server(&[Mechanism::OAuthBearer]).start(attempt(
        Mechanism::OAuthBearer,
        Some(initial.as_bytes()),
        &channel,
    ));
    let Step::Token(question) = step else { panic!("{step:?}") };
    assert_eq!(
        (question.host(), question.port(), question.user()),
        (Some("mail.example.com"), Some(587), Some(USER))
    );
}

/// Each octet of each message of SCRAM is altered in its turn: never are both sides content.
#[test]
fn nobody_can_alter_an_octet_of_scram() {
    let (mechanism, channel) = (Mechanism::ScramSha256Plus, bound(7));
    let server = server(&[mechanism]);
    let client = client(mechanism, &by_password(USER, PASSWORD), &channel);
    let whole = play(&server, client.clone(), &channel, 1000, untouched);
    assert_eq!(whole.messages.len(), 5);
    for (number, message) in whole.messages.iter().enumerate() {
        for at in 0..message.len() {
            let played = play(&server, client.clone(), &channel, 1000, |count, message| {
                if count == number {
                    message[at] ^= 1;
                }
            });
            assert!(played.server.is_err() || played.client.is_err(), "message {number}, octet {at}");
        }
    }
}

#[test]
fn scram_is_bound_to_the_channel() {
    let played = |client_channel: &Channel, server_channel: &Channel, mechanism| {
        let client = client(mechanism, &by_password(USER, PASSWORD), client_channel);
        let both = [Mechanism::ScramSha256, Mechanism::ScramSha256Plus];
        play(&server(&both), client, server_channel, 1000, untouched).server
    };
    let fails = |failure| Err(Failure::ChannelBinding(failure));
    // a man in the middle has two channels
    assert_eq!(played(&bound(1), &bound(2), Mechanism::ScramSha256Plus), fails(BindingFailure::Mismatch));
    // and might take -PLUS out of the list
    assert_eq!(played(&bound(1), &bound(1), Mechanism::ScramSha256), fails(BindingFailure::Downgrade));
    // a client that cannot bind is let in
    assert!(played(&tls(), &bound(1), Mechanism::ScramSha256).is_ok());
    // a server that cannot bind says so to one that can
    assert!(played(&bound(1), &tls(), Mechanism::ScramSha256).is_ok());
}

#[test]
fn the_client_binds_by_the_type_that_it_prefers_and_the_server_follows() {
    let exporter = ChannelBinding::tls_exporter([1; 32]);
    let end_point = |octet| ChannelBinding::tls_server_end_point(&[octet; 32]);
    let server_channel = Channel::Tls(vec![exporter, end_point(2)]);
    let played = |octet| {
        let client_channel = Channel::Tls(vec![end_point(octet)]);
        let mechanism = Mechanism::ScramSha256Plus;
        let client = client(mechanism, &by_password(USER, PASSWORD), &client_channel);
        play(&server(&[mechanism]), client, &server_channel, 1000, untouched)
    };
    let good = played(2);
    assert!(good.server.is_ok() && good.messages[0].starts_with(b"p=tls-server-end-point,,"));
    assert_eq!(played(3).server, Err(Failure::ChannelBinding(BindingFailure::Mismatch)));
}

/// The question for keys that a first message leads to.
fn keys_lookup(server: &Server, initial: &[u8]) -> KeysLookup {
    let step = server.start(attempt(Mechanism::ScramSha256, Some(initial), &tls()));
    let Step::Keys(question) = step else { panic!("{step:?}") };
    question
}

#[test]
fn a_decoy_looks_like_the_users_that_there_are() {
    let decoy = Decoy::new(Secret::from("key")).with_iterations(10_000).with_salt_octets(12);
    let server = Server::new("example.com", &[Mechanism::ScramSha256], decoy).unwrap();
    let Step::Challenge(challenge) = keys_lookup(&server, b"n,,n=tom,r=a").answer(None) else {
        panic!("not asked")
    };
    let text = String::from_utf8(challenge.as_bytes().to_vec()).unwrap();
    let salt = text.split(',').nth(1).unwrap();
    assert_eq!(salt.len(), "s=".len() + 16, "twelve octets in base64");
    assert!(text.ends_with(",i=10000"));
}

#[test]
fn keys_of_another_hash_are_no_keys() {
    let server = server(&[Mechanism::ScramSha256]);
    let salt_of = |keys| {
        let step = keys_lookup(&server, b"n,,n=tim,r=a").answer(keys);
        let Step::Challenge(challenge) = step else { panic!("{step:?}") };
        challenge.as_bytes().to_vec()
    };
    assert_eq!(salt_of(Some(common::keys(Hash::Sha1))), salt_of(None));
    assert_ne!(salt_of(Some(common::keys(Hash::Sha256))), salt_of(None));
}

#[test]
fn a_nonce_of_the_client_is_bounded() {
    let start = |octets| {
        let initial = ["n,,n=tim,r=", &"a".repeat(octets)].concat();
        server(&[Mechanism::ScramSha1]).start(attempt(Mechanism::ScramSha1, Some(initial.as_bytes()), &tls()))
    };
    assert!(matches!(start(256), Step::Keys(_)));
    assert!(matches!(start(257), Step::Failed(Failure::Nonce)));
}

#[test]
fn a_channel_that_names_nobody_lets_nobody_in() {
    let step = server(&[Mechanism::External]).start(attempt(Mechanism::External, Some(b"tim"), &tls()));
    let Step::External(question) = step else { panic!("{step:?}") };
    assert_eq!(question.authzid(), Some("tim"));
    assert!(matches!(question.answer(None), Step::Failed(Failure::Credentials)));
}

#[test]
fn a_host_that_could_break_a_challenge_is_refused() {
    let refused = |host| Server::new(host, &[], Decoy::new(Secret::default())).is_err();
    assert!(refused("") && refused("a b") && refused("a>") && refused("b\u{fc}cher.example"));
    assert!(!refused("mx.example.com") && !refused("[192.0.2.1]"));
}

fn scram_start(mechanism: Mechanism, initial: &str) -> Step {
    let both = [Mechanism::ScramSha256, Mechanism::ScramSha256Plus];
    server(&both).start(attempt(mechanism, Some(initial.as_bytes()), &bound(1)))
}

#[test]
fn the_flag_must_fit_the_mechanism() {
    let failure = |mechanism, initial| match scram_start(mechanism, initial) {
        Step::Failed(Failure::ChannelBinding(failure)) => failure,
        step => panic!("{step:?}"),
    };
    assert_eq!(failure(Mechanism::ScramSha256Plus, "n,,n=tim,r=a"), BindingFailure::Missing);
    assert_eq!(failure(Mechanism::ScramSha256Plus, "y,,n=tim,r=a"), BindingFailure::Missing);
    assert_eq!(failure(Mechanism::ScramSha256, "p=tls-exporter,,n=tim,r=a"), BindingFailure::Unexpected);
    assert_eq!(failure(Mechanism::ScramSha256Plus, "p=tls-unique,,n=tim,r=a"), BindingFailure::Unsupported);
    assert_eq!(failure(Mechanism::ScramSha256, "y,,n=tim,r=a"), BindingFailure::Downgrade);
}

#[test]
fn a_server_that_offers_no_binding_takes_the_clients_word_for_it() {
    let channel = bound(1);
    let initial = b"y,,n=tim,r=a";
    let step =
        server(&[Mechanism::ScramSha256]).start(attempt(Mechanism::ScramSha256, Some(initial), &channel));
    assert!(matches!(step, Step::Keys(_)));
}

/// Gives the server's first message to a client with the nonce `fyko+d2lbbFgONRv9qkxdawL`.
fn server_first(message: &str) -> Result<(), ClientError> {
    let client = client(Mechanism::ScramSha256, &by_password(USER, PASSWORD), &tls());
    let (_, client) = client.start(1000);
    client.respond(message.as_bytes()).map(|_| ())
}

#[test]
fn a_client_trusts_no_weak_server() {
    let nonce = "fyko+d2lbbFgONRv9qkxdawL";
    assert_eq!(server_first(&format!("r={nonce}x,s=c2FsdA==,i=4096")), Ok(()));
    assert_eq!(server_first(&format!("r={nonce},s=c2FsdA==,i=4096")), Err(ClientError::Nonce));
    assert_eq!(server_first("r=other,s=c2FsdA==,i=4096"), Err(ClientError::Nonce));
    let iterations = |asked: u32| server_first(&format!("r={nonce}x,s=c2FsdA==,i={asked}"));
    assert_eq!(iterations(4095), Err(ClientError::Iterations { asked: 4095 }));
    assert_eq!(iterations(1_000_001), Err(ClientError::Iterations { asked: 1_000_001 }));
    assert_eq!(iterations(u32::MAX), Err(ClientError::Iterations { asked: u32::MAX }));
    assert_eq!(server_first(&format!("r={nonce}x,s=cw==,i=4096")), Err(ClientError::Salt));
    assert_eq!(server_first(&format!("r={nonce}x,s=,i=4096")), Err(ClientError::Salt));
}

#[test]
fn the_iterations_that_a_client_makes_can_be_set() {
    let limits = Limits::default().with_min_iterations(4_500).with_max_iterations(5_000);
    let respond = |asked: u32| {
        let choice = choose(Mechanism::ScramSha256, &by_password(USER, PASSWORD), &tls());
        let (_, client) = choice.client(Nonce::parse("abc").unwrap(), &limits).start(1000);
        client.respond(format!("r=abcx,s=c2FsdA==,i={asked}").as_bytes()).map(|_| ())
    };
    for asked in [4_499, 5_001] {
        assert_eq!(respond(asked), Err(ClientError::Iterations { asked }));
    }
    for asked in [4_500, 5_000] {
        assert_eq!(respond(asked), Ok(()));
    }
}

#[test]
fn success_is_not_believed_before_it_can_be_true() {
    let at = |mechanism: Mechanism, challenges: &[&[u8]]| {
        let (_, mut client) = client(mechanism, &credentials(mechanism), &channel(mechanism)).start(1000);
        for challenge in challenges {
            client = client.respond(challenge).expect("a challenge").1;
        }
        client
    };
    let first = b"r=fyko+d2lbbFgONRv9qkxdawLx,s=c2FsdA==,i=4096";
    assert_eq!(at(Mechanism::ScramSha1, &[]).finish(None), Err(ClientError::NotVerified));
    assert_eq!(at(Mechanism::ScramSha1, &[first]).finish(None), Err(ClientError::NotVerified));
    assert_eq!(at(Mechanism::ScramSha1, &[first]).finish(Some(b"v=AAAA")), Err(ClientError::ServerSignature));
    assert_eq!(at(Mechanism::CramMd5, &[]).finish(None), Err(ClientError::TooEarly));
    assert_eq!(at(Mechanism::Login, &[]).finish(None), Err(ClientError::TooEarly));
    assert_eq!(at(Mechanism::Login, &[b""]).finish(None), Err(ClientError::TooEarly));
    assert_eq!(at(Mechanism::XOAuth2, &[b"{}"]).finish(None), Err(ClientError::TooEarly));
    assert_eq!(at(Mechanism::Plain, &[]).finish(Some(b"x")), Err(ClientError::UnexpectedData));
    assert_eq!(at(Mechanism::Plain, &[]).finish(None), Ok(()));
    let (_, unsent) = client(Mechanism::Plain, &credentials(Mechanism::Plain), &tls()).start(0);
    assert_eq!(unsent.finish(None), Err(ClientError::TooEarly));
}

#[test]
fn a_challenge_out_of_turn_is_refused() {
    let (_, plain) = client(Mechanism::Plain, &credentials(Mechanism::Plain), &tls()).start(1000);
    assert_eq!(plain.respond(b"").unwrap_err(), ClientError::UnexpectedChallenge);
    let cram = client(Mechanism::CramMd5, &credentials(Mechanism::CramMd5), &tls());
    assert_eq!(cram.clone().respond(b"").unwrap_err(), ClientError::EmptyChallenge);
    let (_, answered) = cram.respond(b"<1.2@host>").unwrap();
    assert_eq!(answered.respond(b"<1.2@host>").unwrap_err(), ClientError::UnexpectedChallenge);
}

#[test]
fn the_response_to_the_last_challenge_of_scram_is_empty() {
    let channel = tls();
    let (initial, client) =
        client(Mechanism::ScramSha1, &credentials(Mechanism::ScramSha1), &channel).start(1000);
    let initial = initial.unwrap();
    let step = server(&[Mechanism::ScramSha1]).start(attempt(
        Mechanism::ScramSha1,
        Some(initial.as_bytes()),
        &channel,
    ));
    let Step::Challenge(first) = answer(step) else { panic!("no challenge") };
    let (response, client) = client.respond(first.as_bytes()).unwrap();
    let Step::Challenge(last) = answer(first.respond(response.as_bytes())) else { panic!("no challenge") };
    // protocols that can send data with success may do so
    assert_eq!(client.clone().finish(Some(last.as_bytes())), Ok(()));
    assert_eq!(client.finish(None), Err(ClientError::NotVerified));
    assert!(matches!(last.respond(b"x"), Step::Failed(Failure::Malformed(_))));
}

#[test]
fn a_server_offers_what_the_channel_allows() {
    let server = server(&Mechanism::ALL);
    let names = |server: &Server, channel: &Channel| {
        server.offers(channel).map(Mechanism::name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&server, &Channel::Clear), "EXTERNAL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 ANONYMOUS");
    let under_tls = "EXTERNAL SCRAM-SHA-256 SCRAM-SHA-1 OAUTHBEARER XOAUTH2 CRAM-MD5 PLAIN LOGIN ANONYMOUS";
    assert_eq!(names(&server, &tls()), under_tls);
    assert!(names(&server, &bound(1)).contains("SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS"));
    let told = server.clone().with_clear_text_without_tls(true);
    assert_eq!(names(&told, &Channel::Clear), under_tls);
}

#[test]
fn what_is_not_offered_is_refused() {
    let failure = |server: &Server, mechanism, channel: &Channel| match server
        .start(attempt(mechanism, None, channel))
    {
        Step::Failed(failure) => failure,
        step => panic!("{step:?}"),
    };
    let all = server(&Mechanism::ALL);
    assert_eq!(failure(&all, Mechanism::Plain, &Channel::Clear), Failure::NeedsTls);
    assert_eq!(failure(&all, Mechanism::ScramSha1Plus, &tls()), Failure::NotOffered);
    assert_eq!(failure(&server(&[]), Mechanism::Plain, &tls()), Failure::NotOffered);
}

#[test]
fn a_server_that_speaks_first_takes_no_initial_response_but_in_login() {
    let channel = tls();
    let start =
        |mechanism, initial| server(&Mechanism::ALL).start(attempt(mechanism, Some(initial), &channel));
    assert!(matches!(start(Mechanism::CramMd5, b"x"), Step::Failed(Failure::UnexpectedInitialResponse)));
    assert!(matches!(start(Mechanism::CramMd5, b""), Step::Failed(Failure::UnexpectedInitialResponse)));
    let Step::Challenge(challenge) = start(Mechanism::Login, USER.as_bytes()) else { panic!("no challenge") };
    assert_eq!(challenge.as_bytes(), b"Password:");
    assert!(matches!(answer(challenge.respond(PASSWORD.as_bytes())), Step::Done(_)));
}

#[test]
fn messages_are_bounded_on_both_sides() {
    let channel = tls();
    let limits = Limits::default().with_message(40);
    let server = server(&[Mechanism::Plain]).with_limits(limits);
    let start = |octets: usize| {
        let message = ["\0tim\0".as_bytes(), &vec![b'a'; octets - 5]].concat();
        server.start(attempt(Mechanism::Plain, Some(&message), &channel))
    };
    assert!(matches!(start(40), Step::Password(_)));
    assert!(matches!(start(41), Step::Failed(Failure::Malformed(_))));
    let choice = Policy::default().choose(["CRAM-MD5"], &by_password(USER, PASSWORD), &channel).unwrap();
    let client = choice.client(Nonce::parse("a").unwrap(), &limits);
    assert!(client.clone().respond(&[b'a'; 40]).is_ok());
    assert!(matches!(client.respond(&[b'a'; 41]), Err(ClientError::Malformed(_))));
}

#[test]
fn a_command_carries_the_initial_response_where_it_fits() {
    let text = |secret: sasl::Secret| String::from_utf8(secret.as_bytes().to_vec()).unwrap();
    let client = |credentials: &Credentials, mechanism| client(mechanism, credentials, &tls());
    let plain = client(&by_password("test", "1234"), Mechanism::Plain);
    // RFC 4954 §4.1
    let (command, _) = line::start(plain.clone(), line::SMTP_COMMAND);
    assert_eq!(text(command), "AUTH PLAIN AHRlc3QAMTIzNA==");
    let exact = "AUTH PLAIN AHRlc3QAMTIzNA==\r\n".len();
    assert_eq!(text(line::start(plain.clone(), exact).0), "AUTH PLAIN AHRlc3QAMTIzNA==");
    let (command, waiting) = line::start(plain, exact - 1);
    assert_eq!(text(command), "AUTH PLAIN");
    assert!(waiting.ignores_challenge());
    let (response, done) = line::respond(waiting, b"PLAIN supported").expect("a remark is no challenge");
    assert_eq!(text(response), "AHRlc3QAMTIzNA==");
    assert_eq!(done.finish(None), Ok(()));
    let external = client(&Credentials::external(), Mechanism::External);
    assert_eq!(text(line::start(external.clone(), line::POP3_COMMAND).0), "AUTH EXTERNAL =");
    let (_, waiting) = external.start(0);
    assert!(!waiting.ignores_challenge(), "a response without octets fits everywhere");
    let cram = client(&by_password(USER, PASSWORD), Mechanism::CramMd5);
    let (command, cram) = line::start(cram, line::POP3_COMMAND);
    assert_eq!(text(command), "AUTH CRAM-MD5");
    assert!(matches!(line::respond(cram, b"Rubbish").unwrap_err(), ClientError::Line(_)));
}

#[test]
fn lines_are_canonical_base64() {
    let at = |line: &[u8]| line::decode(line).map_err(|error| error.at);
    let octets = |text: &str| Ok(line::Response::Octets(text.into()));
    assert_eq!(at(b""), octets(""));
    assert_eq!(at(b"YWI="), octets("ab"));
    assert_eq!(at(b"*"), Ok(line::Response::Cancel));
    // RFC 4954 §4 names the first two
    for (bad, place) in
        [("=AAA", 0), ("AAA=BBB", 3), ("YWI", 3), ("YWJ=", 2), ("YW I=", 2), ("**", 0), ("=", 0)]
    {
        assert_eq!(at(bad.as_bytes()), Err(place), "{bad}");
    }
    assert_eq!(line::decode_initial(b"="), Ok("".into()));
    assert!(line::decode_initial(b"*").is_err());
}

#[test]
fn nothing_secret_is_printed() {
    for mechanism in BY_PASSWORD {
        let channel = channel(mechanism);
        let client = client(mechanism, &credentials(mechanism), &channel);
        assert!(!format!("{client:?}").contains(PASSWORD), "{mechanism}");
    }
    let channel = tls();
    let message = format!("\0{USER}\0{PASSWORD}");
    let step =
        server(&[Mechanism::Plain]).start(attempt(Mechanism::Plain, Some(message.as_bytes()), &channel));
    assert!(!format!("{step:?}").contains(PASSWORD));
}

#[test]
fn a_challenge_of_cram_md5_has_nonce_time_and_host() {
    let channel = tls();
    let step = server(&[Mechanism::CramMd5]).start(attempt(Mechanism::CramMd5, None, &channel));
    let Step::Challenge(challenge) = step else { panic!("{step:?}") };
    assert_eq!(challenge.as_bytes(), format!("<1896.{NOW}@postoffice.reston.mci.net>").as_bytes());
}
