//! A header whose fields are found by name: which of them `h=` means (RFC 6376 §5.4.2).

use crate::{
    name_key::NameKey,
    signature::{FieldNames, Listed},
};
use alloc::vec::Vec;
use core::{cmp::Ordering, mem};
use mail_base::fields::{Field, Header};

/// The most fields that are kept in no order.
const FEW: usize = 64;

const CHAINS: usize = 32;

/// A chain without a field; no place of a header of few fields is so high.
const NO_FIELD: u8 = u8::MAX;

/// There is no entry in this place.
pub(crate) const NONE: usize = usize::MAX;

/// A header, and its fields by name.
///
/// The fields of an ordinary header are kept in a few chains, each of names that have something in common. Where
/// there are many fields they are sorted instead: finding a name takes a binary search then, and no field is looked
/// at twice for one signature, so that a long `h=` over many fields costs no more than the two are long.
#[derive(Clone, Debug, Default)]
pub(crate) struct IndexedHeader {
    header: Header,
    entries: Vec<Entry>,
    /// Where each chain begins, unless the entries are sorted.
    chains: Option<[u8; CHAINS]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: NameKey,
    /// Where the field stands among all.
    position: usize,
    /// The place of the next entry to look at: fields of one name come from the bottom up.
    next: usize,
}

impl IndexedHeader {
    pub(crate) fn new(header: Header) -> Self {
        if header.fields().len() > FEW { Self::sorted(header) } else { Self::chained(header) }
    }

    fn chained(header: Header) -> Self {
        let mut chains = [NO_FIELD; CHAINS];
        let entries = header.fields().zip(0..).enumerate().map(|(position, (field, place))| {
            let key = key(&field);
            let before = chains.get_mut(key.chain()).map(|first| mem::replace(first, place));
            Entry { key, position, next: before.map_or(NONE, usize::from) }
        });
        let entries = entries.collect();
        Self { header, entries, chains: Some(chains) }
    }

    fn sorted(header: Header) -> Self {
        let entries = header.fields().enumerate();
        let entries = entries.map(|(position, field)| Entry { key: key(&field), position, next: NONE });
        let mut entries: Vec<_> = entries.collect();
        let name = |position| header.field(position).map_or(&b""[..], |field| field.name());
        entries.sort_unstable_by(|a, b| {
            let names = compare((&a.key, name(a.position)), (&b.key, name(b.position)));
            names.then(b.position.cmp(&a.position))
        });
        for (place, entry) in entries.iter_mut().enumerate() {
            entry.next = place.saturating_add(1);
        }
        Self { header, entries, chains: None }
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// How many fields have a name.
    #[inline]
    pub(crate) fn count(&self, wanted: &Listed<'_>) -> usize {
        let mut count: usize = 0;
        if let Some(first) = self.first(wanted) {
            self.for_each_from(first, wanted, |_| count = count.saturating_add(1));
        }
        count
    }

    /// Whether there may be a field of a name: most often, when not, it is known at once.
    #[inline]
    pub(crate) fn may_have(&self, wanted: &Listed<'_>) -> bool {
        let Some(chains) = &self.chains else { return true };
        chains.get(wanted.key.chain()).is_some_and(|first| *first != NO_FIELD)
    }

    /// The place of the first field of a name, a number that only that name has.
    #[inline]
    pub(crate) fn first(&self, wanted: &Listed<'_>) -> Option<usize> {
        self.find(self.start(wanted), wanted).map(|(place, _)| place)
    }

    /// Gives each field of a name, from the bottom up, from the one in this place on.
    #[inline]
    pub(crate) fn for_each_from<'a>(
        &'a self,
        place: usize,
        wanted: &Listed<'_>,
        mut each: impl FnMut(Field<'a>),
    ) {
        let mut found = self.entries.get(place);
        while let Some(entry) = found {
            if let Some(field) = self.header.field(entry.position) {
                each(field);
            }
            found = self.find(entry.next, wanted).map(|(_, entry)| entry);
        }
    }

    /// Where to look for the first field of a name.
    #[inline]
    fn start(&self, wanted: &Listed<'_>) -> usize {
        match &self.chains {
            Some(chains) => chains.get(wanted.key.chain()).map_or(NONE, |first| usize::from(*first)),
            None => self.entries.partition_point(|entry| self.compare(entry, wanted).is_lt()),
        }
    }

    /// The next field of a name, from this place on.
    #[inline]
    fn find(&self, from: usize, wanted: &Listed<'_>) -> Option<(usize, &Entry)> {
        let mut place = from;
        loop {
            let entry = self.entries.get(place)?;
            if entry.key == wanted.key && (!entry.key.is_part() || self.compare(entry, wanted).is_eq()) {
                return Some((place, entry));
            }
            // sorted, those of a name stand together
            self.chains.as_ref()?;
            place = entry.next;
        }
    }

    fn compare(&self, entry: &Entry, wanted: &Listed<'_>) -> Ordering {
        let name = self.header.field(entry.position).map_or(&b""[..], |field| field.name());
        compare((&entry.key, name), (&wanted.key, wanted.name))
    }

    /// The fields that `names` means, in its order: of each name the bottom one first, then the next above it.
    /// Where there is none left the name stands for nothing. `own` is the place of the signature's own field,
    /// which no signature covers (§3.5, `h=`).
    pub(crate) fn select<'a>(&'a self, names: &FieldNames, own: usize, mut each: impl FnMut(&Field<'a>)) {
        // where to go on for the next field of a name, kept at the place of the first
        let mut following = self.places();
        for wanted in names.listed() {
            let Some((first, mut entry)) = self.find(self.start(&wanted), &wanted) else { continue };
            let next = following.get(first);
            if next != first {
                let Some((_, after)) = self.find(next, &wanted) else { continue };
                entry = after;
            }
            if entry.position == own {
                let Some((_, after)) = self.find(entry.next, &wanted) else { continue };
                entry = after;
            }
            following.set(first, entry.next);
            if let Some(field) = self.header.field(entry.position) {
                each(&field);
            }
        }
    }

    /// A place for each entry, at first its own.
    pub(crate) fn places(&self) -> Places {
        if self.entries.len() > FEW { Places::Many((0..self.entries.len()).collect()) } else { Places::FEW }
    }
}

/// A place for each entry of an index.
pub(crate) enum Places {
    Few([u8; FEW]),
    Many(Vec<usize>),
}

impl Places {
    const FEW: Self = Self::Few(own_places());

    /// What is kept for this entry.
    #[inline]
    pub(crate) fn get(&self, entry: usize) -> usize {
        match self {
            Self::Few(places) => places.get(entry).map_or(NONE, |place| usize::from(*place)),
            Self::Many(places) => places.get(entry).copied().unwrap_or(NONE),
        }
    }

    /// Keeps a place for this entry; past all entries it is the same as any there.
    #[inline]
    pub(crate) fn set(&mut self, entry: usize, to: usize) {
        match self {
            Self::Few(places) => {
                if let Some(place) = places.get_mut(entry) {
                    *place = u8::try_from(to).unwrap_or(u8::MAX);
                }
            }
            Self::Many(places) => {
                if let Some(place) = places.get_mut(entry) {
                    *place = to;
                }
            }
        }
    }
}

const fn own_places() -> [u8; FEW] {
    let mut places = [0; FEW];
    let mut rest: &mut [u8] = &mut places;
    let mut own: u8 = 0;
    while let [first, more @ ..] = rest {
        *first = own;
        own = own.wrapping_add(1);
        rest = more;
    }
    places
}

fn key(field: &Field<'_>) -> NameKey {
    NameKey::new(field.raw(), field.name().len())
}

/// The order of names: that of their keys, then that of what is not in the keys.
fn compare<'a>((key, name): (&NameKey, &'a [u8]), (other_key, other): (&NameKey, &'a [u8])) -> Ordering {
    let rest = |name: &'a [u8]| name.iter().skip(NameKey::START).map(u8::to_ascii_lowercase);
    key.cmp(other_key).then_with(|| rest(name).cmp(rest(other)))
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
        let index = IndexedHeader::new(header);
        assert_eq!(index.count(&Listed::new("tO")), 3);
        assert_eq!(index.count(&Listed::new("absent")), 0);
        let mut found = Vec::new();
        let names = FieldNames::new(names);
        index.select(&names, own, |field| {
            found.push(String::from_utf8(field.value().trim_ascii().to_vec()).unwrap());
        });
        found
    }

    fn named<'a>(index: &'a IndexedHeader, name: &str) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        let name = Listed::new(name);
        if let Some(first) = index.first(&name) {
            index.for_each_from(first, &name, |field| fields.push(field));
        }
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
            let selected = |index: &IndexedHeader| {
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
            prop_assert_eq!(&selected(&IndexedHeader::chained(header.clone())), &slowly);
            prop_assert_eq!(&selected(&IndexedHeader::sorted(header.clone())), &slowly);
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
        let index = IndexedHeader::new(header);
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
            for index in [IndexedHeader::chained(header.clone()), IndexedHeader::sorted(header.clone())] {
            for name in names.iter().map(|name| alloc::format!("{name}X")) {
                let slowly: Vec<_> = header.fields().rev().filter(|field| field.is_named(&name)).collect();
                prop_assert_eq!(index.count(&Listed::new(&name)), slowly.len());
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
        for index in [IndexedHeader::chained(header.clone()), IndexedHeader::sorted(header.clone())] {
            let counts = names.map(|name| index.count(&Listed::new(name)));
            assert_eq!(counts, [2, 1, 2, 1, 1, 1]);
            assert_eq!(index.count(&Listed::new("content-tess")), 0);
        }
    }
}
