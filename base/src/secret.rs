//! A value that is never printed.

use core::fmt;

/// Octets that must not show up in a log: a password, a SASL response. `Debug` says `[redacted]` in every
/// build, there is no `Display`, and comparing takes the same time wherever the octets differ.
///
/// ```
/// use mail_base::Secret;
///
/// let secret = Secret::new("tanstaaf");
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// assert_eq!(*secret.expose(), "tanstaaf");
/// ```
#[derive(Clone, Copy, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for those who must have it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, no longer hidden.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The length of a secret is not secret: values of different lengths are told apart at once.
impl<T: AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.0.as_ref(), other.0.as_ref());
        let difference = left.iter().zip(right).fold(0, |all, (left, right)| all | (left ^ right));
        left.len() == right.len() && core::hint::black_box(difference) == 0
    }
}

impl<T: AsRef<[u8]>> Eq for Secret<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(
            format!("{:?} {:#?}", Secret::new("x"), Some(Secret::new(String::from("y")))),
            "[redacted] Some(\n    [redacted],\n)"
        );
    }

    #[test]
    fn secrets_are_compared_by_their_octets() {
        assert_eq!(Secret::new("abc"), Secret::new("abc"));
        assert_ne!(Secret::new("abc"), Secret::new("abd"));
        assert_ne!(Secret::new("abc"), Secret::new("ab"));
        assert_ne!(Secret::new(""), Secret::new("a"));
    }
}
