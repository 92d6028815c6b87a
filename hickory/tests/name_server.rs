//! Against a real name server: every answer must be what an in-memory [`Zone`] of the same records gives.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

mod nsd;

use core::net::SocketAddr;
use mail_base::{
    Name, Zone,
    dns::{Answer, AsyncResolve, Kind, Question, Resolve},
};
use mailproto_hickory::{
    Resolver,
    hickory_resolver::{
        TokioResolver,
        config::{ConnectionConfig, NameServerConfig, ResolverConfig},
        net::runtime::TokioRuntimeProvider,
        proto::rr,
    },
};
use nsd::NameServer;
use std::net::UdpSocket;

const EXAMPLE: &str = include_str!("../../auth-results/examples/data/example.zone");

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The answer of the server, which both resolvers must give alike.
fn ask(server: SocketAddr, owner: &str, kind: Kind) -> Answer {
    let question = Question::new(name(owner), kind);
    let resolver = || Resolver::from_servers(&[server]).unwrap();
    let answer = block_on(AsyncResolve::resolve(&resolver(), &question));
    assert_eq!(Resolve::resolve(&resolver().blocking().unwrap(), &question), answer, "{question}");
    answer
}

/// Asks a server that serves this zone, and the zone itself.
struct Served {
    zone: Zone,
    server: NameServer,
}

impl Served {
    fn new(text: &str) -> Self {
        let zone = Zone::parse(text).unwrap();
        let server = NameServer::start(&zone);
        Self { zone, server }
    }

    fn ask(&self, owner: &str, kind: Kind) -> Answer {
        let answer = ask(self.server.address, owner, kind);
        assert_eq!(answer, Resolve::resolve(&self.zone, &Question::new(name(owner), kind)), "{kind} {owner}");
        answer
    }
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn the_zone_of_the_examples_is_answered_like_the_zone_itself() {
    let served = Served::new(EXAMPLE);
    let answer = |owner, kind| served.ask(owner, kind);
    assert_eq!(answer("football.example.com", Kind::A), Answer::a([[192, 0, 2, 10].into()]));
    assert_eq!(
        answer("football.example.com", Kind::Mx),
        Answer::mx([(10, name("mail.football.example.com"))])
    );
    assert_eq!(
        answer("25.2.0.192.in-addr.arpa", Kind::Ptr),
        Answer::ptr([name("mail.football.example.com")])
    );
    assert_eq!(answer("bank.example", Kind::Txt), Answer::txt(["v=spf1 ip4:198.51.100.0/24 -all"]));
    assert!(answer("test._domainkey.football.example.com", Kind::Txt).as_txt()[0].as_bytes().len() > 200);
    assert_eq!(answer("football.example.com", Kind::Aaaa), Answer::NoRecords);
    assert_eq!(answer("example.com", Kind::Txt), Answer::NoRecords, "it only stands above others");
    assert_eq!(answer("_dmarc.example.com", Kind::Txt), Answer::NoSuchName);
    assert_eq!(answer("nobody.bank.example", Kind::A), Answer::NoSuchName);
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn every_kind_is_answered_whole() {
    let served = Served::new(
        "a.example. A 192.0.2.1\na.example. A 192.0.2.2\na.example. AAAA 2001:db8::1\n\
         a.example. MX 20 Mail.A.example.\na.example. MX 10 a.example.\nnull.example. MX 0 .\n\
         1.example. PTR one.example.\n1.example. PTR two.example.\n\
         texts.example. TXT one\ntexts.example. TXT two\nodd.example. TXT \"q\\\"\\\\ \\000\\255\" \"; more\"\n\
         empty.example. TXT \"\"\n",
    );
    assert_eq!(served.ask("a.example", Kind::A).as_a().len(), 2);
    assert_eq!(served.ask("a.example", Kind::Aaaa), Answer::aaaa(["2001:db8::1".parse().unwrap()]));
    assert_eq!(
        served.ask("a.example", Kind::Mx),
        Answer::mx([(20, name("mail.a.example")), (10, name("a.example"))])
    );
    assert_eq!(served.ask("null.example", Kind::Mx), Answer::mx([(0, Name::root())]));
    assert_eq!(served.ask("1.example", Kind::Ptr), Answer::ptr([name("one.example"), name("two.example")]));
    assert_eq!(served.ask("texts.example", Kind::Txt), Answer::txt(["one", "two"]));
    assert_eq!(served.ask("odd.example", Kind::Txt), Answer::txt([&b"q\"\\ \x00\xff; more"[..]]));
    assert_eq!(served.ask("empty.example", Kind::Txt), Answer::txt([""]));
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn a_text_too_large_for_udp_comes_over_tcp() {
    let string = |n: usize| format!("\"{n:03} {}\" ", "x".repeat(246));
    let texts: String = (0..3).map(|n| format!("big.example. TXT {}\n", string(n).repeat(40))).collect();
    let served = Served::new(&texts);
    let answer = served.ask("big.example", Kind::Txt);
    assert_eq!(answer.as_txt().len(), 3);
    assert!(answer.as_txt().iter().all(|text| text.as_bytes().len() == 40 * 250));

    // without TCP there is no such answer
    let mut udp = ConnectionConfig::udp();
    udp.port = served.server.address.port();
    let server = NameServerConfig::new(served.server.address.ip(), true, vec![udp]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let hickory =
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap();
    let question = Question::txt(name("big.example"));
    assert_eq!(block_on(Resolver::from(hickory).resolve(&question)), Answer::Unavailable);
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn the_last_name_of_a_chain_of_aliases_decides() {
    let long: String = (0..8).map(|n| format!("n{n}.example. CNAME n{}.example.\n", n + 1)).collect();
    let served = Served::new(&format!(
        "www.example. CNAME web.example.\nweb.example. CNAME host.example.\nhost.example. A 192.0.2.1\n\
         lost.example. CNAME nobody.example.\nto-wild.example. CNAME x.wild.example.\n*.wild.example. TXT wild\n\
         a.loop.example. CNAME b.loop.example.\nb.loop.example. CNAME a.loop.example.\n{long}n8.example. TXT end\n"
    ));
    assert_eq!(served.ask("www.example", Kind::A), Answer::a([[192, 0, 2, 1].into()]));
    assert_eq!(served.ask("www.example", Kind::Txt), Answer::NoRecords);
    assert_eq!(served.ask("lost.example", Kind::A), Answer::NoSuchName);
    assert_eq!(served.ask("to-wild.example", Kind::Txt), Answer::txt(["wild"]));
    assert_eq!(served.ask("n0.example", Kind::Txt), Answer::txt(["end"]));
    assert_eq!(served.ask("a.loop.example", Kind::A), Answer::Unavailable);
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn no_data_and_no_such_name_are_told_apart() {
    let served = Served::new(
        "deep.empty.example. A 192.0.2.1\n*.wild.example. TXT wild\nhere.wild.example. A 192.0.2.1\n",
    );
    assert_eq!(served.ask("deep.empty.example", Kind::Txt), Answer::NoRecords);
    assert_eq!(served.ask("empty.example", Kind::Txt), Answer::NoRecords, "an empty non-terminal exists");
    assert_eq!(served.ask("full.example", Kind::Txt), Answer::NoSuchName);
    assert_eq!(served.ask("any.other.wild.example", Kind::Txt), Answer::txt(["wild"]));
    assert_eq!(served.ask("any.wild.example", Kind::A), Answer::NoRecords);
    assert_eq!(served.ask("here.wild.example", Kind::Txt), Answer::NoRecords);
    assert_eq!(served.ask("below.here.wild.example", Kind::Txt), Answer::NoSuchName);
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn names_go_out_as_they_are() {
    let served = Served::new(
        "mail.example. TXT case\nodd\\ \\;\\\\name+x.example. TXT odd\n_dmarc.mail.example. TXT underscore\n\
         xn--bcher-kva.example. TXT idna\n",
    );
    assert_eq!(served.ask("MAIL.Example.", Kind::Txt), Answer::txt(["case"]));
    assert_eq!(served.ask("odd ;\\name+x.example", Kind::Txt), Answer::txt(["odd"]));
    assert_eq!(served.ask("_dmarc.mail.example", Kind::Txt), Answer::txt(["underscore"]));
    let idna = Name::parse_idna("Bücher.example").unwrap();
    assert_eq!(served.ask(idna.as_str(), Kind::Txt), Answer::txt(["idna"]));
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn a_search_list_is_not_used() {
    let server = NameServer::start(&Zone::parse("mail.example. A 192.0.2.1\n").unwrap());
    let [udp, tcp] = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.address.port();
        connection
    });
    let servers = vec![NameServerConfig::new(server.address.ip(), true, vec![udp, tcp])];
    let domain = rr::Name::from_ascii("example.").unwrap();
    let config = ResolverConfig::from_parts(Some(domain.clone()), vec![domain], servers);
    let hickory =
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap();
    block_on(async {
        assert!(hickory.lookup("mail", rr::RecordType::A).await.is_ok(), "hickory alone does");
        let question = Question::new(name("mail"), Kind::A);
        assert_eq!(Resolver::from(hickory).resolve(&question).await, Answer::NoSuchName);
    });
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn names_that_cannot_be_held_are_skipped() {
    let more = "1.example. PTR a\\.b.example.\n1.example. PTR c.example.\n2.example. PTR a\\.b.example.\n\
                m.example. MX 10 a\\010.example.\nm.example. MX 20 c.example.\n";
    let server = NameServer::start_with(&Zone::new(), more);
    assert_eq!(ask(server.address, "1.example", Kind::Ptr), Answer::ptr([name("c.example")]));
    assert_eq!(ask(server.address, "2.example", Kind::Ptr), Answer::NoRecords);
    assert_eq!(ask(server.address, "m.example", Kind::Mx), Answer::mx([(20, name("c.example"))]));
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn a_second_server_answers_where_the_first_is_down() {
    let server = NameServer::start(&Zone::parse("a.example. TXT x\n").unwrap());
    let down = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let resolver = Resolver::from_servers(&[down, server.address]).unwrap().blocking().unwrap();
    assert_eq!(Resolve::resolve(&resolver, &Question::txt(name("a.example"))), Answer::txt(["x"]));
}
