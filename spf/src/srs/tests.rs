//! Senders rewritten and found again, with the words of other implementations.

#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice)]

use super::*;
use alloc::{borrow::ToOwned, vec};
use proptest::prelude::*;

/// 2020-01-01
const NOW: u64 = 1_577_836_860;

fn srs() -> Srs {
    Srs::new(Name::parse("example.com").unwrap(), "tops3cr3t")
}

#[test]
fn what_postsrsd_writes_is_written() {
    for (sender, expected) in [
        ("test@example.com", "test@example.com"),
        ("test@otherdomain.com", "SRS0=vmyz=2W=otherdomain.com=test@example.com"),
        ("hash234@somedomain.com", "SRS0=-3_5=2W=somedomain.com=hash234@example.com"),
        ("SRS0=opaque+string@otherdomain.com", "SRS1=chaI=otherdomain.com==opaque+string@example.com"),
        (
            "SRS1=X=thirddomain.com==opaque+string@otherdomain.com",
            "SRS1=JIBX=thirddomain.com==opaque+string@example.com",
        ),
        ("", ""),
    ] {
        assert_eq!(srs().forward(sender, NOW).as_deref(), Ok(expected), "{sender}");
    }
    assert_eq!(srs().forward("foo", NOW), Err(SrsError::NoAddress));
    let own = srs().rewriting_own(true).forward("test@example.com", NOW).unwrap();
    assert_eq!(srs().reverse(&own, NOW).as_deref(), Ok("test@example.com"));
}

/// What Mail::SRS 0.31, of which libsrs2 is a translation, wrote on 2026-11-22 with the secret `k`.
#[test]
fn what_mail_srs_writes_is_written_and_told() {
    let srs = Srs::new(Name::parse("fwd.example").unwrap(), "k").with_alphabet(Alphabet::Standard);
    let now = 20_779 * SECONDS_A_DAY;
    for (sender, expected) in [
        ("c@example.org", "SRS0=A8u/=JL=example.org=c@fwd.example"),
        ("=X.%@example.org", "SRS0=td1N=JL=example.org==X.%@fwd.example"),
        ("Z_=X@Mail.Example.NET", "SRS0=+7aQ=JL=Mail.Example.NET=Z_=X@fwd.example"),
        (
            "SRS0+abcd=JL=o.example=X++@a-b.example",
            "SRS1=NPex=a-b.example=+abcd=JL=o.example=X++@fwd.example",
        ),
        (
            "SRS0-abcd=JL=o.example==+Y@Mail.Example.NET",
            "SRS1=aBhr=Mail.Example.NET=-abcd=JL=o.example==+Y@fwd.example",
        ),
    ] {
        assert_eq!(srs.forward(sender, now).as_deref(), Ok(expected));
        assert_eq!(srs.reverse(expected, now).as_deref(), Ok(sender));
    }
    // by SRS1 the way back is to the first forwarder
    let sender = "SRS1-abcd=first.example=-x=JL=o.example=%-1a+@example.org";
    let expected = "SRS1=2WMI=first.example=-x=JL=o.example=%-1a+@fwd.example";
    assert_eq!(srs.forward(sender, now).as_deref(), Ok(expected));
    assert_eq!(srs.reverse(expected, now).as_deref(), Ok("SRS0-x=JL=o.example=%-1a+@first.example"));
}

#[test]
fn both_alphabets_are_written_and_read_in_any_case() {
    for address in [
        "SRS0=-3_5=2W=somedomain.com=hash234@example.com",
        "SRS0=+3/5=2W=somedomain.com=hash234@example.com",
        "srs0=-3_5=2w=somedomain.com=hash234@EXAMPLE.com",
        "SRS0+-3_5=2W=somedomain.com=hash234@example.com",
    ] {
        assert_eq!(srs().reverse(address, NOW).as_deref(), Ok("hash234@somedomain.com"), "{address}");
    }
    let standard = srs().with_alphabet(Alphabet::Standard).forward("hash234@somedomain.com", NOW);
    assert_eq!(standard.as_deref(), Ok("SRS0=+3/5=2W=somedomain.com=hash234@example.com"));
    let upper = "SRS0=VMYZ=2W=OTHERDOMAIN.COM=TEST@example.com";
    assert_eq!(srs().reverse(upper, NOW).as_deref(), Ok("TEST@OTHERDOMAIN.COM"));
}

#[test]
fn every_separator_is_kept_on_the_way_back() {
    for (separator, mark) in [(Separator::Equals, '='), (Separator::Hyphen, '-'), (Separator::Plus, '+')] {
        let first = Srs::new(Name::parse("one.example").unwrap(), "a").with_separator(separator);
        let second = Srs::new(Name::parse("two.example").unwrap(), "b");
        let third = Srs::new(Name::parse("three.example").unwrap(), "c");
        let by_first = first.forward("a=b=c@example.org", NOW).unwrap();
        assert_eq!(by_first.chars().nth(4), Some(mark));
        let by_second = second.forward(&by_first, NOW).unwrap();
        assert!(by_second.starts_with("SRS1=") && by_second.contains(&format!("=one.example={mark}")));
        let by_third = third.forward(&by_second, NOW).unwrap();
        assert_eq!(third.reverse(&by_third, NOW).as_deref(), Ok(by_first.as_str()), "SRS1 never nests");
        assert_eq!(second.reverse(&by_second, NOW).as_deref(), Ok(by_first.as_str()));
        assert_eq!(first.reverse(&by_first, NOW).as_deref(), Ok("a=b=c@example.org"));
    }
}

#[test]
fn addresses_expire_and_never_come_from_the_future() {
    let day = SECONDS_A_DAY;
    let address = srs().forward("a@example.org", NOW).unwrap();
    assert!(srs().reverse(&address, NOW + 21 * day).is_ok());
    assert_eq!(srs().reverse(&address, NOW + 22 * day), Err(SrsError::Expired));
    assert_eq!(srs().reverse(&address, NOW - day), Err(SrsError::Expired));
    assert!(srs().with_max_age(30).reverse(&address, NOW + 22 * day).is_ok());
    assert_eq!((stamp(0).as_str(), stamp(1023 * day).as_str()), ("AA", "77"));
    assert_eq!(stamp(1024 * day), "AA");
}

#[test]
fn secrets_can_be_changed() {
    let domain = Name::parse("example.com").unwrap();
    let old = srs().forward("a@example.org", NOW).unwrap();
    let new = Srs::new(domain, "new").with_old_secret("tops3cr3t");
    assert_eq!(new.reverse(&old, NOW).as_deref(), Ok("a@example.org"));
    let by_new = new.forward("a@example.org", NOW).unwrap();
    assert_eq!(srs().reverse(&by_new, NOW), Err(SrsError::Forged));
}

#[test]
fn what_was_not_made_here_is_refused() {
    let error = |address: &str| srs().reverse(address, NOW).unwrap_err();
    for (address, expected) in [
        ("test@example.com", SrsError::NotRewritten),
        ("SRS0@example.com", SrsError::NotRewritten),
        ("SRS2=vmyz=2W=otherdomain.com=test@example.com", SrsError::NotRewritten),
        ("SRS0=vmyz=2W=otherdomain.com=test@example.org", SrsError::OtherDomain),
        ("SRS0=vmyz=2W=otherdomain.com@example.com", SrsError::Format),
        ("SRS0=vmyz=2W==test@example.com", SrsError::Format),
        ("SRS0=vmyZ=2W=otherdomain.com=tesT2@example.com", SrsError::Forged),
        ("SRS0=vmya=2W=otherdomain.com=test@example.com", SrsError::Forged),
        ("SRS0=vmy=2W=otherdomain.com=test@example.com", SrsError::Forged),
        ("SRS1=chaI=otherdomain.com=opaque+string@example.com", SrsError::Format),
        ("SRS1=aaaa=otherdomain.com==opaque+string@example.com", SrsError::Forged),
        ("SRS0=\r\nRCPT=@example.com", SrsError::Character),
        ("@example.com", SrsError::NoAddress),
    ] {
        assert_eq!(error(address), expected, "{address:?}");
    }
    assert_eq!(error(&"a".repeat(MAX_ADDRESS + 1)), SrsError::TooLong);
    let long = format!("SRS0={}=2W=otherdomain.com=test@example.com", "v".repeat(40));
    assert_eq!(error(&long), SrsError::Forged);
    // the stamp is under the hash, so that only the maker could write a broken one
    let hash = srs().hash(&["1", "otherdomain.com", "test"]).unwrap();
    assert_eq!(error(&format!("SRS0={hash}=1=otherdomain.com=test@example.com")), SrsError::Stamp);
}

#[test]
fn longer_hashes_are_written_and_shorter_ones_refused() {
    let longer = srs().with_hash_length(8);
    let address = longer.forward("a@example.org", NOW).unwrap();
    assert!(longer.reverse(&address, NOW).is_ok() && srs().reverse(&address, NOW).is_ok());
    let short = srs().forward("a@example.org", NOW).unwrap();
    assert_eq!(longer.reverse(&short, NOW), Err(SrsError::Forged));
    assert!(longer.with_hash_minimum(4).reverse(&short, NOW).is_ok());
}

#[test]
fn local_parts_stay_quoted() {
    for (sender, expected) in [
        (r#""a b"@example.org"#, r#""SRS0=nrLk=2W=example.org=a b"@example.com"#),
        (r#""a\"\\ @b"@example.org"#, r#""SRS0=u4hu=2W=example.org=a\"\\ @b"@example.com"#),
        ("a@[192.0.2.1]", r#""SRS0=xxxx=2W=[192.0.2.1]=a"@example.com"#),
        (r#""a..b"@example.org"#, r#""SRS0=xxxx=2W=example.org=a..b"@example.com"#),
    ] {
        let forwarded = srs().forward(sender, NOW).unwrap();
        let without_hash = |address: &str| [&address[..6], &address[10..]].concat();
        assert_eq!(without_hash(&forwarded), without_hash(expected));
        assert_eq!(srs().reverse(&forwarded, NOW).as_deref(), Ok(sender), "{forwarded}");
        let second = Srs::new(Name::parse("second.example").unwrap(), "2");
        let by_second = second.forward(&forwarded, NOW).unwrap();
        assert_eq!(second.reverse(&by_second, NOW).as_deref(), Ok(&*forwarded), "{by_second}");
    }
    // without need for them, quotation marks say nothing
    let plain = srs().forward("a@example.org", NOW).unwrap();
    assert_eq!(srs().forward("\"a\"@example.org", NOW).unwrap(), plain);
}

/// The hash is of all parts in one, so that parts may be cut elsewhere; but never so that what comes back is no
/// address.
#[test]
fn no_host_is_made_of_a_quoted_local_part() {
    let forwarded = srs().forward("\"x> SIZE=1 y\"@example.org", NOW).unwrap();
    assert!(srs().reverse(&forwarded, NOW).is_ok());
    let moved = forwarded.replace("=example.org=x> SIZE=", "=example.orgx> SIZE==");
    assert_ne!(moved, forwarded);
    assert_eq!(srs().reverse(&moved, NOW), Err(SrsError::Format));
}

#[test]
fn what_is_no_address_is_not_rewritten() {
    for (sender, expected) in [
        ("a b@example.org", SrsError::LocalPart),
        ("a> SIZE=1@example.org", SrsError::LocalPart),
        ("a@b@example.org", SrsError::LocalPart),
        ("\"a@example.org", SrsError::LocalPart),
        ("\"a\"b\"@example.org", SrsError::LocalPart),
        ("\"a\\\"@example.org", SrsError::LocalPart),
        ("\"\"@example.org", SrsError::NoAddress),
        ("a@b=c.example", SrsError::Domain),
        ("a@exam ple.org", SrsError::Domain),
        ("a@example.org> SIZE=1", SrsError::Domain),
        ("a@[192.0.2.1=]", SrsError::Domain),
    ] {
        assert_eq!(srs().forward(sender, NOW), Err(expected), "{sender}");
    }
}

#[test]
fn what_only_looks_rewritten_is_rewritten_as_any_other() {
    for sender in [
        "SRS1=X==foo",
        "SRS1=X=host.example=foo",
        "SRS1=X=+=+x",
        "SRS1=",
        "SRS1=X=",
        "SRS0=",
        "srs0+x",
        "SRS0",
        "SRS1=X=h=-",
    ] {
        let sender = format!("{sender}@example.org");
        let forwarded = srs().forward(&sender, NOW).unwrap();
        let back = srs().reverse(&forwarded, NOW).unwrap();
        let expected = match sender.as_str() {
            // one that was forwarded already goes back to the first forwarder
            "SRS1=X=h=-@example.org" => "SRS0-@h",
            "srs0+x@example.org" => "SRS0+x@example.org",
            other => other,
        };
        assert_eq!(back, expected, "{forwarded}");
    }
}

#[test]
fn lengths_are_bounded() {
    let sender = format!("{}@example.org", "a".repeat(MAX_ADDRESS - 30));
    assert_eq!(srs().forward(&sender, NOW), Err(SrsError::TooLong), "nobody could reverse it");
    let limited = srs().with_local_part_limit(64);
    let sender = |length: usize| format!("{}@example.org", "a".repeat(length));
    let longest = limited.forward(&sender(64 - 25), NOW).unwrap();
    assert_eq!(longest.find('@'), Some(64));
    assert_eq!(limited.forward(&sender(64 - 24), NOW), Err(SrsError::LocalPartTooLong));
    assert!(limited.reverse(&longest, NOW).is_ok());
}

#[test]
fn an_empty_secret_is_none() {
    let empty = Srs::new(Name::parse("example.com").unwrap(), "");
    assert_eq!(empty.forward("a@example.org", NOW), Err(SrsError::NoSecret));
    let hash = digest(b"", &["2W", "example.org", "a"]).unwrap();
    let forged = format!("SRS0={}=2W=example.org=a@example.com", &hash[..4]);
    assert_eq!(empty.reverse(&forged, NOW), Err(SrsError::Forged));
    assert_eq!(srs().with_old_secret("").reverse(&forged, NOW), Err(SrsError::Forged));
}

proptest! {
    /// Whatever is rewritten is found again, through any number of forwarders, whichever separators they write.
    #[test]
    fn what_is_forwarded_comes_back(
        local_part in "(SRS[01][=+-])?[a-zA-Z0-9=+.-]{1,12}|\"[a-z =@<>.]{1,9}\"",
        separators in prop::collection::vec(0..3_usize, 1..4),
        days in 0..22_u64,
    ) {
        let sender = format!("{local_part}@example.org");
        let hosts: Vec<_> = separators
            .iter()
            .enumerate()
            .map(|(number, separator)| {
                let separator = [Separator::Equals, Separator::Hyphen, Separator::Plus][*separator];
                let domain = Name::parse(&format!("f{number}.example")).unwrap();
                Srs::new(domain, format!("secret {number}")).with_separator(separator)
            })
            .collect();
        let mut addresses = vec![sender];
        for host in &hosts {
            let next = host.forward(addresses.last().unwrap(), NOW).unwrap();
            addresses.push(next);
        }
        let later = NOW + days * SECONDS_A_DAY;
        let last = addresses.last().unwrap();
        let back = hosts.last().unwrap().reverse(last, later).unwrap();
        if hosts.len() <= 2 {
            let before = &addresses[hosts.len() - 1];
            let said = |address: &str| {
                let Address { local_part, host } = Address::parse(address).unwrap();
                // the tag is written in capitals, and SRS1 leads to whom the first forwarder was
                (local_part.into_owned(), host.to_owned())
            };
            if Tagged::parse(&said(before).0).is_none_or(|tagged| tagged.tag == Tag::Srs0) {
                prop_assert_eq!(said(&back), said(before), "{}", last);
            }
        } else {
            // the first of our forwarders, or one that the sender's address names
            prop_assert!(back.contains("SRS0"), "{}", back);
        }
        prop_assert!(Address::parse(&back).is_ok());
    }
}

#[test]
fn secrets_do_not_print() {
    assert!(!format!("{:?}", srs()).contains("tops"));
}
