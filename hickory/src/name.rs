//! Domain names, from and to those of hickory.

use hickory_resolver::proto::rr;
use mail_base::Name;

/// The name as hickory has it, always fully qualified: a search list never applies. The labels go over as octets,
/// so that nothing in them is taken for an escape or for a U-label.
///
/// `None` does not happen: hickory's limits are those of a [`Name`].
pub(crate) fn to_hickory(name: &Name) -> Option<rr::Name> {
    rr::Name::from_labels(name.labels().map(str::as_bytes)).ok()
}

/// The name as the family has it, in lower case; `None` where a label holds a dot, a control character or an
/// octet outside ASCII, which a [`Name`] cannot.
pub(crate) fn from_hickory(name: &rr::Name) -> Option<Name> {
    if name.is_root() {
        return Some(Name::root());
    }
    let mut text = Vec::with_capacity(name.len());
    for label in name.iter() {
        if label.contains(&b'.') {
            return None;
        }
        if !text.is_empty() {
            text.push(b'.');
        }
        text.extend_from_slice(label);
    }
    Name::parse_bytes(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_labels(labels: &[&[u8]]) -> Option<Name> {
        from_hickory(&rr::Name::from_labels(labels.iter().copied()).unwrap())
    }

    #[test]
    fn every_name_goes_over_fully_qualified_and_comes_back() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        for text in ["example.com", "com", ".", "_dmarc.a b.!\"#$%&'()*+,-/:;<=>?@[\\]^`{|}~.\\065", &longest]
        {
            let name = Name::parse(text).unwrap();
            let there = to_hickory(&name).unwrap();
            assert!(there.is_fqdn(), "{text}");
            assert_eq!(from_hickory(&there), Some(name));
        }
    }

    #[test]
    fn names_come_back_in_lower_case() {
        assert_eq!(from_labels(&[b"MaiL", b"Example"]).unwrap().as_str(), "mail.example");
        assert_eq!(from_labels(&[]), Some(Name::root()));
    }

    #[test]
    fn labels_that_a_name_cannot_hold_are_refused() {
        assert_eq!(from_labels(&[b"a.b", b"example"]), None, "it is not the name a.b.example");
        assert_eq!(from_labels(&[b"a.", b"example"]), None);
        assert_eq!(from_labels(&[b"."]), None, "it is not the root");
        assert_eq!(from_labels(&[b"a\n", b"example"]), None);
        assert_eq!(from_labels(&[b"b\xfccher", b"example"]), None);
    }
}
