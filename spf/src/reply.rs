//! What a receiver that rejects says to the client (RFC 7208 §8, RFC 7372 §3.2).

use crate::{report::Report, request::Identity, verdict::Verdict};
use alloc::{format, string::String, vec, vec::Vec};
use core::fmt;

/// The most octets of a line of a reply, its end counted (RFC 5321 §4.5.3.1.5).
const MAX_LINE: usize = 512;

/// An enhanced status code (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u16, pub u16, pub u16);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The codes of a reply that rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The reply code (RFC 7208 §8.4, §8.6, §8.7).
    pub code: u16,
    /// The enhanced status code that RFC 7372 §3.2 registers for SPF.
    pub status: Status,
    /// The enhanced status code that RFC 7208 §8 names, for clients that know no newer one.
    pub general_status: Status,
}

impl Verdict {
    /// The codes with which a receiver rejects, where RFC 7208 §8 provides for that at all: whether it does is its
    /// own policy. A softfail should not be rejected for itself (§8.5).
    #[must_use]
    pub fn reply(self) -> Option<Reply> {
        let reply = |code, status, general_status| Some(Reply { code, status, general_status });
        match self {
            Self::Fail => reply(550, Status(5, 7, 23), Status(5, 7, 1)),
            Self::TempError => reply(451, Status(4, 7, 24), Status(4, 4, 3)),
            Self::PermError => reply(550, Status(5, 7, 24), Status(5, 5, 2)),
            Self::None | Self::Neutral | Self::Pass | Self::SoftFail => None,
        }
    }
}

impl Report {
    /// The lines of the reply that rejects, without line ends, in the form of RFC 7208 §8.4 and erratum 6721: all
    /// but the last have a hyphen behind the code. The domain's explanation is marked as the domain's, and is cut into
    /// several lines where it does not fit into one.
    #[must_use]
    pub fn reply_lines(&self) -> Option<Vec<String>> {
        let Reply { code, status, .. } = self.verdict.reply()?;
        let identity = match self.identity {
            Identity::MailFrom => "MAIL FROM",
            Identity::Helo => "HELO",
        };
        let mut texts = match self.verdict {
            Verdict::Fail => vec![format!("SPF {identity} check failed")],
            _ => vec![format!("SPF {identity} check could not be done: {}", self.verdict)],
        };
        if let (Some(explanation), Some(domain)) = (&self.explanation, &self.domain) {
            texts.push(format!("The domain {domain} explains:"));
            let before = format!("{code}-{status} ").len();
            let room = MAX_LINE.saturating_sub(before).saturating_sub("\r\n".len());
            texts.extend(lines(explanation, room).map(String::from));
        }
        let last = texts.len().saturating_sub(1);
        let line = |(number, text): (usize, String)| {
            let mark = if number == last { ' ' } else { '-' };
            format!("{code}{mark}{status} {text}")
        };
        Some(texts.into_iter().enumerate().map(line).collect())
    }
}

/// Cuts a text of ASCII characters into lines of so many octets at most, between words where it has any.
fn lines(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let Some((line, _)) = text.split_at_checked(most).filter(|(_, behind)| !behind.is_empty()) else {
            rest = None;
            return Some(text);
        };
        let words = line.rsplit_once(' ').map(|(words, _)| words);
        let line = words.filter(|words| !words.is_empty()).unwrap_or(line);
        rest = text.get(line.len()..).map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::string_slice)]

    use super::*;
    use crate::{Limits, Request, Zone, check};

    #[test]
    fn only_what_may_be_rejected_has_a_reply() {
        let codes = |verdict: Verdict| {
            verdict.reply().map(|reply| format!("{} {} {}", reply.code, reply.status, reply.general_status))
        };
        assert_eq!(codes(Verdict::Fail).as_deref(), Some("550 5.7.23 5.7.1"));
        assert_eq!(codes(Verdict::TempError).as_deref(), Some("451 4.7.24 4.4.3"));
        assert_eq!(codes(Verdict::PermError).as_deref(), Some("550 5.7.24 5.5.2"));
        for verdict in [Verdict::None, Verdict::Neutral, Verdict::Pass, Verdict::SoftFail] {
            assert_eq!(codes(verdict), None);
        }
    }

    #[test]
    fn the_explanation_is_marked_as_the_domains() {
        let zone = Zone::parse(
            "example.com. TXT \"v=spf1 -all exp=why.example.com\"\nwhy.example.com. TXT \"See %{i}\"\n\
             plain.example.com. TXT \"v=spf1 -all\"\n",
        )
        .unwrap();
        let lines = |request| check(request, &Limits::default()).run(&zone).reply_lines().unwrap();
        let ip = [192, 0, 2, 1].into();
        assert_eq!(
            lines(Request::mail_from(ip, "h.example", "a@example.com")),
            [
                "550-5.7.23 SPF MAIL FROM check failed",
                "550-5.7.23 The domain example.com explains:",
                "550 5.7.23 See 192.0.2.1"
            ]
        );
        assert_eq!(lines(Request::helo(ip, "plain.example.com")), ["550 5.7.23 SPF HELO check failed"]);
    }

    /// RFC 5321 §4.5.3.1.5: a line of a reply has no more than 512 octets, its end counted.
    #[test]
    fn a_long_explanation_is_cut_into_lines() {
        let reply = |text: &str| {
            let mut zone = Zone::parse("example.com. TXT \"v=spf1 -all exp=why.example.com\"").unwrap();
            zone.add_txt(&mail_base::Name::parse("why.example.com").unwrap(), text);
            let request = Request::mail_from([192, 0, 2, 1].into(), "h.example", "a@example.com");
            check(request, &Limits::default()).run(&zone).reply_lines().unwrap()
        };
        let words = "word ".repeat(400);
        let lines = reply(words.trim_end());
        assert!(lines.len() > 5 && lines.iter().all(|line| line.len() <= 510), "{lines:?}");
        assert!(lines.iter().rev().skip(1).all(|line| line.starts_with("550-5.7.23 ")), "{lines:?}");
        let said: Vec<_> = lines.iter().skip(2).map(|line| &line["550-5.7.23 ".len()..]).collect();
        assert_eq!(said.join(" "), words.trim_end());
        assert_eq!(reply(&"x".repeat(1000))[2..].iter().map(String::len).collect::<Vec<_>>(), [510, 510, 13]);
        assert_eq!(reply(&"x".repeat(499))[2..].iter().map(String::len).collect::<Vec<_>>(), [510]);
        let leading = format!(" {}", "x".repeat(600));
        assert_eq!(reply(&leading)[2..].iter().map(String::len).collect::<Vec<_>>(), [510, 113]);
    }
}
