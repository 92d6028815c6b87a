//! What a check takes from the heap.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used
)]

use spf::{Limits, Request, Verdict, Zone, check};
use testkit::heap::{Counting, Usage, measure};

#[global_allocator]
static HEAP: Counting = Counting;

const ZONE: &str = r#"
    plain.example.            TXT "v=spf1 ip4:192.0.2.0/24 -all"
    an-unusually-long-name-of-a-newsletter.for-many-people.example. TXT "v=spf1 exists:%{ir}.%{d} -all"
    1.2.0.192.an-unusually-long-name-of-a-newsletter.for-many-people.example. A 127.0.0.2
    redirect.example.         TXT "v=spf1 redirect=_spf.redirect.example"
    _spf.redirect.example.    TXT "v=spf1 include:one.redirect.example include:two.redirect.example ~all"
    one.redirect.example.     TXT "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/25 ip6:2001:db8::/32 ~all"
    two.redirect.example.     TXT "v=spf1 ip4:203.0.113.128/25 ip4:192.0.2.0/24 ~all"
    mx.example.               TXT "v=spf1 a mx -all"
    mx.example.               A   198.51.100.1
    mx.example.               MX  1 one.mx.example.
    mx.example.               MX  2 two.mx.example.
    one.mx.example.           A   198.51.100.1
    two.mx.example.           A   192.0.2.1
    nested.example.           TXT "v=spf1 include:outer.nested.example -all"
    outer.nested.example.     TXT "v=spf1 include:inner.nested.example -all"
    inner.nested.example.     TXT "v=spf1 include:two.redirect.example -all"
    macros.example.           TXT "v=spf1 exists:%{ir}.%{l}._spf.%{d} -all"
    1.2.0.192.a._spf.macros.example. A 127.0.0.2
"#;

/// The answers of a `Zone` are reference counts, so that all that is counted is the check's own.
#[test]
fn two_allocations_a_question_and_none_for_a_trace_that_is_off() {
    let zone = Zone::parse(ZONE).unwrap();
    let limits = Limits::default();
    let run = |domain: &str, is_traced: bool| -> (usize, Usage) {
        let sender = format!("a@{domain}");
        let (report, usage) = measure(|| {
            let request = Request::mail_from([192, 0, 2, 1].into(), "mail.example", &sender).trace(is_traced);
            check(request, &limits).run(&zone)
        });
        assert_eq!(report.verdict, Verdict::Pass, "{domain}");
        (report.questions, usage)
    };
    let long = "an-unusually-long-name-of-a-newsletter.for-many-people.example";
    for domain in
        ["plain.example", "redirect.example", "nested.example", "mx.example", "macros.example", long]
    {
        let (questions, usage) = run(domain, false);
        println!("{domain}: {questions} questions, {usage:?}");
        assert!(usage.allocations <= 2 * questions, "{domain}: {questions} questions, {usage:?}");
        let (_, traced) = run(domain, true);
        assert!(traced.allocations > usage.allocations);
    }

    // long texts of the request take one more
    let sender = format!("{}@plain.example", "bounce-".repeat(20));
    let (report, usage) = measure(|| {
        check(Request::mail_from([192, 0, 2, 1].into(), "mail.example", &sender), &limits).run(&zone)
    });
    assert_eq!((report.verdict, usage.allocations), (Verdict::Pass, 2));

    // a record as large as the DNS can carry costs no more than a small one
    let many =
        format!("large.example. TXT \"v=spf1\"{} \" ip4:192.0.2.1\"", " \" ip4:198.51.100.7\"".repeat(3400));
    let zone = Zone::parse(&many).unwrap();
    let (report, usage) = measure(|| {
        check(Request::mail_from([192, 0, 2, 1].into(), "mail.example", "a@large.example"), &limits)
            .run(&zone)
    });
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(usage.most < 4096, "{usage:?}");
}
