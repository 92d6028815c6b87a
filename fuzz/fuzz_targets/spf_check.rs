//! Checks against zones made by the fuzzer: there is always a verdict, never more questions than the limit, the trace
//! and the field can be written, the field is read back, and a check that is not traced says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spf::{Limits, Request, Verdict, Zone, check, received::ReceivedSpf};

fuzz_target!(|input: (&str, &str, &str, u8)| {
    let (zone, helo, sender, ip) = input;
    let Ok(zone) = Zone::parse(zone) else { return };
    let limits = Limits::default();
    let request = Request::mail_from([192, 0, 2, ip].into(), helo, sender).receiver(helo);
    let report = check(request.clone(), &limits).run(&zone);
    assert!(report.questions <= limits.questions() && report.lookups <= limits.lookups);
    assert!(report.void_lookups <= limits.void_lookups + 1);
    assert_eq!(report.cause.is_none(), report.verdict == Verdict::Pass);
    if let Some(explanation) = &report.explanation {
        assert!(
            report.verdict == Verdict::Fail
                && explanation.bytes().all(|octet| (b' '..=b'~').contains(&octet))
        );
    }

    let field = report.received_spf();
    assert!(field.split("\r\n").skip(1).all(|line| line.starts_with(' ')));
    assert!(!field.replace("\r\n ", "").contains(['\r', '\n']));
    let read = ReceivedSpf::parse(&field).expect("a field of our own");
    assert_eq!(read.verdict, report.verdict);

    let traced = check(request.trace(true), &limits).run(&zone);
    assert_eq!((traced.verdict, &traced.cause), (report.verdict, &report.cause));
    assert_eq!((traced.questions, &traced.explanation), (report.questions, &report.explanation));
    assert!(traced.trace.is_some_and(|trace| !trace.to_string().is_empty()));
});
