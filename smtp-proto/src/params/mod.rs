//! The parameters of MAIL and RCPT, those that extensions define typed, every other kept.

mod read;

use crate::{
    error::{CommandError, CommandErrorKind},
    rules::Rules,
    values::{DeliverBy, Hold, Notify, OriginalRecipient, Priority, Rrvs},
    xtext::{Envid, Submitter},
};
use alloc::borrow::Cow;
use core::{fmt, ops::Deref};
use read::{Params, check_number, check_unique};

/// The most parameters of a command that this crate has no type for.
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
    pub envid: Option<Envid<'a>>,
    /// `AUTH`: who submitted the message first (RFC 4954 §5).
    pub auth: Option<Submitter<'a>>,
    /// `BY`: deliver by then, or else (RFC 2852 §4).
    pub by: Option<DeliverBy>,
    /// `MT-PRIORITY` (RFC 6710 §5).
    pub priority: Option<Priority>,
    /// `HOLDFOR` or `HOLDUNTIL`: do not deliver before (RFC 4865 §5).
    pub hold: Option<Hold>,
    /// All others.
    pub others: MailOthers<'a>,
}

/// The parameters of RCPT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParams<'a> {
    /// `NOTIFY`: when to send a notification (RFC 3461 §4.1).
    pub notify: Option<Notify>,
    /// `ORCPT`: who the message was for in the first place (RFC 3461 §4.2).
    pub orcpt: Option<OriginalRecipient<'a>>,
    /// `RRVS`: deliver only if the mailbox has had its owner since then (RFC 7293 §3).
    pub rrvs: Option<Rrvs>,
    /// All others.
    pub others: RcptOthers<'a>,
}

/// Parameters that this crate has no type for, as written: [`MailOthers`] or [`RcptOthers`].
#[derive(Clone)]
pub struct Others<'a> {
    text: Cow<'a, str>,
    role: Role,
}

/// Which command the parameters belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Mail,
    Rcpt,
}

macro_rules! others_of {
    ($name:ident, $role:ident, $command:literal) => {
        #[doc = concat!("The parameters of ", $command, " that this crate has no type for.")]
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name<'a>(Others<'a>);

        impl<'a> $name<'a> {
            /// Parameters separated by spaces: `"XTAG=7 XFAST"`.
            ///
            /// # Errors
            /// A [`CommandError`] where this is not a list of parameters, where one stands twice, or where this
            /// crate has a type for one.
            pub fn new(text: &'a str) -> Result<Self, CommandError> {
                Others::new(text, Role::$role).map(Self)
            }

            /// Those among the parameters that have been read.
            fn among(text: &'a str) -> Self {
                Self(Others { text: Cow::Borrowed(text), role: Role::$role })
            }

            fn into_owned(self) -> $name<'static> {
                $name(self.0.into_owned())
            }
        }

        impl Default for $name<'_> {
            fn default() -> Self {
                Self::among("")
            }
        }

        impl<'a> Deref for $name<'a> {
            type Target = Others<'a>;

            fn deref(&self) -> &Others<'a> {
                &self.0
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

others_of!(MailOthers, Mail, "MAIL");
others_of!(RcptOthers, Rcpt, "RCPT");

/// A parameter as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The keyword, in the case that it came in.
    pub keyword: &'a str,
    /// What stands behind the equals sign, if there is one.
    pub value: Option<&'a str>,
}

impl<'a> Others<'a> {
    fn new(text: &'a str, role: Role) -> Result<Self, CommandError> {
        let mut params = Params::new(text, 0, &Rules::STRICT);
        let mut count: usize = 0;
        while params.advance()? {
            if role.knows(params.keyword) {
                return Err(CommandError { kind: CommandErrorKind::Duplicate, at: params.at });
            }
            check_number(count, params.at)?;
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
        if self.is_empty() {
            return Ok(());
        }
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

impl MailParams<'_> {
    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> MailParams<'static> {
        MailParams {
            size: self.size,
            body: self.body,
            smtputf8: self.smtputf8,
            requiretls: self.requiretls,
            ret: self.ret,
            envid: self.envid.map(Envid::into_owned),
            auth: self.auth.map(Submitter::into_owned),
            by: self.by,
            priority: self.priority,
            hold: self.hold,
            others: self.others.into_owned(),
        }
    }
}

impl RcptParams<'_> {
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
            Some(Hold::For(seconds)) => write!(out, " HOLDFOR={seconds}")?,
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
