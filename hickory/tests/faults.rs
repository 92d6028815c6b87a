//! Against name servers that do not answer, or answer badly: small sockets on loopback, each with one habit.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

extern crate alloc;

use alloc::{sync::Arc, task::Wake};
use core::{
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use mail_base::{
    Name,
    dns::{Answer, AsyncResolve, Kind, Question, Resolve},
};
use mailproto_hickory::{
    Resolver, SetupError,
    hickory_resolver::proto::{
        op::{Message, MessageType, ResponseCode},
        rr::{
            self, RData, Record,
            rdata::{A, CNAME, NS, SOA},
        },
    },
};
use std::{
    fs,
    net::{TcpListener, UdpSocket},
    thread::{self, Thread},
    time::Instant,
};

/// Far below the time-outs of hickory, and far above what loopback takes.
const SHORT: Duration = Duration::from_millis(300);

fn question(owner: &str, kind: Kind) -> Question {
    Question::new(Name::parse(owner).unwrap(), kind)
}

fn text() -> Question {
    question("a.example", Kind::Txt)
}

fn server_name(text: &str) -> rr::Name {
    rr::Name::from_ascii(text).unwrap()
}

/// A server that turns each question over UDP into octets, until the test ends.
fn server(answer: impl Fn(Message) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut packet = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut packet) {
            let asked = Message::from_vec(&packet[..length]).unwrap();
            socket.send_to(&answer(asked), client).unwrap();
        }
    });
    address
}

/// A server that turns each question into a response.
fn responder(respond: impl Fn(&mut Message) + Send + 'static) -> SocketAddr {
    server(move |mut message| {
        message.metadata.message_type = MessageType::Response;
        respond(&mut message);
        message.to_vec().unwrap()
    })
}

fn address_of(owner: &rr::Name) -> Record {
    Record::from_rdata(owner.clone(), 300, RData::A(A::new(192, 0, 2, 1)))
}

/// A server for which every name has one address.
fn addresses() -> SocketAddr {
    responder(|message| message.answers.push(address_of(message.queries[0].name())))
}

fn ask(server: SocketAddr, question: &Question) -> Answer {
    let resolver = Resolver::from_servers(&[server]).unwrap().with_time_limit(SHORT);
    Resolve::resolve(&resolver.blocking().unwrap(), question)
}

fn tokio_run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// An executor that is not tokio.
fn run<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn a_server_that_is_down_is_unavailable() {
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(ask(address, &text()), Answer::Unavailable);
}

#[test]
fn response_codes_but_two_are_unavailable() {
    use ResponseCode::{FormErr, NXDomain, NotImp, Refused, ServFail};
    for code in [ServFail, Refused, FormErr, NotImp, ResponseCode::Unknown(12)] {
        let address = responder(move |message| message.metadata.response_code = code);
        assert_eq!(ask(address, &text()), Answer::Unavailable, "{code}");
    }
    let address = responder(|message| message.metadata.response_code = NXDomain);
    assert_eq!(ask(address, &text()), Answer::NoSuchName);
}

#[test]
fn records_beside_an_error_are_not_believed() {
    for code in [ResponseCode::NXDomain, ResponseCode::ServFail, ResponseCode::Unknown(12)] {
        let address = responder(move |message| {
            message.metadata.response_code = code;
            message.answers.push(address_of(message.queries[0].name()));
        });
        assert_eq!(ask(address, &question("a.example", Kind::A)), Answer::Unavailable, "{code}");
    }
}

#[test]
fn a_server_that_never_answers_is_unavailable_when_the_time_is_up() {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let start = Instant::now();
    assert_eq!(ask(udp.local_addr().unwrap(), &text()), Answer::Unavailable);
    let waited = start.elapsed();
    assert!(waited >= SHORT && waited < Duration::from_secs(4), "{waited:?}");
    drop(tcp);
}

#[test]
fn a_broken_packet_is_unavailable() {
    let address = server(|message| message.metadata.id.to_be_bytes().to_vec());
    assert_eq!(ask(address, &text()), Answer::Unavailable);
}

#[test]
fn records_of_other_names_and_kinds_are_as_if_they_were_not_there() {
    let address = responder(|message| message.answers.push(address_of(&server_name("b.example."))));
    assert_eq!(ask(address, &question("a.example", Kind::A)), Answer::NoRecords);
    assert_eq!(ask(addresses(), &text()), Answer::NoRecords);
}

#[test]
fn a_cut_answer_is_unavailable_where_tcp_is_not_to_be_had() {
    let address = responder(|message| {
        message.metadata.truncation = true;
        message.answers.push(address_of(message.queries[0].name()));
    });
    assert_eq!(ask(address, &question("a.example", Kind::A)), Answer::Unavailable);
}

#[test]
fn a_referral_is_not_an_answer() {
    let ns = || Record::from_rdata(server_name("example."), 300, RData::NS(NS(server_name("ns.example."))));
    let address = responder(move |message| message.authorities.push(ns()));
    assert_eq!(ask(address, &text()), Answer::Unavailable);
    // with a SOA it is one: NODATA, type 1 of RFC 2308 §2.2
    let address = responder(move |message| {
        let soa = SOA::new(server_name("ns.example."), server_name("x.example."), 1, 2, 3, 4, 5);
        let soa = Record::from_rdata(server_name("example."), 300, RData::SOA(soa));
        message.authorities.extend([soa, ns()]);
    });
    assert_eq!(ask(address, &text()), Answer::NoRecords);
}

#[test]
fn no_data_needs_no_authority() {
    let address = responder(|_| ());
    assert_eq!(ask(address, &text()), Answer::NoRecords);
}

/// A server for which `n0.` is an alias of `n1.`, and so on up to the last.
fn aliases(last: usize, code_of_last: ResponseCode) -> SocketAddr {
    responder(move |message| {
        let owner = message.queries[0].name().clone();
        let n: usize = owner.to_string().trim_matches(['n', '.']).parse().unwrap();
        if n == last {
            message.metadata.response_code = code_of_last;
            return;
        }
        let target = server_name(&format!("n{}.", n + 1));
        message.answers.push(Record::from_rdata(owner, 300, RData::CNAME(CNAME(target))));
    })
}

#[test]
fn the_end_of_a_chain_of_aliases_decides_though_each_must_be_asked_for() {
    assert_eq!(ask(aliases(3, ResponseCode::NoError), &question("n0", Kind::Txt)), Answer::NoRecords);
    assert_eq!(ask(aliases(3, ResponseCode::NXDomain), &question("n0", Kind::Txt)), Answer::NoSuchName);
    assert_eq!(ask(aliases(3, ResponseCode::ServFail), &question("n0", Kind::Txt)), Answer::Unavailable);
}

#[test]
fn a_chain_of_aliases_may_take_eight_responses() {
    assert_eq!(ask(aliases(7, ResponseCode::NoError), &question("n0", Kind::Txt)), Answer::NoRecords);
    assert_eq!(ask(aliases(8, ResponseCode::NoError), &question("n0", Kind::Txt)), Answer::Unavailable);
    assert_eq!(
        ask(aliases(usize::MAX, ResponseCode::NoError), &question("n0", Kind::Txt)),
        Answer::Unavailable
    );
}

#[test]
fn an_alias_of_a_name_that_does_not_exist_does_not_exist() {
    let address = responder(|message| {
        message.metadata.response_code = ResponseCode::NXDomain;
        if message.queries[0].name() == &server_name("a.example.") {
            let alias = RData::CNAME(CNAME(server_name("nobody.example.")));
            message.answers.push(Record::from_rdata(server_name("a.example."), 300, alias));
        }
    });
    assert_eq!(ask(address, &text()), Answer::NoSuchName);
}

#[test]
fn outside_of_tokio_the_awaited_resolver_is_unavailable_and_the_blocking_one_is_not() {
    let question = question("a.example", Kind::A);
    let resolver = Resolver::from_servers(&[addresses()]).unwrap();
    assert_eq!(run(AsyncResolve::resolve(&resolver, &question)), Answer::Unavailable);
    let blocking = resolver.blocking().unwrap();
    assert_eq!(run(AsyncResolve::resolve(&blocking, &question)), Answer::a([[192, 0, 2, 1].into()]));
}

#[test]
fn the_blocking_resolver_may_be_made_used_and_dropped_within_a_runtime() {
    let address = addresses();
    let answer = tokio_run(async move { ask(address, &question("a.example", Kind::A)) });
    assert_eq!(answer, Answer::a([[192, 0, 2, 1].into()]));
}

#[test]
fn many_threads_ask_one_blocking_resolver() {
    let resolver = Resolver::from_servers(&[addresses()]).unwrap().blocking().unwrap();
    thread::scope(|scope| {
        for n in 0..20 {
            let resolver = resolver.clone();
            scope.spawn(move || {
                let answer = Resolve::resolve(&resolver, &question(&format!("n{n}.example"), Kind::A));
                assert_eq!(answer, Answer::a([[192, 0, 2, 1].into()]));
            });
        }
    });
}

/// A name with an IPv4 address in the file of hosts, that of this host as a rule.
fn host_of_file() -> Option<String> {
    let hosts = fs::read_to_string("/etc/hosts").ok()?;
    hosts.lines().find_map(|line| {
        let (address, names) = line.split_once(char::is_whitespace)?;
        address.parse::<Ipv4Addr>().ok()?;
        names.split_whitespace().find(|name| *name != "localhost").map(str::to_owned)
    })
}

#[test]
fn the_file_of_hosts_is_not_read() {
    let address = responder(|message| message.metadata.response_code = ResponseCode::NXDomain);
    let host = host_of_file().unwrap_or_else(|| "a.example".to_owned());
    assert_eq!(ask(address, &question(&host, Kind::A)), Answer::NoSuchName);
}

#[test]
fn a_resolver_needs_a_server() {
    assert_eq!(Resolver::from_servers(&[]).unwrap_err(), SetupError::NoServer);
    assert_eq!(SetupError::NoServer.to_string(), "no name server is given");
}

#[cfg(feature = "system-config")]
#[test]
fn the_system_has_name_servers_or_an_error_says_why_not() {
    match Resolver::from_system() {
        Ok(_) => {}
        Err(error) => assert!(matches!(error, SetupError::Configuration(_)), "{error:?}"),
    }
}
