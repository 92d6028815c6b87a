//! Making every line end CRLF (RFC 6376 §5.3).

/// Makes CRLF of every CR and LF that stands alone, while a message streams through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Normaliser {
    /// A CR came, and it is not known yet whether an LF follows.
    cr: bool,
}

impl Normaliser {
    /// Takes the next piece, and gives it on in pieces.
    pub(crate) fn write(&mut self, piece: &[u8], mut put: impl FnMut(&[u8])) {
        let mut rest = piece;
        if self.cr && !rest.is_empty() {
            put(b"\r\n");
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.cr = false;
        }
        // lines that end in CRLF already go on together with what follows
        let mut from: usize = 0;
        while let Some(offset) = rest.get(from..).and_then(next_line_end) {
            let at = from.saturating_add(offset);
            match rest.get(at..).unwrap_or(&[]) {
                [b'\r', b'\n', ..] => from = at.saturating_add(2),
                [b'\r'] => {
                    self.cr = true;
                    put(rest.get(..at).unwrap_or(&[]));
                    return;
                }
                _ => {
                    put(rest.get(..at).unwrap_or(&[]));
                    put(b"\r\n");
                    rest = rest.get(at.saturating_add(1)..).unwrap_or(&[]);
                    from = 0;
                }
            }
        }
        put(rest);
    }

    /// Ends the message.
    pub(crate) fn finish(self, mut put: impl FnMut(&[u8])) {
        if self.cr {
            put(b"\r\n");
        }
    }
}

/// Where the first CR stands that no LF follows.
pub(crate) fn bare_cr(octets: &[u8]) -> Option<usize> {
    let is_bare = |(&octet, &next): (&u8, &u8)| (octet == b'\r') & (next != b'\n');
    let mut pairs = octets.iter().zip(octets.get(1..).unwrap_or(&[]));
    // nearly always there is none: first all are looked at, without a branch, which becomes vector instructions
    if pairs.clone().fold(false, |found, pair| found | is_bare(pair)) {
        return pairs.position(is_bare);
    }
    octets.ends_with(b"\r").then(|| octets.len().saturating_sub(1))
}

fn next_line_end(octets: &[u8]) -> Option<usize> {
    octets.iter().position(|octet| matches!(octet, b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn normalised(pieces: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut normaliser = Normaliser::default();
        for piece in pieces {
            normaliser.write(piece, |piece| out.extend_from_slice(piece));
        }
        normaliser.finish(|piece| out.extend_from_slice(piece));
        out
    }

    #[test]
    fn a_bare_cr_is_found_wherever_it_stands() {
        for text in ["", "a", "\n", "\r\n", "a\r\n\r\n b\n"] {
            assert_eq!(bare_cr(text.as_bytes()), None, "{text:?}");
        }
        for (text, at) in [("\r", 0), ("\ra", 0), ("a\r\r\n", 1), ("a\r\n\r", 3), ("a\r\n\rb\r\n", 3)] {
            assert_eq!(bare_cr(text.as_bytes()), Some(at), "{text:?}");
        }
    }

    #[test]
    fn every_line_end_becomes_crlf_whatever_the_pieces() {
        let text = b"a\nb\r\nc\rd\r\r\n\n\n\re\r";
        let expected = b"a\r\nb\r\nc\r\nd\r\n\r\n\r\n\r\n\r\ne\r\n";
        for pieces in testkit::splits(text) {
            assert_eq!(normalised(&pieces), expected, "{pieces:?}");
        }
        assert_eq!(normalised(&[b"", b"no line end", b""]), b"no line end");
    }
}
