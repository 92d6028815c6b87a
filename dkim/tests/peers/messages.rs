//! Messages to sign and verify: some made by hand to be awkward, some drawn from a seed. All lines end in CRLF, as
//! they must when a message is sent: what bare CR and LF mean is a matter of policy, which each program has its own.

pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) octets: Vec<u8>,
}

const HEADER: &str = "From: A <a@example.com>\r\nTo: b@example.net\r\nSubject: s  t\r\n";

pub(crate) fn by_hand() -> Vec<Message> {
    let eight_bit: Vec<u8> = (0x80..=0xff).collect();
    let bodies: [(&str, Vec<u8>); 16] = [
        ("empty body", b"".to_vec()),
        ("one empty line", b"\r\n".to_vec()),
        ("empty lines only", b"\r\n\r\n\r\n".to_vec()),
        ("white space only", b" \t \r\n\t\r\n ".to_vec()),
        ("one line", b"Hello\r\n".to_vec()),
        ("no final CRLF", b"Hello\r\nthere".to_vec()),
        ("no final CRLF, but a space", b"Hello \t".to_vec()),
        ("empty lines at the end", b"Hello\r\n\r\n\r\n".to_vec()),
        ("white lines at the end", b"Hello\r\n \r\n\t\r\n".to_vec()),
        ("empty lines at the start", b"\r\n\r\nHello\r\n".to_vec()),
        ("white space of every kind", b" a  b\tc \t d\t\t\r\n\te \r\n\r\n  f\r\n".to_vec()),
        ("dots", b".\r\n..\r\n.a\r\n".to_vec()),
        ("8-bit octets", [&eight_bit[..], b"\r\nGr\xc3\xbc\xc3\x9fe, caf\xe9\r\n"].concat()),
        ("long lines", [&b"x".repeat(100_000)[..], b"\r\n", &b"word  ".repeat(20_000), b"\r\n"].concat()),
        ("NUL", b"a\0b\r\n".to_vec()),
        ("control characters", b"\x01\x0b\x0c\x1f \x7f\r\n".to_vec()),
    ];
    let mut messages: Vec<Message> = bodies
        .into_iter()
        .map(|(name, body)| message(name, &[HEADER.as_bytes(), b"\r\n", &body].concat()))
        .collect();
    for (name, header) in [
        ("folded fields", "From: A\r\n\t<a@example.com>\r\nSubject: one\r\n two \r\n  three\r\n"),
        (
            "fields of one name",
            "From: a@example.com\r\nTo: b@c.example\r\nReceived: 1\r\nReceived: 2\r\nTo: d@e.example\r\n",
        ),
        ("empty values", "From: a@example.com\r\nSubject:\r\nTo: \r\n"),
        ("names in any case", "FROM: a@example.com\r\nsubject: x\r\n"),
        ("8-bit header", "From: A <a@example.com>\r\nSubject: Gr\u{fc}\u{df}e\r\n"),
        ("no space after the colon", "From:a@example.com\r\nSubject:x\r\n"),
        ("much space after the colon", "From:  a@example.com\r\nSubject:\t x\r\n"),
        ("space at the end", "From: a@example.com \t\r\nSubject: x  \r\n"),
        ("space before the colon", "From: a@example.com\r\nSubject : x\r\n"),
    ] {
        messages.push(message(name, &[header.as_bytes(), b"\r\nHello\r\n"].concat()));
    }
    messages.push(message(
        "long field",
        format!("{HEADER}Subject: {}\r\n\r\nHello\r\n", "y".repeat(20_000)).as_bytes(),
    ));
    messages
}

fn message(name: &str, octets: &[u8]) -> Message {
    Message { name: name.to_owned(), octets: octets.to_vec() }
}

/// Messages with folds, repeated fields, white space, empty lines and octets of any kind: the same ones every time.
pub(crate) fn generated(count: usize) -> Vec<Message> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let each = (0..count).map(|number| {
        let mut octets = b"From: Gen <gen@example.com>\r\n".to_vec();
        for _ in 0..dice.below(8) {
            field(&mut dice, &mut octets);
        }
        octets.extend_from_slice(b"\r\n");
        for _ in 0..dice.below(30) {
            line(&mut dice, &mut octets);
        }
        match dice.below(4) {
            0 => octets.extend_from_slice(b"the end"),
            1 => octets.extend_from_slice(b"\r\n \r\n\r\n"),
            _ => {}
        }
        Message { name: format!("generated {number}"), octets }
    });
    each.collect()
}

fn field(dice: &mut Dice, out: &mut Vec<u8>) {
    out.extend_from_slice(
        dice.pick(&["To", "Cc", "Subject", "Received", "X-Any", "date", "MIME-Version"]).as_bytes(),
    );
    out.extend_from_slice(b": ");
    word(dice, out);
    for _ in 0..dice.below(6) {
        out.extend_from_slice(dice.pick(&[" ", "  ", "\t", "\r\n ", "\r\n\t", " \r\n  "]).as_bytes());
        word(dice, out);
    }
    out.extend_from_slice(dice.pick(&["\r\n", "\r\n", " \r\n", "\t\r\n"]).as_bytes());
}

fn line(dice: &mut Dice, out: &mut Vec<u8>) {
    let words = match dice.below(40) {
        0 => 2_000,
        some => some % 9,
    };
    for _ in 0..words {
        out.extend_from_slice(dice.pick(&["", " ", " ", "  ", "\t", " \t"]).as_bytes());
        word(dice, out);
    }
    out.extend_from_slice(dice.pick(&["\r\n", "\r\n", "\r\n", " \r\n", "\t \r\n"]).as_bytes());
}

fn word(dice: &mut Dice, out: &mut Vec<u8>) {
    for _ in 0..=dice.below(9) {
        let octet = if dice.below(8) == 0 { 0x80 + dice.below(128) } else { 0x21 + dice.below(94) };
        out.push(u8::try_from(octet).unwrap());
    }
}

/// Numbers that look random (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % limit
    }

    fn pick<'a>(&mut self, choice: &[&'a str]) -> &'a str {
        choice[self.below(choice.len())]
    }
}
