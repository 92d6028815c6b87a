//! The `Received:` field that a server puts on top of what it takes (RFC 5321 §4.4).

use crate::{
    path::Path,
    server::{HelloKind, Server},
};
use alloc::string::{String, ToString};
use core::net::IpAddr;
use mail_base::write::FieldWriter;

/// What a `Received:` field says.
///
/// ```
/// use smtp_proto::{Received, server::HelloKind};
///
/// let field = Received::new("mx.example.net", "Sun, 22 Nov 2026 03:10:00 +0000")
///     .from("client.example", Some("192.0.2.7".parse()?), Some("host7.example"))
///     .with_protocol(HelloKind::Ehlo, true, true, false)
///     .id("4F2A1")
///     .to_string();
/// assert_eq!(
///     field,
///     "Received: from client.example (host7.example [192.0.2.7])\r\n by mx.example.net with ESMTPSA id \
///      4F2A1;\r\n Sun, 22 Nov 2026 03:10:00 +0000"
/// );
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    by: &'a str,
    date: &'a str,
    from: Option<&'a str>,
    address: Option<IpAddr>,
    name: Option<&'a str>,
    protocol: Option<&'static str>,
    id: Option<&'a str>,
    recipient: Option<&'a Path<'a>>,
}

impl<'a> Received<'a> {
    /// What a host writes that calls itself `by`, at a time in the form of RFC 5322 §3.3.
    #[must_use]
    pub fn new(by: &'a str, date: &'a str) -> Self {
        Self { by, date, from: None, address: None, name: None, protocol: None, id: None, recipient: None }
    }

    /// Who the client says it is, the address that it comes from, and the name of that address.
    #[must_use]
    pub fn from(self, hello: &'a str, address: Option<IpAddr>, name: Option<&'a str>) -> Self {
        Self { from: Some(hello), address, name, ..self }
    }

    /// How the message came (RFC 3848, RFC 6531 §4.3).
    #[must_use]
    pub fn with_protocol(
        self,
        hello: HelloKind,
        is_tls: bool,
        is_authenticated: bool,
        is_utf8: bool,
    ) -> Self {
        Self { protocol: Some(protocol(hello, is_tls, is_authenticated, is_utf8)), ..self }
    }

    /// How the message came to this server; `is_utf8` is whether MAIL had SMTPUTF8.
    #[must_use]
    pub fn with_server(self, server: &Server, is_utf8: bool) -> Self {
        let hello = server.hello().unwrap_or(HelloKind::Helo);
        self.with_protocol(hello, server.is_tls(), server.is_authenticated(), is_utf8)
    }

    /// What the server calls the message.
    #[must_use]
    pub fn id(self, id: &'a str) -> Self {
        Self { id: Some(id), ..self }
    }

    /// The recipient. Only for a message that has one: with more it would tell each of the others (RFC 5321
    /// §7.2).
    #[must_use]
    pub fn recipient(self, recipient: &'a Path<'a>) -> Self {
        Self { recipient: Some(recipient), ..self }
    }
}

/// The name of a way to come: RFC 3848 §1, with the `UTF8` forms of RFC 6531 §4.3.
fn protocol(hello: HelloKind, is_tls: bool, is_authenticated: bool, is_utf8: bool) -> &'static str {
    match (hello, is_utf8, is_tls, is_authenticated) {
        (HelloKind::Helo, ..) => "SMTP",
        (HelloKind::Ehlo, false, false, false) => "ESMTP",
        (HelloKind::Ehlo, false, true, false) => "ESMTPS",
        (HelloKind::Ehlo, false, false, true) => "ESMTPA",
        (HelloKind::Ehlo, false, true, true) => "ESMTPSA",
        (HelloKind::Ehlo, true, false, false) => "UTF8SMTP",
        (HelloKind::Ehlo, true, true, false) => "UTF8SMTPS",
        (HelloKind::Ehlo, true, false, true) => "UTF8SMTPA",
        (HelloKind::Ehlo, true, true, true) => "UTF8SMTPSA",
        (HelloKind::Lhlo, false, false, false) => "LMTP",
        (HelloKind::Lhlo, false, true, false) => "LMTPS",
        (HelloKind::Lhlo, false, false, true) => "LMTPA",
        (HelloKind::Lhlo, false, true, true) => "LMTPSA",
        (HelloKind::Lhlo, true, false, false) => "UTF8LMTP",
        (HelloKind::Lhlo, true, true, false) => "UTF8LMTPS",
        (HelloKind::Lhlo, true, false, true) => "UTF8LMTPA",
        (HelloKind::Lhlo, true, true, true) => "UTF8LMTPSA",
    }
}

impl core::fmt::Display for Received<'_> {
    /// The field, folded, without a line end after it.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut field = FieldWriter::new("Received");
        if let Some(from) = self.from {
            field.word("from").word(from);
            if let Some(info) = self.tcp_info() {
                field.comment(&info);
            }
            field.fold();
        }
        field.word("by").word(self.by);
        if let Some(protocol) = self.protocol {
            field.word("with").word(protocol);
        }
        if let Some(id) = self.id {
            field.word("id").word(id);
        }
        if let Some(recipient) = self.recipient {
            field.word("for").word(recipient);
        }
        field.glue(";").fold().word(self.date);
        f.write_str(&field.finish())
    }
}

impl Received<'_> {
    /// `TCP-info = address-literal / ( Domain FWS address-literal )`
    fn tcp_info(&self) -> Option<String> {
        let literal = match self.address? {
            IpAddr::V4(address) => alloc::format!("[{address}]"),
            IpAddr::V6(address) => alloc::format!("[IPv6:{address}]"),
        };
        Some(match self.name {
            Some(name) => [name, " ", &literal].concat(),
            None => literal.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rules;

    #[test]
    fn protocols_have_their_registered_names() {
        for (name, hello, is_tls, is_authenticated, is_utf8) in [
            ("ESMTP", HelloKind::Ehlo, false, false, false),
            ("ESMTPS", HelloKind::Ehlo, true, false, false),
            ("ESMTPA", HelloKind::Ehlo, false, true, false),
            ("ESMTPSA", HelloKind::Ehlo, true, true, false),
            ("UTF8SMTP", HelloKind::Ehlo, false, false, true),
            ("UTF8SMTPS", HelloKind::Ehlo, true, false, true),
            ("UTF8SMTPA", HelloKind::Ehlo, false, true, true),
            ("UTF8SMTPSA", HelloKind::Ehlo, true, true, true),
            ("LMTP", HelloKind::Lhlo, false, false, false),
            ("LMTPS", HelloKind::Lhlo, true, false, false),
            ("LMTPA", HelloKind::Lhlo, false, true, false),
            ("LMTPSA", HelloKind::Lhlo, true, true, false),
            ("UTF8LMTP", HelloKind::Lhlo, false, false, true),
            ("UTF8LMTPS", HelloKind::Lhlo, true, false, true),
            ("UTF8LMTPA", HelloKind::Lhlo, false, true, true),
            ("UTF8LMTPSA", HelloKind::Lhlo, true, true, true),
        ] {
            assert_eq!(protocol(hello, is_tls, is_authenticated, is_utf8), name);
        }
        // HELO has no extensions, and hence no other name
        for flags in 0..8 {
            assert_eq!(protocol(HelloKind::Helo, flags & 1 != 0, flags & 2 != 0, flags & 4 != 0), "SMTP");
        }
    }

    #[test]
    fn nothing_that_a_client_says_breaks_the_field() {
        let path = Path::parse("<b@example.com>", &Rules::STRICT).unwrap();
        let field = Received::new("mx", "now")
            .from("a\r\nX-Evil: 1", Some("2001:db8::1".parse().unwrap()), Some("n(ame"))
            .recipient(&path)
            .to_string();
        assert_eq!(
            field,
            "Received: from a??X-Evil: 1 (n\\(ame [IPv6:2001:db8::1])\r\n by mx for <b@example.com>;\r\n now"
        );
    }
}
