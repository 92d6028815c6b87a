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
pub(crate) struct FieldIndex {
    /// Where the fields stand among all, sorted by name, those of one name from the bottom up.
    sorted: Vec<usize>,
}

impl FieldIndex {
    pub(crate) fn new(fields: &[Field<'_>]) -> Self {
        let mut sorted: Vec<usize> = (0..fields.len()).collect();
        sorted.sort_unstable_by(|&a, &b| {
            let by_name = compare(name(fields, a), name(fields, b));
            by_name.then(b.cmp(&a))
        });
        Self { sorted }
    }

    /// Where the fields of a name begin among the sorted.
    fn first(&self, fields: &[Field<'_>], wanted: &[u8]) -> usize {
        self.sorted.partition_point(|&field| compare(name(fields, field), wanted).is_lt())
    }

    /// How many fields have a name.
    pub(crate) fn count(&self, fields: &[Field<'_>], wanted: &str) -> usize {
        let first = self.first(fields, wanted.as_bytes());
        let from = self.sorted.get(first..).unwrap_or(&[]);
        from.iter().take_while(|&&field| name(fields, field).eq_ignore_ascii_case(wanted.as_bytes())).count()
    }

    /// The fields that `names` means, in its order: of each name the bottom one first, then the next above it.
    /// Where there is none left the name stands for nothing. `own` is the signature's own field, which no
    /// signature covers (§3.5, `h=`).
    pub(crate) fn select(
        &self,
        fields: &[Field<'_>],
        names: &FieldNames,
        own: Option<usize>,
        mut each: impl FnMut(&Field<'_>),
    ) {
        // how many fields of a name are used up, kept where the first of that name is
        let mut used = vec![0_usize; self.sorted.len()];
        for wanted in names.iter() {
            let wanted = wanted.as_bytes();
            let first = self.first(fields, wanted);
            let Some(used) = used.get_mut(first) else { continue };
            while let Some(&position) = self.sorted.get(first.saturating_add(*used)) {
                let Some(field) = fields.get(position) else { break };
                if !field.name().eq_ignore_ascii_case(wanted) {
                    break;
                }
                *used = used.saturating_add(1);
                if Some(position) != own {
                    each(field);
                    break;
                }
            }
        }
    }
}

fn name<'a>(fields: &[Field<'a>], position: usize) -> &'a [u8] {
    fields.get(position).map_or(&[], Field::name)
}

/// An order of names in which case makes no difference; the length comes first, as it is quick to compare.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| {
        let a = a.iter().map(u8::to_ascii_lowercase);
        a.cmp(b.iter().map(u8::to_ascii_lowercase))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use mail_base::fields::{Header, HeaderLimits};

    const HEADER: &[u8] = b"To: 1\r\nfrom: 2\r\nno field\r\nTO : 3\r\nSubject: 4\r\nto: 5\r\n\r\n";

    fn select(names: &[&str], own: Option<usize>) -> Vec<String> {
        let header = Header::parse(HEADER, HeaderLimits::default()).unwrap();
        let fields: Vec<Field<'_>> = header.fields().collect();
        let index = FieldIndex::new(&fields);
        assert_eq!(index.count(&fields, "tO"), 3);
        assert_eq!(index.count(&fields, "absent"), 0);
        let mut found = Vec::new();
        let names = FieldNames::new(names);
        index.select(&fields, &names, own, |field| {
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
}
