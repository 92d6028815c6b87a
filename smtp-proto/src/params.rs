//! The parameters of MAIL and RCPT, those that extensions define typed, every other kept.

use crate::{
    error::{CommandError, CommandErrorKind},
    octets::{self, ALPHANUMERIC, HYPHEN, VALUE},
    path::Mailbox,
    rules::Rules,
    values::{DeliverBy, Hold, Notify, OriginalRecipient, Priority, Timestamp, Xtext},
};
use alloc::borrow::Cow;
use core::fmt;

/// The most parameters of a command.
pub const MAX_PARAMETERS: usize = 32;

/// What the body of a message is made of (RFC 6152 §3, RFC 3030 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// `7BIT`, which is also what the absence of the parameter means.
    #[default]
    SevenBit,
    /// `8BITMIME`
    EightBitMime,
    /// `BINARYMIME`: no lines, hence BDAT only.
    BinaryMime,
}

/// What a notification of failure gives back (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// `FULL`: the message.
    Full,
    /// `HDRS`: its header.
    Headers,
}

/// The parameters of MAIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParams<'a> {
    /// `SIZE`: how large the message will be; 0 if that is not known (RFC 1870 §6).
    pub size: Option<u64>,
    /// `BODY` (RFC 6152, RFC 3030).
    pub body: Option<BodyType>,
    /// `SMTPUTF8`: there may be octets outside ASCII in the envelope and the header (RFC 6531 §3.4).
    pub smtputf8: bool,
    /// `REQUIRETLS`: the message must not go where there is no TLS (RFC 8689 §2).
    pub requiretls: bool,
    /// `RET` (RFC 3461 §4.3).
    pub ret: Option<Return>,
    /// `ENVID`: what notifications call the message (RFC 3461 §4.4).
    pub envid: Option<Xtext<'a>>,
    /// `AUTH`: who submitted the message first (RFC 4954 §5): a mailbox, or `<>`, in xtext.
    pub auth: Option<Xtext<'a>>,
    /// `BY`: deliver by then, or else (RFC 2852 §4).
    pub by: Option<DeliverBy>,
    /// `MT-PRIORITY` (RFC 6710 §5).
    pub priority: Option<Priority>,
    /// `HOLDFOR` or `HOLDUNTIL`: do not deliver before (RFC 4865 §5).
    pub hold: Option<Hold>,
    /// All others.
    pub others: Others<'a>,
}

/// The parameters of RCPT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParams<'a> {
    /// `NOTIFY`: when to send a notification (RFC 3461 §4.1).
    pub notify: Option<Notify>,
    /// `ORCPT`: who the message was for in the first place (RFC 3461 §4.2).
    pub orcpt: Option<OriginalRecipient<'a>>,
    /// `RRVS`: deliver only if the mailbox has had its owner since then (RFC 7293 §3).
    pub rrvs: Option<Timestamp>,
    /// All others.
    pub others: Others<'a>,
}

/// Parameters that this crate has no type for, as written.
#[derive(Clone, Default)]
pub struct Others<'a> {
    text: Cow<'a, str>,
    role: Role,
}

/// Which command the parameters belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Role {
    #[default]
    Mail,
    Rcpt,
}

/// A parameter as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The keyword, in the case that it came in.
    pub keyword: &'a str,
    /// What stands behind the equals sign, if there is one.
    pub value: Option<&'a str>,
}

impl<'a> Others<'a> {
    /// Parameters for MAIL that this crate has no type for, separated by spaces: `"XTAG=7 XFAST"`.
    ///
    /// # Errors
    /// A [`CommandError`] where this is not a list of parameters, where one stands twice, or where this crate
    /// has a type for one.
    pub fn for_mail(text: &'a str) -> Result<Self, CommandError> {
        Self::new(text, Role::Mail)
    }

    /// As [`for_mail`](Self::for_mail), for RCPT.
    ///
    /// # Errors
    /// As [`for_mail`](Self::for_mail).
    pub fn for_rcpt(text: &'a str) -> Result<Self, CommandError> {
        Self::new(text, Role::Rcpt)
    }

    fn new(text: &'a str, role: Role) -> Result<Self, CommandError> {
        let mut params = Params::new(text, 0, &Rules::STRICT);
        let mut count: usize = 0;
        while params.advance()? {
            if role.knows(params.keyword) {
                return Err(CommandError { kind: CommandErrorKind::Duplicate, at: params.at });
            }
            check_unique(text, 0, count, params.keyword, params.at)?;
            count = count.saturating_add(1);
        }
        Ok(Self { text: Cow::Borrowed(text), role })
    }

    /// The parameters.
    pub fn iter(&self) -> impl Iterator<Item = Param<'_>> {
        Params::new(&self.text, 0, &Rules::LOOSE).filter(|param| !self.role.knows(param.keyword))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        self.iter().try_for_each(|param| match param.value {
            Some(value) => write!(out, " {}={value}", param.keyword),
            None => write!(out, " {}", param.keyword),
        })
    }

    fn into_owned(self) -> Others<'static> {
        Others { text: Cow::Owned(self.text.into_owned()), role: self.role }
    }
}

impl PartialEq for Others<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Others<'_> {}

impl fmt::Display for Others<'_> {
    /// Each with a space before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

impl fmt::Debug for Others<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Role {
    fn knows(self, keyword: &str) -> bool {
        match self {
            Self::Mail => mail_keyword(keyword).is_some(),
            Self::Rcpt => rcpt_keyword(keyword).is_some(),
        }
    }
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

/// Cuts `esmtp-param *(SP esmtp-param)` (RFC 5321 §4.1.2), one after the other.
struct Params<'a> {
    text: &'a str,
    /// Where the next one starts, or the space before it.
    next: usize,
    loose_spaces: bool,
    /// Where the last one starts that was read, and what it is.
    at: usize,
    keyword: &'a str,
    value: Option<&'a str>,
}

impl<'a> Params<'a> {
    /// Those that stand in `text` from there on.
    fn new(text: &'a str, from: usize, rules: &Rules) -> Self {
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
    fn advance(&mut self) -> Result<bool, CommandError> {
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

/// Whether a parameter that this crate has no type for stands once: `count` others stand before it.
fn check_unique(text: &str, from: usize, count: usize, keyword: &str, at: usize) -> Result<(), CommandError> {
    if count >= MAX_PARAMETERS {
        return Err(CommandError { kind: CommandErrorKind::TooManyParameters, at });
    }
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

impl<'a> MailParams<'a> {
    /// Reads what stands in `text` from there on.
    pub(crate) fn read(&mut self, text: &'a str, from: usize, rules: &Rules) -> Result<(), CommandError> {
        let mut params = Params::new(text, from, rules);
        let mut count: usize = 0;
        while params.advance()? {
            let (at, value) = (params.at, params.value);
            let given = value.unwrap_or("");
            match mail_keyword(params.keyword) {
                Some(MailKeyword::Size) => set(&mut self.size, size(given), at)?,
                Some(MailKeyword::Body) => set(&mut self.body, body(given), at)?,
                Some(MailKeyword::SmtpUtf8) => set_flag(&mut self.smtputf8, value, at)?,
                Some(MailKeyword::RequireTls) => set_flag(&mut self.requiretls, value, at)?,
                Some(MailKeyword::Ret) => set(&mut self.ret, ret(given), at)?,
                Some(MailKeyword::Envid) => set(&mut self.envid, Xtext::envid(given), at)?,
                Some(MailKeyword::Auth) => set(&mut self.auth, submitter(given), at)?,
                Some(MailKeyword::By) => set(&mut self.by, DeliverBy::read(given), at)?,
                Some(MailKeyword::Priority) => set(&mut self.priority, Priority::read(given), at)?,
                Some(MailKeyword::HoldFor) => set(&mut self.hold, Hold::read_for(given), at)?,
                Some(MailKeyword::HoldUntil) => set(&mut self.hold, Hold::read_until(given), at)?,
                None => {
                    check_unique(text, from, count, params.keyword, at)?;
                    let text = text.get(from..).unwrap_or("");
                    self.others = Others { text: Cow::Borrowed(text), role: Role::Mail };
                }
            }
            count = count.saturating_add(1);
        }
        Ok(())
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> MailParams<'static> {
        MailParams {
            size: self.size,
            body: self.body,
            smtputf8: self.smtputf8,
            requiretls: self.requiretls,
            ret: self.ret,
            envid: self.envid.map(Xtext::into_owned),
            auth: self.auth.map(Xtext::into_owned),
            by: self.by,
            priority: self.priority,
            hold: self.hold,
            others: self.others.into_owned(),
        }
    }
}

impl<'a> RcptParams<'a> {
    /// Reads what stands in `text` from there on.
    pub(crate) fn read(&mut self, text: &'a str, from: usize, rules: &Rules) -> Result<(), CommandError> {
        let mut params = Params::new(text, from, rules);
        let mut count: usize = 0;
        while params.advance()? {
            let at = params.at;
            let given = params.value.unwrap_or("");
            match rcpt_keyword(params.keyword) {
                Some(RcptKeyword::Notify) => set(&mut self.notify, Notify::read(given), at)?,
                Some(RcptKeyword::Orcpt) => set(&mut self.orcpt, OriginalRecipient::parse(given), at)?,
                Some(RcptKeyword::Rrvs) => set(&mut self.rrvs, rrvs(given), at)?,
                None => {
                    check_unique(text, from, count, params.keyword, at)?;
                    let text = text.get(from..).unwrap_or("");
                    self.others = Others { text: Cow::Borrowed(text), role: Role::Rcpt };
                }
            }
            count = count.saturating_add(1);
        }
        Ok(())
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> RcptParams<'static> {
        RcptParams {
            notify: self.notify,
            orcpt: self.orcpt.map(OriginalRecipient::into_owned),
            rrvs: self.rrvs,
            others: self.others.into_owned(),
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

/// ```text
/// auth-param = xtext of ( mailbox / "<>" )
/// ```
/// (RFC 4954 §5.)
fn submitter(text: &str) -> Option<Xtext<'_>> {
    let xtext = Xtext::parse(text)?;
    let decoded = xtext.decode();
    let decoded = core::str::from_utf8(&decoded).ok()?;
    (decoded == "<>" || Mailbox::parse(decoded, &Rules::LOOSE).is_ok()).then_some(xtext)
}

/// ```text
/// rrvs-param = "RRVS=" date-time [ ";" ( "C" / "R" ) ]
/// ```
/// (RFC 7293 §3.1.) What follows the semicolon is for the hops between, and ignored as the RFC says.
fn rrvs(text: &str) -> Option<Timestamp> {
    let (time, _) = text.split_once(';').unwrap_or((text, ""));
    Timestamp::parse(time)
}

impl BodyType {
    /// The value of the parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
        }
    }
}

impl Return {
    /// The value of the parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

impl MailParams<'_> {
    /// Writes them, each with a space before it.
    pub(crate) fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        if let Some(size) = self.size {
            write!(out, " SIZE={size}")?;
        }
        if let Some(body) = self.body {
            write!(out, " BODY={}", body.as_str())?;
        }
        if self.smtputf8 {
            out.write_str(" SMTPUTF8")?;
        }
        if self.requiretls {
            out.write_str(" REQUIRETLS")?;
        }
        if let Some(ret) = self.ret {
            write!(out, " RET={}", ret.as_str())?;
        }
        if let Some(envid) = &self.envid {
            write!(out, " ENVID={envid}")?;
        }
        if let Some(auth) = &self.auth {
            write!(out, " AUTH={auth}")?;
        }
        if let Some(by) = self.by {
            write!(out, " BY={by}")?;
        }
        if let Some(priority) = self.priority {
            write!(out, " MT-PRIORITY={priority}")?;
        }
        match self.hold {
            Some(Hold::For(seconds)) => write!(out, " HOLDFOR={}", seconds.min(Hold::MAX_SECONDS))?,
            Some(Hold::Until(time)) => write!(out, " HOLDUNTIL={time}")?,
            None => {}
        }
        self.others.print(out)
    }
}

impl fmt::Display for MailParams<'_> {
    /// Each with a space before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

impl RcptParams<'_> {
    /// Writes them, each with a space before it.
    pub(crate) fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        if let Some(notify) = self.notify {
            write!(out, " NOTIFY={notify}")?;
        }
        if let Some(orcpt) = &self.orcpt {
            write!(out, " ORCPT={orcpt}")?;
        }
        if let Some(rrvs) = self.rrvs {
            write!(out, " RRVS={rrvs}")?;
        }
        self.others.print(out)
    }
}

impl fmt::Display for RcptParams<'_> {
    /// Each with a space before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}
