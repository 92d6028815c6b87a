//! What a server offers to one who has logged in: messages with their sizes and unique ids.

use crate::{error::TextError, listing::UniqueId, text::Number};
use alloc::vec::Vec;

/// The messages of one session, as they were when it began (RFC 1939 §4).
///
/// Numbers stay what they are for the whole session. Nothing is deleted here: a mark says what is to be deleted,
/// and only QUIT asks for it.
///
/// ```
/// use pop3_proto::{Maildrop, Number};
///
/// let mut maildrop = Maildrop::new();
/// maildrop.add(120, "whqtswO00WBw418f9t5JxYwZ")?;
/// maildrop.add(200, "QhdPYR:00WBw1Ph7x7")?;
/// assert_eq!((maildrop.count(), maildrop.octets()), (2, 320));
/// assert_eq!(maildrop.size(Number::FIRST), Some(120));
/// # Ok::<(), pop3_proto::TextError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Maildrop {
    messages: Vec<Message>,
    /// The unique ids, one after the other.
    ids: Vec<u8>,
    /// How many are marked, and how many octets they have.
    deleted: (u32, u64),
    octets: u64,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    octets: u64,
    /// Where its unique id ends.
    id_end: usize,
    is_deleted: bool,
}

impl Maildrop {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message: how many octets it has, counting every line end as two and no dots (RFC 1939 §11), and
    /// its unique id. Two messages may have the same, if nothing tells them apart.
    ///
    /// # Errors
    /// A [`TextError`] where the unique id is none.
    pub fn add(&mut self, octets: u64, unique_id: &str) -> Result<(), TextError> {
        let id = UniqueId::new(unique_id)?;
        self.ids.extend_from_slice(id.as_bytes());
        self.messages.push(Message { octets, id_end: self.ids.len(), is_deleted: false });
        self.octets = self.octets.saturating_add(octets);
        Ok(())
    }

    /// How many messages are not marked as deleted.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.messages.len()).unwrap_or(u32::MAX).saturating_sub(self.deleted.0)
    }

    /// How many octets they have.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets.saturating_sub(self.deleted.1)
    }

    /// How many octets a message has; `None` where there is none of this number, or it is marked as deleted.
    #[must_use]
    pub fn size(&self, number: Number) -> Option<u64> {
        self.present(number).map(|message| message.octets)
    }

    /// The unique id of a message; `None` where there is none of this number, or it is marked as deleted.
    #[must_use]
    pub fn unique_id(&self, number: Number) -> Option<UniqueId<'_>> {
        let message = self.present(number)?;
        let before = number.index().checked_sub(1).and_then(|index| self.messages.get(index));
        let start = before.map_or(0, |message| message.id_end);
        self.ids.get(start..message.id_end).map(UniqueId::checked)
    }

    /// The numbers of the messages that are marked as deleted.
    pub fn deleted(&self) -> impl Iterator<Item = Number> {
        let marked = self.messages.iter().enumerate().filter(|(_, message)| message.is_deleted);
        marked.filter_map(|(index, _)| Number::from_index(index))
    }

    /// The first message that is not marked as deleted, from this place on.
    pub(crate) fn next_present(&self, from: usize) -> Option<Number> {
        let rest = self.messages.get(from..)?;
        let offset = rest.iter().position(|message| !message.is_deleted)?;
        Number::from_index(from.checked_add(offset)?)
    }

    fn present(&self, number: Number) -> Option<Message> {
        self.messages.get(number.index()).copied().filter(|message| !message.is_deleted)
    }

    /// Marks a message; `false` where there is none.
    pub(crate) fn mark(&mut self, number: Number) -> bool {
        match self.messages.get_mut(number.index()) {
            Some(message) if !message.is_deleted => {
                message.is_deleted = true;
                self.deleted.0 = self.deleted.0.saturating_add(1);
                self.deleted.1 = self.deleted.1.saturating_add(message.octets);
                true
            }
            _ => false,
        }
    }

    /// Takes all marks off.
    pub(crate) fn unmark_all(&mut self) {
        for message in &mut self.messages {
            message.is_deleted = false;
        }
        self.deleted = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u32) -> Number {
        Number::new(number).unwrap()
    }

    #[test]
    fn marked_messages_are_not_there_and_numbers_stay() {
        let mut maildrop = Maildrop::new();
        for (octets, id) in [(1, "a"), (2, "bc"), (4, "a")] {
            maildrop.add(octets, id).unwrap();
        }
        assert!(maildrop.mark(number(2)));
        assert!(!maildrop.mark(number(2)));
        assert!(!maildrop.mark(number(4)));
        assert_eq!((maildrop.count(), maildrop.octets()), (2, 5));
        assert_eq!((maildrop.size(number(2)), maildrop.unique_id(number(2))), (None, None));
        assert_eq!(maildrop.size(number(3)), Some(4));
        assert_eq!(maildrop.unique_id(number(3)).unwrap().as_bytes(), b"a");
        assert!(maildrop.deleted().eq([number(2)]));
        assert_eq!(maildrop.next_present(1), Some(number(3)));
        maildrop.unmark_all();
        assert_eq!((maildrop.count(), maildrop.octets()), (3, 7));
        assert_eq!(maildrop.unique_id(number(2)).unwrap().as_bytes(), b"bc");
        assert_eq!(maildrop.deleted().count(), 0);
    }

    #[test]
    fn unique_ids_are_checked() {
        let mut maildrop = Maildrop::new();
        assert!(maildrop.add(1, "").is_err());
        assert!(maildrop.add(1, "a b").is_err());
        assert!(maildrop.add(1, &"x".repeat(71)).is_err());
        assert_eq!(maildrop.count(), 0);
    }
}
