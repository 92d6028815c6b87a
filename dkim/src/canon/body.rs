//! The canonical forms of a body (RFC 6376 §3.4.3 and §3.4.4), made while it streams through.

use super::{
    block::{Added, Blocks, WINDOW, clean_length},
    space::{next_change, space_length},
};
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

    /// Takes of a long piece as much as is best, from its start on, and gives how much. That is not nothing.
    fn put_start(&mut self, piece: &[u8]) -> usize {
        self.put(piece);
        piece.len()
    }

    /// Whether nothing came yet.
    fn is_empty(&self) -> bool;
}

/// Where so many octets need no change, they are handed on where they lie.
pub(super) const LONG: usize = 512;

/// Makes one canonical form of a body.
#[derive(Debug)]
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
#[derive(Debug, Default)]
struct Spaces {
    /// White space came, and it is not known yet what follows it.
    pending: bool,
    /// A CR came after it, and it is not known yet whether an LF follows.
    cr: bool,
}

impl Spaces {
    fn write<S: Sink>(&mut self, piece: &[u8], lines: &mut Lines<S>) {
        let mut rest = self.resolve(piece, lines);
        // what is short is done sooner than blocks are made ready
        if rest.len() >= LONG {
            rest = write_blocks(rest, lines);
        }
        while !rest.is_empty() {
            let at = next_change(rest);
            let (run, more) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            let (space, after) = split_space(more);
            match after {
                // it ends the line: nothing is left of it
                [b'\r', b'\n', ..] => lines.write(run),
                // what follows will tell, when it comes
                [] | [b'\r'] => {
                    lines.write(run);
                    self.pending = !space.is_empty();
                    self.cr = !after.is_empty();
                    return;
                }
                // the first space lies where it is wanted
                _ if space.starts_with(b" ") => lines.write(rest.get(..=at).unwrap_or(rest)),
                _ => {
                    lines.write(run);
                    lines.write(b" ");
                }
            }
            rest = after;
        }
    }

    /// Goes on after white space that is pending, and gives what follows it.
    fn resolve<'a, S: Sink>(&mut self, piece: &'a [u8], lines: &mut Lines<S>) -> &'a [u8] {
        if self.cr {
            return self.resolve_cr(piece, lines);
        }
        if !self.pending {
            return piece;
        }
        let (_, rest) = split_space(piece);
        match rest {
            [] => return rest,
            [b'\r'] => {
                self.cr = true;
                return &[];
            }
            [b'\r', b'\n', ..] => {}
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

/// Puts out the relaxed form of whole blocks, and gives what is left: less than a window.
fn write_blocks<'a, S: Sink>(octets: &'a [u8], lines: &mut Lines<S>) -> &'a [u8] {
    let mut blocks = Blocks::new();
    let mut rest = octets;
    // near what has changes there are more: nothing is clean for long there
    let mut is_clean = true;
    while rest.len() >= WINDOW {
        let clean = if is_clean { clean_length(rest) } else { 0 };
        let used = if clean >= LONG {
            lines.write(blocks.form());
            blocks.clear();
            lines.write_start(rest.get(..clean).unwrap_or(rest))
        } else {
            while blocks.is_full() {
                let written = lines.write_start(blocks.form());
                blocks.remove(written);
            }
            let Added { used, length } = blocks.add(rest);
            is_clean = length == used;
            used
        };
        rest = rest.get(used..).unwrap_or(&[]);
    }
    lines.write(blocks.form());
    rest
}

/// Cuts off the white space at the start.
fn split_space(octets: &[u8]) -> (&[u8], &[u8]) {
    octets.split_at_checked(space_length(octets)).unwrap_or((octets, &[]))
}

/// "Ignore all empty lines at the end of the message body" (§3.4.3).
#[derive(Debug)]
struct Lines<S> {
    /// Line ends that came, and that count only if something follows.
    empty: u64,
    /// A CR came, and it is not known yet whether an LF follows.
    cr: bool,
    sink: S,
}

impl<S: Sink> Lines<S> {
    #[inline]
    fn write(&mut self, piece: &[u8]) {
        if self.is_plain(piece) {
            self.sink.put(piece);
        } else {
            self.write_around_line_ends(piece);
        }
    }

    /// Takes of a long piece as much as the sink likes, and gives how much.
    fn write_start(&mut self, piece: &[u8]) -> usize {
        // line ends that come again with what follows them need not be held back
        let content = without_cr_and_lf(piece);
        if self.holds_nothing() && content.len() >= LONG {
            return self.sink.put_start(content);
        }
        self.write(piece);
        piece.len()
    }

    fn write_around_line_ends(&mut self, mut piece: &[u8]) {
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

    /// Whether there is nothing to hold back, and was nothing.
    fn is_plain(&self, piece: &[u8]) -> bool {
        self.holds_nothing() && piece.last().is_some_and(|last| !matches!(last, b'\r' | b'\n'))
    }

    fn holds_nothing(&self) -> bool {
        self.empty == 0 && !self.cr
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

/// Cuts off each CR and LF at the end.
fn without_cr_and_lf(piece: &[u8]) -> &[u8] {
    let last = piece.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n'));
    last.and_then(|last| piece.get(..=last)).unwrap_or(&[])
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

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::canon::{block::PART, oracle};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    impl Sink for Vec<u8> {
        fn put(&mut self, piece: &[u8]) {
            self.extend_from_slice(piece);
        }

        fn put_start(&mut self, piece: &[u8]) -> usize {
            let length = piece.len().div_ceil(2);
            self.put(&piece[..length]);
            length
        }

        fn is_empty(&self) -> bool {
            self.as_slice().is_empty()
        }
    }

    fn canonical(form: Form, pieces: &[&[u8]]) -> Vec<u8> {
        let mut body = BodyForm::new(form, Vec::new());
        for piece in pieces {
            body.write(piece);
        }
        body.finish()
    }

    fn oracle(form: Form, body: &[u8]) -> Vec<u8> {
        oracle::body(form == Form::Relaxed, body)
    }

    #[test]
    fn the_example_of_section_3_4_5() {
        let body = b" C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(canonical(Form::Relaxed, &[body]), b" C\r\nD E\r\n");
        assert_eq!(canonical(Form::Simple, &[body]), b" C \r\nD \t E\r\n");
    }

    #[test]
    fn an_empty_body_is_a_line_end_in_the_simple_form_and_nothing_in_the_relaxed() {
        for body in ["", "\r\n", "\r\n\r\n\r\n"] {
            assert_eq!(canonical(Form::Simple, &[body.as_bytes()]), b"\r\n", "{body:?}");
            assert_eq!(canonical(Form::Relaxed, &[body.as_bytes()]), b"", "{body:?}");
        }
        for body in [" ", "\t \r\n", " \r\n\t\r\n ", "\r\n "] {
            assert_eq!(canonical(Form::Relaxed, &[body.as_bytes()]), b"", "{body:?}");
        }
    }

    #[test]
    fn a_missing_last_line_end_is_added() {
        for body in ["a", "a\r\n", "a\r\n\r\n"] {
            assert_eq!(canonical(Form::Simple, &[body.as_bytes()]), b"a\r\n", "{body:?}");
            assert_eq!(canonical(Form::Relaxed, &[body.as_bytes()]), b"a\r\n", "{body:?}");
        }
        assert_eq!(canonical(Form::Relaxed, &[b"a \t"]), b"a\r\n");
        assert_eq!(canonical(Form::Simple, &[b"a \t"]), b"a \t\r\n");
    }

    #[test]
    fn bare_cr_and_lf_are_octets_like_any_other() {
        for form in [Form::Simple, Form::Relaxed] {
            assert_eq!(canonical(form, &[b"a\n\nb\r"]), b"a\n\nb\r\r\n");
            assert_eq!(canonical(form, &[b"\n"]), b"\n\r\n");
            assert_eq!(canonical(form, &[b"\r"]), b"\r\r\n");
            assert_eq!(canonical(form, &[b"\r\r\n\n"]), b"\r\r\n\n\r\n");
        }
        assert_eq!(canonical(Form::Relaxed, &[b"a \n b \r c"]), b"a \n b \r c\r\n");
        assert_eq!(canonical(Form::Relaxed, &[b"a \r"]), b"a \r\r\n");
    }

    #[test]
    fn any_split_gives_the_same() {
        let body = b" a \t b\t\r\n\r\n \r\nc\r\r\n \rd\n \n\t\r\n  e  \r\n\r\n \t\r\n\r";
        for form in [Form::Simple, Form::Relaxed] {
            let expected = oracle(form, body);
            for pieces in testkit::splits(body) {
                assert_eq!(canonical(form, &pieces), expected, "{pieces:?}");
            }
        }
    }

    #[test]
    fn changes_and_cuts_may_stand_anywhere_in_blocks() {
        for change in ["  ", " \r\n", "\t", " \t ", " \r", " \r\n\r\n", "\r\n  ", "   \r\n "] {
            for at in PART - 80..=PART + 80 {
                let mut body = "some text ".repeat(PART / 4);
                body.replace_range(at..at + change.len(), change);
                let body = body.as_bytes();
                let expected = oracle(Form::Relaxed, body);
                assert_eq!(canonical(Form::Relaxed, &[body]), expected, "{change:?} at {at}");
                for cut in at - 2..=at + change.len() + 2 {
                    let (start, end) = body.split_at(cut);
                    assert_eq!(
                        canonical(Form::Relaxed, &[start, end]),
                        expected,
                        "{change:?} at {at}, cut at {cut}"
                    );
                }
            }
        }
    }

    #[test]
    fn long_bodies_are_the_same_wherever_they_are_cut() {
        let line = b"A line with two  spaces, one\tmore, and some \t at its end \t\r\n\r\n";
        let body = [&line.repeat(12)[..], &[b'x'; 700], b" \r\n", &[b'y'; 300], b"\r\n  \r\n"].concat();
        let expected = oracle(Form::Relaxed, &body);
        for pieces in testkit::splits(&body) {
            assert_eq!(
                canonical(Form::Relaxed, &pieces),
                expected,
                "{:?}",
                pieces.iter().map(|piece| piece.len())
            );
        }
    }

    #[test]
    fn more_than_is_made_at_once_is_the_same() {
        let lines = [
            "two  spaces, \tand some at the end \t\r\n",
            "a line that needs no change\r\n",
            "x\r\n",
            "\r\n",
            " \r\n\r\n\r\n",
            "  a\r \n\t",
        ];
        for (first, second) in lines.iter().flat_map(|first| lines.iter().map(move |second| (first, second)))
        {
            for length in [600, 2500, 4501] {
                let part = |line: &str| line.bytes().cycle().take(length).collect::<Vec<u8>>();
                let body = [part(first), part(second), part(first), b"  end".to_vec()].concat();
                let expected = oracle(Form::Relaxed, &body);
                for size in [1000, 4099, body.len()] {
                    let pieces: Vec<&[u8]> = body.chunks(size).collect();
                    assert_eq!(canonical(Form::Relaxed, &pieces), expected, "{first:?} {second:?} {length}");
                }
            }
        }
    }

    #[test]
    fn many_empty_lines_count_when_something_follows() {
        for count in [1, 255, 256, 257, 1000] {
            let body = ["\r\n".repeat(count).as_bytes(), b"x"].concat();
            for form in [Form::Simple, Form::Relaxed] {
                assert_eq!(canonical(form, &[&body]), oracle(form, &body));
                assert_eq!(canonical(form, &[&body[..count], &body[count..]]), oracle(form, &body));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_forms_are_those_of_the_oracle(
            body in prop::collection::vec(prop::sample::select(&b"  \t\r\n\n\rax"[..]), 0..300),
            cuts in prop::collection::vec(0..300_usize, 0..6),
            long in prop::bool::ANY,
        ) {
            // long stretches without a change are handed on where they lie
            let body = if long { [&body[..], &[b'x'; 1400][..], &body[..]].concat() } else { body };
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect();
            for form in [Form::Simple, Form::Relaxed] {
                prop_assert_eq!(canonical(form, &pieces), oracle(form, &body));
            }
        }
    }
}
