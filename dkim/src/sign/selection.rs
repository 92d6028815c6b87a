//! Which fields a template signs, and the `h=` that says so (RFC 6376 §5.4).

use super::Template;
use crate::{header_index::NameIndex, signature::FieldNames};
use alloc::vec::Vec;
use mail_base::fields::{Field, Header};

/// What a template signs of a header.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    /// `h=`: each name as often as the header has it, and once more where it is to be sealed (§5.4.2).
    pub(super) names: FieldNames,
    /// The fields, in that order: of each name the bottom one first, then the next above it.
    pub(super) fields: Vec<Field<'a>>,
}

/// A name of the template.
struct Wanted<'t> {
    name: &'t str,
    sealed: bool,
    /// The bottom field of the name.
    bottom: Option<usize>,
}

impl<'a> Selection<'a> {
    /// Looks at each field once, whatever the template has.
    pub(super) fn new(template: &Template, header: &'a Header) -> Self {
        let mut wanted = Vec::with_capacity(64);
        wanted.extend(template.oversigned.iter().map(|name| Wanted { name, sealed: true, bottom: None }));
        wanted.extend(template.signed.iter().map(|name| Wanted { name, sealed: false, bottom: None }));
        let index = NameIndex::new(wanted.iter().map(|wanted| wanted.name.as_bytes()));
        for place in index.repeated() {
            if let Some(repeated) = wanted.get_mut(place) {
                repeated.sealed = false;
            }
        }
        // for each field the next of its name above it
        let mut above: Vec<Option<usize>> = Vec::with_capacity(header.fields().len());
        for (position, field) in header.fields().enumerate() {
            let wanted = index.find(field.name()).and_then(|place| wanted.get_mut(place));
            above.push(wanted.and_then(|wanted| wanted.bottom.replace(position)));
        }

        let mut names = FieldNames::with_capacity(512);
        let mut fields = Vec::with_capacity(above.len());
        for Wanted { name, sealed, bottom } in wanted {
            let mut count = usize::from(sealed);
            let mut next = bottom;
            while let Some(position) = next {
                count = count.saturating_add(1);
                fields.extend(header.field(position));
                next = above.get(position).copied().flatten();
            }
            names.push(name, count);
        }
        Self { names, fields }
    }
}
