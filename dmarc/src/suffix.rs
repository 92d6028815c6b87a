//! The public suffix list that the `psl` crate carries.

use crate::discovery::SuffixList;
use mail_base::Name;
use psl::Psl;

/// The list at <https://publicsuffix.org/> as the `psl` crate had compiled it in, private section included.
///
/// It is as old as that crate is; a receiver that wants a fresher one implements
/// [`SuffixList`] over its own copy.
///
/// ```
/// use dmarc::{Name, PslList, SuffixList};
///
/// let name = Name::parse("a.b.example.co.uk").unwrap();
/// assert_eq!(PslList.organizational_domain(&name), Name::parse("example.co.uk").unwrap());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PslList;

impl SuffixList for PslList {
    fn suffix_labels(&self, name: &Name) -> usize {
        let suffix = psl::List.find(name.as_str().rsplit('.').map(str::as_bytes));
        let text = name.as_str();
        let start = text.len().saturating_sub(suffix.len);
        text.get(start..).map_or(1, |suffix| suffix.split('.').count())
    }
}
