//! The grammar of the field, rule by rule (RFC 8601 §2.2, RFC 8617 §4.1.1).

use crate::{
    error::{FieldError, FieldErrorKind},
    field::{AuthenticationResults, MethodResult, Property, ReadPolicy, is_domain, may_be_local_part},
    words::{Keyword, Method, PropertyType, ResultCode},
};
use alloc::{borrow::ToOwned, string::String};
use mail_base::{
    lex::{Lexer, is_atext},
    write::is_token,
};
use nom::{
    Err, IResult, Parser,
    bytes::complete::{take_while, take_while1},
    character::complete::char,
    combinator::opt,
    error::{ErrorKind, ParseError},
    sequence::preceded,
};

/// The largest instance of an ARC set (RFC 8617 §4.2.1).
const MAX_INSTANCE: u8 = 50;

type Rule<'a, T> = IResult<&'a [u8], T, Fault<'a>>;

/// A broken rule, and what is left of the value where it broke.
#[derive(Debug)]
struct Fault<'a> {
    kind: Option<FieldErrorKind>,
    rest: &'a [u8],
}

impl<'a> ParseError<&'a [u8]> for Fault<'a> {
    fn from_error_kind(rest: &'a [u8], _: ErrorKind) -> Self {
        Self { kind: None, rest }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

fn broken<T>(kind: FieldErrorKind, rest: &[u8]) -> Rule<'_, T> {
    Err(Err::Failure(Fault { kind: Some(kind), rest }))
}

/// Runs a rule; where it does not match, `kind` is what is broken.
fn must<'a, T>(
    kind: FieldErrorKind,
    mut rule: impl Parser<&'a [u8], Output = T, Error = Fault<'a>>,
) -> impl Parser<&'a [u8], Output = T, Error = Fault<'a>> {
    move |input: &'a [u8]| {
        rule.parse(input).map_err(|error| match error {
            Err::Error(fault) | Err::Failure(fault) => {
                Err::Failure(Fault { kind: fault.kind.or(Some(kind)), rest: fault.rest })
            }
            incomplete @ Err::Incomplete(_) => incomplete,
        })
    }
}

fn finish<T>(value: &[u8], result: Rule<'_, T>) -> Result<T, FieldError> {
    match result {
        Ok((_, parsed)) => Ok(parsed),
        Err(Err::Error(fault) | Err::Failure(fault)) => Err(FieldError {
            kind: fault.kind.unwrap_or(FieldErrorKind::Trailing),
            at: value.len().saturating_sub(fault.rest.len()),
        }),
        Err(Err::Incomplete(_)) => Err(FieldError { kind: FieldErrorKind::Trailing, at: value.len() }),
    }
}

/// Reads a whole value.
pub(crate) fn parse(value: &[u8], policy: &ReadPolicy) -> Result<AuthenticationResults, FieldError> {
    check_length(value, policy)?;
    finish(value, payload(policy).parse(value))
}

/// Reads a whole value with its instance: `arc-info = instance [CFWS] ";" authres-payload`.
pub(crate) fn parse_arc(
    value: &[u8],
    policy: &ReadPolicy,
) -> Result<(u8, AuthenticationResults), FieldError> {
    check_length(value, policy)?;
    let mut arc_info = (must(FieldErrorKind::Instance, instance), cfws, char(';'), payload(policy))
        .map(|(instance, _, _, results)| (instance, results));
    finish(value, arc_info.parse(value))
}

/// Reads no more than the authserv-id.
pub(crate) fn authserv_id(value: &[u8]) -> Result<String, FieldError> {
    finish(value, preceded(cfws, must(FieldErrorKind::AuthservId, value_rule)).parse(value))
}

fn check_length(value: &[u8], policy: &ReadPolicy) -> Result<(), FieldError> {
    if value.len() > policy.octets {
        return Err(FieldError { kind: FieldErrorKind::TooLong, at: policy.octets });
    }
    Ok(())
}

/// `instance = [CFWS] %s"i" [CFWS] "=" [CFWS] position`
fn instance(input: &[u8]) -> Rule<'_, u8> {
    let (rest, (_, _, _, _, _, number)) = (cfws, char('i'), cfws, char('='), cfws, digits).parse(input)?;
    match u8::try_from(number) {
        Ok(number @ 1..=MAX_INSTANCE) => Ok((rest, number)),
        _ => broken(FieldErrorKind::Instance, input),
    }
}

/// ```text
/// authres-payload = [CFWS] authserv-id [ CFWS authres-version ]
///                   ( no-result / 1*resinfo ) [CFWS] CRLF
/// ```
fn payload<'a>(
    policy: &ReadPolicy,
) -> impl Parser<&'a [u8], Output = AuthenticationResults, Error = Fault<'a>> {
    move |input: &'a [u8]| {
        let (input, _) = cfws(input)?;
        let mut field = AuthenticationResults::new("");
        if policy.allow_misplaced_authserv_id && methodspec(input).is_ok() {
            return results(input, field, policy);
        }
        let (input, authserv_id) = must(FieldErrorKind::AuthservId, value_rule).parse(input)?;
        let (input, version) = preceded(cfws, opt(digits)).parse(input)?;
        let (input, _) = cfws(input)?;
        (field.authserv_id, field.version) = (authserv_id, version);
        if let Ok((rest, ())) = no_result(input) {
            return Ok((rest, field));
        }
        let (input, _) = must(FieldErrorKind::Trailing, char(';')).parse(input)?;
        results(input, field, policy)
    }
}

/// `1*resinfo [CFWS]`, after the first semicolon.
fn results<'a>(
    mut input: &'a [u8],
    mut field: AuthenticationResults,
    policy: &ReadPolicy,
) -> Rule<'a, AuthenticationResults> {
    loop {
        if field.results.len() >= policy.results {
            return broken(FieldErrorKind::TooManyResults, input);
        }
        if policy.allow_misplaced_authserv_id {
            input = behind_authserv_id(input);
        }
        let (rest, result) = resinfo(input, policy)?;
        field.results.push(result);
        let (rest, _) = cfws(rest)?;
        if rest.is_empty() {
            return Ok((rest, field));
        }
        (input, _) = must(FieldErrorKind::Trailing, char(';')).parse(rest)?;
        if policy.allow_trailing_semicolon && cfws(input)?.0.is_empty() {
            return Ok((&[], field));
        }
    }
}

/// What follows a value that stands alone in the place of a result.
fn behind_authserv_id(input: &[u8]) -> &[u8] {
    let parsed = (cfws, value_rule, cfws, char(';')).parse(input);
    parsed.map_or(input, |(rest, _)| rest)
}

/// `no-result = [CFWS] ";" [CFWS] "none"`, and nothing after it.
fn no_result(input: &[u8]) -> Rule<'_, ()> {
    let (rest, (_, _, word, _)) = (char(';'), cfws, keyword, cfws).parse(input)?;
    if word.eq_ignore_ascii_case("none") && rest.is_empty() {
        return Ok((rest, ()));
    }
    Err(Err::Error(Fault { kind: None, rest: input }))
}

/// `resinfo = [CFWS] ";" methodspec [CFWS reasonspec] *(CFWS propspec)` (erratum 6026), after the semicolon.
fn resinfo<'a>(input: &'a [u8], policy: &ReadPolicy) -> Rule<'a, MethodResult> {
    let (mut input, mut result) = methodspec(input)?;
    loop {
        let (rest, space) = cfws(input)?;
        if result.comment.is_none() && result.reason.is_none() && result.properties.is_empty() {
            result.comment = space.comment;
        }
        if rest.first().is_none_or(|&octet| octet == b';') {
            return Ok((rest, result));
        }
        if !space.any {
            return broken(FieldErrorKind::Trailing, rest);
        }
        if result.reason.is_none()
            && result.properties.is_empty()
            && let Ok((rest, reason)) = reasonspec(rest, policy)
        {
            result.reason = Some(reason);
            input = rest;
            continue;
        }
        let (rest, property) = propspec(rest, policy)?;
        result.properties.push(property);
        input = rest;
    }
}

/// ```text
/// methodspec = [CFWS] method [CFWS] "=" [CFWS] result
/// method     = Keyword [ [CFWS] "/" [CFWS] method-version ]
/// ```
fn methodspec(input: &[u8]) -> Rule<'_, MethodResult> {
    let (input, method) = must(FieldErrorKind::Method, preceded(cfws, keyword)).parse(input)?;
    let (input, _) = cfws(input)?;
    let (input, slash) = opt(char('/')).parse(input)?;
    let (input, version) = match slash {
        Some(_) => must(FieldErrorKind::Version, preceded(cfws, digits)).map(Some).parse(input)?,
        None => (input, None),
    };
    let (input, _) = must(FieldErrorKind::Equals, preceded(cfws, char('='))).parse(input)?;
    let (input, result) = must(FieldErrorKind::Result, preceded(cfws, keyword)).parse(input)?;
    match (Method::parse(method), ResultCode::parse(result)) {
        (Ok(method), Ok(result)) => {
            Ok((input, MethodResult { version, ..MethodResult::new(method, result) }))
        }
        _ => broken(FieldErrorKind::Method, input),
    }
}

/// `reasonspec = "reason" [CFWS] "=" [CFWS] value`
fn reasonspec<'a>(input: &'a [u8], policy: &ReadPolicy) -> Rule<'a, String> {
    let (rest, (word, _, _)) = (keyword, cfws, char('=')).parse(input)?;
    if !word.eq_ignore_ascii_case("reason") {
        return Err(Err::Error(Fault { kind: None, rest: input }));
    }
    behind_equals(rest, policy, |input| value(input, policy))
}

/// `propspec = ptype [CFWS] "." [CFWS] property [CFWS] "=" pvalue`
fn propspec<'a>(input: &'a [u8], policy: &ReadPolicy) -> Rule<'a, Property> {
    let kind = FieldErrorKind::Property;
    let (input, first) = must(kind, keyword).parse(input)?;
    let (input, dot) = preceded(cfws, opt(char('.'))).parse(input)?;
    let (input, (ptype, name)) = match dot {
        Some(_) => must(kind, preceded(cfws, keyword)).map(|name| (Some(first), name)).parse(input)?,
        None if policy.allow_untyped => (input, (None, first)),
        None => return broken(kind, input),
    };
    let (input, _) = must(FieldErrorKind::Equals, preceded(cfws, char('='))).parse(input)?;
    let (rest, value) =
        behind_equals(input, policy, must(FieldErrorKind::Value, |input| pvalue(input, policy)))?;
    match (ptype.map(PropertyType::parse).transpose(), Keyword::parse(name)) {
        (Ok(ptype), Ok(name)) => Ok((rest, Property { ptype, name, value })),
        _ => broken(kind, input),
    }
}

/// `[CFWS]` and a value, which is empty where it is left out.
fn behind_equals<'a>(
    input: &'a [u8],
    policy: &ReadPolicy,
    mut value: impl Parser<&'a [u8], Output = String, Error = Fault<'a>>,
) -> Rule<'a, String> {
    let (rest, space) = cfws(input)?;
    if policy.allow_unquoted && is_value_left_out(rest, &space) {
        return Ok((input, String::new()));
    }
    value.parse(rest)
}

/// Whether nothing stands behind an equals sign, or the next property does. An address may have the form of one.
fn is_value_left_out(input: &[u8], space: &Space) -> bool {
    let is_property = || (keyword, char('.'), keyword, char('=')).parse(input).is_ok();
    let is_end = input.first().is_none_or(|&octet| octet == b';');
    is_end || space.any && is_property() && address(input).is_err()
}

/// `pvalue = [CFWS] ( value / [ [ local-part ] "@" ] domain-name )`
fn pvalue<'a>(input: &'a [u8], policy: &ReadPolicy) -> Rule<'a, String> {
    address(input).or_else(|_| value(input, policy))
}

/// A value that is no address, by the rule that the policy allows.
fn value<'a>(input: &'a [u8], policy: &ReadPolicy) -> Rule<'a, String> {
    if policy.allow_unquoted { loose_value(input) } else { value_rule(input) }
}

/// `[ local-part ] "@" domain-name`, the local part a dot-atom or a quoted string.
fn address(input: &[u8]) -> Rule<'_, String> {
    let no_address = || Err(Err::Error(Fault { kind: None, rest: input }));
    let local = if input.starts_with(b"\"") {
        let Some(Ok(quoted)) = Lexer::new(input).next() else { return no_address() };
        quoted.raw
    } else {
        let local = take_while(|octet| is_atext(octet) || octet == b'.').parse(input)?.1;
        if !may_be_local_part(local) {
            return no_address();
        }
        local
    };
    let (rest, domain) = preceded(
        char('@'),
        take_while1(|octet: u8| {
            octet.is_ascii_alphanumeric() || b"-_.".contains(&octet) || !octet.is_ascii()
        }),
    )
    .parse(input.get(local.len()..).unwrap_or(&[]))?;
    let whole = input.get(..input.len().saturating_sub(rest.len())).unwrap_or(&[]);
    match text(whole) {
        Some(whole) if is_domain(domain) => Ok((rest, whole)),
        _ => no_address(),
    }
}

/// `value = token / quoted-string` (RFC 2045 §5.1, RFC 6532 §3.2).
fn value_rule(input: &[u8]) -> Rule<'_, String> {
    if let Some(quoted) = quoted_string(input)? {
        return Ok(quoted);
    }
    let is_token_octet = |octet: u8| octet.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&octet);
    let (rest, token) = take_while1(|octet: u8| is_token_octet(octet) || !octet.is_ascii()).parse(input)?;
    match text(token) {
        Some(token) if is_token(&token) => Ok((rest, token)),
        _ => broken(FieldErrorKind::Octets, input),
    }
}

/// A quoted string, or all up to the next white space, semicolon or comment.
fn loose_value(input: &[u8]) -> Rule<'_, String> {
    if let Some(quoted) = quoted_string(input)? {
        return Ok(quoted);
    }
    let (rest, value) = take_while1(|octet: u8| {
        (octet.is_ascii_graphic() || !octet.is_ascii()) && !matches!(octet, b';' | b'(' | b'"')
    })
    .parse(input)?;
    match text(value) {
        Some(value) => Ok((rest, value)),
        None => broken(FieldErrorKind::Octets, input),
    }
}

fn quoted_string(input: &[u8]) -> Result<Option<(&[u8], String)>, Err<Fault<'_>>> {
    if input.first() != Some(&b'"') {
        return Ok(None);
    }
    let mut lexer = Lexer::new(input);
    match lexer.next() {
        Some(Ok(token)) => match text(&token.text()) {
            Some(value) => Ok(Some((lexer.rest(), value))),
            None => broken(FieldErrorKind::Octets, input).map(|(_, never)| never),
        },
        _ => broken(FieldErrorKind::Words, input).map(|(_, never)| never),
    }
}

/// UTF-8 without control characters; a tab counts as the space that it stands for.
fn text(octets: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(octets).ok()?;
    let text = if text.contains('\t') { text.replace('\t', " ") } else { text.to_owned() };
    (!text.chars().any(char::is_control)).then_some(text)
}

/// The words of a comment, as they are written: with one space between them, and none around.
fn single_spaces(comment: &str) -> String {
    let mut single = String::with_capacity(comment.len());
    for word in comment.split(' ').filter(|word| !word.is_empty()) {
        if !single.is_empty() {
            single.push(' ');
        }
        single.push_str(word);
    }
    single
}

/// `Keyword = Ldh-str` (RFC 5321 §4.1.2)
fn keyword(input: &[u8]) -> Rule<'_, &str> {
    let (rest, word) =
        take_while1(|octet: u8| octet.is_ascii_alphanumeric() || octet == b'-').parse(input)?;
    match core::str::from_utf8(word) {
        Ok(word) if !word.ends_with('-') => Ok((rest, word)),
        _ => Err(Err::Error(Fault { kind: None, rest: input })),
    }
}

/// `1*DIGIT`, up to 4,294,967,295.
fn digits(input: &[u8]) -> Rule<'_, u32> {
    let (rest, digits) = take_while1(|octet: u8| octet.is_ascii_digit()).parse(input)?;
    let number = core::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    match number {
        Some(number) => Ok((rest, number)),
        None => broken(FieldErrorKind::Version, input),
    }
}

/// What stands between two words.
struct Space {
    /// The first comment.
    comment: Option<String>,
    /// Whether there is anything.
    any: bool,
}

/// `[CFWS]` (RFC 5322 §3.2.2)
fn cfws(input: &[u8]) -> Rule<'_, Space> {
    let mut space = Space { comment: None, any: false };
    let mut input = input;
    loop {
        let (rest, white) = take_while(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n')).parse(input)?;
        space.any |= !white.is_empty();
        // only a comment is cut here: to look for the end of any other word may take all that is left, each time
        if rest.first() != Some(&b'(') {
            return Ok((rest, space));
        }
        let mut lexer = Lexer::new(rest);
        let Some(Ok(token)) = lexer.next() else { return broken(FieldErrorKind::Words, rest) };
        if space.comment.is_none() {
            space.comment = text(&token.text()).map(|comment| single_spaces(&comment));
        }
        space.any = true;
        input = lexer.rest();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{fields_to_remove, trusted_field};
    use alloc::{format, string::ToString, vec::Vec};
    use mail_base::fields::{Header, HeaderLimits};

    fn read(value: &str) -> AuthenticationResults {
        AuthenticationResults::parse(value.as_bytes()).unwrap_or_else(|error| panic!("{value:?}: {error}"))
    }

    fn error(value: &str) -> (FieldErrorKind, usize) {
        let error = AuthenticationResults::parse(value.as_bytes()).unwrap_err();
        (error.kind, error.at)
    }

    #[test]
    fn values_may_be_tokens_quoted_strings_addresses_and_domains() {
        let field = read(
            "mx.example; auth=pass smtp.auth=\"a b\"@example.com smtp.mailfrom=@example.net \
             policy.iprev=\"2001:db8::1\" header.from=j.doe+x/y=z@example.org header.b=Ab.cd",
        );
        let values: Vec<_> =
            field.results[0].properties.iter().map(|property| property.value.as_str()).collect();
        assert_eq!(
            values,
            ["\"a b\"@example.com", "@example.net", "2001:db8::1", "j.doe+x/y=z@example.org", "Ab.cd"]
        );
        assert_eq!(read(&field.to_string()["Authentication-Results:".len()..]), field);
    }

    #[test]
    fn comments_may_stand_wherever_space_may() {
        // RFC 8601 appendix B.7
        let value = " foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't expecting it) 1362471462";
        let field = read(value);
        assert_eq!((field.authserv_id.as_str(), field.version), ("foo.example.net", Some(1)));
        assert_eq!((&field.results[0].method, field.results[0].version), (&Method::Dkim, Some(1)));
        assert_eq!(field.results[0].property("policy", "expired"), Some("1362471462"));
    }

    #[test]
    fn the_comment_and_the_reason_of_a_result_are_kept() {
        let field = read("a; dkim=fail (bad \\) sig) reason=\"why; not\" header.d=b.example (other)");
        assert_eq!(field.results[0].comment.as_deref(), Some("bad ) sig"));
        assert_eq!(field.results[0].reason.as_deref(), Some("why; not"));
        let again = read(&field.to_string()["Authentication-Results:".len()..]);
        assert_eq!(again, field);
    }

    #[test]
    fn spaces_in_a_comment_are_read_as_they_are_written() {
        for (value, expected) in [
            ("a; spf=pass ( two\t  words\r\n )", "two words"),
            ("a; spf=pass (\t)", ""),
            ("a; spf=pass ()", ""),
        ] {
            let field = read(value);
            assert_eq!(field.results[0].comment.as_deref(), Some(expected), "{value:?}");
            assert_eq!(read(&field.to_string()["Authentication-Results:".len()..]), field, "{value:?}");
        }
    }

    #[test]
    fn no_word_is_looked_at_as_often_as_there_are_words() {
        // were it so, this would not come to its end
        let mut policy = ReadPolicy::lenient();
        policy.octets = 1 << 19;
        for value in ["[", "x[", "a@["] {
            let property = format!(" a.b={value}");
            let count = policy.octets / property.len() - 2;
            let field = AuthenticationResults::parse_with(
                format!("a; spf=pass{}", property.repeat(count)).as_bytes(),
                &policy,
            )
            .unwrap();
            assert_eq!(field.results[0].properties.len(), count);
        }
    }

    #[test]
    fn no_results_are_written_as_none() {
        let field = read("a 1; none");
        assert_eq!((field.results.len(), field.version), (0, Some(1)));
        assert_eq!(field.to_string(), "Authentication-Results: a 1; none");
        assert_eq!(read("a; none (why not)").results.len(), 0);
        assert_eq!(read("a; NONE").results.len(), 0);
    }

    #[test]
    fn errors_name_the_rule_and_the_place() {
        assert_eq!(error(""), (FieldErrorKind::AuthservId, 0));
        assert_eq!(error("; none"), (FieldErrorKind::AuthservId, 0));
        assert_eq!(error("a"), (FieldErrorKind::Trailing, 1));
        assert_eq!(error("a none"), (FieldErrorKind::Trailing, 2));
        assert_eq!(error("a; none; spf=pass"), (FieldErrorKind::Equals, 7));
        assert_eq!(error("a; spf=pass;"), (FieldErrorKind::Method, 12));
        assert_eq!(error("a; =pass"), (FieldErrorKind::Method, 3));
        assert_eq!(error("a; spf"), (FieldErrorKind::Equals, 6));
        assert_eq!(error("a; spf="), (FieldErrorKind::Result, 7));
        assert_eq!(error("a; spf=pass smtp"), (FieldErrorKind::Property, 16));
        assert_eq!(error("a; spf=pass smtp.=x"), (FieldErrorKind::Property, 17));
        assert_eq!(error("a; spf=pass smtp.mailfrom"), (FieldErrorKind::Equals, 25));
        assert_eq!(error("a; spf=pass smtp.mailfrom="), (FieldErrorKind::Value, 26));
        assert_eq!(error("a; iprev=pass policy.iprev=::1"), (FieldErrorKind::Value, 27));
        assert_eq!(error("a; spf=pass smtp.mailfrom=\"x"), (FieldErrorKind::Words, 26));
        assert_eq!(error("a; spf=pass (x"), (FieldErrorKind::Words, 12));
        assert_eq!(error("a; spf=pass smtp.helo=\"\u{1}\""), (FieldErrorKind::Octets, 22));
        assert_eq!(error("a; dkim/x=pass"), (FieldErrorKind::Version, 8));
        assert_eq!(error("a 99999999999; none"), (FieldErrorKind::Version, 2));
        assert_eq!(error("a; spf=pass\0"), (FieldErrorKind::Trailing, 11));
        assert_eq!(error("a; spf=pass/smtp.helo=x"), (FieldErrorKind::Trailing, 11));
    }

    #[test]
    fn limits_are_errors() {
        let policy = ReadPolicy { octets: 20, results: 1, ..ReadPolicy::default() };
        let error = |value: &str| AuthenticationResults::parse_with(value.as_bytes(), &policy).unwrap_err();
        assert_eq!(error("a; spf=pass x.y=1 x.z=2").kind, FieldErrorKind::TooLong);
        assert_eq!(error("a; spf=pass;dkim=fail").kind, FieldErrorKind::TooLong);
        assert_eq!(error("a; a=pass; b=pass"), FieldError { kind: FieldErrorKind::TooManyResults, at: 10 });
    }

    #[test]
    fn leniency_is_a_policy() {
        let value = "a; iprev=pass policy.iprev=2001:db8::1; compauth=pass action=none header.b=ab/c=;";
        assert!(AuthenticationResults::parse(value.as_bytes()).is_err());
        let field = AuthenticationResults::parse_with(value.as_bytes(), &ReadPolicy::lenient()).unwrap();
        assert_eq!(field.results[0].property("policy", "iprev"), Some("2001:db8::1"));
        assert_eq!(field.results[1].property("", "action"), Some("none"));
        assert_eq!(field.results[1].property("header", "b"), Some("ab/c="));
    }

    #[test]
    fn authserv_ids_may_be_missing_or_between_results() {
        // the form of Exchange Online
        let value = "spf=softfail (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.example; tenant.example; dkim=fail\r\n \
            header.d=b.example;tenant.example; dmarc=fail\r\n action=oreject header.from=a.example;compauth=pass reason=100";
        let error = AuthenticationResults::parse(value.as_bytes()).unwrap_err();
        assert_eq!(error, FieldError { kind: FieldErrorKind::Trailing, at: 3 });
        let lenient = ReadPolicy::lenient();
        let field = AuthenticationResults::parse_with(value.as_bytes(), &lenient).unwrap();
        // a name that stands elsewhere is not that of the service: a border does not look for its own there
        assert_eq!(field.authserv_id, "");
        let found: Vec<_> =
            field.results.iter().map(|result| format!("{}={}", result.method, result.result)).collect();
        assert_eq!(found, ["spf=softfail", "dkim=fail", "dmarc=fail", "compauth=pass"]);
        assert_eq!(field.results[0].comment.as_deref(), Some("sender IP is 192.0.2.1"));
        assert_eq!(field.results[3].reason.as_deref(), Some("100"));
        // written, it has an empty one
        let text = field.to_string();
        let value = &text["Authentication-Results:".len()..];
        assert_eq!(AuthenticationResults::parse_with(value.as_bytes(), &lenient).unwrap(), field);
        let field =
            AuthenticationResults::parse_with(b"a; b (c) ; spf=pass; (d) e; dkim=fail", &lenient).unwrap();
        assert_eq!((field.authserv_id.as_str(), field.results.len()), ("a", 2));
        // a name alone is no result
        for value in ["a", "a; b", "a; b; c", "spf=pass; b; ", "a; b; none"] {
            assert!(AuthenticationResults::parse_with(value.as_bytes(), &lenient).is_err(), "{value}");
        }
    }

    #[test]
    fn a_value_may_be_left_out() {
        let value = "a; spf=none smtp.mailfrom= smtp.helo=b.example; dmarc=none action= (x) header.from=;\r\n \
            dkim=none header.b=a.b=c header.i=";
        assert!(AuthenticationResults::parse(value.as_bytes()).is_err());
        let field = AuthenticationResults::parse_with(value.as_bytes(), &ReadPolicy::lenient()).unwrap();
        let found: Vec<_> = field
            .results
            .iter()
            .flat_map(|result| &result.properties)
            .map(|property| format!("{}={}", property.name, property.value))
            .collect();
        assert_eq!(found, ["mailfrom=", "helo=b.example", "action=", "from=", "b=a.b=c", "i="]);
        // white space may stand before a value that is there
        let field =
            AuthenticationResults::parse_with(b"a; spf=none smtp.helo= b.example", &ReadPolicy::lenient());
        assert_eq!(field.unwrap().results[0].property("smtp", "helo"), Some("b.example"));
        // an address that has the form of a property is one
        let field = AuthenticationResults::parse_with(
            b"a; spf=none smtp.mailfrom= srs.x=b@c.example",
            &ReadPolicy::lenient(),
        );
        assert_eq!(field.unwrap().results[0].property("smtp", "mailfrom"), Some("srs.x=b@c.example"));
        // a reason too
        let value = b"a; spf=none reason= smtp.helo=b.example; dkim=none reason=; dmarc=none reason= x";
        let results = AuthenticationResults::parse_with(value, &ReadPolicy::lenient()).unwrap().results;
        let reasons: Vec<_> = results.iter().map(|result| result.reason.as_deref()).collect();
        assert_eq!(reasons, [Some(""), Some(""), Some("x")]);
        assert_eq!(results[0].property("smtp", "helo"), Some("b.example"));
    }

    #[test]
    fn arc_fields_have_an_instance() {
        let policy = ReadPolicy::default();
        let (instance, field) = AuthenticationResults::parse_arc(b" i=3; a; spf=pass", &policy).unwrap();
        assert_eq!((instance, field.results.len()), (3, 1));
        assert_eq!(field.to_arc_field(3), "ARC-Authentication-Results: i=3; a;\r\n spf=pass");
        for value in ["a; spf=pass", "i=0; a; none", "i=51; a; none", "i=300; a; none"] {
            let error = AuthenticationResults::parse_arc(value.as_bytes(), &policy).unwrap_err();
            assert_eq!(error, FieldError { kind: FieldErrorKind::Instance, at: 0 }, "{value}");
        }
    }

    #[test]
    fn nothing_that_is_written_starts_a_line_or_a_result() {
        let field = AuthenticationResults {
            authserv_id: "a\r\nBcc: x".into(),
            version: None,
            results: [MethodResult::new(Method::Spf, ResultCode::Pass)
                .with_comment(") dkim=pass\r\n")
                .with_reason("x; dkim=pass")
                .with_property("smtp", "mailfrom", "x; dkim=pass\r\nTo: y\0")]
            .into(),
        };
        let text = field.to_string();
        let again = read(&text["Authentication-Results:".len()..]);
        assert_eq!(again.results.len(), 1);
        assert_eq!(again.authserv_id, "a??Bcc: x");
        assert_eq!(again.results[0].property("smtp", "mailfrom"), Some("x; dkim=pass??To: y?"));
        assert!(text.split("\r\n").skip(1).all(|line| line.starts_with(' ')), "{text}");
    }

    #[test]
    fn forged_fields_are_found() {
        let header = Header::parse(
            b"Authentication-Results: MX.Example.net; spf=pass\r\nAuthentication-Results: other.example; spf=fail\r\n\
              Authentication-Results: (open\r\nauthentication-results: \"mx.example.net\" 1; broken\r\n\r\n",
            HeaderLimits::default(),
        )
        .unwrap();
        let places: Vec<_> =
            fields_to_remove(&header, "mx.example.net", None).map(|field| field.at()).collect();
        let all: Vec<_> = header.fields().map(|field| field.at()).collect();
        assert_eq!(places, [all[0], all[2], all[3]]);
    }

    #[test]
    fn the_topmost_field_of_the_service_is_trusted() {
        let header = Header::parse(
            b"Authentication-Results: spf=fail\r\nAuthentication-Results: \"\"; spf=fail\r\n\
              Authentication-Results: other.example; spf=softfail\r\nAuthentication-Results: mx.example 2; spf=none\r\n\
              Authentication-Results: mx.example; broken\r\nAuthentication-Results: MX.Example 1; spf=pass\r\n\
              Authentication-Results: mx.example; spf=neutral\r\n\r\n",
            HeaderLimits::default(),
        )
        .unwrap();
        for policy in [ReadPolicy::default(), ReadPolicy::lenient()] {
            let result_of = |authserv_id| {
                let field = trusted_field(&header, authserv_id, &policy, None)?;
                Some(field.results[0].result.to_string())
            };
            assert_eq!(result_of("mx.example").as_deref(), Some("pass"));
            assert_eq!(result_of("mx.example.net"), None);
            assert_eq!(result_of(""), None, "which both fields at the top claim to be");
        }
    }
}
