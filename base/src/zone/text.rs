//! Writing a zone as the text that [`Zone::parse`](super::Zone::parse) reads.

use super::{KINDS, KindSet, Node, Zone};
use crate::Name;
use alloc::collections::BTreeSet;
use core::fmt;

/// Writes every name that holds something of its own, in the order of the names.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut above = BTreeSet::new();
        for name in self.nodes.keys() {
            let mut parent = name.parent();
            while let Some(name) = parent {
                parent = name.parent();
                if !above.insert(name) {
                    break;
                }
            }
        }
        for (name, node) in &self.nodes {
            write_node(f, name, node)?;
            // a name above others exists without being said to
            if *node == Node::default() && !above.contains(name) {
                writeln!(f, "{} NODATA", Absolute(name))?;
            }
        }
        Ok(())
    }
}

fn write_node(f: &mut fmt::Formatter<'_>, name: &Name, node: &Node) -> fmt::Result {
    let owner = Absolute(name);
    for address in node.a.iter().flat_map(|addresses| addresses.iter()) {
        writeln!(f, "{owner} A {address}")?;
    }
    for address in node.aaaa.iter().flat_map(|addresses| addresses.iter()) {
        writeln!(f, "{owner} AAAA {address}")?;
    }
    for mx in node.mx.iter().flat_map(|exchangers| exchangers.iter()) {
        writeln!(f, "{owner} MX {} {}", mx.preference, Absolute(&mx.exchange))?;
    }
    for target in node.ptr.iter().flat_map(|names| names.iter()) {
        writeln!(f, "{owner} PTR {}", Absolute(target))?;
    }
    for text in node.txt.iter().flat_map(|texts| texts.iter()) {
        write!(f, "{owner} TXT")?;
        if text.as_bytes().is_empty() {
            f.write_str(" \"\"")?;
        }
        for string in text.as_bytes().chunks(255) {
            f.write_str(" \"")?;
            for &octet in string {
                match octet {
                    b'"' | b'\\' => write!(f, "\\{}", char::from(octet))?,
                    b' '..=b'~' => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str("\"")?;
        }
        f.write_str("\n")?;
    }
    if let Some(target) = &node.alias {
        writeln!(f, "{owner} CNAME {}", Absolute(target))?;
    }
    write_kinds(f, &owner, "NXDOMAIN", node.absent)?;
    write_kinds(f, &owner, "UNAVAILABLE", node.unavailable)
}

fn write_kinds(
    f: &mut fmt::Formatter<'_>,
    owner: &Absolute<'_>,
    keyword: &str,
    kinds: KindSet,
) -> fmt::Result {
    if kinds.is_empty() {
        return Ok(());
    }
    write!(f, "{owner} {keyword}")?;
    if kinds != KindSet::ALL {
        for kind in KINDS.into_iter().filter(|&kind| kinds.contains(kind)) {
            write!(f, " {kind}")?;
        }
    }
    f.write_str("\n")
}

/// A name with its trailing dot, and what would end a word escaped.
struct Absolute<'a>(&'a Name);

impl fmt::Display for Absolute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0.as_str().chars() {
            if matches!(octet, ' ' | ';' | '(' | ')' | '"' | '\\' | '$' | '@') {
                f.write_str("\\")?;
            }
            write!(f, "{octet}")?;
        }
        f.write_str(if self.0.is_root() { "" } else { "." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn what_is_written_reads_back_as_the_same_zone() {
        let zone = Zone::parse(
            "a.example. TXT \"q\\\"\\\\ \\010\\255\" more\na.example. TXT \"\"\n\
             a.example. A 192.0.2.1\na.example. AAAA 2001:db8::1\na.example. MX 0 .\n\
             1.example. PTR a.example.\nodd\\ \\;name.example. CNAME a.example.\n\
             x.example. UNAVAILABLE TXT MX\ny.example. NXDOMAIN\nz.b.example. NODATA\n",
        )
        .unwrap();
        let text = zone.to_string();
        assert_eq!(Zone::parse(&text).unwrap(), zone, "{text}");
    }

    #[test]
    fn long_texts_are_cut_into_strings() {
        let mut zone = Zone::new();
        zone.add_txt(&Name::parse("a.example").unwrap(), [b'x'; 600]);
        let text = zone.to_string();
        assert_eq!(text.matches('"').count(), 6);
        assert_eq!(Zone::parse(&text).unwrap(), zone);
    }
}
