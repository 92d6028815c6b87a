//! POP3: commands and responses of sessions as they are, listings, and messages with dots in them.

/// The commands of a session, over and over, each with its line end.
#[must_use]
pub fn commands(count: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    for at in 0..count {
        let number = at / 8 % 500 + 1;
        let line = match at % 8 {
            0 => "USER alice@example.org".to_owned(),
            1 => "PASS correct horse battery".to_owned(),
            2 => "STAT".to_owned(),
            3 => "UIDL".to_owned(),
            4 => format!("RETR {number}"),
            5 => format!("DELE {number}"),
            6 => format!("TOP {number} 20"),
            _ => "NOOP".to_owned(),
        };
        octets.extend_from_slice(line.as_bytes());
        octets.extend_from_slice(b"\r\n");
    }
    octets
}

/// Responses of one line, over and over. Each fourth is that to STAT.
#[must_use]
pub fn responses(count: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    for at in 0..count {
        let line = match at % 4 {
            0 => "+OK Send PASS".to_owned(),
            1 => format!("+OK {} {}", at % 5000, at * 1234),
            2 => format!("+OK {} octets", at * 77 % 100_000),
            _ => "-ERR [AUTH] Login failed for this user".to_owned(),
        };
        octets.extend_from_slice(line.as_bytes());
        octets.extend_from_slice(b"\r\n");
    }
    octets
}

/// What a server says to UIDL: the response, so many lines, and the dot.
#[must_use]
pub fn unique_ids(count: usize) -> Vec<u8> {
    let mut octets = b"+OK Unique ids follow\r\n".to_vec();
    for at in 1..=count {
        octets.extend_from_slice(format!("{at} {:016x}{:08x}\r\n", at * 0x9e37_79b9, at).as_bytes());
    }
    octets.extend_from_slice(b".\r\n");
    octets
}

/// A message of about so many octets: lines of 60 to 76 octets, one in 100 of which starts with a dot.
#[must_use]
pub fn message(octets: usize) -> Vec<u8> {
    let mut message = b"From: <alice@example.org>\r\nSubject: large\r\n\r\n".to_vec();
    let mut at = 0;
    while message.len() < octets {
        if at % 100 == 7 {
            message.push(b'.');
        }
        let text = b"VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhlIHF1aWNrIGJyb3";
        message.extend_from_slice(&text[..60 + at % 17]);
        message.extend_from_slice(b"\r\n");
        at += 1;
    }
    message
}

/// The message as it goes over the wire: dots put on, and its end behind it.
#[must_use]
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed
}
