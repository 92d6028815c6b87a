//! Enhanced status codes (RFC 3463), which say more than the three digits do.

use core::fmt;

/// `class.subject.detail`: `5.7.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    /// The most octets of one: `5.999.999`.
    pub(crate) const MAX_OCTETS: usize = 9;

    /// `None` where the class is not 2, 4 or 5, or a number has more than three digits (RFC 3463 §2).
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        if matches!(class, 2 | 4 | 5) && subject <= 999 && detail <= 999 {
            Some(Self { class, subject, detail })
        } else {
            None
        }
    }

    /// ```text
    /// status-code = class "." subject "." detail
    /// class   = "2" / "4" / "5"
    /// subject = 1*3digit
    /// detail  = 1*3digit
    /// ```
    /// (RFC 2034 §4: followed by a space or the end.) Gives what follows it, too.
    #[must_use]
    pub fn split(text: &[u8]) -> Option<(Self, &[u8])> {
        let (&class, rest) = text.split_first()?;
        let (subject, rest) = number(rest.strip_prefix(b".")?)?;
        let (detail, rest) = number(rest.strip_prefix(b".")?)?;
        let code = Self::new(class.checked_sub(b'0')?, subject, detail)?;
        match rest.split_first() {
            None => Some((code, rest)),
            Some((b' ' | b'\t', rest)) => Some((code, rest)),
            Some(_) => None,
        }
    }

    /// 2 for success, 4 for a failure that may pass, 5 for one that will not.
    #[must_use]
    pub fn class(self) -> u8 {
        self.class
    }

    /// What it is about: 1 an address, 2 a mailbox, 3 the system, 4 the network, 5 the protocol, 6 the content,
    /// 7 security (RFC 3463 §3).
    #[must_use]
    pub fn subject(self) -> u16 {
        self.subject
    }

    /// Which case of it.
    #[must_use]
    pub fn detail(self) -> u16 {
        self.detail
    }
}

/// One to three digits.
fn number(text: &[u8]) -> Option<(u16, &[u8])> {
    let length = text.iter().take(4).take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length).filter(|_| (1..=3).contains(&length))?;
    let number = digits.iter().fold(0_u16, |number, digit| {
        number.saturating_mul(10).saturating_add(u16::from(digit.saturating_sub(b'0')))
    });
    Some((number, rest))
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_class_and_two_short_numbers() {
        let split = |text: &'static str| EnhancedCode::split(text.as_bytes());
        let code = EnhancedCode::new(5, 7, 1).unwrap();
        assert_eq!(split("5.7.1 no"), Some((code, b"no".as_slice())));
        assert_eq!(split("5.7.1"), Some((code, b"".as_slice())));
        assert_eq!(split("2.123.456 x").unwrap().0, EnhancedCode::new(2, 123, 456).unwrap());
        for broken in
            ["", "5", "5.7", "5.7.", "3.7.1", "5.7.1x", "5.1234.1", "5.7.1234", "5..1", "mx.example"]
        {
            assert_eq!(split(broken), None, "{broken}");
        }
    }
}
