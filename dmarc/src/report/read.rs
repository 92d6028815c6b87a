//! Reading the XML of an aggregate report.
//!
//! The XML comes as events, and a stack of elements tells where an event belongs; the order of elements does not
//! matter, since senders do not keep it. What the schema does not have is kept as it stands.

use super::{
    aggregate::{AggregateReport, Namespace},
    archive,
    draft::Draft,
    element::Element,
    error::{DefectKind, ReadLimits, ReportError, ReportErrorKind},
    plain::Tag,
};
use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::mem;
use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};

impl AggregateReport {
    /// Reads a report: XML, or XML compressed with GZIP or in a ZIP file.
    ///
    /// # Errors
    /// A [`ReportError`] where a limit is passed, where the compression is broken, or where there is nothing of
    /// a report. All else is in [`defects`](Self::defects).
    pub fn read(file: &[u8], limits: &ReadLimits) -> Result<Self, ReportError> {
        let opened = archive::open(file, limits)?;
        let (text, is_utf8) = decode(&opened.octets);
        let mut markup = Markup::new(&text, *limits);
        for kind in opened.defects {
            markup.draft.defect(kind);
        }
        if !is_utf8 {
            markup.draft.defect(DefectKind::Encoding);
        }
        markup.read()?;
        markup.finish()
    }
}

/// The octets as text, and whether they were UTF-8: UTF-16 goes by its byte order mark, and what is neither is
/// read as Latin-1.
fn decode(octets: &[u8]) -> (Cow<'_, str>, bool) {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let pairs = octets.get(2..).unwrap_or(&[]).chunks_exact(2);
        let units = pairs.filter_map(|pair| pair.try_into().ok().map(unit));
        let text =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        (Cow::Owned(text), false)
    };
    match octets {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        _ => match core::str::from_utf8(octets) {
            Ok(text) => (Cow::Borrowed(text), true),
            Err(_) => (octets.iter().copied().map(char::from).collect(), false),
        },
    }
}

/// The markup of a report: which elements are open, and what stands in them.
struct Markup<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    max_depth: usize,
    draft: Draft,
    stack: Vec<Element>,
    /// What has been read of the innermost element.
    content: Cow<'a, str>,
    lang: Option<String>,
    /// An element that the schema does not have, while it is being passed over.
    other: Option<Other>,
}

struct Other {
    name: String,
    start: usize,
    /// How many elements are open in it, itself counted.
    depth: usize,
}

impl<'a> Markup<'a> {
    fn new(text: &'a str, limits: ReadLimits) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        config.check_end_names = false;
        Self {
            text,
            reader,
            max_depth: limits.depth,
            draft: Draft::new(limits),
            stack: Vec::new(),
            content: Cow::Borrowed(""),
            lang: None,
            other: None,
        }
    }

    /// The offset of what has not been read yet.
    fn position(&self) -> usize {
        self.text.len().saturating_sub(self.reader.get_ref().len())
    }

    fn read(&mut self) -> Result<(), ReportError> {
        loop {
            self.draft.at = self.position();
            let mut is_behind_markup = true;
            match self.reader.read_event() {
                Ok(Event::Start(start)) => self.start(&start)?,
                Ok(Event::End(end)) => self.end(end.local_name().as_ref()),
                Ok(Event::Empty(start)) => {
                    self.start(&start)?;
                    self.end(start.local_name().as_ref());
                }
                Ok(Event::Text(text)) => {
                    self.add(text.into_inner());
                    is_behind_markup = false;
                }
                Ok(Event::CData(data)) => self.add(data.into_inner()),
                Ok(Event::GeneralRef(reference)) => self.reference(&reference),
                Ok(Event::DocType(_)) => self.draft.defect(DefectKind::DocumentType),
                Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_)) => {}
                Ok(Event::Eof) => return Ok(()),
                Err(error) => {
                    self.draft.defect(DefectKind::Xml(error.to_string()));
                    if self.position() == self.draft.at {
                        return Ok(());
                    }
                    is_behind_markup = false;
                }
            }
            if is_behind_markup {
                self.plain_tags()?;
            }
        }
    }

    /// Reads tags without attributes and the text before them, as long as each stands where it belongs. They are
    /// nearly all of a report; without the XML reader they take a third of the time.
    fn plain_tags(&mut self) -> Result<(), ReportError> {
        let mut rest = self.text.get(self.position()..).unwrap_or("");
        while self.other.is_none()
            && let Some(tag) = Tag::next(rest)
            && self.is_expected(&tag)
        {
            self.draft.at = self.position().saturating_add(tag.text.len());
            rest = tag.rest;
            *self.reader.get_mut() = rest.as_bytes();
            self.add(Cow::Borrowed(tag.text));
            if tag.is_end {
                self.close();
            } else {
                self.open(tag.element, None)?;
            }
        }
        Ok(())
    }

    fn is_expected(&self, tag: &Tag<'_>) -> bool {
        let innermost = self.stack.last().copied();
        if tag.is_end { innermost == Some(tag.element) } else { tag.element.belongs_in(innermost) }
    }

    /// Adds to the content of the innermost element. One piece, which is almost always all, is not copied.
    fn add(&mut self, piece: Cow<'a, str>) {
        if self.other.is_some() {
            return;
        }
        if self.content.is_empty() {
            self.content = piece;
        } else {
            self.content.to_mut().push_str(&piece);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        let character = match reference.resolve_char_ref() {
            Ok(Some(character)) => Some(character),
            _ => match reference.as_ref() {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "apos" => Some('\''),
                "quot" => Some('"'),
                _ => None,
            },
        };
        if let Some(character) = character {
            self.content.to_mut().push(character);
            return;
        }
        let name: &str = reference.as_ref();
        self.content.to_mut().extend(["&", name, ";"]);
        self.draft.defect(DefectKind::Entity(name.to_string()));
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), ReportError> {
        let element = Element::named(start.local_name().as_ref());
        if self.stack.is_empty() && element == Some(Element::Feedback) {
            // there are senders that write a start tag of the schema before it
            self.end_other(self.draft.at);
        }
        if let Some(other) = &mut self.other {
            other.depth = other.depth.saturating_add(1);
            return Ok(());
        }
        match element {
            Some(element) if self.make_room(element) => self.open(element, Some(start)),
            _ => {
                self.other(start);
                Ok(())
            }
        }
    }

    /// An element begins; `start` is its tag where that may have attributes.
    fn open(&mut self, element: Element, start: Option<&BytesStart<'_>>) -> Result<(), ReportError> {
        if self.stack.len() >= self.max_depth {
            return Err(self.draft.error(ReportErrorKind::TooDeep { limit: self.max_depth }));
        }
        let between = mem::take(&mut self.content);
        self.draft.stray(&between);
        self.lang = match element {
            Element::Error | Element::ExtraContactInfo | Element::Comment | Element::HumanResult => {
                start.and_then(|start| attribute(start, "lang"))
            }
            _ => None,
        };
        let parent = self.stack.last().copied();
        if let (None, Element::Feedback, Some(start)) = (parent, element, start) {
            self.root(start);
        }
        self.draft.begin(parent, element)?;
        self.stack.push(element);
        Ok(())
    }

    /// Whether an element belongs where it begins, or does once elements that lack their end are closed: a value,
    /// or anything in which a larger element begins.
    fn make_room(&mut self, element: Element) -> bool {
        if element.belongs_in(self.stack.last().copied()) {
            return true;
        }
        let Some(depth) = self.stack.iter().rposition(|open| element.belongs_in(Some(*open))) else {
            return false;
        };
        let is_in_value = self.stack.len() == depth.saturating_add(2)
            && !self.stack.last().is_some_and(|open| open.is_container());
        let makes_room = element.is_container() || is_in_value;
        while makes_room && self.stack.len() > depth.saturating_add(1) {
            self.draft.defect(DefectKind::Unclosed);
            self.close();
        }
        makes_room
    }

    fn root(&mut self, start: &BytesStart<'_>) {
        let prefix = start.name().prefix().map(|prefix| prefix.as_ref().to_string());
        let declaration = match prefix {
            Some(prefix) => attribute(start, &["xmlns:", prefix.as_str()].concat()),
            None => attribute(start, "xmlns"),
        };
        let namespace = match declaration.as_deref().map(str::trim) {
            None | Some("") => Namespace::Absent,
            Some("urn:ietf:params:xml:ns:dmarc-2.0") => Namespace::Dmarc2,
            Some(name) if name.starts_with("http://dmarc.org/dmarc-xml/") => Namespace::Rfc7489,
            Some(name) => {
                self.draft.defect(DefectKind::Namespace(name.to_string()));
                Namespace::Other(name.to_string())
            }
        };
        self.draft.namespace(namespace);
    }

    /// Begins to pass over an element that has no place here. One of another namespace is an extension, and no
    /// defect.
    fn other(&mut self, start: &BytesStart<'_>) {
        let name = start.name().as_ref().to_string();
        let is_extension = self.stack.contains(&Element::Extension)
            || start.name().prefix().is_some()
            || attribute(start, "xmlns").is_some();
        if !is_extension {
            self.draft.defect(DefectKind::Element(name.clone()));
        }
        self.other = Some(Other { name, start: self.draft.at, depth: 1 });
    }

    fn end(&mut self, local_name: &str) {
        if let Some(other) = &mut self.other {
            other.depth = other.depth.saturating_sub(1);
            if other.depth == 0 {
                self.end_other(self.position());
            }
            return;
        }
        let element = Element::named(local_name);
        if element.is_some() && element == self.stack.last().copied() {
            self.close();
            return;
        }
        self.draft.defect(DefectKind::EndTag(local_name.to_string()));
        // an element further out ends, and with it those inside that were left open
        if let Some(depth) = self.stack.iter().rposition(|open| Some(*open) == element) {
            while self.stack.len() > depth {
                self.close();
            }
        }
    }

    /// Ends what is passed over, before the octet at `end`.
    fn end_other(&mut self, end: usize) {
        let Some(other) = self.other.take() else { return };
        let xml = self.text.get(other.start..end).unwrap_or("");
        self.draft.extension(other.name, xml, self.stack.contains(&Element::Record));
    }

    /// Ends the innermost element.
    fn close(&mut self) {
        let Some(element) = self.stack.pop() else { return };
        let content = mem::take(&mut self.content);
        self.draft.end(self.stack.last().copied(), element, content.trim_ascii(), self.lang.take());
    }

    fn finish(mut self) -> Result<AggregateReport, ReportError> {
        self.draft.at = self.text.len();
        if !self.stack.is_empty() || self.other.is_some() {
            self.draft.defect(DefectKind::Truncated);
            self.end_other(self.draft.at);
            while !self.stack.is_empty() {
                self.close();
            }
        }
        self.draft.stray(&self.content);
        self.draft.finish()
    }
}

/// The value of an attribute, its references undone.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute =
        start.html_attributes().with_checks(false).flatten().find(|one| one.key.as_ref() == name)?;
    let value = quick_xml::escape::unescape(&attribute.value).map(Cow::into_owned);
    Some(value.unwrap_or_else(|_| attribute.value.to_string()))
}
