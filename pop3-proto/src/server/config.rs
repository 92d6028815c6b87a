//! What a server is, offers and demands.

use crate::{
    capabilities::Capabilities,
    error::TextError,
    rules::Rules,
    text::{Text, Word},
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use mail_base::lines::LineEndings;

/// What a server listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Port 110: without TLS, until STLS.
    Pop3,
    /// Port 995 (RFC 8314 §3.3): with TLS from the first octet.
    Pop3s,
}

/// Whether UTF-8 mode is offered (RFC 6856 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Utf8 {
    /// It is not.
    #[default]
    No,
    /// It is.
    Messages,
    /// It is, and names and passwords may be in UTF-8; then those that are not UTF-8 are refused.
    MessagesAndUsers,
}

/// A language that the texts for people can be in (RFC 6856 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    tag: String,
    description: String,
}

impl Language {
    /// A language by its tag, and what it is called in itself.
    ///
    /// # Errors
    /// A [`TextError`] where one of the two cannot stand in a line.
    pub fn new(tag: &str, description: &str) -> Result<Self, TextError> {
        Word::new(tag)?;
        Text::new(description)?;
        Ok(Self { tag: tag.to_owned(), description: description.to_owned() })
    }

    /// Whether the range fits: the tag, or a start of it that ends before a hyphen (RFC 4647 §3.3.1).
    fn fits(&self, range: &str) -> bool {
        let (start, rest) = self.tag.split_at_checked(range.len()).unwrap_or(("", ""));
        start.eq_ignore_ascii_case(range) && (rest.is_empty() || rest.starts_with('-'))
    }
}

/// What bounds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// The most octets of a command, its line end counted. Default: 255 (RFC 2449 §4). Clients that send a
    /// token of OAuth as initial response pass that, though RFC 5034 §4 forbids it; 12,288 takes them.
    pub command_line: usize,
    /// The most octets of a line inside AUTH. Default: 12,288, as for SMTP (RFC 4954 §4); RFC 5034 §4 names
    /// none.
    pub auth_line: usize,
    /// The most commands of a session. Default: 1,000,000: RETR and DELE for each message of a large maildrop.
    pub commands: u32,
    /// How many refused commands end the session. Default: 20.
    pub errors: u32,
    /// How many refused logins end the session. Default: 3.
    pub auth_failures: u32,
    /// How many octets of a listing are written before the caller may send them. Default: 16 KiB.
    pub listing: usize,
    /// How many seconds a client may take for the next command. Default: 600, the least that RFC 1939 §3
    /// allows.
    pub seconds: u64,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            command_line: 255,
            auth_line: 12_288,
            commands: 1_000_000,
            errors: 20,
            auth_failures: 3,
            listing: 16 << 10,
            seconds: 600,
        }
    }
}

/// The configuration of a server: fields to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// What the server listens on.
    pub profile: Profile,
    /// What bounds a session.
    pub limits: ServerLimits,
    /// How strictly commands are read.
    pub rules: Rules,
    /// What is done about a bare CR or LF in a command. Default: it is refused, and the session ends.
    pub line_endings: LineEndings,
    /// What is done about a bare CR or LF in a message. Default: `Normalise`, because files of a Unix system
    /// have LF: each becomes CRLF, and a bare CR a space. `Keep` sends the octets as they are.
    pub body_line_endings: LineEndings,
    /// Offers STLS (RFC 2595 §4). Default: no, because the program around must be able to do it.
    pub stls: bool,
    /// Takes PASS and AUTH without TLS. Default: no: passwords would go over the wire in clear.
    pub login_in_clear: bool,
    /// Takes USER and PASS. Default: yes.
    pub user_pass: bool,
    /// The SASL mechanisms to offer. Default: none.
    pub mechanisms: Vec<String>,
    /// Takes TOP. Default: yes.
    pub top: bool,
    /// Takes UIDL. Default: yes.
    pub uidl: bool,
    /// Offers PIPELINING (RFC 2449 §6.6). Default: yes.
    pub pipelining: bool,
    /// Offers UTF-8 mode. Default: no: messages may have to be made fit for clients without it.
    pub utf8: Utf8,
    /// Offers LANG with these languages, the preferred one first. Default: none. What the machine itself says
    /// stays in English.
    pub languages: Vec<Language>,
    /// More lines for CAPA, of capabilities that need nothing from the machine: `IMPLEMENTATION`, `EXPIRE`,
    /// `LOGIN-DELAY`. Default: none.
    pub others: Capabilities,
    /// Asks what to answer to USER. Default: no: +OK, which does not tell who has a mailbox here.
    pub ask_user: bool,
    /// Asks what to answer to commands that are not known. Default: no: -ERR.
    pub ask_unknown: bool,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            limits: ServerLimits::default(),
            rules: Rules::STRICT,
            line_endings: LineEndings::Strict,
            body_line_endings: LineEndings::Normalise,
            stls: false,
            login_in_clear: false,
            user_pass: true,
            mechanisms: Vec::new(),
            top: true,
            uidl: true,
            pipelining: true,
            utf8: Utf8::No,
            languages: Vec::new(),
            others: Capabilities::new(),
            ask_user: false,
            ask_unknown: false,
        }
    }

    /// The same, with these SASL mechanisms. Words that are no mechanism's name are left out.
    #[must_use]
    pub fn with_mechanisms<'m>(mut self, mechanisms: impl IntoIterator<Item = &'m str>) -> Self {
        let names = mechanisms.into_iter().filter(|name| Word::new(name).is_ok());
        self.mechanisms = names.map(str::to_ascii_uppercase).collect();
        self
    }

    /// Whether a client may log in with what must not go over the wire in clear.
    pub(super) fn is_safe(&self, is_tls: bool) -> bool {
        is_tls || self.login_in_clear
    }

    /// The language that fits a range best: `*` is the preferred one.
    pub(super) fn language(&self, range: &str) -> Option<&Language> {
        match range {
            "*" => self.languages.first(),
            _ => self.languages.iter().find(|language| language.fits(range)),
        }
    }

    /// The language of this tag.
    pub(super) fn description(&self, tag: &str) -> &str {
        self.languages
            .iter()
            .find(|language| language.tag == tag)
            .map_or("", |language| &language.description)
    }

    /// Writes the lines behind the response to CAPA: what is offered to a client in this state.
    pub(super) fn write_offer(&self, is_tls: bool, is_logged_in: bool, out: &mut Vec<u8>) {
        let mut flag = |is_offered: bool, line: &str| {
            if is_offered {
                write_line(&[line], out);
            }
        };
        flag(self.top, "TOP");
        flag(self.uidl, "UIDL");
        flag(true, "RESP-CODES");
        flag(true, "AUTH-RESP-CODE");
        flag(self.pipelining, "PIPELINING");
        flag(self.user_pass && self.is_safe(is_tls), "USER");
        flag(self.stls && !is_tls && !is_logged_in, "STLS");
        flag(self.utf8 == Utf8::Messages, "UTF8");
        flag(self.utf8 == Utf8::MessagesAndUsers, "UTF8 USER");
        flag(!self.languages.is_empty(), "LANG");
        if !self.mechanisms.is_empty() && self.is_safe(is_tls) {
            out.extend_from_slice(b"SASL");
            for mechanism in &self.mechanisms {
                out.push(b' ');
                out.extend_from_slice(mechanism.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
        for (tag, parameters) in self.others.iter() {
            let space = if parameters.is_empty() { "" } else { " " };
            write_line(&[tag, space, parameters], out);
        }
    }

    /// Writes the lines behind the response to LANG.
    pub(super) fn write_languages(&self, out: &mut Vec<u8>) {
        for language in &self.languages {
            write_line(&[&language.tag, " ", &language.description], out);
        }
    }
}

impl Language {
    /// The exact tag.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

fn write_line(parts: &[&str], out: &mut Vec<u8>) {
    // the only line that starts with a dot is the last
    let is_dotted = parts.first().is_some_and(|part| part.starts_with('.'));
    out.extend_from_slice(if is_dotted { b"." } else { b"" });
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    out.extend_from_slice(b"\r\n");
}
