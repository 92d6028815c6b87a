//! Which fields a template signs, and the `h=` that says so (RFC 6376 §5.4).

use super::Template;
use crate::{
    canon,
    header_index::{IndexedHeader, NONE, Places},
    signature::{CopiedField, FieldNames, Listed},
};
use alloc::{string::String, vec::Vec};
use mail_base::fields::Field;

/// What a template signs of a header.
#[derive(Debug)]
pub(super) struct Selection {
    /// `h=`: each name as often as the header has it, and once more where it is to be sealed (§5.4.2).
    pub(super) names: FieldNames,
    /// The fields in their canonical form, in that order: of each name the bottom one first, then the next above it.
    pub(super) data: Vec<u8>,
    /// `z=`: the fields as they are, if that is wanted.
    pub(super) copies: Vec<CopiedField>,
}

impl Selection {
    pub(super) fn new(template: &Template, header: &IndexedHeader) -> Self {
        let mut selection = Self {
            names: FieldNames::with_capacity(512),
            // more than that is seldom signed
            data: Vec::with_capacity(1024),
            copies: Vec::new(),
        };
        // that of the first field changes when its name is signed
        let mut places = header.places();
        template.oversigned.for_each(|name| selection.add(template, header, &name, 1, &mut places));
        template.signed.for_each(|name| selection.add(template, header, &name, 0, &mut places));
        selection
    }

    /// Signs the fields of a name, and the name once more where it is to be sealed.
    #[inline(always)]
    fn add(
        &mut self,
        template: &Template,
        header: &IndexedHeader,
        name: &Listed<'_>,
        once_more: usize,
        places: &mut Places,
    ) {
        let found = if header.may_have(name) { self.take(template, header, name, places) } else { Some(0) };
        match found.map_or(0, |count| count.saturating_add(once_more)) {
            0 => {}
            times => self.names.push(name.name, times),
        }
    }

    /// Takes the fields of a name, and gives how many there are; `None` where the template has the name twice.
    #[inline(never)]
    fn take(
        &mut self,
        template: &Template,
        header: &IndexedHeader,
        name: &Listed<'_>,
        places: &mut Places,
    ) -> Option<usize> {
        let Some(first) = header.first(name) else { return Some(0) };
        if places.get(first) != first {
            return None;
        }
        places.set(first, NONE);
        let form = template.canonicalization.header;
        let mut count: usize = 0;
        header.for_each_from(first, name, |field| {
            count = count.saturating_add(1);
            canon::header::field(form, &field, header.header().as_bytes(), &mut self.data);
            if template.copy_fields {
                self.copies.extend(copy(&field));
            }
        });
        Some(count)
    }
}

fn copy(field: &Field<'_>) -> Option<CopiedField> {
    CopiedField::new(&String::from_utf8_lossy(field.name()), field.value())
}
