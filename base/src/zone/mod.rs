//! An in-memory resolver, read from text like that of a zone file.
//!
//! A [`Zone`] answers as a name server would: aliases are followed, wildcards expanded (RFC 4592), a name that
//! only stands above others exists without records, and any other name does not exist. It is what the examples,
//! the tests and the benchmarks of the family resolve from, and what a [`Recorder`] gives back so that a check
//! can be replayed.
//!
//! ```
//! use mail_base::{Name, Zone, dns::{Answer, Question, Resolve}};
//!
//! let zone = Zone::parse(r#"
//!     $ORIGIN example.com.
//!     @         300 IN TXT   "v=spf1 mx " "-all"    ; two strings, one record
//!     @                MX    10 mail
//!     mail             A     192.0.2.1
//!     www              CNAME mail
//!     broken           UNAVAILABLE                  ; every question about it fails
//! "#)?;
//! let ask = |name, kind| zone.resolve(&Question::new(Name::parse(name).unwrap(), kind));
//! # use mail_base::dns::Kind::*;
//! assert_eq!(ask("www.example.com", A), Answer::a([[192, 0, 2, 1].into()]));
//! assert_eq!(ask("mail.example.com", Txt), Answer::NoRecords);
//! assert_eq!(ask("nobody.example.com", Txt), Answer::NoSuchName);
//! assert_eq!(ask("broken.example.com", Txt), Answer::Unavailable);
//! # Ok::<(), mail_base::zone::ZoneError>(())
//! ```
//!
//! # The text
//!
//! The format is the master file of RFC 1035 §5: comments after `;`, strings in quotes with `\"`, `\\` and
//! `\DDD`, parentheses over several lines, `$ORIGIN`, `$TTL` (read and not used), `@`; a line indented deeper
//! than the others goes on with the owner before it. Names without a trailing dot are relative to
//! `$ORIGIN`, and until one is given to the root. Records of the types `A AAAA MX PTR TXT CNAME` are kept; of
//! other well-known types only the owner's existence. Three types are its own:
//!
//! | line | meaning |
//! |---|---|
//! | `name NODATA` | the name exists |
//! | `name NXDOMAIN [types]` | the name does not exist, for questions of these types or of all |
//! | `name UNAVAILABLE [types]` | questions of these types, or all, cannot be answered |

mod parse;
mod recorder;
mod text;

pub use parse::{ZoneError, ZoneErrorKind};
pub use recorder::Recorder;

use crate::{
    Name,
    dns::{Answer, AsyncResolve, Kind, Mx, Question, Records, Resolve, Txt},
};
use alloc::{collections::BTreeMap, sync::Arc};
use core::net::{Ipv4Addr, Ipv6Addr};

/// How many aliases are followed before the answer is [`Answer::Unavailable`], as resolvers bound it.
pub const MAX_ALIASES: usize = 16;

/// An in-memory resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    nodes: BTreeMap<Name, Node>,
}

/// What is known of a name. The default is a name that exists and has nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    a: Option<Arc<[Ipv4Addr]>>,
    aaaa: Option<Arc<[Ipv6Addr]>>,
    mx: Option<Arc<[Mx]>>,
    ptr: Option<Arc<[Name]>>,
    txt: Option<Arc<[Txt]>>,
    alias: Option<Name>,
    absent: KindSet,
    unavailable: KindSet,
}

/// A set of kinds of record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct KindSet(u8);

const KINDS: [Kind; 5] = [Kind::A, Kind::Aaaa, Kind::Mx, Kind::Ptr, Kind::Txt];

impl KindSet {
    const ALL: Self = Self(0b1_1111);

    fn bit(kind: Kind) -> u8 {
        match kind {
            Kind::A => 1,
            Kind::Aaaa => 2,
            Kind::Mx => 4,
            Kind::Ptr => 8,
            Kind::Txt => 16,
        }
    }

    fn of(kind: Kind) -> Self {
        Self(Self::bit(kind))
    }

    fn contains(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Node {
    fn records(&self, kind: Kind) -> Option<Records> {
        match kind {
            Kind::A => self.a.clone().map(Records::A),
            Kind::Aaaa => self.aaaa.clone().map(Records::Aaaa),
            Kind::Mx => self.mx.clone().map(Records::Mx),
            Kind::Ptr => self.ptr.clone().map(Records::Ptr),
            Kind::Txt => self.txt.clone().map(Records::Txt),
        }
    }

    fn add(&mut self, records: Records) {
        match records {
            Records::A(new) => append(&mut self.a, new),
            Records::Aaaa(new) => append(&mut self.aaaa, new),
            Records::Mx(new) => append(&mut self.mx, new),
            Records::Ptr(new) => append(&mut self.ptr, new),
            Records::Txt(new) => append(&mut self.txt, new),
        }
    }
}

fn append<T: Clone>(slot: &mut Option<Arc<[T]>>, new: Arc<[T]>) {
    *slot = match slot.take() {
        _ if new.is_empty() => return,
        None => Some(new),
        Some(old) => Some(old.iter().chain(new.iter()).cloned().collect()),
    };
}

impl Zone {
    /// A zone in which no name exists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a zone from text.
    ///
    /// # Errors
    /// A [`ZoneError`] says which rule is broken and in which line, counted from 1.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        parse::parse(text)
    }

    /// Adds records to those that `name` has of this kind. The name and all above it exist from now on.
    pub fn add(&mut self, name: &Name, records: Records) {
        self.node(name).add(records);
    }

    /// Adds one TXT record to those of `name`.
    pub fn add_txt(&mut self, name: &Name, text: impl AsRef<[u8]>) {
        self.add(name, Records::Txt(Arc::from([Txt::from(&text)])));
    }

    /// Makes `name` an alias (CNAME) of `target`. What else the name holds is answered first.
    pub fn add_alias(&mut self, name: &Name, target: Name) {
        self.node(name).alias = Some(target);
    }

    /// Keeps an answer, so that this zone gives it to the same question again. Records that the name had of
    /// that kind are replaced.
    pub fn keep(&mut self, question: &Question, answer: &Answer) {
        let node = self.node(&question.name);
        let kind = KindSet::of(question.kind);
        match answer {
            Answer::Records(records) if records.kind() == question.kind => {
                match question.kind {
                    Kind::A => node.a = None,
                    Kind::Aaaa => node.aaaa = None,
                    Kind::Mx => node.mx = None,
                    Kind::Ptr => node.ptr = None,
                    Kind::Txt => node.txt = None,
                }
                node.add(records.clone());
            }
            Answer::Records(_) | Answer::NoRecords => {}
            Answer::NoSuchName => node.absent.add(kind),
            Answer::Unavailable => node.unavailable.add(kind),
        }
    }

    /// The node of a name, made if need be together with those of all names above.
    fn node(&mut self, name: &Name) -> &mut Node {
        let mut above = name.parent();
        while let Some(name) = above {
            above = name.parent();
            if self.nodes.contains_key(&name) {
                break;
            }
            self.nodes.insert(name, Node::default());
        }
        self.nodes.entry(name.clone()).or_default()
    }

    /// The node that answers for a name: its own, or that of the wildcard below the closest name that exists
    /// (RFC 4592 §3.3.1).
    fn find(&self, name: &Name) -> Option<&Node> {
        if let Some(node) = self.nodes.get(name) {
            return Some(node);
        }
        let mut above = name.parent();
        while let Some(encloser) = above {
            if self.nodes.contains_key(&encloser) {
                return self.nodes.get(&encloser.prefixed("*").ok()?);
            }
            above = encloser.parent();
        }
        None
    }

    fn look_up(&self, question: &Question) -> Answer {
        let kind = question.kind;
        let mut name = &question.name;
        for _ in 0..=MAX_ALIASES {
            let Some(node) = self.find(name) else {
                return Answer::NoSuchName;
            };
            if node.unavailable.contains(kind) {
                return Answer::Unavailable;
            }
            if node.absent.contains(kind) {
                return Answer::NoSuchName;
            }
            if let Some(records) = node.records(kind) {
                return Answer::Records(records);
            }
            match &node.alias {
                Some(target) => name = target,
                None => return Answer::NoRecords,
            }
        }
        Answer::Unavailable
    }
}

impl Resolve for Zone {
    fn resolve(&self, question: &Question) -> Answer {
        self.look_up(question)
    }
}

impl AsyncResolve for Zone {
    fn resolve(&self, question: &Question) -> impl Future<Output = Answer> + Send {
        core::future::ready(self.look_up(question))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::string::String;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn ask(zone: &Zone, owner: &str, kind: Kind) -> Answer {
        Resolve::resolve(zone, &Question::new(name(owner), kind))
    }

    #[test]
    fn no_data_and_no_such_name_are_told_apart() {
        let zone = Zone::parse("a.b.example. TXT x\nhere.example. NODATA\n").unwrap();
        assert_eq!(ask(&zone, "a.b.example", Kind::Txt), Answer::txt(["x"]));
        assert_eq!(ask(&zone, "a.b.example", Kind::A), Answer::NoRecords);
        assert_eq!(ask(&zone, "b.example", Kind::Txt), Answer::NoRecords, "an empty non-terminal exists");
        assert_eq!(ask(&zone, "here.example", Kind::Txt), Answer::NoRecords);
        assert_eq!(ask(&zone, "c.example", Kind::Txt), Answer::NoSuchName);
        assert_eq!(ask(&zone, "x.a.b.example", Kind::Txt), Answer::NoSuchName);
    }

    #[test]
    fn names_can_be_made_absent_or_unavailable_by_type() {
        let zone = Zone::parse(
            "gone.example. NXDOMAIN\nx.gone.example. TXT x\n\
             half.example. UNAVAILABLE MX TXT\nhalf.example. A 192.0.2.1\nodd.example. NXDOMAIN PTR\n",
        )
        .unwrap();
        assert_eq!(ask(&zone, "gone.example", Kind::A), Answer::NoSuchName);
        assert_eq!(ask(&zone, "x.gone.example", Kind::Txt), Answer::txt(["x"]));
        assert_eq!(ask(&zone, "half.example", Kind::Txt), Answer::Unavailable);
        assert_eq!(ask(&zone, "half.example", Kind::Mx), Answer::Unavailable);
        assert_eq!(ask(&zone, "half.example", Kind::A), Answer::a([[192, 0, 2, 1].into()]));
        assert_eq!(ask(&zone, "odd.example", Kind::Ptr), Answer::NoSuchName);
        assert_eq!(ask(&zone, "odd.example", Kind::A), Answer::NoRecords);
    }

    #[test]
    fn aliases_are_followed_and_bounded() {
        let mut text = String::from("a.example. CNAME b.example.\nb.example. CNAME a.example.\n");
        for n in 0..MAX_ALIASES {
            text += &alloc::format!("n{n}.example. CNAME n{}.example.\n", n + 1);
        }
        text += &alloc::format!("n{MAX_ALIASES}.example. A 192.0.2.1\nlost.example. CNAME nobody.example.\n");
        let zone = Zone::parse(&text).unwrap();
        assert_eq!(ask(&zone, "a.example", Kind::A), Answer::Unavailable);
        assert_eq!(ask(&zone, "n0.example", Kind::A), Answer::a([[192, 0, 2, 1].into()]));
        assert_eq!(ask(&zone, "n0.example", Kind::Txt), Answer::NoRecords);
        assert_eq!(ask(&zone, "lost.example", Kind::A), Answer::NoSuchName);
        let longer = Zone::parse(&(text + "more.example. CNAME n0.example.\n")).unwrap();
        assert_eq!(ask(&longer, "more.example", Kind::A), Answer::Unavailable);
    }

    #[test]
    fn wildcards_serve_names_below_the_closest_that_exists() {
        let zone = Zone::parse("*.example. TXT wild\nhere.example. A 192.0.2.1\n").unwrap();
        assert_eq!(ask(&zone, "any.example", Kind::Txt), Answer::txt(["wild"]));
        assert_eq!(ask(&zone, "any.other.example", Kind::Txt), Answer::txt(["wild"]));
        assert_eq!(ask(&zone, "here.example", Kind::Txt), Answer::NoRecords);
        assert_eq!(ask(&zone, "below.here.example", Kind::Txt), Answer::NoSuchName);
    }

    #[test]
    fn records_of_one_name_keep_their_order_wherever_they_stand() {
        let zone = Zone::parse("a.example. TXT one\nb.example. TXT two\na.example. TXT three\n").unwrap();
        assert_eq!(ask(&zone, "a.example", Kind::Txt), Answer::txt(["one", "three"]));
    }

    #[test]
    fn kept_answers_are_given_again() {
        let mut zone = Zone::new();
        let cases = [
            ("a.example", Kind::Txt, Answer::txt(["x", "y"])),
            ("a.example", Kind::A, Answer::NoRecords),
            ("b.example", Kind::A, Answer::NoSuchName),
            ("b.example", Kind::Txt, Answer::Unavailable),
            ("example", Kind::Mx, Answer::mx([(0, Name::root())])),
        ];
        for (owner, kind, answer) in &cases {
            zone.keep(&Question::new(name(owner), *kind), answer);
            zone.keep(&Question::new(name(owner), *kind), answer);
        }
        for (owner, kind, answer) in cases {
            assert_eq!(ask(&zone, owner, kind), answer, "{owner} {kind}");
        }
    }
}
