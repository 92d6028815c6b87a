//! Which fields `h=` means (RFC 6376 §5.4.2).

use crate::signature::{FieldNames, Listed};
use alloc::{vec, vec::Vec};
use core::cmp::Ordering;
use mail_base::{
    fields::{Field, Header},
    scan::{between, word_at},
};

/// The most fields that are kept in no order.
const FEW: usize = 64;

/// There is no field in this place.
const NONE: usize = usize::MAX;

/// The fields of a header by name.
///
/// The fields of an ordinary header are kept in a few chains, each of names that have something in common. Where
/// there are many fields they are sorted instead: finding a name takes a binary search then, and no field is looked
/// at twice for one signature, so that a long `h=` over many fields costs no more than the two are long.
#[derive(Clone, Debug)]
pub(crate) struct FieldIndex<'a> {
    header: &'a Header,
    entries: Vec<Entry<'a>>,
    /// Where each chain begins, unless the entries are sorted.
    chains: Option<[usize; CHAINS]>,
}

const CHAINS: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    name: Name<'a>,
    /// Where the field stands among all.
    position: usize,
    /// The place of the next entry to look at: fields of one name come from the bottom up.
    next: usize,
}

impl<'a> FieldIndex<'a> {
    pub(crate) fn new(header: &'a Header) -> Self {
        if header.fields().len() > FEW { Self::sorted(header) } else { Self::chained(header) }
    }

    fn chained(header: &'a Header) -> Self {
        let mut chains = [NONE; CHAINS];
        let entries = header.fields().enumerate().map(|(position, field)| {
            let name = Name::of(&field);
            let chain = name.chain();
            let next = chains.get_mut(chain).map_or(NONE, |first| core::mem::replace(first, position));
            Entry { name, position, next }
        });
        let entries = entries.collect();
        Self { header, entries, chains: Some(chains) }
    }

    fn sorted(header: &'a Header) -> Self {
        let entries = header.fields().enumerate().map(|(position, field)| Entry {
            name: Name::of(&field),
            position,
            next: NONE,
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable_by(|a, b| a.name.compare(&b.name).then(b.position.cmp(&a.position)));
        for (place, entry) in entries.iter_mut().enumerate() {
            entry.next = place.saturating_add(1);
        }
        Self { header, entries, chains: None }
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many fields have a name.
    pub(crate) fn count(&self, wanted: &str) -> usize {
        let mut count: usize = 0;
        self.for_each_named(&Listed::new(wanted), |_| count = count.saturating_add(1));
        count
    }

    /// Gives each field of a name, from the bottom up. What it returns is the place of the first, a number that only
    /// that name has.
    pub(crate) fn for_each_named(
        &self,
        wanted: &Listed<'_>,
        mut each: impl FnMut(Field<'a>),
    ) -> Option<usize> {
        let wanted = Name::new(wanted.text.as_bytes(), wanted.length);
        let mut found = self.find(self.first(&wanted), &wanted);
        let first = found.map(|(place, _)| place);
        while let Some((_, entry)) = found {
            if let Some(field) = self.header.field(entry.position) {
                each(field);
            }
            found = self.find(entry.next, &wanted);
        }
        first
    }

    /// Where to look for the first field of a name.
    #[inline]
    fn first(&self, wanted: &Name<'_>) -> usize {
        match &self.chains {
            Some(chains) => chains.get(wanted.chain()).copied().unwrap_or(NONE),
            None => self.entries.partition_point(|entry| entry.name.compare(wanted).is_lt()),
        }
    }

    /// The next field of a name, from this place on.
    #[inline]
    fn find(&self, from: usize, wanted: &Name<'_>) -> Option<(usize, &Entry<'a>)> {
        let mut place = from;
        loop {
            let entry = self.entries.get(place)?;
            if entry.name.is(wanted) {
                return Some((place, entry));
            }
            // sorted, those of a name stand together
            self.chains.as_ref()?;
            place = entry.next;
        }
    }

    /// The fields that `names` means, in its order: of each name the bottom one first, then the next above it.
    /// Where there is none left the name stands for nothing. `own` is the place of the signature's own field,
    /// which no signature covers (§3.5, `h=`).
    pub(crate) fn select(&self, names: &FieldNames, own: usize, mut each: impl FnMut(&Field<'a>)) {
        // where to go on for the next field of a name, kept at the place of the first
        let mut following: Vec<Option<usize>> = vec![None; self.entries.len()];
        for wanted in names.listed() {
            let wanted = Name::new(wanted.text.as_bytes(), wanted.length);
            let mut found = self.find(self.first(&wanted), &wanted);
            let Some(following) = found.and_then(|(first, _)| following.get_mut(first)) else { continue };
            if let Some(next) = *following {
                found = self.find(next, &wanted);
            }
            while let Some((_, entry)) = found {
                *following = Some(entry.next);
                if entry.position == own {
                    found = self.find(entry.next, &wanted);
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
    key: Key,
    octets: &'a [u8],
}

/// The first octets of a name, in lower case, and its length.
type Key = (u64, u64);

impl<'a> Name<'a> {
    /// How many octets a key has, besides the length.
    const START: usize = 15;

    fn of(field: &Field<'a>) -> Self {
        Self::new(field.raw(), field.name().len())
    }

    /// The name of this length that something starts with: it is quicker to read if that has more octets.
    fn new(start: &'a [u8], length: usize) -> Self {
        let octets = start.get(..length).unwrap_or(start);
        let (low, high) = KEPT.get(length).copied().unwrap_or((u64::MAX, u64::MAX >> 8));
        let (low, high) = (low & word_at(start, 0), high & word_at(start, 8));
        let length = u64::from(u8::try_from(length).unwrap_or(u8::MAX));
        Self { key: (lower_case(low), lower_case(high) | length << 56), octets }
    }

    /// The chain that it is in: names of few octets in common are seldom in the same.
    fn chain(&self) -> usize {
        let (low, high) = self.key;
        // the highest five bits of a product to which all bits add
        usize::try_from((low ^ high).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59).unwrap_or(0)
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

/// Eight octets in lower case.
fn lower_case(word: u64) -> u64 {
    word | between(word, b'A', b'Z') >> 2
}

/// What of its first sixteen octets a name of some length keeps for its key.
const KEPT: [Key; Name::START] = kept();

const fn kept() -> [Key; Name::START] {
    let mut masks = [(0, 0); Name::START];
    let mut rest: &mut [Key] = &mut masks;
    let (mut low, mut high) = (0_u64, 0_u64);
    while let [first, more @ ..] = rest {
        *first = (low, high);
        high = high << 8 | low >> 56;
        low = low << 8 | 0xff;
        rest = more;
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use mail_base::fields::HeaderLimits;
    use proptest::prelude::*;

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

    fn named<'a>(index: &FieldIndex<'a>, name: &str) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        index.for_each_named(&Listed::new(name), |field| fields.push(field));
        fields
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

    proptest! {
        #[test]
        fn many_fields_are_found_as_few_are(
            fields in prop::collection::vec("(x-a-name-of-)?(field|FIELD)?[aB@`]{0,3}", 0..20),
            names in prop::collection::vec("(x-a-name-of-)?(field|FIELD)?[aB@`]{0,3}", 0..20),
            own in 0..20_usize,
        ) {
            let header: String = fields.iter().map(|name| alloc::format!("{name}x: v\r\n")).collect();
            let header = Header::parse(header.as_bytes(), HeaderLimits::default()).unwrap();
            let names = FieldNames::new(names.iter().map(|name| alloc::format!("{name}x")));
            let selected = |index: &FieldIndex<'_>| {
                let mut places = Vec::new();
                index.select(&names, own, |field| places.push(field.at()));
                places
            };
            // each name takes the bottom field that is left
            let mut left: Vec<_> = header.fields().enumerate().filter(|(position, _)| *position != own).collect();
            let slowly: Vec<_> = names.iter().filter_map(|name| {
                let place = left.iter().rposition(|(_, field)| field.is_named(name))?;
                Some(left.remove(place).1.at())
            }).collect();
            prop_assert_eq!(&selected(&FieldIndex::chained(&header)), &slowly);
            prop_assert_eq!(&selected(&FieldIndex::sorted(&header)), &slowly);
        }
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
        let values =
            |name| named(&index, name).iter().map(|field| field.value().to_vec()).collect::<Vec<_>>();
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
            for index in [FieldIndex::chained(&header), FieldIndex::sorted(&header)] {
            for name in names.iter().map(|name| alloc::format!("{name}X")) {
                let slowly: Vec<_> = header.fields().rev().filter(|field| field.is_named(&name)).collect();
                prop_assert_eq!(index.count(&name), slowly.len());
                prop_assert_eq!(named(&index, &name), slowly);
            }
            }
        }
    }

    #[test]
    fn names_that_begin_alike_are_told_apart() {
        let long = ["x".repeat(255), "x".repeat(256), "x".repeat(300)];
        let names = ["Content-Type", "Content-Test", "CONTENT-TYPE", &long[0], &long[1], &long[2]];
        let header: String = names.iter().map(|name| alloc::format!("{name}: v\r\n")).collect();
        let header = Header::parse(header.as_bytes(), HeaderLimits::default()).unwrap();
        for index in [FieldIndex::chained(&header), FieldIndex::sorted(&header)] {
            let counts = names.map(|name| index.count(name));
            assert_eq!(counts, [2, 1, 2, 1, 1, 1]);
            assert_eq!(index.count("content-tess"), 0);
        }
    }
}
