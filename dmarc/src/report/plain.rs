//! Tags without attributes, which nearly all of a report's are.
//!
//! What an XML reader must look for – attributes, references, comments, sections – takes most of its time, and is
//! not there. Anything that is not plain is left to it, from the same place on.

use super::element::Element;

/// A tag like `<row>` or `</row>`, and what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// The text before the tag. It holds no reference.
    pub(super) text: &'a str,
    /// The element of this name, which has no prefix.
    pub(super) element: Element,
    /// Whether it is an end tag.
    pub(super) is_end: bool,
    /// What follows the tag.
    pub(super) rest: &'a str,
}

impl<'a> Tag<'a> {
    /// The next tag, if it and all before it are plain, and the schema has the element.
    pub(super) fn next(text: &'a str) -> Option<Self> {
        let (before, tag) = text.split_at_checked(memchr::memchr2(b'<', b'&', text.as_bytes())?)?;
        let tag = tag.strip_prefix('<')?;
        let (is_end, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let (name, behind) = tag.split_at_checked(memchr::memchr(b'>', tag.as_bytes())?)?;
        let rest = behind.strip_prefix('>')?;
        Some(Self { text: before, element: Element::named(name)?, is_end, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Option<(&str, Element, bool, &str)> {
        Tag::next(text).map(|tag| (tag.text, tag.element, tag.is_end, tag.rest))
    }

    #[test]
    fn plain_tags_are_told_from_others() {
        assert_eq!(tag("<row>1"), Some(("", Element::Row, false, "1")));
        assert_eq!(tag(" > é</source_ip><x>"), Some((" > é", Element::SourceIp, true, "<x>")));
        let others = [
            "",
            "text",
            "<",
            "</",
            "<>",
            "</>",
            "<row",
            "<row/>",
            "<row a='1'>",
            "<row >",
            "</row >",
            "<x:row>",
            "<!--x-->",
            "<![CDATA[x]]>",
            "<?xml?>",
            "<réw>",
            "<other>",
            "&amp;<row>",
            "a & b<row>",
        ];
        for other in others {
            assert_eq!(tag(other), None, "{other}");
        }
    }
}
