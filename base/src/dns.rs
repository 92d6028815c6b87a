//! The seam to the DNS: a question, an answer, and the two traits that a resolver implements.
//!
//! The family asks five kinds of record and needs to know three things apart when there is none: the name
//! exists without such records (NODATA, [`Answer::NoRecords`]), the name does not exist (NXDOMAIN,
//! [`Answer::NoSuchName`]), and nobody could tell (SERVFAIL, a time-out, a lame server,
//! [`Answer::Unavailable`]). A resolver that blurs them makes verdicts wrong: SPF would fail mail that it
//! should defer, DMARC would apply `np` to names that exist.
//!
//! Aliases are the resolver's work: an answer holds the records at the end of a CNAME chain, and the last
//! name of the chain decides between "no records" and "no such name".
//!
//! ```
//! use mail_base::dns::{Answer, Question, Resolve, from_fn};
//!
//! // any function is a resolver
//! let resolver = from_fn(|question: &Question| match question.name.as_str() {
//!     "example.com" => Answer::txt(["v=spf1 -all"]),
//!     _ => Answer::NoSuchName,
//! });
//! # let question = Question::txt(mail_base::Name::parse("example.com")?);
//! assert_eq!(resolver.resolve(&question), Answer::txt(["v=spf1 -all"]));
//! # Ok::<(), mail_base::name::NameError>(())
//! ```

use crate::Name;
use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

/// The kinds of record that e-mail authentication asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail exchangers.
    Mx,
    /// The names of an address.
    Ptr,
    /// Texts.
    Txt,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Ptr => "PTR",
            Self::Txt => "TXT",
        })
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The name, to be taken as fully qualified: no search list.
    pub name: Name,
    /// The kind of record.
    pub kind: Kind,
}

impl Question {
    /// Asks for records of `kind` at `name`.
    #[must_use]
    pub fn new(name: Name, kind: Kind) -> Self {
        Self { name, kind }
    }

    /// Asks for the texts at `name`.
    #[must_use]
    pub fn txt(name: Name) -> Self {
        Self::new(name, Kind::Txt)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// A mail exchanger (RFC 1035 §3.3.9).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mx {
    /// The lower is tried first.
    pub preference: u16,
    /// The host; the root in a null MX (RFC 7505).
    pub exchange: Name,
}

/// The octets of one TXT record: its character-strings joined with nothing between them, as RFC 7208 §3.3,
/// RFC 6376 §3.6.2.2 and RFC 9989 §4.5 all want it. Cloning is a reference count.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Txt {
    octets: Arc<[u8]>,
}

impl Txt {
    /// Joins the character-strings of a record.
    pub fn from_strings<S: AsRef<[u8]>>(strings: impl IntoIterator<Item = S>) -> Self {
        let mut octets = Vec::new();
        for string in strings {
            octets.extend_from_slice(string.as_ref());
        }
        Self { octets: Arc::from(octets) }
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Txt {
    fn from(octets: &T) -> Self {
        Self { octets: Arc::from(octets.as_ref()) }
    }
}

impl AsRef<[u8]> for Txt {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for Txt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Txt(\"{}\")", self.octets.escape_ascii())
    }
}

/// The records of an answer, at least one, in the order in which they came. Cloning is a reference count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Records {
    /// IPv4 addresses.
    A(Arc<[Ipv4Addr]>),
    /// IPv6 addresses.
    Aaaa(Arc<[Ipv6Addr]>),
    /// Mail exchangers.
    Mx(Arc<[Mx]>),
    /// The names of an address.
    Ptr(Arc<[Name]>),
    /// Texts.
    Txt(Arc<[Txt]>),
}

impl Records {
    /// The kind of these records.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::A(_) => Kind::A,
            Self::Aaaa(_) => Kind::Aaaa,
            Self::Mx(_) => Kind::Mx,
            Self::Ptr(_) => Kind::Ptr,
            Self::Txt(_) => Kind::Txt,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::A(records) => records.len(),
            Self::Aaaa(records) => records.len(),
            Self::Mx(records) => records.len(),
            Self::Ptr(records) => records.len(),
            Self::Txt(records) => records.len(),
        }
    }

    /// Whether there is none, which [`Answer`]'s constructors turn into [`Answer::NoRecords`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There are such records.
    Records(Records),
    /// The name exists, but has no such record (NODATA: NOERROR with an empty answer).
    NoRecords,
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The answer could not be had: SERVFAIL or any other error code, a time-out, no server, a broken packet.
    Unavailable,
}

impl Answer {
    /// An answer of these records, or [`Answer::NoRecords`] where there is none.
    #[must_use]
    pub fn new(records: Records) -> Self {
        if records.is_empty() { Self::NoRecords } else { Self::Records(records) }
    }

    /// An answer of IPv4 addresses.
    pub fn a(addresses: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        Self::new(Records::A(addresses.into_iter().collect()))
    }

    /// An answer of IPv6 addresses.
    pub fn aaaa(addresses: impl IntoIterator<Item = Ipv6Addr>) -> Self {
        Self::new(Records::Aaaa(addresses.into_iter().collect()))
    }

    /// An answer of mail exchangers, each with its preference.
    pub fn mx(exchangers: impl IntoIterator<Item = (u16, Name)>) -> Self {
        let exchangers = exchangers.into_iter().map(|(preference, exchange)| Mx { preference, exchange });
        Self::new(Records::Mx(exchangers.collect()))
    }

    /// An answer of the names of an address.
    pub fn ptr(names: impl IntoIterator<Item = Name>) -> Self {
        Self::new(Records::Ptr(names.into_iter().collect()))
    }

    /// An answer of texts, each record's character-strings joined already.
    pub fn txt<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(Records::Txt(texts.into_iter().map(|text| Txt::from(&text)).collect()))
    }

    /// The IPv4 addresses; none where the answer holds something else.
    #[must_use]
    pub fn as_a(&self) -> &[Ipv4Addr] {
        match self {
            Self::Records(Records::A(records)) => records,
            _ => &[],
        }
    }

    /// The IPv6 addresses; none where the answer holds something else.
    #[must_use]
    pub fn as_aaaa(&self) -> &[Ipv6Addr] {
        match self {
            Self::Records(Records::Aaaa(records)) => records,
            _ => &[],
        }
    }

    /// The mail exchangers; none where the answer holds something else.
    #[must_use]
    pub fn as_mx(&self) -> &[Mx] {
        match self {
            Self::Records(Records::Mx(records)) => records,
            _ => &[],
        }
    }

    /// The names of an address; none where the answer holds something else.
    #[must_use]
    pub fn as_ptr(&self) -> &[Name] {
        match self {
            Self::Records(Records::Ptr(records)) => records,
            _ => &[],
        }
    }

    /// The texts; none where the answer holds something else.
    #[must_use]
    pub fn as_txt(&self) -> &[Txt] {
        match self {
            Self::Records(Records::Txt(records)) => records,
            _ => &[],
        }
    }

    /// Whether the DNS did answer, and the answer is that there is nothing: the "void lookup" of RFC 7208
    /// §4.6.4.
    #[must_use]
    pub fn is_void(&self) -> bool {
        match self {
            Self::NoRecords | Self::NoSuchName => true,
            Self::Records(records) => records.is_empty(),
            Self::Unavailable => false,
        }
    }
}

/// A resolver that answers at once, or blocks until it can.
pub trait Resolve {
    /// Answers the question.
    ///
    /// Records of another kind than the one asked count as none.
    fn resolve(&self, question: &Question) -> Answer;
}

impl<R: Resolve + ?Sized> Resolve for &R {
    fn resolve(&self, question: &Question) -> Answer {
        (**self).resolve(question)
    }
}

/// A resolver whose answers are awaited. No runtime is assumed.
pub trait AsyncResolve {
    /// Answers the question, as [`Resolve::resolve`] does.
    fn resolve(&self, question: &Question) -> impl Future<Output = Answer> + Send;
}

impl<R: AsyncResolve + ?Sized> AsyncResolve for &R {
    fn resolve(&self, question: &Question) -> impl Future<Output = Answer> + Send {
        (**self).resolve(question)
    }
}

/// Makes a resolver of a function.
pub fn from_fn<F: Fn(&Question) -> Answer>(function: F) -> FromFn<F> {
    FromFn { function }
}

/// A resolver made of a function by [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFn<F> {
    function: F,
}

impl<F: Fn(&Question) -> Answer> Resolve for FromFn<F> {
    fn resolve(&self, question: &Question) -> Answer {
        (self.function)(question)
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_records_is_no_records() {
        assert_eq!(Answer::a([]), Answer::NoRecords);
        assert_eq!(Answer::txt::<&str>([]), Answer::NoRecords);
        assert!(Answer::NoRecords.is_void());
        assert!(Answer::NoSuchName.is_void());
        assert!(!Answer::Unavailable.is_void());
        assert!(!Answer::txt([""]).is_void());
    }

    #[test]
    fn records_of_another_kind_are_none() {
        let answer = Answer::txt(["x"]);
        assert_eq!(answer.as_txt().len(), 1);
        assert!(answer.as_a().is_empty());
        assert!(answer.as_ptr().is_empty());
    }

    #[test]
    fn strings_are_joined_with_nothing_between() {
        assert_eq!(Txt::from_strings(["v=spf1", " -all"]).as_bytes(), b"v=spf1 -all");
    }
}
