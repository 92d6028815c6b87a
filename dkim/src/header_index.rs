//! Which fields `h=` means (RFC 6376 §5.4.2).

use crate::signature::FieldNames;
use alloc::{vec, vec::Vec};
use core::cmp::Ordering;
use mail_base::fields::{Field, Header};

/// The fields of a header by name.
///
/// Finding a name takes a binary search, and no field is looked at twice for one signature, so that a long `h=`
/// over many fields costs no more than the two are long.
#[derive(Clone, Debug)]
pub(crate) struct FieldIndex<'a> {
    header: &'a Header,
    /// Sorted by name, those of one name from the bottom up.
    entries: Vec<Entry<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    name: Name<'a>,
    /// Where the field stands among all.
    position: usize,
}

impl<'a> FieldIndex<'a> {
    pub(crate) fn new(header: &'a Header) -> Self {
        let fields = header.fields().enumerate();
        let entries = fields.map(|(position, field)| Entry { name: Name::new(field.name()), position });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable_by(|a, b| a.name.compare(&b.name).then(b.position.cmp(&a.position)));
        Self { header, entries }
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many fields have a name.
    pub(crate) fn count(&self, wanted: &str) -> usize {
        let wanted = Name::new(wanted.as_bytes());
        self.from(self.first(&wanted)).take_while(|entry| entry.name.is(&wanted)).count()
    }

    /// Where the fields of a name begin among the entries.
    fn first(&self, wanted: &Name<'_>) -> usize {
        let first = self.entries.partition_point(|entry| entry.name.key < wanted.key);
        if wanted.octets.len() <= Name::START {
            return first;
        }
        let alike = self.entries.get(first..).unwrap_or(&[]);
        first.saturating_add(alike.partition_point(|entry| entry.name.compare(wanted).is_lt()))
    }

    fn from(&self, first: usize) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.get(first..).unwrap_or(&[]).iter()
    }

    /// The fields of a name, from the bottom up, and a number that only that name has, if there are any.
    pub(crate) fn named(&self, wanted: &str) -> (usize, impl Iterator<Item = Field<'a>>) {
        let wanted = Name::new(wanted.as_bytes());
        let first = self.first(&wanted);
        let entries = self.from(first).take_while(move |entry| entry.name.is(&wanted));
        (first, entries.filter_map(|entry| self.header.field(entry.position)))
    }

    /// The fields that `names` means, in its order: of each name the bottom one first, then the next above it.
    /// Where there is none left the name stands for nothing. `own` is the place of the signature's own field,
    /// which no signature covers (§3.5, `h=`).
    pub(crate) fn select(&self, names: &FieldNames, own: usize, mut each: impl FnMut(&Field<'a>)) {
        // how many fields of a name are used up, kept where the first of that name is
        let mut used = vec![0_usize; self.entries.len()];
        for wanted in names.iter() {
            let wanted = Name::new(wanted.as_bytes());
            let first = self.first(&wanted);
            let Some(used) = used.get_mut(first) else { continue };
            while let Some(entry) = self.entries.get(first.saturating_add(*used)) {
                if !entry.name.is(&wanted) {
                    break;
                }
                *used = used.saturating_add(1);
                if entry.position == own {
                    continue;
                }
                if let Some(field) = self.header.field(entry.position) {
                    each(&field);
                }
                break;
            }
        }
    }
}

/// A name in an order in which case makes no difference: that of the keys first, which are quick to compare and
/// tell all names apart but long ones that begin alike.
#[derive(Clone, Copy, Debug)]
struct Name<'a> {
    key: u128,
    octets: &'a [u8],
}

impl<'a> Name<'a> {
    /// How many octets a key has, besides the length.
    const START: usize = 15;

    fn new(octets: &'a [u8]) -> Self {
        let mut start = [0; Self::START + 1];
        let octets_of_key = octets.get(..Self::START).unwrap_or(octets);
        if let Some(place) = start.get_mut(..octets_of_key.len()) {
            place.copy_from_slice(octets_of_key);
        }
        Self {
            key: lower_case(u128::from_be_bytes(start))
                | u128::from(u8::try_from(octets.len()).unwrap_or(u8::MAX)),
            octets,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match self.key.cmp(&other.key) {
            Ordering::Equal if self.octets.len() <= Self::START => Ordering::Equal,
            Ordering::Equal => {
                let ours = self.octets.iter().skip(Self::START).map(u8::to_ascii_lowercase);
                ours.cmp(other.octets.iter().skip(Self::START).map(u8::to_ascii_lowercase))
            }
            unequal => unequal,
        }
    }

    fn is(&self, other: &Self) -> bool {
        self.key == other.key && self.compare(other).is_eq()
    }
}

/// Sixteen octets in lower case.
fn lower_case(octets: u128) -> u128 {
    const fn each(octet: u8) -> u128 {
        u128::from_ne_bytes([octet; 16])
    }
    // the highest bit of each octet tells what is asked of it: no sum carries into the next octet
    let low = octets & each(0x7f);
    let is_upper =
        low.wrapping_add(each(0x80 - b'A')) & !low.wrapping_add(each(0x80 - b'[')) & !octets & each(0x80);
    octets | is_upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use mail_base::fields::HeaderLimits;
    use proptest::prelude::*;

    /// No field stands there.
    const NONE: usize = 9;

    const HEADER: &[u8] = b"To: 1\r\nfrom: 2\r\nno field\r\nTO : 3\r\nSubject: 4\r\nto: 5\r\n\r\n";

    fn select(names: &[&str], own: usize) -> Vec<String> {
        let header = Header::parse(HEADER, HeaderLimits::default()).unwrap();
        let index = FieldIndex::new(&header);
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
        assert_eq!(select(&["to"], NONE), ["5"]);
        assert_eq!(select(&["TO", "From", "to", "subject"], NONE), ["5", "2", "3", "4"]);
        assert_eq!(select(&["to", "to", "to"], NONE), ["5", "3", "1"]);
    }

    #[test]
    fn what_is_used_up_or_absent_is_nothing() {
        assert_eq!(select(&["to", "to", "to", "to", "to"], NONE), ["5", "3", "1"]);
        assert_eq!(select(&["cc", "from", "zz", "from", "a"], NONE), ["2"]);
        assert_eq!(select(&[], NONE), [""; 0]);
    }

    #[test]
    fn the_own_field_is_left_out() {
        assert_eq!(select(&["to", "to"], 5), ["3", "1"]);
        assert_eq!(select(&["to", "to"], 3), ["5", "1"]);
    }

    #[test]
    fn the_fields_of_a_name_are_found() {
        let header = Header::parse(HEADER, HeaderLimits::default()).unwrap();
        let index = FieldIndex::new(&header);
        let values = |name| index.named(name).1.map(|field| field.value().to_vec()).collect::<Vec<_>>();
        assert_eq!(values("To"), [b" 5", b" 3", b" 1"]);
        assert_eq!(values("FROM"), [b" 2"]);
        assert!(values("cc").is_empty() && values("zz").is_empty());
    }

    proptest! {
        #[test]
        fn names_are_counted_and_taken_as_by_looking_at_each(
            names in prop::collection::vec("(x-a-name-of-)?(field|FIELD)?[aB@`]{0,3}", 0..12),
        ) {
            let header: String = names.iter().map(|name| alloc::format!("{name}x: v\r\n")).collect();
            let header = Header::parse(header.as_bytes(), HeaderLimits::default()).unwrap();
            let index = FieldIndex::new(&header);
            for name in names.iter().map(|name| alloc::format!("{name}X")) {
                let slowly: Vec<_> = header.fields().rev().filter(|field| field.is_named(&name)).collect();
                prop_assert_eq!(index.count(&name), slowly.len());
                prop_assert_eq!(index.named(&name).1.collect::<Vec<_>>(), slowly);
            }
        }
    }

    #[test]
    fn case_makes_no_difference() {
        let octets: [u8; 256] = core::array::from_fn(|at| u8::try_from(at).unwrap());
        for chunk in octets.as_chunks::<16>().0 {
            let lower = lower_case(u128::from_be_bytes(*chunk)).to_be_bytes();
            assert_eq!(lower, chunk.map(|octet| octet.to_ascii_lowercase()));
        }
    }

    #[test]
    fn names_that_begin_alike_are_told_apart() {
        let long = ["x".repeat(255), "x".repeat(256), "x".repeat(300)];
        let names = ["Content-Type", "Content-Test", "CONTENT-TYPE", &long[0], &long[1], &long[2]];
        let header: String = names.iter().map(|name| alloc::format!("{name}: v\r\n")).collect();
        let header = Header::parse(header.as_bytes(), HeaderLimits::default()).unwrap();
        let index = FieldIndex::new(&header);
        let counts = names.map(|name| index.count(name));
        assert_eq!(counts, [2, 1, 2, 1, 1, 1]);
        assert_eq!(index.count("content-tess"), 0);
    }
}
