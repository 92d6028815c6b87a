//! Reading the parameters of a command.

use super::{BodyType, MAX_PARAMETERS, MailOthers, MailParams, Param, RcptOthers, RcptParams, Return, Role};
use crate::{
    error::{CommandError, CommandErrorKind},
    octets::{self, ALPHANUMERIC, HYPHEN, VALUE},
    rules::Rules,
    values::{DeliverBy, Hold, Notify, OriginalRecipient, Priority, Rrvs},
    xtext::{Envid, Submitter},
};

impl<'a> MailParams<'a> {
    /// Reads what stands in `text` from there on.
    pub(crate) fn read(&mut self, text: &'a str, from: usize, rules: &Rules) -> Result<(), CommandError> {
        let mut params = Params::new(text, from, rules);
        let (mut count, mut others): (usize, usize) = (0, 0);
        while params.advance()? {
            let (at, value) = (params.at, params.value);
            let given = value.unwrap_or("");
            match mail_keyword(params.keyword) {
                Some(MailKeyword::Size) => set(&mut self.size, size(given), at)?,
                Some(MailKeyword::Body) => set(&mut self.body, body(given), at)?,
                Some(MailKeyword::SmtpUtf8) => set_flag(&mut self.smtputf8, value, at)?,
                Some(MailKeyword::RequireTls) => set_flag(&mut self.requiretls, value, at)?,
                Some(MailKeyword::Ret) => set(&mut self.ret, ret(given), at)?,
                Some(MailKeyword::Envid) => set(&mut self.envid, Envid::parse(given), at)?,
                Some(MailKeyword::Auth) => set(&mut self.auth, Submitter::parse(given), at)?,
                Some(MailKeyword::By) => set(&mut self.by, DeliverBy::read(given), at)?,
                Some(MailKeyword::Priority) => set(&mut self.priority, Priority::read(given), at)?,
                Some(MailKeyword::HoldFor) => set(&mut self.hold, Hold::read_for(given), at)?,
                Some(MailKeyword::HoldUntil) => set(&mut self.hold, Hold::read_until(given), at)?,
                None => {
                    check_number(others, at)?;
                    check_unique(text, from, count, params.keyword, at)?;
                    others = others.saturating_add(1);
                    self.others = MailOthers::among(text.get(from..).unwrap_or(""));
                }
            }
            count = count.saturating_add(1);
        }
        Ok(())
    }
}

impl<'a> RcptParams<'a> {
    /// Reads what stands in `text` from there on.
    pub(crate) fn read(&mut self, text: &'a str, from: usize, rules: &Rules) -> Result<(), CommandError> {
        let mut params = Params::new(text, from, rules);
        let (mut count, mut others): (usize, usize) = (0, 0);
        while params.advance()? {
            let at = params.at;
            let given = params.value.unwrap_or("");
            match rcpt_keyword(params.keyword) {
                Some(RcptKeyword::Notify) => set(&mut self.notify, Notify::read(given), at)?,
                Some(RcptKeyword::Orcpt) => set(&mut self.orcpt, OriginalRecipient::parse(given), at)?,
                Some(RcptKeyword::Rrvs) => set(&mut self.rrvs, Rrvs::read(given), at)?,
                None => {
                    check_number(others, at)?;
                    check_unique(text, from, count, params.keyword, at)?;
                    others = others.saturating_add(1);
                    self.others = RcptOthers::among(text.get(from..).unwrap_or(""));
                }
            }
            count = count.saturating_add(1);
        }
        Ok(())
    }
}

/// Cuts `esmtp-param *(SP esmtp-param)` (RFC 5321 §4.1.2), one after the other.
pub(super) struct Params<'a> {
    text: &'a str,
    /// Where the next one starts, or the space before it.
    next: usize,
    loose_spaces: bool,
    /// Where the last one starts that was read, and what it is.
    pub(super) at: usize,
    pub(super) keyword: &'a str,
    value: Option<&'a str>,
}

impl<'a> Params<'a> {
    /// Those that stand in `text` from there on.
    pub(super) fn new(text: &'a str, from: usize, rules: &Rules) -> Self {
        let mut params =
            Self { text, next: from, loose_spaces: rules.loose_spaces, at: from, keyword: "", value: None };
        params.skip_loose_spaces();
        params
    }

    #[inline]
    fn skip_loose_spaces(&mut self) {
        while self.loose_spaces && self.text.as_bytes().get(self.next) == Some(&b' ') {
            self.next = self.next.saturating_add(1);
        }
    }

    /// Reads the next one; whether there is one.
    ///
    /// ```text
    /// esmtp-param   = esmtp-keyword ["=" esmtp-value]
    /// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    /// esmtp-value   = 1*(%d33-60 / %d62-126)
    /// ```
    /// and octets outside ASCII in the value (RFC 6531 §3.3).
    pub(super) fn advance(&mut self) -> Result<bool, CommandError> {
        let octets = self.text.as_bytes();
        if self.next >= octets.len() {
            return Ok(false);
        }
        let error = |at| CommandError { kind: CommandErrorKind::Parameter, at };
        self.at = self.next;
        let mut end = octets::end_of_run(octets, self.at, ALPHANUMERIC | HYPHEN);
        self.keyword = self.text.get(self.at..end).unwrap_or("");
        if matches!(self.keyword.as_bytes(), [] | [b'-', ..]) {
            return Err(error(self.at));
        }
        self.value = None;
        if octets.get(end) == Some(&b'=') {
            let value = end.saturating_add(1);
            end = octets::end_of_run(octets, value, VALUE);
            if end == value {
                return Err(error(end));
            }
            self.value = self.text.get(value..end);
        }
        self.next = match octets.get(end) {
            None => end,
            Some(b' ') => end.saturating_add(1),
            Some(_) => return Err(error(end)),
        };
        self.skip_loose_spaces();
        Ok(true)
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    /// The next one; none after an error.
    fn next(&mut self) -> Option<Param<'a>> {
        let is_there = self.advance().unwrap_or(false);
        is_there.then_some(Param { keyword: self.keyword, value: self.value })
    }
}

/// Whether there may be one more that this crate has no type for, behind so many. Those that it has one for stand once
/// each.
pub(super) fn check_number(others: usize, at: usize) -> Result<(), CommandError> {
    if others < MAX_PARAMETERS {
        Ok(())
    } else {
        Err(CommandError { kind: CommandErrorKind::TooManyParameters, at })
    }
}

/// Whether a parameter that this crate has no type for stands once: `count` others stand before it.
pub(super) fn check_unique(
    text: &str,
    from: usize,
    count: usize,
    keyword: &str,
    at: usize,
) -> Result<(), CommandError> {
    let mut before = Params::new(text, from, &Rules::LOOSE).take(count);
    if before.any(|other| other.keyword.eq_ignore_ascii_case(keyword)) {
        return Err(CommandError { kind: CommandErrorKind::Duplicate, at });
    }
    Ok(())
}

/// Puts a value into its place, which must be free.
fn set<T>(place: &mut Option<T>, value: Option<T>, at: usize) -> Result<(), CommandError> {
    if place.is_some() {
        return Err(CommandError { kind: CommandErrorKind::Duplicate, at });
    }
    if value.is_none() {
        return Err(CommandError { kind: CommandErrorKind::Value, at });
    }
    *place = value;
    Ok(())
}

/// As [`set`], for a parameter without a value.
fn set_flag(place: &mut bool, value: Option<&str>, at: usize) -> Result<(), CommandError> {
    match (*place, value) {
        (true, _) => Err(CommandError { kind: CommandErrorKind::Duplicate, at }),
        (false, Some(_)) => Err(CommandError { kind: CommandErrorKind::Value, at }),
        (false, None) => {
            *place = true;
            Ok(())
        }
    }
}

/// ```text
/// size-value = 1*20DIGIT
/// ```
/// (RFC 1870 §6.) What does not fit is larger than every limit.
fn size(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

fn body(text: &str) -> Option<BodyType> {
    let kinds = [BodyType::EightBitMime, BodyType::SevenBit, BodyType::BinaryMime];
    kinds.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
}

fn ret(text: &str) -> Option<Return> {
    [Return::Full, Return::Headers].into_iter().find(|ret| ret.as_str().eq_ignore_ascii_case(text))
}

enum MailKeyword {
    Size,
    Body,
    SmtpUtf8,
    RequireTls,
    Ret,
    Envid,
    Auth,
    By,
    Priority,
    HoldFor,
    HoldUntil,
}

fn mail_keyword(keyword: &str) -> Option<MailKeyword> {
    const SIZE: u64 = octets::word(b"SIZE");
    const BODY: u64 = octets::word(b"BODY");
    const AUTH: u64 = octets::word(b"AUTH");
    const RET: u64 = octets::word(b"RET");
    const ENVID: u64 = octets::word(b"ENVID");
    const SMTPUTF8: u64 = octets::word(b"SMTPUTF8");
    const BY: u64 = octets::word(b"BY");
    const HOLDFOR: u64 = octets::word(b"HOLDFOR");
    match octets::word(keyword.as_bytes()) {
        SIZE => Some(MailKeyword::Size),
        BODY => Some(MailKeyword::Body),
        AUTH => Some(MailKeyword::Auth),
        RET => Some(MailKeyword::Ret),
        ENVID => Some(MailKeyword::Envid),
        SMTPUTF8 => Some(MailKeyword::SmtpUtf8),
        BY => Some(MailKeyword::By),
        HOLDFOR => Some(MailKeyword::HoldFor),
        _ if keyword.eq_ignore_ascii_case("HOLDUNTIL") => Some(MailKeyword::HoldUntil),
        _ if keyword.eq_ignore_ascii_case("REQUIRETLS") => Some(MailKeyword::RequireTls),
        _ if keyword.eq_ignore_ascii_case("MT-PRIORITY") => Some(MailKeyword::Priority),
        _ => None,
    }
}

enum RcptKeyword {
    Notify,
    Orcpt,
    Rrvs,
}

fn rcpt_keyword(keyword: &str) -> Option<RcptKeyword> {
    const NOTIFY: u64 = octets::word(b"NOTIFY");
    const ORCPT: u64 = octets::word(b"ORCPT");
    const RRVS: u64 = octets::word(b"RRVS");
    match octets::word(keyword.as_bytes()) {
        NOTIFY => Some(RcptKeyword::Notify),
        ORCPT => Some(RcptKeyword::Orcpt),
        RRVS => Some(RcptKeyword::Rrvs),
        _ => None,
    }
}

impl Role {
    pub(super) fn knows(self, keyword: &str) -> bool {
        match self {
            Self::Mail => mail_keyword(keyword).is_some(),
            Self::Rcpt => rcpt_keyword(keyword).is_some(),
        }
    }
}
