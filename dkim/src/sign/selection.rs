//! Which fields a template signs, and the `h=` that says so (RFC 6376 §5.4).

use super::Template;
use crate::{header_index::IndexedHeader, signature::FieldNames};
use alloc::{vec, vec::Vec};
use mail_base::fields::Field;

/// What a template signs of a header.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    /// `h=`: each name as often as the header has it, and once more where it is to be sealed (§5.4.2).
    pub(super) names: FieldNames,
    /// The fields, in that order: of each name the bottom one first, then the next above it.
    pub(super) fields: Vec<Field<'a>>,
}

impl<'a> Selection<'a> {
    pub(super) fn new(template: &Template, header: &'a IndexedHeader) -> Self {
        let mut selection =
            Self { names: FieldNames::with_capacity(512), fields: Vec::with_capacity(header.len()) };
        // kept at the places of the first fields
        let mut is_signed = vec![false; header.len()];
        let sealed = template.oversigned.listed().map(|name| (name, 1));
        for (name, once_more) in sealed.chain(template.signed.listed().map(|name| (name, 0))) {
            let before = selection.fields.len();
            let place = header.for_each_named(&name, |field| selection.fields.push(field));
            if let Some(is_signed) = place.and_then(|place| is_signed.get_mut(place))
                && core::mem::replace(is_signed, true)
            {
                // the template has the name twice
                selection.fields.truncate(before);
                continue;
            }
            let count = selection.fields.len().saturating_sub(before);
            selection.names.push(name.name, count.saturating_add(once_more));
        }
        selection
    }
}
