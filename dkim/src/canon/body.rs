//! The canonical forms of a body (RFC 6376 §3.4.3 and §3.4.4), made while it streams through.

use super::space::next_change;
use crate::algorithm::Form;

/// Empty lines that turn out to count are put out in pieces of this many octets.
const LINE_ENDS: &[u8; 512] = &line_ends();

const fn line_ends() -> [u8; 512] {
    let mut octets = [b'\r'; 512];
    let mut rest: &mut [u8] = &mut octets;
    while let [_, line_feed, more @ ..] = rest {
        *line_feed = b'\n';
        rest = more;
    }
    octets
}

/// Where a canonical form goes.
pub(crate) trait Sink {
    /// Takes the next piece.
    fn put(&mut self, piece: &[u8]);

    /// Whether nothing came yet.
    fn is_empty(&self) -> bool;
}

/// Makes one canonical form of a body.
pub(crate) struct BodyForm<S> {
    form: Form,
    spaces: Spaces,
    lines: Lines<S>,
}

impl<S: Sink> BodyForm<S> {
    pub(crate) fn new(form: Form, sink: S) -> Self {
        Self { form, spaces: Spaces::default(), lines: Lines { empty: 0, cr: false, sink } }
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    pub(crate) fn sink(&mut self) -> &mut S {
        &mut self.lines.sink
    }

    /// Takes the next piece of the body.
    pub(crate) fn write(&mut self, piece: &[u8]) {
        match self.form {
            Form::Simple => self.lines.write(piece),
            Form::Relaxed => self.spaces.write(piece, &mut self.lines),
        }
    }

    /// Ends the body.
    pub(crate) fn finish(mut self) -> S {
        if self.form == Form::Relaxed {
            self.spaces.finish(&mut self.lines);
        }
        self.lines.finish(self.form)
    }
}

/// "Ignore all whitespace at the end of lines. … Reduce all sequences of WSP within a line to a single SP
/// character" (§3.4.4).
#[derive(Default)]
struct Spaces {
    /// White space came, and it is not known yet what follows it.
    pending: bool,
    /// A CR came after it, and it is not known yet whether an LF follows.
    cr: bool,
}

impl Spaces {
    fn write<S: Sink>(&mut self, piece: &[u8], lines: &mut Lines<S>) {
        let mut rest = self.resolve(piece, lines);
        while !rest.is_empty() {
            let (run, more) = rest.split_at_checked(next_change(rest)).unwrap_or((rest, &[]));
            lines.write(run);
            if more.is_empty() {
                return;
            }
            self.pending = true;
            rest = self.resolve(more, lines);
        }
    }

    /// Goes on after white space, as far as it can be told what becomes of it. Gives what follows.
    fn resolve<'a, S: Sink>(&mut self, piece: &'a [u8], lines: &mut Lines<S>) -> &'a [u8] {
        if self.cr {
            return self.resolve_cr(piece, lines);
        }
        if !self.pending {
            return piece;
        }
        let length = piece.iter().position(|octet| !matches!(octet, b' ' | b'\t')).unwrap_or(piece.len());
        let (space, rest) = piece.split_at_checked(length).unwrap_or((piece, &[]));
        match rest {
            [] => return rest,
            [b'\r'] => {
                self.cr = true;
                return &[];
            }
            // it ends the line: nothing is left of it
            [b'\r', b'\n', ..] => {}
            // the space lies where it is wanted: it goes on with what follows
            _ if space.ends_with(b" ") => {
                self.pending = false;
                return piece.get(length.saturating_sub(1)..).unwrap_or(rest);
            }
            _ => lines.write(b" "),
        }
        self.pending = false;
        rest
    }

    /// White space and a CR are pending.
    fn resolve_cr<'a, S: Sink>(&mut self, piece: &'a [u8], lines: &mut Lines<S>) -> &'a [u8] {
        let Some((&first, rest)) = piece.split_first() else { return piece };
        self.pending = false;
        self.cr = false;
        if first == b'\n' {
            lines.write(b"\r\n");
            return rest;
        }
        lines.write(b" \r");
        piece
    }

    fn finish<S: Sink>(&mut self, lines: &mut Lines<S>) {
        // white space at the end is at the end of a line, whether or not a line end follows; a CR is no space
        if self.cr {
            lines.write(b" \r");
        }
    }
}

/// "Ignore all empty lines at the end of the message body" (§3.4.3).
struct Lines<S> {
    /// Line ends that came, and that count only if something follows.
    empty: u64,
    /// A CR came, and it is not known yet whether an LF follows.
    cr: bool,
    sink: S,
}

impl<S: Sink> Lines<S> {
    fn write(&mut self, mut piece: &[u8]) {
        if self.cr {
            let Some((&first, rest)) = piece.split_first() else { return };
            self.cr = false;
            if first == b'\n' {
                self.empty = self.empty.saturating_add(1);
                piece = rest;
            } else {
                self.put(b"\r");
            }
        }
        if let Some(rest) = piece.strip_suffix(b"\r") {
            self.cr = true;
            piece = rest;
        }
        let (content, empty) = without_line_ends(piece);
        if !content.is_empty() {
            self.put(content);
        }
        self.empty = self.empty.saturating_add(empty);
    }

    /// Puts out what is no line end, and the line ends before it.
    fn put(&mut self, content: &[u8]) {
        while self.empty > 0 {
            let all = usize::try_from(self.empty).unwrap_or(usize::MAX).saturating_mul(2);
            let piece = LINE_ENDS.get(..all).unwrap_or(LINE_ENDS);
            self.sink.put(piece);
            self.empty = self.empty.saturating_sub(u64::try_from(piece.len() / 2).unwrap_or(u64::MAX));
        }
        self.sink.put(content);
    }

    fn finish(mut self, form: Form) -> S {
        if self.cr {
            self.put(b"\r");
        }
        // "If there is no body or no trailing CRLF on the message body, a CRLF is added": to an empty body only
        // in the simple form (§3.4.4 leaves it empty)
        if form == Form::Simple || !self.sink.is_empty() {
            self.sink.put(b"\r\n");
        }
        self.sink
    }
}

/// Cuts off the line ends at the end, and counts them.
fn without_line_ends(piece: &[u8]) -> (&[u8], u64) {
    let mut content = piece;
    let mut count: u64 = 0;
    while let Some(rest) = content.strip_suffix(LINE_ENDS) {
        content = rest;
        count = count.saturating_add(256);
    }
    while let Some(rest) = content.strip_suffix(b"\r\n") {
        content = rest;
        count = count.saturating_add(1);
    }
    (content, count)
}
