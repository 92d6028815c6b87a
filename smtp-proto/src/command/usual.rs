//! The commands as almost all are written, read in one go: a server reads little else. For what is written otherwise,
//! and for what is broken, there is [`Command::any`], which is also the test oracle of this file.
//!
//! Letters and digits are told from all other octets first, many at a time ([`Marks`]); what remains is to look at the
//! few others, one after the other. Everything here is inlined into one function, so that no half-read command is moved.

use super::{
    Auth, Command, Host, Mail, Rcpt,
    read::{Verb, after_mail_from, after_rcpt_to, short_verb},
};
use crate::{
    base64::Base64,
    error::CommandError,
    mechanism::Mechanism,
    octets::{self, ALPHANUMERIC, HYPHEN, Marks, UNDERSCORE},
    params::{BodyType, MailParams, RcptParams},
    path::{Mailbox, Path},
    rules::Rules,
    text::{Text, Word, is_plain, is_visible, known, whole_number},
    values::{Notify, NotifyOn, OriginalRecipient},
};

impl<'a> Command<'a> {
    /// Reads a line, without its line end. Spaces and tabs at the end are left out (RFC 5321 §4.1.1).
    ///
    /// # Errors
    /// A [`CommandError`] says which rule is broken, and where.
    pub fn parse(line: &'a [u8], rules: &Rules) -> Result<Self, CommandError> {
        let Some((verb, rest)) = line.split_first_chunk() else { return Self::any(line, rules) };
        let argument = rest.get(1..).filter(|_| rest.first() == Some(&b' '));
        match (short_verb(*verb), argument) {
            (Some(Verb::Rcpt), _) => {
                if let Some(rcpt) = rcpt(line, rules) {
                    return Ok(Self::Rcpt(rcpt));
                }
            }
            (Some(Verb::Mail), _) => {
                if let Some(mail) = mail(line, rules) {
                    return Ok(Self::Mail(mail));
                }
            }
            (Some(Verb::Data), _) if rest.is_empty() => return Ok(Self::Data),
            (Some(Verb::Quit), _) if rest.is_empty() => return Ok(Self::Quit),
            (Some(Verb::Rset), _) if rest.is_empty() => return Ok(Self::Rset),
            (Some(Verb::Noop), _) if rest.is_empty() => return Ok(Self::Noop(None)),
            (Some(Verb::Ehlo), Some(host)) => {
                if let Some(host) = word(host) {
                    return Ok(Self::Ehlo(Host(host)));
                }
            }
            (Some(Verb::Bdat), Some(chunk)) => {
                if let Some((size, last)) = chunk_size(chunk) {
                    return Ok(Self::Bdat { size, last });
                }
            }
            (Some(Verb::Auth), Some(argument)) => {
                if let Some(auth) = auth(argument) {
                    return Ok(Self::Auth(auth));
                }
            }
            (Some(Verb::Vrfy), Some(argument)) => {
                if let Some(argument) = text(argument) {
                    return Ok(Self::Vrfy(argument));
                }
            }
            (None, _) if is_start_tls(line) => return Ok(Self::StartTls),
            _ => {}
        }
        Self::any(line, rules)
    }
}

#[inline(always)]
fn is_start_tls(line: &[u8]) -> bool {
    const STARTTLS: u64 = octets::word(b"STARTTLS");
    <[u8; 8]>::try_from(line).is_ok_and(|line| octets::long_word(line) == STARTTLS)
}

/// One word, in ASCII.
#[inline(always)]
fn word(argument: &[u8]) -> Option<Word<'_>> {
    let is_word = !argument.is_empty() && is_visible(argument);
    is_word.then(|| Word::checked(known(argument)))
}

/// Text in ASCII, without spaces at its ends.
#[inline(always)]
fn text(argument: &[u8]) -> Option<Text<'_>> {
    let is_text = matches!(argument, [b'!'..=b'~', .., b'!'..=b'~'] | [b'!'..=b'~']) && is_plain(argument);
    is_text.then(|| Text::checked(known(argument)))
}

/// The size of a chunk, and whether it is the last.
#[inline(always)]
fn chunk_size(argument: &[u8]) -> Option<(u64, bool)> {
    let end = octets::end_of_run(argument, 0, ALPHANUMERIC);
    let (digits, rest) = argument.split_at_checked(end)?;
    let last = match rest {
        [] => false,
        [b' ', last @ ..] => last.eq_ignore_ascii_case(b"LAST").then_some(true)?,
        _ => return None,
    };
    Some((whole_number(digits)?, last))
}

/// The mechanism, and perhaps the initial response.
#[inline(always)]
fn auth(argument: &[u8]) -> Option<Auth<'_>> {
    let end = octets::end_of_run(argument, 0, ALPHANUMERIC | HYPHEN | UNDERSCORE);
    let initial = match argument.get(end..)? {
        [] => None,
        [b' ', initial @ ..] if !initial.is_empty() && is_visible(initial) => Some(end.wrapping_add(1)),
        _ => return None,
    };
    let mechanism = Mechanism::checked(argument.get(..end)?)?;
    let initial = initial.and_then(|from| argument.get(from..)).map(|text| Base64::unchecked(known(text)));
    Some(Auth { mechanism, initial })
}

/// MAIL with a mailbox or without, and perhaps SIZE and BODY.
#[inline(always)]
fn mail<'a>(line: &'a [u8], rules: &Rules) -> Option<Mail<'a>> {
    let from = after_mail_from(line)?;
    let mut marks = Marks::new(line, from);
    let (path, end) = match line.get(from..)? {
        [b'<', b'>', ..] => {
            marks.next();
            (Path::Null, marks.next())
        }
        _ => path(line, from, &mut marks, rules)?,
    };
    match line.get(end.wrapping_add(1)..)? {
        [] => Some(Mail { path, params: MailParams::default() }),
        [b' ', ..] => Some(Mail { path, params: mail_params(line, end.wrapping_add(2), &mut marks)? }),
        _ => None,
    }
}

/// RCPT with a mailbox, and perhaps NOTIFY and ORCPT.
#[inline(always)]
fn rcpt<'a>(line: &'a [u8], rules: &Rules) -> Option<Rcpt<'a>> {
    let from = after_rcpt_to(line)?;
    let mut marks = Marks::new(line, from);
    let (path, end) = path(line, from, &mut marks, rules)?;
    match line.get(end.wrapping_add(1)..)? {
        [] => Some(Rcpt { path, params: RcptParams::default() }),
        [b' ', ..] => Some(Rcpt { path, params: rcpt_params(line, end.wrapping_add(2), &mut marks)? }),
        _ => None,
    }
}

/// A mailbox in brackets, and where the last one is.
#[inline(always)]
fn path<'a>(line: &'a [u8], from: usize, marks: &mut Marks<'_>, rules: &Rules) -> Option<(Path<'a>, usize)> {
    if line.get(from) != Some(&b'<') {
        return None;
    }
    // the bracket
    marks.next();
    let (mailbox, end) = Mailbox::read_usual(line, from.wrapping_add(1), marks, rules)?;
    Some((Path::Mailbox(mailbox), end))
}

/// SIZE and BODY, where nothing else stands there.
#[inline(always)]
fn mail_params<'a>(line: &[u8], from: usize, marks: &mut Marks<'_>) -> Option<MailParams<'a>> {
    const SIZE: u32 = u32::from_be_bytes(*b"SIZE");
    const BODY: u32 = u32::from_be_bytes(*b"BODY");
    // the space before them
    marks.next();
    let (mut from, mut size, mut body) = (from, None, None);
    loop {
        let equals = marks.next();
        let end = marks.next();
        let value = equals.wrapping_add(1);
        if line.get(equals) != Some(&b'=') {
            return None;
        }
        let keyword: [u8; 4] = line.get(from..equals)?.try_into().ok()?;
        match u32::from_be_bytes(keyword) & 0xdfdf_dfdf {
            SIZE if size.is_none() => size = Some(whole_number(line.get(value..end)?)?),
            BODY if body.is_none() => body = Some(body_type(line.get(value..end)?)?),
            _ => return None,
        }
        match line.get(end) {
            None => break,
            Some(b' ') => from = end.wrapping_add(1),
            Some(_) => return None,
        }
    }
    Some(MailParams { size, body, ..MailParams::default() })
}

#[inline(always)]
fn body_type(value: &[u8]) -> Option<BodyType> {
    const EIGHT_BIT_MIME: u64 = octets::word(b"8BITMIME");
    if let Ok(value) = <[u8; 8]>::try_from(value) {
        return (octets::long_word(value) == EIGHT_BIT_MIME).then_some(BodyType::EightBitMime);
    }
    value.eq_ignore_ascii_case(b"7BIT").then_some(BodyType::SevenBit)
}

/// NOTIFY and ORCPT, where nothing else stands there.
#[inline(always)]
fn rcpt_params<'a>(line: &'a [u8], from: usize, marks: &mut Marks<'_>) -> Option<RcptParams<'a>> {
    const NOTIFY: u64 = octets::word(b"NOTIFY");
    const ORCPT: u64 = octets::word(b"ORCPT");
    // the space before them
    marks.next();
    let (mut from, mut notify, mut orcpt) = (from, None, None);
    loop {
        let equals = marks.next();
        let value = equals.wrapping_add(1);
        if line.get(equals) != Some(&b'=') {
            return None;
        }
        let end = match octets::word(line.get(from..equals)?) {
            NOTIFY if notify.is_none() => {
                let (given, end) = NotifyOn::read_usual(line, value, marks)?;
                notify = Some(Notify::On(given));
                end
            }
            ORCPT if orcpt.is_none() => {
                let (given, end) = OriginalRecipient::read_usual(line, value, marks)?;
                orcpt = Some(given);
                end
            }
            _ => return None,
        };
        match line.get(end) {
            None => break,
            Some(b' ') => from = end.wrapping_add(1),
            Some(_) => return None,
        }
    }
    Some(RcptParams { notify, orcpt, ..RcptParams::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String, vec, vec::Vec};
    use proptest::prelude::*;

    /// Texts of so many of these pieces.
    fn made_of(
        pieces: &[&'static str],
        count: core::ops::Range<usize>,
    ) -> impl Strategy<Value = String> + use<> {
        let piece = proptest::sample::select(pieces.to_vec());
        proptest::collection::vec(piece, count).prop_map(|pieces| pieces.concat())
    }

    /// A parameter behind a space, good for one of the two or for neither.
    fn param() -> impl Strategy<Value = String> {
        let space = prop_oneof![9 => made_of(&[" "], 1..2), 1 => made_of(&["  ", "", "\t"], 1..2)];
        let good = [
            "SIZE=1",
            "SIZE=000000000000000000001",
            "size=12345",
            "BODY=8BITMIME",
            "body=7bit",
            "NOTIFY=SUCCESS,failure",
            "NOTIFY=DELAY",
            "ORCPT=rfc822;a@b.example",
            "orcpt=RFC822;x",
        ];
        let keyword = ["SIZE=", "BODY=", "NOTIFY=", "ORCPT=", "RET=", "X-Y=", "SMTPUTF8", "SIZE", ""];
        let value = [
            "1",
            "0000000000",
            "8BITMIME",
            "BINARYMIME",
            "SUCCESS",
            "NEVER",
            ",",
            "rfc822;",
            "+41",
            "+",
            "=",
            "utf-8;",
            "\u{fc}",
            "\0",
            "a",
        ];
        let odd =
            (made_of(&keyword, 1..2), made_of(&value, 0..4)).prop_map(|(keyword, value)| keyword + &value);
        let param = prop_oneof![3 => made_of(&good, 1..2), 1 => odd];
        (space, param).prop_map(|(space, param)| space + &param)
    }

    /// MAIL and RCPT, most of them good or nearly so.
    fn path_and_params() -> impl Strategy<Value = String> {
        let start = ["RCPT TO:<", "rcpt to:<", "MAIL FROM:<", "mail From:<", "MAIL FROM: <", "RCPT TO:"];
        let good_local = ["a", "user", "b.c", "+", "-", "_", "."];
        let odd_local = ["a", "\"a b\"", "\"", "\\", "\u{fc}", " ", "@x:"];
        let good_domain = ["a", "example", "com", "a-b", ".", ".", "-"];
        let odd_domain = ["a", ".", "_", "\u{fc}", "[192.0.2.1]", "@"];
        let end = prop_oneof![9 => made_of(&[">"], 1..2), 1 => made_of(&["> ", "", ">x"], 1..2)];
        let local = prop_oneof![4 => made_of(&good_local, 1..4), 1 => made_of(&odd_local, 0..4)];
        let name = made_of(&["example.com", "a.b-c.example"], 1..2);
        let domain =
            prop_oneof![4 => name, 4 => made_of(&good_domain, 1..5), 1 => made_of(&odd_domain, 0..4)];
        let params = proptest::collection::vec(param(), 0..4).prop_map(|params| params.concat());
        (made_of(&start, 1..2), local, domain, end, params)
            .prop_map(|(start, local, domain, end, params)| format!("{start}{local}@{domain}{end}{params}"))
    }

    /// All other commands.
    fn other() -> impl Strategy<Value = String> {
        let verbs = [
            "EHLO", "helo", "BDAT", "AUTH", "VRFY", "EXPN", "DATA", "QUIT", "NOOP", "RSET", "STARTTLS",
            "XYZZ",
        ];
        let rest = [
            " ",
            " ",
            "a",
            "1",
            "0000000000",
            " LAST",
            " last",
            "LAST",
            "PLAIN",
            "CRAM-MD5",
            "X_Y",
            "=",
            "AGE=",
            "\t",
            "\u{fc}",
            "\0",
            "\u{7f}",
            "[192.0.2.1]",
            "a23456789b123456789c",
        ];
        let good = [" mail.example", " PLAIN AGE=", " CRAM-MD5", " 12", " 0 LAST", " a b"];
        (made_of(&verbs, 1..2), made_of(&good, 0..2), made_of(&rest, 0..3))
            .prop_map(|(verb, good, rest)| verb + &good + &rest)
    }

    fn line() -> impl Strategy<Value = Vec<u8>> {
        let line = prop_oneof![3 => path_and_params(), 1 => other()].prop_map(String::into_bytes);
        // now and then with another octet somewhere
        (line, proptest::option::weighted(0.1, (any::<proptest::sample::Index>(), any::<u8>()))).prop_map(
            |(mut line, other)| {
                if let Some((at, octet)) = other {
                    let at = at.index(line.len());
                    line[at] = octet;
                }
                line
            },
        )
    }

    fn all_rules() -> impl Strategy<Value = Rules> {
        let narrow = Rules { local_part: 4, domain: 8, path: 14, ..Rules::STRICT };
        proptest::sample::select(vec![Rules::STRICT, Rules::LOOSE, narrow])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_is_read_at_once_is_what_is_read_by_the_letter(line in line(), rules in all_rules()) {
            prop_assert_eq!(Command::parse(&line, &rules), Command::any(&line, &rules));
        }
    }

    #[test]
    fn what_almost_all_say_is_read_at_once() {
        for line in [
            "MAIL FROM:<>",
            "MAIL FROM:<> SIZE=1",
            "mail from:<alice@example.org>",
            "MAIL FROM:<a.b+c=d@lists.example.net> body=8bitmime SIZE=48213",
            "MAIL FROM:<a@b> BODY=7BIT",
        ] {
            assert!(mail(line.as_bytes(), &Rules::STRICT).is_some(), "{line}");
        }
        for line in [
            "RCPT TO:<bob@sub.ex-ample.com>",
            "rcpt to:<\"quoted local\"@example.com>",
            "RCPT TO:<dave@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;dave@example.com",
            "RCPT TO:<a23456789.123456789@example.com> ORCPT=rfc822;a23456789.123456789@example.com NOTIFY=DELAY",
        ] {
            assert!(rcpt(line.as_bytes(), &Rules::STRICT).is_some(), "{line}");
        }
        assert!(word(b"[192.0.2.1]").is_some() && text(b"a b").is_some());
        assert_eq!(chunk_size(b"86492 last"), Some((86492, true)));
        assert!(auth(b"CRAM-MD5").is_some() && auth(b"PLAIN AGFsaWNlAHNlY3JldA==").is_some());
    }
}
