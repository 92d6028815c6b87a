//! Records like those of large and small senders, and zones that hold them.

/// About thirty records as they are published: hosters, mailbox providers, senders of newsletters, and people.
pub const RECORDS: [&str; 30] = [
    "v=spf1 -all",
    "v=spf1 mx -all",
    "v=spf1 a mx ~all",
    "v=spf1 a mx ip4:192.0.2.10 -all",
    "v=spf1 redirect=_spf.mail.example.com",
    "v=spf1 include:_spf.mailbox.example ~all",
    "v=spf1 include:spf.protection.office.example -all",
    "v=spf1 include:_netblocks.mailbox.example include:_netblocks2.mailbox.example include:_netblocks3.mailbox.example ~all",
    "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/22 ip4:203.0.113.0/25 ~all",
    "v=spf1 ip6:2001:db8:4000::/36 ip6:2001:db8:5000::/36 ip6:2001:db8:6800::/36 ip6:2001:db8:8000::/36 ~all",
    "v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 ip4:66.102.0.0/20 ip4:66.249.80.0/20 ip4:72.14.192.0/18 ip4:74.125.0.0/16 ip4:108.177.8.0/21 ip4:173.194.0.0/16 ip4:209.85.128.0/17 ip4:216.58.192.0/19 ip4:216.239.32.0/19 ~all",
    "v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/15 ip4:52.102.0.0/16 ip4:52.103.0.0/17 ip4:104.47.0.0/17 ip6:2001:db8:f400::/48 ip6:2001:db8:f403::/49 -all",
    "v=spf1 include:_spf.mailbox.example include:sendlist.example include:mail.helpdesk.example -all",
    "v=spf1 mx a:mail.example.com a:web.example.com/28 include:hosting.example ~all",
    "v=spf1 exists:%{i}._spf.mta.example.com -all",
    "v=spf1 exists:%{ir}.%{v}._spf.%{d2} ?all",
    "v=spf1 include:%{ir}.%{v}.%{d}.spf.has.verified.example ~all",
    "v=spf1 include:_spf.a.example.net include:_spf.b.example.net include:_spf.c.example.net a mx ip4:192.0.2.1 ip4:192.0.2.2 ~all",
    "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.3 ip4:192.0.2.4 ip4:192.0.2.5 ip4:192.0.2.6 -all",
    "v=spf1 ip4:198.2.128.0/24 ip4:198.2.132.0/22 ip4:198.2.136.0/23 ip4:198.2.145.0/24 ip4:198.2.177.0/24 ip4:205.201.128.0/20 ?all",
    "v=spf1 a:smtp1.example.org a:smtp2.example.org a:smtp3.example.org -all exp=why.example.org",
    "v=spf1 mx/24 mx:example.net/28 -all",
    "v=spf1 ptr:example.com ~all",
    "v=spf1 include:amazonses.example include:spf.mandrill.example include:servers.mcsv.example include:_spf.crm.example ~all",
    "v=spf1 +a +mx +ip4:192.0.2.77 +include:relay.hoster.example ~all",
    "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 mx include:_spf.example.net ?include:partner.example -all",
    "v=spf1 a//64 mx//64 ip6:2001:db8:0:1::/64 ~all",
    "v=spf1 exists:%{l}._spf.%{d} redirect=_spf.%{d2}",
    "v=spf1 include:spf1.example.com include:spf2.example.com include:spf3.example.com include:spf4.example.com include:spf5.example.com -all",
    "v=spf1 ip4:192.0.2.0/25 ip4:198.51.100.128/25 include:_spf.mx.example a:out.example.com -all",
];

/// The records of a mailbox provider: one redirect, three includes, twenty networks.
pub const PROVIDER: &str = r#"
    mailbox.example.              TXT "v=spf1 redirect=_spf.mailbox.example"
    _spf.mailbox.example.         TXT "v=spf1 include:_netblocks.mailbox.example include:_netblocks2.mailbox.example include:_netblocks3.mailbox.example ~all"
    _netblocks.mailbox.example.   TXT "v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 ip4:66.102.0.0/20 ip4:66.249.80.0/20 ip4:72.14.192.0/18 ip4:74.125.0.0/16 ip4:108.177.8.0/21 ip4:173.194.0.0/16 ip4:209.85.128.0/17 ip4:216.58.192.0/19 ~all"
    _netblocks2.mailbox.example.  TXT "v=spf1 ip6:2001:4860:4000::/36 ip6:2404:6800:4000::/36 ip6:2607:f8b0:4000::/36 ip6:2800:3f0:4000::/36 ip6:2a00:1450:4000::/36 ~all"
    _netblocks3.mailbox.example.  TXT "v=spf1 ip4:172.217.0.0/19 ip4:172.217.32.0/20 ip4:172.217.128.0/19 ip4:172.253.56.0/21 ip4:216.239.32.0/19 ~all"
"#;

/// A client in the last network of the provider.
pub const PROVIDER_CLIENT: [u8; 4] = [216, 239, 36, 17];

/// A record whose macros name a host of a list.
pub const EXISTS: &str = r#"
    macro.example.                            TXT "v=spf1 exists:%{ir}.%{l1r-}._spf.%{d} -all"
    17.36.239.216.strong._spf.macro.example.  A   127.0.0.2
"#;

/// As much as a record may cost: ten terms that ask, eight of them with ten mail exchangers each, one of them
/// with ten names of the client.
#[must_use]
pub fn worst_case() -> String {
    let mut zone = String::from("worst.example. TXT \"v=spf1");
    for term in 0..9 {
        zone += &format!(" mx:x{term}.worst.example");
    }
    zone += " ptr:elsewhere.example -all\"\n";
    for term in 0..9 {
        for host in 0..10 {
            zone += &format!("x{term}.worst.example. MX {host} h{host}.x{term}.worst.example.\n");
            zone += &format!("h{host}.x{term}.worst.example. A 192.0.2.{host}\n");
        }
    }
    for name in 0..10 {
        zone += &format!("17.36.239.216.in-addr.arpa. PTR n{name}.elsewhere.example.\n");
        zone += &format!("n{name}.elsewhere.example. A 192.0.2.99\n");
    }
    zone
}
