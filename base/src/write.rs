//! Writing a header field: words put one after the other, lines folded, nothing injected.
//!
//! A [`FieldWriter`] starts a new line (CRLF and a space) where the next word would pass 78 columns (RFC 5322
//! §2.1.1). What a person or a peer wrote goes in through [`value`](FieldWriter::value) or
//! [`comment`](FieldWriter::comment), which quote what needs quoting and replace every control character, so
//! that no field can be broken or a new one begun.
//!
//! ```
//! use mail_base::write::FieldWriter;
//!
//! let mut field = FieldWriter::new("X-Verdict");
//! field.word("spf=pass").glue(";").word("reason=").join_value("a \"b\"\r\nBcc: x");
//! assert_eq!(field.finish(), "X-Verdict: spf=pass; reason=\"a \\\"b\\\"??Bcc: x\"");
//! ```

use alloc::{
    borrow::Cow,
    string::{String, ToString},
};
use core::fmt;

/// The column past which a line is folded (RFC 5322 §2.1.1).
pub const FOLD_AT: usize = 78;

/// Writes one header field.
#[derive(Clone, Debug)]
pub struct FieldWriter {
    text: String,
    column: usize,
    /// Where the last word started, so that what is glued to it moves to the next line with it.
    word: usize,
}

impl FieldWriter {
    /// Starts a field of this name, which must be a field name: it is written as it is, but for characters that
    /// no name may have.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut text: String = name.chars().filter(|character| character.is_ascii_graphic()).collect();
        text.push(':');
        let column = text.len();
        Self { word: text.len(), text, column }
    }

    /// Adds a word after a space, or on a new line where it does not fit. Control characters become `?`.
    pub fn word(&mut self, word: impl fmt::Display) -> &mut Self {
        self.word = self.text.len();
        self.text.push(' ');
        self.column = self.column.saturating_add(1);
        self.glue(word)
    }

    /// Adds to the last word without a space between. Where the word grows too long for its line, all of it
    /// moves to the next. Control characters become `?`.
    pub fn glue(&mut self, more: impl fmt::Display) -> &mut Self {
        let more = more.to_string();
        for character in more.chars() {
            self.text.push(if character.is_control() { '?' } else { character });
        }
        self.column = self.column.saturating_add(more.chars().count());
        let word = self.text.get(self.word..).unwrap_or("");
        // fold at the word's space, unless the line holds nothing else or the field has only begun
        if self.column > FOLD_AT && word.starts_with(' ') && self.word > 0 && !self.starts_line() {
            self.column = word.chars().count();
            self.text.insert_str(self.word, "\r\n");
            self.word = self.word.saturating_add(2);
        }
        self
    }

    fn starts_line(&self) -> bool {
        self.text.get(..self.word).is_some_and(|before| before.ends_with('\n'))
    }

    /// Adds a value after a space: as it is where it is a token, as a quoted string otherwise.
    pub fn value(&mut self, value: &str) -> &mut Self {
        self.word("").join_value(value)
    }

    /// Adds a value to the last word, as [`value`](Self::value) does: `key=` and then what it is.
    pub fn join_value(&mut self, value: &str) -> &mut Self {
        self.glue(quoted(value))
    }

    /// Adds a comment after a space. Parentheses and backslashes in it are escaped. Several spaces become one, so
    /// that no line consists of spaces alone (RFC 5322 §3.2.2): software that trims lines would end the header there.
    pub fn comment(&mut self, text: &str) -> &mut Self {
        self.word("(");
        for (at, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
            let mut escaped = String::with_capacity(word.len());
            for character in word.chars() {
                if matches!(character, '(' | ')' | '\\') {
                    escaped.push('\\');
                }
                escaped.push(character);
            }
            if at == 0 {
                self.glue(escaped);
            } else {
                self.word(escaped);
            }
        }
        self.glue(")")
    }

    /// Starts a new line.
    pub fn fold(&mut self) -> &mut Self {
        self.text.push_str("\r\n");
        self.column = 0;
        self.word = self.text.len();
        self
    }

    /// The field, without a line end after it.
    #[must_use]
    pub fn finish(&self) -> String {
        self.text.clone()
    }
}

/// A value as it is where it is a token (RFC 2045 §5.1, with the octets outside ASCII of RFC 6532), and as a
/// quoted string (RFC 5322 §3.2.4) where it is none. Control characters become `?`.
#[must_use]
pub fn quoted(value: &str) -> Cow<'_, str> {
    if is_token(value) { Cow::Borrowed(value) } else { Cow::Owned(quoted_string(value)) }
}

/// A text as a quoted string (RFC 5322 §3.2.4). Control characters become `?`.
#[must_use]
pub fn quoted_string(content: &str) -> String {
    let mut text = String::with_capacity(content.len().saturating_add(2));
    text.push('"');
    for character in content.chars() {
        match character {
            '"' | '\\' => {
                text.push('\\');
                text.push(character);
            }
            _ if character.is_control() => text.push('?'),
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}

/// Whether a text is a token of RFC 2045 §5.1, or would be but for characters outside ASCII (RFC 6532).
#[must_use]
pub fn is_token(text: &str) -> bool {
    let is_token_char = |character: char| match character {
        '(' | ')' | '<' | '>' | '@' | ',' | ';' | ':' | '\\' | '"' | '/' | '[' | ']' | '?' | '=' => false,
        ' ' => false,
        _ => !character.is_control(),
    };
    !text.is_empty() && text.chars().all(is_token_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_fields_are_folded_between_words() {
        let mut field = FieldWriter::new("Field");
        for _ in 0..20 {
            field.word("0123456789").glue(";");
        }
        let text = field.finish();
        for line in text.split("\r\n") {
            assert!(line.len() <= FOLD_AT, "{line}");
        }
        assert_eq!(text.split("\r\n").count(), 4);
        assert!(text.split("\r\n").skip(1).all(|line| line.starts_with(" 0")));
    }

    #[test]
    fn what_is_glued_moves_with_its_word() {
        let mut field = FieldWriter::new("Field");
        field.word("x".repeat(60)).word("key=").join_value(&"y".repeat(20));
        let expected = alloc::format!("Field: {}\r\n key={}", "x".repeat(60), "y".repeat(20));
        assert_eq!(field.finish(), expected);
    }

    #[test]
    fn a_word_longer_than_a_line_stands_alone_on_one() {
        let mut field = FieldWriter::new("Field");
        field.word("a").word("x".repeat(100)).word("b");
        assert_eq!(field.finish(), alloc::format!("Field: a\r\n {}\r\n b", "x".repeat(100)));
    }

    #[test]
    fn nothing_that_goes_in_starts_a_line() {
        let mut field = FieldWriter::new("Fie\r\nld");
        field.word("a\r\nb\0").value("c\rd").comment("e\n)f(\\").glue("\u{85}");
        assert_eq!(field.finish(), "Field: a??b? \"c?d\" (e?\\)f\\(\\\\)?");
    }

    #[test]
    fn no_line_consists_of_spaces() {
        let mut field = FieldWriter::new("Field");
        field.comment(&alloc::format!("{0}a{0}b{0}", " ".repeat(300))).comment("").comment(" ");
        assert_eq!(field.finish(), "Field: (a b) () ()");
    }

    #[test]
    fn values_are_quoted_where_they_must_be() {
        for plain in ["a", "a.b", "1.2.3.4", "a+b", "ü.b"] {
            assert_eq!(quoted(plain), plain);
        }
        for (value, expected) in [
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a;b", "\"a;b\""),
            ("::1", "\"::1\""),
            ("a\"\\", "\"a\\\"\\\\\""),
        ] {
            assert_eq!(quoted(value), expected);
        }
    }
}
