//! Messages to verify and to sign.

/// A private RSA key of 2048 bits that signs nothing but tests.
pub const RSA_2048: &[u8] = include_bytes!("../../dkim/tests/support/rsa-2048.pem");

/// The header of an ordinary message as it arrives.
pub const HEADER: &str = "\
Return-Path: <news@lists.example.com>\r
Received: from mail.example.com (mail.example.com [192.0.2.25])\r
\tby mx.example.net (Postfix) with ESMTPS id 4Xk2bJ0Zq1z9sT\r
\tfor <reader@example.net>; Fri, 20 Nov 2026 10:21:07 +0000 (UTC)\r
Received: from app17.internal.example.com (app17 [10.0.4.17])\r
\tby mail.example.com with ESMTP id 91AF3C00B7;\r
\tFri, 20 Nov 2026 10:21:05 +0000\r
From: Example News <news@example.com>\r
To: \"A. Reader\" <reader@example.net>\r
Subject: Your weekly summary, and what changed since the last one\r
Date: Fri, 20 Nov 2026 10:21:04 +0000\r
Message-ID: <20261120102104.91AF3C00B7@mail.example.com>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=\"=_boundary_0123456789\"\r
List-Unsubscribe: <https://example.com/u/0123456789abcdef>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
\r
";

const WORDS: [&str; 16] = [
    "the",
    "message",
    "of",
    "authentication",
    "and",
    "in",
    "its",
    "canonical",
    "form",
    "a",
    "signature",
    "covers",
    "what",
    "readers",
    "see",
    "today",
];

/// A body such as mail has: a part of plain text, one of HTML indented by spaces, and an attachment in base64.
/// The shares are one eighth, three eighths and one half.
#[must_use]
pub fn ordinary_body(octets: usize) -> Vec<u8> {
    let mut body = Vec::with_capacity(octets + 128);
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap_or(0)
    };
    while body.len() < octets / 8 {
        let mut line = String::new();
        while line.len() < 66 {
            line.push_str(WORDS[random() % 16]);
            line.push(' ');
        }
        body.extend_from_slice(line.trim_end().as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    while body.len() < octets / 2 {
        let indent = "  ".repeat(random() % 6);
        let words = [WORDS[random() % 16], WORDS[random() % 16], WORDS[random() % 16]].join(" ");
        let line = format!(
            "{indent}<td style=3D\"padding: 0; color: #333\" class=3D\"c{}\">{words}</td>\r\n",
            random() % 90
        );
        body.extend_from_slice(line.as_bytes());
    }
    while body.len() < octets {
        body.extend((0..76).map(|_| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[random() % 32]));
        body.extend_from_slice(b"\r\n");
    }
    body.truncate(octets.saturating_sub(2));
    body.extend_from_slice(b"\r\n");
    body
}

/// Text alone: lines of words with one space between.
#[must_use]
pub fn plain_body(octets: usize) -> Vec<u8> {
    let mut body = ordinary_body(octets * 8);
    body.truncate(octets.saturating_sub(2));
    body.extend_from_slice(b"\r\n");
    body
}

/// Bodies that are meant to be slow, each with its name.
#[must_use]
pub fn hostile_bodies(octets: usize) -> Vec<(&'static str, Vec<u8>)> {
    let repeat = |piece: &[u8]| piece.iter().copied().cycle().take(octets).collect::<Vec<u8>>();
    vec![
        ("spaces", repeat(b" ")),
        ("line ends", repeat(b"\r\n")),
        ("one-octet lines", repeat(b"a\r\n")),
        ("octet, two spaces", repeat(b"a  ")),
        ("octet, tab", repeat(b"a\t")),
        ("space at every line's end", repeat(b"a \r\n")),
        ("bare CR after space", repeat(b" \r")),
        ("empty line, then text", repeat(b"\r\n\r\na")),
    ]
}

/// A whole message of about so many octets.
#[must_use]
pub fn message(octets: usize) -> Vec<u8> {
    let body = ordinary_body(octets.saturating_sub(HEADER.len()));
    [HEADER.as_bytes(), &body].concat()
}
