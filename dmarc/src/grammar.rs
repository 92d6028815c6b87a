//! The grammar of a record, as RFC 9989 §4.8 writes it. The fast reader of [`record`](crate::record) is tested
//! against it.

use crate::policy::{AlignmentMode, FailureOptions, Policy, PublicSuffix};
use alloc::vec::Vec;
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take_till, take_while, take_while1},
    character::complete::one_of,
    combinator::{all_consuming, consumed, map_opt, not, opt, peek, recognize, value},
    multi::{many0, separated_list1},
    sequence::{delimited, preceded, terminated},
};

/// A tag: its name and its value.
pub(crate) type RawTag<'a> = (&'a [u8], &'a [u8]);

/// `WSP`, and the line ends that tag lists of DKIM may have.
fn wsp(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n')).parse(input)
}

/// `equals = *WSP "=" *WSP`
fn equals(input: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited(wsp, tag("="), wsp).parse(input)
}

/// `dmarc-sep = *WSP ";" *WSP`
fn dmarc_sep(input: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited(wsp, tag(";"), wsp).parse(input)
}

/// `dmarc-version = "v" equals %s"DMARC1"`, and nothing but a separator behind it.
fn dmarc_version(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let end = peek((wsp, alt((tag(";"), not_any))));
    terminated(recognize((tag_no_case("v"), equals, tag("DMARC1"))), end).parse(input)
}

fn not_any(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(not(take_while1(|_| true))).parse(input)
}

/// `dmarc-tag = 1*ALPHA equals 1*dmarc-value`, with values of any octets but semicolons: what may stand in one
/// is the rule of its tag. Names may have digits and underscores, as those of DKIM; no known one has.
fn dmarc_tag(input: &[u8]) -> IResult<&[u8], RawTag<'_>> {
    let name = recognize((
        take_while1(|octet: u8| octet.is_ascii_alphabetic()),
        take_while(|octet: u8| octet.is_ascii_alphanumeric() || octet == b'_'),
    ));
    let (input, name) = terminated(name, equals).parse(input)?;
    let (input, value) = take_till(|octet| octet == b';').parse(input)?;
    Ok((input, (name, value.trim_ascii_end())))
}

/// "Syntax errors in the remainder of the record MUST be discarded": whatever stands up to a semicolon.
fn discarded(input: &[u8]) -> IResult<&[u8], Option<RawTag<'_>>> {
    value(None, take_till(|octet| octet == b';')).parse(input)
}

/// `dmarc-record = dmarc-version *(dmarc-sep dmarc-tag) [dmarc-sep]`
pub(crate) fn dmarc_record(input: &[u8]) -> Option<Vec<RawTag<'_>>> {
    let one = preceded(dmarc_sep, alt((dmarc_tag.map(Some), discarded)));
    let mut record = all_consuming(terminated(preceded(dmarc_version, many0(one)), wsp));
    record.parse(input).ok().map(|(_, tags)| tags.into_iter().flatten().collect())
}

/// The last of the rules for values, that nothing may follow.
fn whole<'a, T>(
    rule: impl Parser<&'a [u8], Output = T, Error = nom::error::Error<&'a [u8]>>,
    value: &'a [u8],
) -> Option<T> {
    all_consuming(rule).parse(value).ok().map(|(_, value)| value)
}

/// `dmarc-request = "none" / "quarantine" / "reject"`
pub(crate) fn dmarc_request(input: &[u8]) -> Option<Policy> {
    let rule = alt((
        value(Policy::None, tag_no_case("none")),
        value(Policy::Quarantine, tag_no_case("quarantine")),
        value(Policy::Reject, tag_no_case("reject")),
    ));
    whole(rule, input)
}

/// `dmarc-yorn = "y" / "n"`
pub(crate) fn dmarc_yorn(input: &[u8]) -> Option<bool> {
    whole(one_of("yYnN").map(|letter| letter.eq_ignore_ascii_case(&'y')), input)
}

/// `dmarc-psd = "y" / "n" / "u"`
pub(crate) fn dmarc_psd(input: &[u8]) -> Option<PublicSuffix> {
    let rule = alt((
        value(PublicSuffix::Yes, tag_no_case("y")),
        value(PublicSuffix::No, tag_no_case("n")),
        value(PublicSuffix::Unsaid, tag_no_case("u")),
    ));
    whole(rule, input)
}

/// `dmarc-rors = "r" / "s"`
pub(crate) fn dmarc_rors(input: &[u8]) -> Option<AlignmentMode> {
    let rule = alt((
        value(AlignmentMode::Relaxed, tag_no_case("r")),
        value(AlignmentMode::Strict, tag_no_case("s")),
    ));
    whole(rule, input)
}

/// `dmarc-fo = ("0" / "1") *(":" dmarc-afrf) / dmarc-afrf [":" ("0" / "1")] [":" dmarc-afrf]
/// / *(dmarc-afrf ":") ("0" / "1")`, `dmarc-afrf = "d" / "s"`, each at most once
pub(crate) fn dmarc_fo(input: &[u8]) -> Option<FailureOptions> {
    let zero_or_one = |input| one_of("01").parse(input);
    let afrf = |input| one_of("dDsS").parse(input);
    let colon_afrf = |input| preceded(tag(":"), afrf).parse(input);
    let number_first = recognize((zero_or_one, many0(colon_afrf)));
    let letter_first = recognize((afrf, opt((tag(":"), zero_or_one)), opt(colon_afrf)));
    let number_last = recognize((many0(terminated(afrf, tag(":"))), zero_or_one));
    let is_one_of_them = [
        whole(consumed(number_first), input).is_some(),
        whole(consumed(letter_first), input).is_some(),
        whole(consumed(number_last), input).is_some(),
    ];
    let options = map_opt(separated_list1(tag(":"), one_of("01dDsS")), |options: Vec<char>| {
        let count = |letter: char| options.iter().filter(|one| one.eq_ignore_ascii_case(&letter)).count();
        let is_once = ['0', '1', 'd', 's'].into_iter().all(|letter| count(letter) <= 1);
        is_once.then(|| FailureOptions {
            all_fail: count('0') > 0,
            any_fails: count('1') > 0,
            dkim: count('d') > 0,
            spf: count('s') > 0,
        })
    });
    whole(options, input).filter(|_| is_one_of_them.contains(&true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Record, tag::Tag};
    use alloc::string::String;
    use proptest::prelude::*;

    /// What the grammar says of a tag: its value, of the first that has the name.
    fn first<'a>(tags: &[RawTag<'a>], tag: Tag) -> Option<&'a [u8]> {
        let name = tag.as_str().as_bytes();
        tags.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn compare(text: &[u8]) {
        let expected = dmarc_record(text);
        let record = Record::parse(text).ok();
        let (Some(tags), Some(record)) = (&expected, &record) else {
            assert_eq!(expected.is_some(), record.is_some(), "{}", text.escape_ascii());
            return;
        };
        let policy = |tag| first(tags, tag).and_then(dmarc_request);
        assert_eq!(record.policy(), policy(Tag::P));
        assert_eq!(record.subdomain_policy(), policy(Tag::Sp));
        assert_eq!(record.non_existent_policy(), policy(Tag::Np));
        let mode = |tag| first(tags, tag).and_then(dmarc_rors).unwrap_or_default();
        assert_eq!(record.dkim_alignment(), mode(Tag::Adkim));
        assert_eq!(record.spf_alignment(), mode(Tag::Aspf));
        assert_eq!(record.failure_options(), first(tags, Tag::Fo).and_then(dmarc_fo).unwrap_or_default());
        assert_eq!(record.public_suffix(), first(tags, Tag::Psd).and_then(dmarc_psd).unwrap_or_default());
        assert_eq!(record.is_test(), first(tags, Tag::T).and_then(dmarc_yorn).unwrap_or_default());
        for tag in [Tag::Rua, Tag::Ruf, Tag::Pct, Tag::Rf, Tag::Ri] {
            assert_eq!(record.value(tag), first(tags, tag), "{tag}");
        }
    }

    #[test]
    fn the_grammar_takes_what_the_rfc_takes() {
        for text in ["v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p=none", "V=DMARC1;p=none;;", "v=DMARC1;p"] {
            assert!(dmarc_record(text.as_bytes()).is_some(), "{text}");
            compare(text.as_bytes());
        }
        for text in
            ["", "v=dmarc1", "v=DMARC10", "p=none; v=DMARC1", " v=DMARC1", "v=DMARC1 p=none", "v=DMARC1=x"]
        {
            assert!(dmarc_record(text.as_bytes()).is_none(), "{text}");
            compare(text.as_bytes());
        }
    }

    #[test]
    fn every_short_list_of_options_reads_as_in_the_grammar() {
        let letters = ["0", "1", "d", "s", "D", "", "x", " 0"];
        let mut lists: Vec<String> = alloc::vec![String::new()];
        for _ in 0..4 {
            let longer: Vec<String> = lists
                .iter()
                .flat_map(|list| letters.map(|letter| [list.as_str(), letter].join(":")))
                .collect();
            for list in &longer {
                let value = list.trim_start_matches(':').as_bytes();
                assert_eq!(FailureOptions::parse(value), dmarc_fo(value), "{list}");
            }
            lists = longer;
        }
    }

    proptest! {
        #[test]
        fn the_fast_reader_reads_as_the_grammar(text in "v=DMARC1( ?; ?(p|sp|np|P|adkim|aspf|fo|psd|t|rua|x_1|v|1| |)( ?= ?(none|Reject|quarantine|r|S|y|u|0:d|s:1:d|mailto:a@b.example|[ -~]{0,6}|))?){0,8}") {
            compare(text.as_bytes());
        }

        #[test]
        fn any_octets_read_as_the_grammar(tail in proptest::collection::vec(any::<u8>(), 0..40)) {
            compare(&[b"v=DMARC1;p=".as_slice(), &tail].concat());
            compare(&tail);
        }
    }
}
