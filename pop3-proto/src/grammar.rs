//! The grammar of RFC 1939 and RFC 2449 §3 by its rules, in nom: the test oracle of the readers that are written by
//! hand. It follows [`Rules::STRICT`](crate::Rules::STRICT).

use crate::{
    Auth, Command, DropListing, Number, Password, Response, Rules, ScanListing, Text, UniqueIdListing, Word,
    base64::Base64,
};
use alloc::{string::String, vec::Vec};
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take_while, take_while1},
    character::complete::{char, digit1},
    combinator::{all_consuming, map_opt, map_res, opt, recognize, rest, value, verify},
    sequence::{pair, preceded, separated_pair},
};
use proptest::prelude::*;

type Read<'a, T> = IResult<&'a [u8], T>;

const VERBS: [&str; 17] = [
    "USER", "PASS", "APOP", "AUTH", "STLS", "CAPA", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "NOOP",
    "RSET", "QUIT", "UTF8", "LANG",
];

/// `command = keyword *(SP param)`, RFC 2449 §3.
fn command(line: &[u8]) -> Option<Command<'_>> {
    let first = line.split(|octet| *octet == b' ').next().unwrap_or(b"");
    let is_known = VERBS.iter().any(|verb| verb.as_bytes().eq_ignore_ascii_case(first));
    let read = if is_known { all_consuming(known).parse(line) } else { all_consuming(unknown).parse(line) };
    read.ok().map(|(_, command)| command)
}

/// The commands of RFC 1939 §9, and of RFC 2449, 2595, 5034 and 6856.
fn known(line: &[u8]) -> Read<'_, Command<'_>> {
    let alone = |verb: &'static str, command: Command<'static>| value(command, tag_no_case(verb));
    alt((
        alt((
            all_consuming(alone("STAT", Command::Stat)),
            all_consuming(alone("NOOP", Command::Noop)),
            all_consuming(alone("RSET", Command::Rset)),
            all_consuming(alone("QUIT", Command::Quit)),
            all_consuming(alone("CAPA", Command::Capa)),
            all_consuming(alone("STLS", Command::Stls)),
            all_consuming(alone("UTF8", Command::Utf8)),
        )),
        argument("LIST", message).map(Command::List),
        argument("UIDL", message).map(Command::Uidl),
        behind("RETR", message).map(Command::Retr),
        behind("DELE", message).map(Command::Dele),
        behind("TOP", separated_pair(message, char(' '), map_res(number, u32::try_from)))
            .map(|(number, lines)| Command::Top { number, lines }),
        behind("USER", text).map(Command::User),
        behind("PASS", map_res(rest, |octets: &[u8]| Password::new(octets))).map(Command::Pass),
        behind("APOP", separated_pair(word, char(' '), word))
            .map(|(user, digest)| Command::Apop { user, digest }),
        behind("AUTH", auth).map(Command::Auth),
        argument("LANG", word).map(Command::Lang),
    ))
    .parse(line)
}

/// A verb, a space and an argument.
fn behind<'a, T>(
    verb: &'static str,
    argument: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
) -> impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>> {
    preceded(pair(tag_no_case(verb), char(' ')), argument)
}

/// A verb, with an argument or without.
fn argument<'a, T>(
    verb: &'static str,
    argument: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
) -> impl Parser<&'a [u8], Output = Option<T>, Error = nom::error::Error<&'a [u8]>> {
    preceded(tag_no_case(verb), opt(preceded(char(' '), argument)))
}

/// `[SP sasl-mech [SP initial-response]]`, RFC 5034 §4.
fn auth(line: &[u8]) -> Read<'_, Auth<'_>> {
    let is_mechanism = |name: &Word<'_>| {
        let name = name.as_str();
        name.len() <= 20 && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    let initial = preceded(char(' '), word.map(|word| Base64::unchecked(word.as_str())));
    pair(verify(word, is_mechanism), opt(initial))
        .map(|(mechanism, initial)| Auth { mechanism, initial })
        .parse(line)
}

/// Any other word, and what follows it.
fn unknown(line: &[u8]) -> Read<'_, Command<'_>> {
    pair(word, opt(preceded(char(' '), opt(text))))
        .map(|(verb, argument)| Command::Unknown { verb, argument: argument.flatten() })
        .parse(line)
}

/// Digits, as many as fit into 64 bits whatever they are.
fn number(line: &[u8]) -> Read<'_, u64> {
    map_opt(verify(digit1, |digits: &[u8]| digits.len() <= 19), |digits| {
        core::str::from_utf8(digits).ok()?.parse().ok()
    })
    .parse(line)
}

/// The number of a message: not 0.
fn message(line: &[u8]) -> Read<'_, Number> {
    map_opt(number, |number| Number::new(u32::try_from(number).ok()?)).parse(line)
}

/// `param = 1*VCHAR`, and UTF-8 (RFC 6856 §2.2).
fn word(line: &[u8]) -> Read<'_, Word<'_>> {
    let octets = take_while1(|octet: u8| octet > b' ' && octet != 0x7f);
    map_opt(octets, |octets| Word::new(core::str::from_utf8(octets).ok()?).ok()).parse(line)
}

/// All that is left, without controls.
fn text(line: &[u8]) -> Read<'_, Text<'_>> {
    let octets = take_while1(|octet: u8| octet >= b' ' && octet != 0x7f);
    map_opt(octets, |octets| Text::new(core::str::from_utf8(octets).ok()?).ok()).parse(line)
}

/// `single-line = status [SP text]`, or a code or challenge right behind the status. The status and the text.
fn response(line: &[u8]) -> Option<(bool, &[u8])> {
    let is_text = |octet: u8| (octet >= b' ' && octet != 0x7f) || octet == b'\t';
    let status = alt((value(true, tag("+OK")), value(false, tag("-ERR"))));
    let spaced = preceded(char(' '), take_while(is_text));
    let close = recognize(pair(alt((char('['), char('<'))), take_while(is_text)));
    let read: Read<'_, _> = all_consuming((status, opt(alt((spaced, close))))).parse(line);
    read.ok().map(|(_, (is_ok, text))| (is_ok, text.unwrap_or(b"")))
}

/// `scan-listing = message-number SP octets [SP …]`, RFC 1939 §5.
fn scan_listing(line: &[u8]) -> Option<(u32, u64)> {
    let more = opt(preceded(char(' '), rest));
    let read: Read<'_, _> = all_consuming((separated_pair(message, char(' '), number), more)).parse(line);
    read.ok().map(|(_, ((number, octets), _))| (number.get(), octets))
}

/// `unique-id-listing = message-number SP unique-id`, RFC 1939 §7.
fn unique_id_listing(line: &[u8]) -> Option<(u32, &[u8])> {
    let id = verify(take_while1(|octet: u8| octet.is_ascii_graphic()), |id: &[u8]| id.len() <= 70);
    let read: Read<'_, _> = all_consuming(separated_pair(message, char(' '), id)).parse(line);
    read.ok().map(|(_, (number, id))| (number.get(), id))
}

/// Lines that are commands, nearly are, or are not.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let verb = prop_oneof![
        8 => proptest::sample::select(VERBS.to_vec()).prop_map(String::from),
        1 => "[A-Za-z]{0,5}",
        1 => proptest::sample::select(VERBS.to_vec()).prop_map(str::to_ascii_lowercase),
    ];
    let argument = prop_oneof![
        "[ ]?[0-9]{0,2}[ ]?[0-9]{0,2}",
        "[ ]?[0-9]{1,21}[ x]?",
        "( [a-zA-Z0-9=_.-]{1,25}){0,3} ?",
        "[ ]?[ -~\u{0}-\u{2}\t\u{7f}ü]{0,12}",
    ];
    let octets = proptest::collection::vec(any::<u8>(), 0..12);
    prop_oneof![
        9 => (verb, argument).prop_map(|(verb, argument)| (verb + &argument).into_bytes()),
        1 => octets.prop_map(|octets| [b"PASS ", octets.as_slice()].concat()),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn commands_are_those_of_the_grammar(line in lines()) {
        prop_assert_eq!(Command::parse(&line, &Rules::STRICT).ok(), command(&line));
    }

    #[test]
    fn responses_are_those_of_the_grammar(
        line in "(\\+OK|-ERR|\\+|-|OK)[ \\[<]?[ -~\t\u{0}-\u{2}\u{7f}ü]{0,20}",
    ) {
        let read = Response::parse(line.as_bytes(), &Rules::STRICT).ok();
        prop_assert_eq!(read.as_ref().map(|response| (response.is_ok(), response.text())), response(line.as_bytes()));
    }

    #[test]
    fn listings_are_those_of_the_grammar(line in "[0-9]{0,11}[ x]?[0-9a-z ü]{0,3}[!-~]{0,72}") {
        let line: String = line;
        let line = line.as_bytes();
        let scan = ScanListing::parse(line, &Rules::STRICT).ok();
        prop_assert_eq!(scan.map(|listing| (listing.number.get(), listing.octets)), scan_listing(line));
        let id = UniqueIdListing::parse(line, &Rules::STRICT).ok();
        prop_assert_eq!(
            id.map(|listing| (listing.number.get(), listing.unique_id.as_bytes())),
            unique_id_listing(line)
        );
    }

    #[test]
    fn numbers_are_those_of_the_grammar(line in "[0-9]{0,21} ?[0-9]{0,21} ?x?") {
        let line = line.as_bytes();
        let drop: Read<'_, _> = (separated_pair(map_res(number, u32::try_from), char(' '), number),
            opt(preceded(char(' '), rest))).parse(line);
        let wanted = drop.ok().filter(|(left, _)| left.is_empty()).map(|(_, (numbers, _))| numbers);
        let read = DropListing::parse(line, &Rules::STRICT).ok();
        prop_assert_eq!(read.map(|listing| (listing.messages, listing.octets)), wanted);
    }
}
