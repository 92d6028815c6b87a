//! What can be built prints, and what is printed is read as the same.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]

use proptest::{collection::vec, option, prelude::*, sample::select};
use smtp_proto::{
    Attributes, Auth, Base64, BodyType, ByMode, Capabilities, Code, Command, CommandErrorKind, DeliverBy,
    EnhancedCode, Envid, Hold, HoldSeconds, Host, LineEndings, Mail, MailOthers, Mailbox, Mechanism,
    NoSupport, Notify, NotifyOn, OriginalRecipient, Path, PathErrorKind, Priority, Rcpt, RcptOthers, Reply,
    ReplyReader, Return, Rrvs, Rules, Submitter, Text, TextErrorKind, Timestamp, Unknown, Word, Xtext,
};

/// Texts of pieces that mean something somewhere, and of any characters.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "B",
        "9",
        "-",
        "_",
        ".",
        "@",
        "=",
        "+",
        ";",
        ",",
        "<",
        ">",
        "\"",
        "\\",
        "[",
        "]",
        ":",
        " ",
        "  ",
        "\t",
        "\r",
        "\n",
        "\r\n",
        "\0",
        "\u{7f}",
        "\u{85}",
        "ü",
        "\u{fffd}",
        "AUTH",
        "AUTH=",
        "DATA",
        "bdat",
        "MAIL",
        "RCPT",
        "FROM:",
        "TO:",
        "STARTTLS",
        "XCLIENT",
        "SIZE",
        "SIZE=1",
        "NOTIFY=NEVER",
        "X-Y=1",
        "LAST",
        "NEVER",
        "Postmaster",
        "250 ",
        "250-",
        "334 ",
        "5.1.1 ",
        "+41",
        "+0D+0A",
        "rfc822;",
        "utf-8;",
        "[IPv6:",
        "192.0.2.1",
        "example.com",
    ];
    let piece = prop_oneof![9 => select(pieces.to_vec()).prop_map(String::from), 1 => any::<String>()];
    vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// What a constructor makes of a text, or of one that it takes if it does not take that.
fn made<T: std::fmt::Debug>(
    good: &'static [&'static str],
    make: impl Fn(&'static str) -> Option<T>,
) -> impl Strategy<Value = T> {
    // values that borrow are simplest where the text lives for ever; a test may leak
    (text(), select(good)).prop_map(move |(text, good)| make(text.leak()).or_else(|| make(good)).unwrap())
}

fn rules() -> impl Strategy<Value = Rules> {
    select(vec![Rules::STRICT, Rules::LOOSE])
}

fn path() -> impl Strategy<Value = Path<'static>> {
    const USUAL: [&str; 6] =
        ["<>", "<Postmaster>", "<a@b>", "<\"a b>\"@[192.0.2.1]>", "<ü@ü.example>", "<@x,@y:a@z>"];
    let built =
        made(&["a@b", "\"a@b\"@c"], |text| Mailbox::parse(text, &Rules::LOOSE).ok()).prop_map(Path::Mailbox);
    prop_oneof![made(&USUAL, |text| Path::parse(text, &Rules::LOOSE).ok()), built,]
}

fn word() -> impl Strategy<Value = Word<'static>> {
    made(&["a", "DATA", "ü"], |text| Word::new(text).ok())
}

fn any_text() -> impl Strategy<Value = Text<'static>> {
    made(&["a", "a  b", "LAST"], |text| Text::new(text).ok())
}

fn time() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200_i64..253_402_300_800).prop_map(|seconds| Timestamp::new(seconds).unwrap())
}

fn hold() -> impl Strategy<Value = Hold> {
    let seconds = (0..=999_999_999_u32).prop_map(|seconds| HoldSeconds::new(seconds).unwrap());
    prop_oneof![seconds.prop_map(Hold::For), time().prop_map(Hold::Until)]
}

fn deliver_by() -> impl Strategy<Value = DeliverBy> {
    let notify = (-999_999_999..=999_999_999).prop_map(|seconds| (seconds, ByMode::Notify));
    let give_back = (1..=999_999_999).prop_map(|seconds| (seconds, ByMode::Return));
    (prop_oneof![notify, give_back], any::<bool>())
        .prop_map(|((seconds, mode), trace)| DeliverBy::new(seconds, mode, trace).unwrap())
}

fn notify() -> impl Strategy<Value = Notify> {
    let on = vec(select(vec![NotifyOn::SUCCESS, NotifyOn::FAILURE, NotifyOn::DELAY]), 1..4);
    let on = on.prop_map(|cases| Notify::On(cases.into_iter().reduce(|all, case| all | case).unwrap()));
    prop_oneof![Just(Notify::Never), on]
}

fn many_others(count: u8) -> MailOthers<'static> {
    let all: Vec<_> = (0..count).map(|number| format!("X{number}")).collect();
    MailOthers::new(all.join(" ").leak()).unwrap()
}

fn mail() -> impl Strategy<Value = Mail<'static>> {
    let bodies = vec![BodyType::SevenBit, BodyType::EightBitMime, BodyType::BinaryMime];
    let others = prop_oneof![
        made(&["", "X", "X=1 Y", "NOTIFY=1"], |text| MailOthers::new(text).ok()),
        (0..33_u8).prop_map(many_others),
    ];
    let first = (
        path().prop_map(|path| Mail::from(path).unwrap_or_else(|_| Mail::from(Path::Null).unwrap())),
        option::of(any::<u64>()),
        option::of(select(bodies)),
        any::<(bool, bool)>(),
        option::of(select(vec![Return::Full, Return::Headers])),
    );
    let second = (
        option::of(made(&["a", "a b+"], |text| Envid::encode(text).or_else(|| Envid::parse(text)))),
        option::of(prop_oneof![Just("<>"), Just("a+b@c")].prop_map(|text| Submitter::encode(text).unwrap())),
        option::of(deliver_by()),
        option::of((-9_i8..=9).prop_map(|value| Priority::new(value).unwrap())),
        option::of(hold()),
        option::of(others),
    );
    (first, second).prop_map(
        |((mut mail, size, body, flags, ret), (envid, auth, by, priority, hold, others))| {
            let params = &mut mail.params;
            (params.size, params.body, (params.smtputf8, params.requiretls)) = (size, body, flags);
            (params.ret, params.envid, params.auth, params.by) = (ret, envid, auth, by);
            (params.priority, params.hold) = (priority, hold);
            params.others = others.unwrap_or_default();
            mail
        },
    )
}

fn rcpt() -> impl Strategy<Value = Rcpt<'static>> {
    let no_support = select(vec![None, Some(NoSupport::Continue), Some(NoSupport::Reject)]);
    let rrvs = (time(), no_support).prop_map(|(since, no_support)| Rrvs { since, no_support });
    (
        path().prop_map(|path| Rcpt::to(path).unwrap_or_else(|_| Rcpt::to(Path::Postmaster).unwrap())),
        option::of(notify()),
        option::of(made(&["rfc822;a+40b", "utf-8;ü\\x{3D}"], OriginalRecipient::parse)),
        option::of(rrvs),
        option::of(made(&["", "X", "X=1 Y", "SIZE=1"], |text| RcptOthers::new(text).ok())),
    )
        .prop_map(|(mut rcpt, notify, orcpt, rrvs, others)| {
            (rcpt.params.notify, rcpt.params.orcpt, rcpt.params.rrvs) = (notify, orcpt, rrvs);
            rcpt.params.others = others.unwrap_or_default();
            rcpt
        })
}

fn auth() -> impl Strategy<Value = Auth<'static>> {
    let initial =
        option::of(vec(any::<u8>(), 0..40)).prop_map(|octets| octets.map(|octets| Base64::initial(&octets)));
    (made(&["PLAIN", "x-Y_9"], |text| Mechanism::new(text).ok()), initial)
        .prop_map(|(mechanism, initial)| Auth { mechanism, initial })
}

fn command() -> impl Strategy<Value = Command<'static>> {
    let unknown = (word(), option::of(any_text())).prop_map(|(verb, argument)| {
        let other = |_| Unknown::new(Word::new("TURN").unwrap(), None);
        Unknown::new(verb, argument).or_else(other).unwrap()
    });
    let alone = vec![Command::Data, Command::Rset, Command::Quit, Command::StartTls];
    prop_oneof![
        4 => mail().prop_map(Command::Mail),
        4 => rcpt().prop_map(Command::Rcpt),
        2 => auth().prop_map(Command::Auth),
        2 => unknown.prop_map(Command::Unknown),
        1 => select(alone),
        1 => word().prop_map(|word| Command::Ehlo(Host::new(word))),
        1 => word().prop_map(|word| Command::Helo(Host::new(word))),
        1 => word().prop_map(|word| Command::Lhlo(Host::new(word))),
        1 => (any::<u64>(), any::<bool>()).prop_map(|(size, last)| Command::Bdat { size, last }),
        1 => (word(), any::<bool>()).prop_map(|(url, last)| Command::Burl { url, last }),
        1 => option::of(any_text()).prop_map(Command::Noop),
        1 => option::of(any_text()).prop_map(Command::Help),
        1 => option::of(any_text()).prop_map(Command::Atrn),
        1 => any_text().prop_map(Command::Vrfy),
        1 => any_text().prop_map(Command::Expn),
        1 => any_text().prop_map(Command::Etrn),
        1 => made(&["NAME=a", "A=b  C=+41"], Attributes::parse).prop_map(Command::Xclient),
        1 => made(&["NAME=a", "A=b  C=+41"], Attributes::parse).prop_map(Command::Xforward),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn commands(command in command()) {
        let printed = command.to_string();
        prop_assert!(!printed.contains(['\r', '\n', '\0']));
        prop_assert_eq!(Command::parse(printed.as_bytes(), &Rules::LOOSE), Ok(command.clone()));
        let mut wire = Vec::new();
        command.write(&mut wire);
        prop_assert_eq!(wire, format!("{printed}\r\n").into_bytes());
    }

    #[test]
    fn paths(text in text(), rules in rules()) {
        if let Ok(path) = Path::parse(&text, &rules) {
            let printed = path.to_string();
            prop_assert_eq!(Path::parse(&printed, &rules), Ok(path.clone()));
        }
        if let Ok(mailbox) = Mailbox::parse(&text, &rules) {
            let printed = mailbox.to_string();
            prop_assert_eq!(Mailbox::parse(&printed, &rules), Ok(mailbox.clone()));
            let path = Path::Mailbox(mailbox);
            let printed = path.to_string();
            prop_assert_eq!(Path::parse(&printed, &rules), Ok(path.clone()));
        }
    }

    #[test]
    fn values(octets in vec(any::<u8>(), 0..30), numbers in any::<(u8, u16, u16)>()) {
        if let Some(xtext) = Xtext::encode(&octets) {
            prop_assert_eq!(Xtext::parse(xtext.as_str()), Some(xtext.clone()));
            prop_assert_eq!(&*xtext.decode(), &octets[..]);
        }
        if let Some(code) = EnhancedCode::new(numbers.0 % 6, numbers.1 % 1200, numbers.2 % 1200) {
            let printed = code.to_string();
            prop_assert_eq!(EnhancedCode::split(printed.as_bytes()), Some((code, &b""[..])));
        }
    }

    #[test]
    fn replies(code in 200..600_u16, enhanced in any::<(u8, u16, u16)>(), text in text()) {
        let enhanced = EnhancedCode::new(enhanced.0 % 6, enhanced.1 % 1000, enhanced.2 % 1000);
        let reply = Reply::new(Code::new(code).unwrap(), enhanced, &text);
        prop_assert_eq!(Reply::parse(reply.as_bytes()), Ok(reply.clone()));
    }

    #[test]
    fn replies_that_were_read(text in text(), choice in 0..3_usize) {
        let endings = [LineEndings::Strict, LineEndings::Normalise, LineEndings::Keep][choice];
        let input = format!("250-{text}\r\n250-{text}\n250 {text}\n250 end\r\n");
        if let Ok(Some((reply, used))) = ReplyReader::new(endings, 4096, 4096).read(input.as_bytes()) {
            prop_assert!(used <= input.len());
            prop_assert_eq!(Reply::parse(reply.as_bytes()), Ok(reply.clone()));
            let offered = Capabilities::from_reply(&reply);
            prop_assert_eq!(offered.to_string().parse::<Capabilities>(), Ok(offered));
        }
    }

    #[test]
    fn capabilities(lines in vec(text(), 0..5), host in word()) {
        let mut all = Capabilities::new();
        for line in &lines {
            // what is refused leaves nothing behind
            let before = all.clone();
            if all.offer(line).is_err() {
                prop_assert_eq!(&all, &before);
            }
        }
        prop_assert_eq!(all.to_string().parse::<Capabilities>(), Ok(all.clone()));
        let mut wire = Vec::new();
        all.write(&Host::new(host), &mut wire);
        prop_assert_eq!(Capabilities::from_reply(&Reply::parse(&wire).unwrap()), all);
    }
}

#[test]
fn what_could_not_be_read_cannot_be_built() {
    for verb in
        ["DATA", "data", "BDAT", "MAIL", "RCPT", "AUTH", "STARTTLS", "xclient", "XFORWARD", "ETRN", "QUIT"]
    {
        let error = Unknown::new(Word::new(verb).unwrap(), None).unwrap_err();
        assert_eq!((error.kind, error.at), (TextErrorKind::KnownVerb, 0), "{verb}");
    }
    let unknown = Unknown::new(Word::new("TURN").unwrap(), Some(Text::new("x y").unwrap())).unwrap();
    assert_eq!((unknown.verb().as_str(), unknown.argument().unwrap().as_str()), ("TURN", "x y"));

    assert_eq!(Mail::from(Path::Postmaster).unwrap_err().kind, PathErrorKind::NotHere);
    assert_eq!(Rcpt::to(Path::Null).unwrap_err().kind, PathErrorKind::NotHere);
    assert_eq!(Mechanism::new("PL@IN").unwrap_err().kind, TextErrorKind::Octet);
    assert_eq!(HoldSeconds::new(1_000_000_000), None);

    let error = |text| MailOthers::new(text).map_err(|error| (error.kind, error.at)).unwrap_err();
    assert_eq!(error("X=1 size=2"), (CommandErrorKind::Duplicate, 4), "there is a type for it");
    assert_eq!(error("X x"), (CommandErrorKind::Duplicate, 2));
    assert_eq!(RcptOthers::new("notify=NEVER").unwrap_err().kind, CommandErrorKind::Duplicate);
    assert!(RcptOthers::new("SIZE=2").is_ok() && MailOthers::new("NOTIFY=NEVER").is_ok());
}

#[test]
fn parameters_of_both_kinds_are_as_many_as_there_may_be() {
    let others: Vec<_> = (0..33).map(|number| format!("X{number}")).collect();
    let (most, more) = (others[..32].join(" "), others.join(" "));
    assert_eq!(MailOthers::new(&more).unwrap_err().kind, CommandErrorKind::TooManyParameters);
    let mut mail = Mail::from(Path::Null).unwrap();
    mail.params.size = Some(1);
    mail.params.others = MailOthers::new(&most).unwrap();
    let printed = Command::Mail(mail.clone()).to_string();
    assert_eq!(Command::parse(printed.as_bytes(), &Rules::STRICT), Ok(Command::Mail(mail)));
    let error = Command::parse(format!("{printed} MORE").as_bytes(), &Rules::STRICT).unwrap_err();
    assert_eq!(error.kind, CommandErrorKind::TooManyParameters);
}

#[test]
fn bare_addresses_are_as_long_as_paths() {
    let domain = format!("{}abc", "abcdefg.".repeat(31));
    let bare = |local: usize| format!("{}@{domain}", "a".repeat(local));
    let rules = Rules::STRICT.with_bare_addresses(true);
    // with brackets 256 octets
    let longest = bare(254 - 1 - domain.len());
    let path = Path::parse(&longest, &rules).unwrap();
    assert_eq!(Path::parse(&path.to_string(), &rules), Ok(path.clone()));
    let error =
        Path::parse(&format!("a{longest}"), &rules).map(|_| ()).map_err(|error| (error.kind, error.at));
    assert_eq!(error, Err((PathErrorKind::PathTooLong, 0)));
}

#[test]
fn tabs_in_what_a_server_offers_are_spaces() {
    let reply = Reply::parse(b"250-mx\r\n250-SIZE\t1000\r\n250 AUTH\tPLAIN\tLOGIN\r\n").unwrap();
    let offered = Capabilities::from_reply(&reply);
    assert_eq!(offered.size(), Some(1000));
    assert!(offered.mechanisms().eq(["PLAIN", "LOGIN"]));
    assert_eq!(offered.to_string().parse::<Capabilities>(), Ok(offered));
}

#[test]
fn mechanisms_of_old_are_offered_as_new_ones() {
    let mut offered = Capabilities::new();
    offered.offer("auth=PLAIN LOGIN").unwrap();
    assert_eq!(offered.to_string(), "AUTH PLAIN LOGIN\n");
    assert!(offered.mechanisms().eq(["PLAIN", "LOGIN"]));
    let error = "A\r\nB\r\n\0".parse::<Capabilities>().unwrap_err();
    assert_eq!((error.kind, error.at), (TextErrorKind::Octet, 6));
}
