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

fn next_line_end(octets: &[u8]) -> Option<usize> {
    octets.iter().position(|octet| matches!(octet, b'\r' | b'\n'))
}
