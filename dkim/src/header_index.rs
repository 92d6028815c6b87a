//! Which fields `h=` means (RFC 6376 §5.4.2).

use crate::signature::FieldNames;
use alloc::{vec, vec::Vec};
use core::cmp::Ordering;
use mail_base::fields::Field;

/// The fields of a header by name, and for each name from the bottom up.
///
/// Finding a name takes a binary search, and no field is looked at twice for one signature, so that a long `h=`
/// over many fields costs no more than the two are long.
#[derive(Clone, Debug)]
pub(crate) struct FieldIndex<'a> {
    /// Sorted by name, those of one name from the bottom up.
    entries: Vec<Entry<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    name: Name<'a>,
    field: Field<'a>,
    /// Where the field stands among all.
    position: usize,
}

/// A name in an order in which case makes no difference: that of the keys first, which tell nearly all names
/// apart and are quick to compare.
#[derive(Clone, Copy, Debug)]
struct Name<'a> {
    key: u64,
    octets: &'a [u8],
}

impl<'a> Name<'a> {
    fn new(octets: &'a [u8]) -> Self {
        let mut key = [0; 8];
        let start = key.iter_mut().zip(octets);
        start.for_each(|(place, octet)| *place = octet.to_ascii_lowercase());
        // the length in the place of the last octet: many names begin alike
        key[7] = u8::try_from(octets.len()).unwrap_or(u8::MAX);
        Self { key: u64::from_be_bytes(key), octets }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key).then_with(|| {
            let octets = self.octets.iter().map(u8::to_ascii_lowercase);
            octets.cmp(other.octets.iter().map(u8::to_ascii_lowercase))
        })
    }
}

impl<'a> FieldIndex<'a> {
    pub(crate) fn new(fields: impl Iterator<Item = Field<'a>>) -> Self {
        let entries = fields.enumerate();
        let mut entries: Vec<_> = entries
            .map(|(position, field)| Entry { name: Name::new(field.name()), field, position })
            .collect();
        entries.sort_unstable_by(|a, b| a.name.compare(&b.name).then(b.position.cmp(&a.position)));
        Self { entries }
    }

    /// Where the fields of a name begin among the entries.
    fn first(&self, wanted: &Name<'_>) -> usize {
        self.entries.partition_point(|entry| entry.name.compare(wanted).is_lt())
    }

    /// How many fields have a name.
    pub(crate) fn count(&self, wanted: &str) -> usize {
        let wanted = Name::new(wanted.as_bytes());
        let from = self.entries.get(self.first(&wanted)..).unwrap_or(&[]);
        from.partition_point(|entry| entry.name.compare(&wanted).is_eq())
    }

    /// The fields that `names` means, in its order: of each name the bottom one first, then the next above it.
    /// Where there is none left the name stands for nothing. `own` is the place of the signature's own field,
    /// which no signature covers (§3.5, `h=`).
    pub(crate) fn select(&self, names: &FieldNames, own: Option<usize>, mut each: impl FnMut(&Field<'a>)) {
        // how many fields of a name are used up, kept where the first of that name is
        let mut used = vec![0_usize; self.entries.len()];
        for wanted in names.iter() {
            let wanted = Name::new(wanted.as_bytes());
            let first = self.first(&wanted);
            let Some(used) = used.get_mut(first) else { continue };
            while let Some(entry) = self.entries.get(first.saturating_add(*used)) {
                if entry.name.compare(&wanted).is_ne() {
                    break;
                }
                *used = used.saturating_add(1);
                if Some(entry.position) != own {
                    each(&entry.field);
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use mail_base::fields::{Header, HeaderLimits};

    const HEADER: &[u8] = b"To: 1\r\nfrom: 2\r\nno field\r\nTO : 3\r\nSubject: 4\r\nto: 5\r\n\r\n";

    fn select(names: &[&str], own: Option<usize>) -> Vec<String> {
        let header = Header::parse(HEADER, HeaderLimits::default()).unwrap();
        let index = FieldIndex::new(header.fields());
        assert_eq!(index.count("tO"), 3);
        assert_eq!(index.count("absent"), 0);
        let mut found = Vec::new();
        let names = FieldNames::new(names);
        index.select(&names, own, |field| {
            found.push(String::from_utf8(field.value().trim_ascii().to_vec()).unwrap());
        });
        found
    }

    #[test]
    fn fields_of_one_name_are_taken_from_the_bottom_up() {
        assert_eq!(select(&["to"], None), ["5"]);
        assert_eq!(select(&["TO", "From", "to", "subject"], None), ["5", "2", "3", "4"]);
        assert_eq!(select(&["to", "to", "to"], None), ["5", "3", "1"]);
    }

    #[test]
    fn what_is_used_up_or_absent_is_nothing() {
        assert_eq!(select(&["to", "to", "to", "to", "to"], None), ["5", "3", "1"]);
        assert_eq!(select(&["cc", "from", "zz", "from", "a"], None), ["2"]);
        assert_eq!(select(&[], None), [""; 0]);
    }

    #[test]
    fn the_own_field_is_left_out() {
        assert_eq!(select(&["to", "to"], Some(5)), ["3", "1"]);
        assert_eq!(select(&["to", "to"], Some(3)), ["5", "1"]);
    }

    #[test]
    fn names_that_begin_alike_are_told_apart() {
        let long = ["x".repeat(255), "x".repeat(256), "x".repeat(300)];
        let names = ["Content-Type", "Content-Test", "CONTENT-TYPE", &long[0], &long[1], &long[2]];
        let header: String = names.iter().map(|name| alloc::format!("{name}: v\r\n")).collect();
        let header = Header::parse(header.as_bytes(), HeaderLimits::default()).unwrap();
        let index = FieldIndex::new(header.fields());
        let counts = names.map(|name| index.count(name));
        assert_eq!(counts, [2, 1, 2, 1, 1, 1]);
        assert_eq!(index.count("content-tess"), 0);
    }
}
