//! Reports: written, read, gathered, and what is broken in those of others.
#![cfg(feature = "report")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod common;

use common::archive::zip;
use dmarc::{
    AlignmentMode, Discovery, Disposition, LocalPolicy, Mechanism, Method, Name, Override, OverrideKind,
    Policy, Report, Request, Zone, evaluate,
    report::{
        Added, AggregateReport, Aggregator, AuthFailure, AuthResult, DefectKind, DeliveryResult, DkimResult,
        FailureReport, Mail, Message, Namespace, ReadLimits, Reason, ReasonKind, ReportErrorKind, Reporter,
        RowDisposition, SpfResult, SpfScope, Summary, Text,
    },
};

const DAY: u64 = 86_400;
const NOON: u64 = 1_790_000_000;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn zone() -> Zone {
    Zone::parse(
        r#"
        _dmarc.example.com. TXT "v=DMARC1; p=reject; sp=quarantine; aspf=s; rua=mailto:d@example.com,mailto:x@reports.example"
        _dmarc.silent.example. TXT "v=DMARC1; p=reject"
        _dmarc.test.example. TXT "v=DMARC1; p=reject; t=y; rua=mailto:d@test.example; ruf=mailto:f@test.example; fo=1"
        "#,
    )
    .unwrap()
}

fn judge(request: Request) -> Report {
    let local_policy = LocalPolicy::default().with_every_alignment(true);
    evaluate(request.with_local_policy(local_policy), Discovery::TreeWalk).run(&zone())
}

fn reporter() -> Reporter {
    Reporter::new("Example Mail", "dmarc@mx.example.net", name("mx.example.net"))
        .with_generator("tests <1>")
        .with_extra_contact_info("https://mx.example.net/?a&b")
}

fn dkim(domain: &str, result: AuthResult) -> DkimResult {
    DkimResult { domain: domain.into(), selector: Some("s".into()), result, human_result: None }
}

fn spf(domain: &str, result: AuthResult) -> SpfResult {
    SpfResult { domain: domain.into(), scope: Some(SpfScope::MailFrom), result, human_result: None }
}

/// A report with a row of every kind.
fn sample() -> AggregateReport {
    let mut aggregator = Aggregator::new(reporter());
    let passes = judge(Request::new(name("example.com")).dkim_passed(name("example.com")));
    let message = Message::from_ip([192, 0, 2, 1].into())
        .with_envelope("", "mx.example.net")
        .with_dkim(dkim("other.example", AuthResult::Fail))
        .with_dkim(dkim("example.com", AuthResult::Pass))
        .with_spf(spf("bounce.example.com", AuthResult::SoftFail));
    for _ in 0..3 {
        assert_eq!(aggregator.add(NOON, &passes, message.clone()), Added::Counted);
    }
    let fails = judge(Request::new(name("sub.example.com")));
    let forwarded = fails.clone().overridden(
        Disposition::None,
        Override::new(OverrideKind::TrustedForwarder).with_comment("a <list>\u{1} & more"),
    );
    aggregator.add(NOON, &fails, Message::from_ip("2001:db8::1".parse().unwrap()));
    aggregator.add(NOON, &forwarded, Message::from_ip("2001:db8::1".parse().unwrap()));
    let mut due = aggregator.take_due(NOON + DAY);
    assert_eq!(due.len(), 1);
    due.remove(0).report
}

fn read(xml: &str) -> AggregateReport {
    AggregateReport::read(xml.as_bytes(), &ReadLimits::default()).unwrap()
}

fn defects(xml: &str) -> Vec<DefectKind> {
    read(xml).defects.into_iter().map(|defect| defect.kind).collect()
}

#[test]
fn evaluations_become_rows_that_are_counted() {
    let report = sample();
    assert_eq!(report.metadata.begin, 1_789_948_800);
    assert_eq!(report.metadata.end, 1_790_035_199);
    assert_eq!(report.metadata.report_id, "1789948800.example.com@mx.example.net");
    let policy = &report.policy;
    assert_eq!((policy.p, policy.sp, policy.np), (Some(Policy::Reject), Some(Policy::Quarantine), None));
    assert_eq!((policy.adkim, policy.aspf), (Some(AlignmentMode::Relaxed), Some(AlignmentMode::Strict)));
    assert_eq!((policy.discovery_method, policy.testing), (Some(Method::TreeWalk), Some(false)));
    assert_eq!(policy.fo, None, "fo without ruf is ignored");
    let [passed, forwarded, failed] = report.rows.as_slice() else { panic!("{:#?}", report.rows) };
    assert_eq!((passed.count, passed.disposition), (3, RowDisposition::Pass));
    assert_eq!((passed.dkim_aligned, passed.spf_aligned), (true, false));
    assert_eq!(passed.dkim[0].domain, "example.com", "what passed and is aligned comes first");
    assert_eq!(passed.envelope_from.as_deref(), Some(""));
    assert_eq!((failed.count, failed.disposition), (1, RowDisposition::Quarantine));
    assert_eq!(failed.reasons, []);
    assert_eq!(failed.header_from, "sub.example.com");
    assert_eq!(forwarded.disposition, RowDisposition::None);
    assert_eq!(forwarded.reasons[0].kind, ReasonKind::Override(OverrideKind::TrustedForwarder));
}

#[test]
fn what_is_written_is_read_again() {
    let report = sample();
    let mut expected = report.clone();
    // what XML cannot hold is replaced
    expected.rows[1].reasons[0].comment = Some(Text::from("a <list>\u{fffd} & more"));
    let limits = ReadLimits::default();
    assert_eq!(AggregateReport::read(report.to_xml().as_bytes(), &limits).unwrap(), expected);
    assert_eq!(AggregateReport::read(&report.to_gzip(), &limits).unwrap(), expected);
}

#[test]
fn each_policy_domain_and_interval_has_a_report() {
    let mut aggregator = Aggregator::new(reporter()).with_interval(3_600);
    let message = || Message::from_ip([192, 0, 2, 1].into());
    let at = |domain| judge(Request::new(name(domain)));
    assert_eq!(aggregator.add(0, &at("example.com"), message()), Added::Counted);
    assert_eq!(aggregator.add(3_599, &at("a.example.com"), message()), Added::Counted);
    assert_eq!(aggregator.add(3_600, &at("example.com"), message()), Added::Counted);
    assert_eq!(aggregator.add(0, &at("test.example"), message()), Added::Counted);
    assert_eq!(aggregator.add(0, &at("silent.example"), message()), Added::NotAsked);
    assert_eq!(aggregator.add(0, &at("nothing.example"), message()), Added::NotEvaluated);
    assert_eq!(aggregator.take_due(3_599), []);
    let due = aggregator.take_due(3_600);
    let found: Vec<_> =
        due.iter().map(|due| (due.policy_domain.to_string(), due.report.rows.len())).collect();
    assert_eq!(found, [("example.com".to_owned(), 2), ("test.example".to_owned(), 1)]);
    assert_eq!(due[0].addresses, ["mailto:d@example.com", "mailto:x@reports.example"]);
    let tested = &due[1].report;
    assert_eq!((tested.policy.testing, tested.policy.fo.as_deref()), (Some(true), Some("1")));
    assert_eq!(tested.rows[0].disposition, RowDisposition::Quarantine);
    assert_eq!(tested.rows[0].reasons[0].kind, ReasonKind::Override(OverrideKind::PolicyTestMode));
    assert_eq!(aggregator.take_due(u64::MAX).len(), 1);
    assert_eq!(aggregator.take_due(u64::MAX), []);
}

/// The report of one message, which arrived at noon.
fn reported_by(reporter: Reporter) -> AggregateReport {
    let mut aggregator = Aggregator::new(reporter);
    let report = judge(Request::new(name("example.com")));
    aggregator.add(NOON, &report, Message::from_ip([192, 0, 2, 1].into()));
    aggregator.take_due(NOON + DAY).remove(0).report
}

#[test]
fn two_servers_of_one_domain_have_different_identifiers() {
    let submitter = name("mx.example.net");
    let identifiers = |reporter| {
        let report = reported_by(reporter);
        (report.metadata.report_id.clone(), report.file_name(&submitter))
    };
    let (first, second) = (reporter().with_instance(1), reporter().with_instance(u128::MAX));
    assert_eq!(
        identifiers(first.clone()),
        (
            "1789948800.1.example.com@mx.example.net".to_owned(),
            "mx.example.net!example.com!1789948800!1790035199!1.xml.gz".to_owned()
        )
    );
    assert_eq!(
        identifiers(second),
        (
            "1789948800.ffffffffffffffffffffffffffffffff.example.com@mx.example.net".to_owned(),
            "mx.example.net!example.com!1789948800!1790035199!ffffffffffffffffffffffffffffffff.xml.gz"
                .to_owned()
        )
    );
    let sent = reported_by(first.clone()).to_mail(&mail());
    assert_eq!(sent, reported_by(first).to_mail(&mail()), "what is sent again is the same");
    assert_eq!(
        sent.matches("<1789948800.1.example.com@mx.example.net>").count(),
        2,
        "Subject and Message-ID"
    );
    assert!(sent.contains("filename=\"mx.example.net!example.com!1789948800!1790035199!1.xml.gz\""));
}

#[test]
fn what_comes_late_makes_no_second_report_of_an_interval() {
    let mut aggregator = Aggregator::new(reporter()).with_interval(3_600);
    let report = judge(Request::new(name("example.com")));
    let add = |aggregator: &mut Aggregator, now| {
        aggregator.add(now, &report, Message::from_ip([192, 0, 2, 1].into()))
    };
    add(&mut aggregator, 3_599);
    let first = aggregator.take_due(3_600).remove(0).report;
    assert_eq!(add(&mut aggregator, 3_599), Added::Counted);
    assert_eq!(aggregator.take_due(3_600), []);
    add(&mut aggregator, 3_600);
    let second = aggregator.take_due(7_200).remove(0).report;
    assert_ne!(first.metadata.report_id, second.metadata.report_id);
    assert_eq!((second.metadata.begin, second.rows[0].count), (3_600, 2));
}

#[test]
fn rows_are_bounded_and_the_rest_is_told() {
    let mut aggregator = Aggregator::new(reporter()).with_max_rows(2);
    let report = judge(Request::new(name("example.com")));
    let add = |aggregator: &mut Aggregator, last| {
        aggregator.add(0, &report, Message::from_ip([192, 0, 2, last].into()))
    };
    assert_eq!(add(&mut aggregator, 1), Added::Counted);
    assert_eq!(add(&mut aggregator, 2), Added::Counted);
    assert_eq!(add(&mut aggregator, 3), Added::NoRoom);
    assert_eq!(add(&mut aggregator, 1), Added::Counted);
    let due = aggregator.take_due(DAY);
    assert_eq!(due[0].report.rows[0].count, 2);
    assert!(due[0].report.metadata.errors[0].text.starts_with("1 messages are not listed"));
}

#[test]
fn rows_of_all_reports_are_bounded_together() {
    let mut aggregator = Aggregator::new(reporter()).with_max_rows_in_all(2);
    let add = |aggregator: &mut Aggregator, domain: &str, last| {
        let report = judge(Request::new(name(domain)));
        aggregator.add(0, &report, Message::from_ip([192, 0, 2, last].into()))
    };
    assert_eq!(add(&mut aggregator, "example.com", 1), Added::Counted);
    assert_eq!(add(&mut aggregator, "example.com", 2), Added::Counted);
    assert_eq!(add(&mut aggregator, "example.com", 3), Added::NoRoom);
    assert_eq!(add(&mut aggregator, "test.example", 1), Added::NoRoom);
    assert_eq!(add(&mut aggregator, "example.com", 1), Added::Counted);
    let due = aggregator.take_due(DAY);
    assert_eq!((due.len(), due[0].report.rows.len()), (1, 2));
    assert!(due[0].report.metadata.errors[0].text.starts_with("1 messages are not listed"));
    assert_eq!(add(&mut aggregator, "test.example", 1), Added::Counted, "there is room again");
}

#[test]
fn octets_of_all_reports_are_bounded_together() {
    let mut aggregator = Aggregator::new(reporter()).with_max_octets_in_all(5_000);
    let add = |aggregator: &mut Aggregator, domain: &str, envelope: &str| {
        let report = judge(Request::new(name(domain)));
        let message = Message::from_ip([192, 0, 2, 1].into()).with_envelope(envelope, "mx.example.net");
        aggregator.add(0, &report, message)
    };
    let long = "x".repeat(5_000);
    assert_eq!(add(&mut aggregator, "example.com", &long), Added::NoRoom);
    assert_eq!(aggregator.take_due(DAY), [], "there is no report without a row");
    assert_eq!(add(&mut aggregator, "example.com", &long[..2_000]), Added::Counted);
    assert_eq!(add(&mut aggregator, "example.com", &long[..2_001]), Added::NoRoom);
    assert_eq!(add(&mut aggregator, "test.example", &long[..2_000]), Added::NoRoom);
    assert_eq!(add(&mut aggregator, "example.com", &long[..2_000]), Added::Counted);
    let due = aggregator.take_due(DAY);
    assert_eq!((due.len(), due[0].report.rows.len(), due[0].report.rows[0].count), (1, 1, 2));
    assert!(due[0].report.metadata.errors[0].text.starts_with("1 messages"));
    assert_eq!(add(&mut aggregator, "test.example", &long[..2_000]), Added::Counted, "there is room again");
}

/// An evaluation by this record.
fn judge_by(domain: &str, record: &str) -> Report {
    let mut zone = Zone::new();
    zone.add_txt(&name(domain).prefixed("_dmarc").unwrap(), record);
    evaluate(Request::new(name(domain)), Discovery::TreeWalk).run(&zone)
}

#[test]
fn a_policy_for_which_there_is_no_room_is_not_noted() {
    let short = judge_by("example.com", "v=DMARC1; p=none; rua=mailto:d@example.com");
    let long = format!("v=DMARC1; p=reject; rua=mailto:{}@example.com", "x".repeat(5_000));
    let long = judge_by("example.com", &long);
    let message = || Message::from_ip([192, 0, 2, 1].into());
    for (octets, expected) in [(5_000, Policy::None), (50_000, Policy::Reject)] {
        let mut aggregator = Aggregator::new(reporter()).with_max_octets_in_all(octets);
        // the room of one that is replaced is free again
        for report in [&short, &long].repeat(20) {
            assert_eq!(aggregator.add(0, report, message()), Added::Counted);
        }
        let due = aggregator.take_due(DAY).remove(0);
        assert_eq!((due.report.policy.p, due.addresses.len()), (Some(expected), 1));
    }
}

#[test]
fn a_report_goes_to_a_hundred_addresses_at_most() {
    let addresses: Vec<String> = (0..101).map(|nth| format!("mailto:{nth}@example.com")).collect();
    let report = judge_by("example.com", &format!("v=DMARC1; p=none; rua={}", addresses.join(",")));
    let mut aggregator = Aggregator::new(reporter());
    aggregator.add(0, &report, Message::from_ip([192, 0, 2, 1].into()));
    assert_eq!(aggregator.take_due(DAY).remove(0).addresses, addresses[..100]);
}

#[test]
fn reports_can_be_taken_out_one_by_one() {
    let mut aggregator = Aggregator::new(reporter());
    for (now, domain) in [(DAY, "example.com"), (0, "test.example"), (0, "example.com")] {
        aggregator.add(now, &judge(Request::new(name(domain))), Message::from_ip([192, 0, 2, 1].into()));
    }
    let next = |aggregator: &mut Aggregator| {
        let due = aggregator.next_due(DAY)?;
        Some((due.report.metadata.begin, due.policy_domain))
    };
    assert_eq!(next(&mut aggregator), Some((0, name("example.com"))));
    assert_eq!(next(&mut aggregator), Some((0, name("test.example"))));
    assert_eq!(next(&mut aggregator), None);
    assert_eq!(aggregator.take_due(2 * DAY).len(), 1);
}

#[test]
fn a_clock_that_was_wrong_for_a_time_does_no_lasting_harm() {
    let mut aggregator = Aggregator::new(reporter());
    let report = judge(Request::new(name("example.com")));
    let add = |aggregator: &mut Aggregator, now| {
        aggregator.add(now, &report, Message::from_ip([192, 0, 2, 1].into()));
    };
    let begins = |aggregator: &mut Aggregator, now| -> Vec<u64> {
        aggregator.take_due(now).iter().map(|due| due.report.metadata.begin).collect()
    };
    let future = 10_000 * DAY;
    add(&mut aggregator, 0);
    add(&mut aggregator, future);
    assert_eq!(begins(&mut aggregator, future + DAY), [0, future]);
    // the first interval was reported already
    add(&mut aggregator, 1);
    add(&mut aggregator, 2 * DAY);
    assert_eq!(begins(&mut aggregator, 3 * DAY), [DAY, 2 * DAY]);
    // and of those that are closed, the last are remembered
    for day in 3..200 {
        add(&mut aggregator, day * DAY);
        assert_eq!(begins(&mut aggregator, (day + 1) * DAY), [day * DAY]);
        add(&mut aggregator, day * DAY);
    }
    assert_eq!(begins(&mut aggregator, 201 * DAY), [200 * DAY]);
    add(&mut aggregator, 137 * DAY);
    assert_eq!(begins(&mut aggregator, 300 * DAY), [201 * DAY]);
    add(&mut aggregator, u64::MAX);
    assert_eq!(begins(&mut aggregator, u64::MAX).len(), 1);
    add(&mut aggregator, u64::MAX);
    assert_eq!(begins(&mut aggregator, u64::MAX).len(), 1);
}

#[test]
fn every_author_is_counted() {
    let authors = dmarc::Authors::from_value(b"a@example.com, b@test.example", None).unwrap();
    let report = judge(Request::from_authors(&authors));
    let mut aggregator = Aggregator::new(reporter());
    aggregator.add(0, &report, Message::from_ip([192, 0, 2, 1].into()));
    assert_eq!(aggregator.take_due(DAY).len(), 2);
}

const SMALL: &str = "<feedback><report_metadata><org_name>o</org_name><email>e</email><report_id>i</report_id>\
    <date_range><begin>1</begin><end>2</end></date_range></report_metadata>\
    <policy_published><domain>d</domain><p>none</p></policy_published>\
    <record><row><source_ip>192.0.2.1</source_ip><count>1</count><policy_evaluated><disposition>none</disposition>\
    <dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>d</header_from></identifiers>\
    <auth_results><spf><domain>s</domain><result>fail</result></spf></auth_results></record></feedback>";

#[test]
fn namespaces_are_told() {
    assert_eq!(read(SMALL).namespace, Namespace::Absent);
    assert_eq!(read(SMALL).defects, []);
    let with = |attribute: &str| SMALL.replace("<feedback>", &format!("<feedback {attribute}>"));
    assert_eq!(read(&with("xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"")).namespace, Namespace::Dmarc2);
    assert_eq!(read(&with("xmlns='http://dmarc.org/dmarc-xml/0.1'")).namespace, Namespace::Rfc7489);
    let other = read(&with("xmlns=\"urn:x&amp;y\""));
    assert_eq!(other.namespace, Namespace::Other("urn:x&y".into()));
    assert_eq!(other.defects[0].kind, DefectKind::Namespace("urn:x&y".into()));
    let prefixed = SMALL
        .replace('<', "<n:")
        .replace("<n:/", "</n:")
        .replace("<n:feedback>", "<n:feedback xmlns:n=\"urn:ietf:params:xml:ns:dmarc-2.0\">");
    assert_eq!(read(&prefixed).namespace, Namespace::Dmarc2);
    assert_eq!(read(&prefixed).rows, read(SMALL).rows);
}

#[test]
fn broken_values_are_kept_as_defects() {
    let value = |element, text: &str| DefectKind::Value { element, text: text.into() };
    let broken = |from: &str, to: &str| defects(&SMALL.replace(from, to));
    assert_eq!(broken("<count>1<", "<count>many<"), [value("count", "many"), DefectKind::Missing("count")]);
    assert_eq!(
        broken("192.0.2.1", "192.0.2.999"),
        [value("source_ip", "192.0.2.999"), DefectKind::Missing("source_ip")]
    );
    assert_eq!(broken("<p>none", "<p>monitor"), [value("p", "monitor"), DefectKind::Missing("p")]);
    assert_eq!(broken("<dkim>pass", "<dkim>maybe"), [value("dkim", "maybe")]);
    assert_eq!(broken("<result>fail", "<result>hardfail"), [value("result", "hardfail")]);
    assert_eq!(broken("<begin>1", "<begin>today"), [value("begin", "today")]);
    assert_eq!(broken("<p>none</p>", "<p>none</p><adkim></adkim><sp/>"), [], "empty is not published");
    let dmarc2 = SMALL
        .replace("<feedback>", "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">")
        .replace("<spf><domain>", "<dkim><domain>x</domain><result>pass</result></dkim><spf><domain>");
    assert_eq!(defects(&dmarc2), [DefectKind::Missing("selector")]);
}

#[test]
fn elements_that_have_no_place_are_kept() {
    let xml = SMALL.replace("</record>", "<strange a=\"1\"><b>c</b></strange></record>");
    let report = read(&xml);
    assert_eq!(report.defects[0].kind, DefectKind::Element("strange".into()));
    assert_eq!(report.extensions[0].xml, "<strange a=\"1\"><b>c</b></strange>");
    assert_eq!(report.extensions[0].row, Some(0));
    let xml = SMALL.replace(
        "</policy_published>",
        "</policy_published><extension><x:y xmlns:x=\"u\">z</x:y></extension>",
    );
    let report = read(&xml);
    assert_eq!((report.defects, report.extensions[0].name.as_str()), (vec![], "x:y"));
    assert_eq!(report.extensions[0].row, None);
}

#[test]
fn broken_xml_gives_what_can_be_read() {
    let whole = read(SMALL);
    // cut anywhere, it never panics, and what was complete stays
    for cut in 0..SMALL.len() {
        let Ok(report) = AggregateReport::read(&SMALL.as_bytes()[..cut], &ReadLimits::default()) else {
            assert!(cut < 30, "{cut}");
            continue;
        };
        assert!(!report.defects.is_empty(), "{cut}");
    }
    let cut = read(SMALL.strip_suffix("</feedback>").unwrap());
    assert_eq!(cut.rows, whole.rows);
    assert_eq!(cut.defects.iter().map(|defect| &defect.kind).collect::<Vec<_>>(), [&DefectKind::Truncated]);
    // junk around it
    assert_eq!(read(&format!("junk\n<?xml version=\"1.0\"?>{SMALL}\0more")).rows, whole.rows);
    // end tags that are wrong or missing
    let wrong = SMALL.replace("</row>", "</column>");
    assert_eq!(read(&wrong).rows, whole.rows);
    assert!(defects(&wrong).contains(&DefectKind::EndTag("column".into())));
    let unclosed = SMALL.replace("</org_name>", "");
    assert_eq!((read(&unclosed).rows, read(&unclosed).metadata.email), (whole.rows, whole.metadata.email));
    assert_eq!(defects(&unclosed), [DefectKind::Unclosed]);
    // an ampersand that is none, and an entity that is unknown
    let report = read(&SMALL.replace(">o<", ">A & B &nbsp; &#67;&lt;<"));
    assert_eq!(report.metadata.org_name, "A & B &nbsp; C<");
    assert!(report.defects.iter().any(|defect| defect.kind == DefectKind::Entity("nbsp".into())));
    // no entity is ever expanded
    let bomb = format!("<!DOCTYPE x [<!ENTITY a \"aaaa\">]>{}", SMALL.replace(">o<", ">&a;<"));
    assert_eq!(read(&bomb).metadata.org_name, "&a;");
    assert!(defects(&bomb).contains(&DefectKind::DocumentType));
}

#[test]
fn a_report_is_found_behind_a_tag_of_the_schema() {
    let tag = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">";
    let report = read(&format!("<?xml version=\"1.0\"?>{tag}\n{SMALL}"));
    assert_eq!((&report.rows, &report.metadata), (&read(SMALL).rows, &read(SMALL).metadata));
    assert_eq!((report.extensions[0].xml.trim_end(), report.defects), (tag, vec![]));
    // one in an extension is part of it
    let inner = "<x:a xmlns:x=\"urn:x\"><feedback><version>2</version></feedback></x:a>";
    let report = read(&SMALL.replace("<record>", &format!("{inner}<record>")));
    assert_eq!((report.extensions[0].xml.as_str(), report.version, report.defects), (inner, None, vec![]));
    // and what is cut off within an extension
    let cut = SMALL.replace("</feedback>", "<x:a xmlns:x=\"urn:x\">abc");
    let report = read(&cut);
    assert_eq!(report.extensions[0].xml, "<x:a xmlns:x=\"urn:x\">abc");
    assert_eq!(report.rows, read(SMALL).rows);
    // in an element of its own
    let report = read(&format!("<wrapper>{SMALL}</wrapper>"));
    assert_eq!(report.rows, read(SMALL).rows);
    let kinds: Vec<_> = report.defects.into_iter().map(|defect| defect.kind).collect();
    assert_eq!(kinds, [DefectKind::Element("wrapper".into()), DefectKind::EndTag("wrapper".into())]);
}

#[test]
fn values_that_old_senders_wrote_are_read() {
    let value = |element, text: &str| DefectKind::Value { element, text: text.into() };
    let xml = SMALL.replace("<begin>1</begin>", "<begin>1337270400.0</begin>");
    assert_eq!(
        (read(&xml).metadata.begin, defects(&xml)),
        (1_337_270_400, vec![value("begin", "1337270400.0")])
    );
    let xml = SMALL.replace("<end>2</end>", "<end>1337356799.9</end>");
    assert_eq!((read(&xml).metadata.end, defects(&xml)), (1_337_356_799, vec![value("end", "1337356799.9")]));
    let xml = SMALL.replace("<begin>1</begin>", "<begin>soon.0</begin>");
    assert_eq!((read(&xml).metadata.begin, defects(&xml)), (0, vec![value("begin", "soon.0")]));
    for (word, result) in [
        ("hardfail", AuthResult::Fail),
        ("Unknown", AuthResult::TempError),
        ("error", AuthResult::PermError),
        ("odd", AuthResult::None),
    ] {
        let spf = format!("<spf><domain>a.example</domain><scope>MFROM</scope><result>{word}</result></spf>");
        let xml = SMALL.replace("</auth_results>", &format!("{spf}</auth_results>"));
        let last = read(&xml).rows[0].spf.last().unwrap().clone();
        assert_eq!((last.result, last.scope), (result, Some(SpfScope::MailFrom)), "{word}");
        assert_eq!(defects(&xml), [value("result", word)]);
        let dkim = spf.replace("<scope>MFROM</scope>", "").replace("spf>", "dkim>");
        let xml = SMALL.replace("</auth_results>", &format!("{dkim}</auth_results>"));
        let results: Vec<_> = read(&xml).rows[0].dkim.iter().map(|one| one.result).collect();
        assert_eq!(results, [result], "{word}");
    }
    let xml = SMALL.replace("<p>none</p>", "<p>none</p><discovery_method>TreeWalk</discovery_method>");
    assert_eq!(read(&xml).policy.discovery_method, Some(Method::TreeWalk));
    assert_eq!(defects(&xml), []);
}

#[test]
fn texts_that_are_not_utf_8_are_read() {
    let latin1 =
        [SMALL.replace(">o<", ">Caf\u{e9}<").chars().map(|one| one as u8).collect::<Vec<_>>()].concat();
    let report = AggregateReport::read(&latin1, &ReadLimits::default()).unwrap();
    assert_eq!(
        (report.metadata.org_name.as_str(), &report.defects[0].kind),
        ("Caf\u{e9}", &DefectKind::Encoding)
    );
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(SMALL.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(AggregateReport::read(&utf16, &ReadLimits::default()).unwrap().rows, read(SMALL).rows);
    assert_eq!(read(&format!("\u{feff}{SMALL}")).defects, []);
}

fn error(file: &[u8], limits: &ReadLimits) -> ReportErrorKind {
    AggregateReport::read(file, limits).unwrap_err().kind
}

#[test]
fn limits_hold_against_bombs() {
    let limits = ReadLimits::default().with_octets(SMALL.len());
    assert!(AggregateReport::read(SMALL.as_bytes(), &limits).is_ok());
    let long = format!("{SMALL} ");
    assert_eq!(error(long.as_bytes(), &limits), ReportErrorKind::TooLarge { limit: SMALL.len() });
    let mut bomb = sample();
    bomb.metadata.org_name = " ".repeat(1 << 20);
    assert_eq!(
        error(&bomb.to_gzip(), &ReadLimits::default().with_octets(1 << 20)),
        ReportErrorKind::TooLarge { limit: 1 << 20 }
    );
    assert_eq!(
        error(SMALL.as_bytes(), &ReadLimits::default().with_rows(0)),
        ReportErrorKind::TooManyRows { limit: 0 }
    );
    let deep = SMALL.replace("</record>", &("<x>".repeat(1000) + &"</x>".repeat(1000) + "</record>"));
    assert_eq!(read(&deep).extensions[0].xml.len(), 7000, "what is passed over is not nested");
    let many = SMALL.replace("</record>", &("<x/>".repeat(100) + "</record>"));
    let report = AggregateReport::read(many.as_bytes(), &ReadLimits::default().with_defects(10)).unwrap();
    assert_eq!(report.defects.len(), 11);
    assert_eq!(report.defects[10].kind, DefectKind::More(90));
}

#[test]
fn what_is_no_report_is_an_error() {
    let limits = ReadLimits::default();
    for file in ["", "hello", "<html><body/></html>"] {
        assert_eq!(error(file.as_bytes(), &limits), ReportErrorKind::NotAReport, "{file}");
    }
    assert_eq!(error(b"\x1f\x8bnonsense", &limits), ReportErrorKind::Gzip);
    assert_eq!(error(b"PK\x03\x04nonsense", &limits), ReportErrorKind::Zip);
}

#[test]
fn a_gzip_file_that_was_cut_gives_what_is_left() {
    let mut report = sample();
    for nth in 0..2_000_u16 {
        let [high, low] = nth.to_be_bytes();
        let mut row = report.rows[0].clone();
        row.source_ip = Some([10, 0, high, low].into());
        report.rows.push(row);
    }
    let file = report.to_gzip();
    let cut = AggregateReport::read(&file[..file.len() / 2], &ReadLimits::default()).unwrap();
    assert!(cut.rows.len() > 100);
    assert!(cut.defects.iter().any(|defect| defect.kind == DefectKind::Truncated));
}

fn mail() -> Mail {
    Mail::new("dmarc@mx.example.net", "d@example.com", name("mx.example.net"), NOON)
}

#[test]
fn the_mail_is_that_of_rfc_9990() {
    let report = sample();
    assert_eq!(
        report.file_name(&name("mx.example.net")),
        "mx.example.net!example.com!1789948800!1790035199.xml.gz"
    );
    let mail = report.to_mail(&mail());
    let header = mail.split("\r\n\r\n").next().unwrap();
    assert_eq!(
        header,
        "From: dmarc@mx.example.net\r\nTo: d@example.com\r\nDate: Mon, 21 Sep 2026 14:13:20 +0000\r\nMIME-Version: 1.0\r\n\
         Subject: Report Domain: example.com Submitter: mx.example.net Report-ID:\r\n \
         <1789948800.example.com@mx.example.net>\r\n\
         Message-ID: <1789948800.example.com@mx.example.net>\r\n\
         Content-Type: multipart/mixed; boundary=\"=-dmarc-report-=\""
    );
    assert!(mail.split("\r\n").all(|line| line.len() <= 78 && !line.contains('\n')));
    let again = AggregateReport::read_mail(mail.as_bytes(), &ReadLimits::default()).unwrap();
    assert_eq!(again.rows.len(), report.rows.len());
    let nothing = AggregateReport::read_mail(b"Subject: x\r\n\r\nHello", &ReadLimits::default()).unwrap_err();
    assert_eq!(nothing.kind, ReportErrorKind::NoReportPart);
}

#[test]
fn a_report_that_is_forwarded_is_read() {
    let mail = sample().to_mail(&mail());
    let with = |kind: &str| {
        format!(
            "Content-Type: multipart/{kind}; boundary=out\r\n\r\n--out\r\n\r\nSee below\r\n--out\r\n\
             Content-Type: message/rfc822\r\n\r\n{mail}\r\n--out--\r\n"
        )
    };
    let read = |mail: &str| AggregateReport::read_mail(mail.as_bytes(), &ReadLimits::default());
    assert_eq!(read(&with("mixed")), read(&mail));
    assert!(read(&mail).is_ok());
    // what comes back could not be delivered: it is one's own
    let bounce = with("report; report-type=delivery-status");
    assert_eq!(read(&bounce).unwrap_err().kind, ReportErrorKind::NoReportPart);
    // also where a list or a gateway has put something around the bounce
    let with_footer = format!(
        "Content-Type: multipart/mixed; boundary=list\r\n\r\n--list\r\n{bounce}\r\n--list\r\n\r\nFooter\r\n--list--\r\n"
    );
    assert_eq!(read(&with_footer).unwrap_err().kind, ReportErrorKind::NoReportPart);
    // no deeper than multiparts
    let mut deep = mail;
    for _ in 0..4 {
        deep = format!("Content-Type: message/rfc822\r\n\r\n{deep}");
    }
    assert_eq!(read(&deep).unwrap_err().kind, ReportErrorKind::NoReportPart);
}

#[test]
fn nothing_in_a_report_breaks_its_mail() {
    let mut report = sample();
    report.policy.domain = "a!b\r\nBcc: x/\"".into();
    report.metadata.report_id = "x\r\n@y\r\nz".into();
    let mail = report.to_mail(&Mail::new("a@b\r\nBcc: c@d", "e", name("f"), 0));
    assert!(!mail.split("\r\n").any(|line| line.starts_with("Bcc") || line.starts_with('z')), "{mail}");
    assert_eq!(report.file_name(&name("f")), "f!a_b__Bcc__x__!1789948800!1790035199.xml.gz");
}

#[test]
fn a_summary_is_a_table() {
    let text = Summary::new(&sample()).to_string();
    let expected = "\
DMARC report for example.com by Example Mail
from 2026-09-21 00:00 to 2026-09-21 23:59 UTC, id 1789948800.example.com@mx.example.net
policy: p=reject sp=quarantine adkim=r aspf=s

messages  source       from             DMARC  done                                         DKIM                                  SPF
       3  192.0.2.1    example.com      pass   pass                                         pass example.com, fail other.example  softfail bounce.example.com
       1  2001:db8::1  sub.example.com  fail   none (trusted_forwarder: a <list>? & more)  none                                  none
       1  2001:db8::1  sub.example.com  fail   quarantine                                   none                                  none

5 messages: 3 passed, 2 failed
";
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeeze(&text), squeeze(expected));
    let columns: Vec<_> =
        text.lines().skip(4).take(4).map(|line| line.find(['p', 'f', 'D']).unwrap()).collect();
    assert!(columns.iter().all(|column| *column > 0), "{text}");
}

fn failure() -> FailureReport {
    FailureReport {
        user_agent: "tests/1".into(),
        auth_failure: AuthFailure::Dmarc,
        identity_alignment: vec![Mechanism::Dkim, Mechanism::Spf],
        authentication_results: Some("mx.example.net; dmarc=fail header.from=example.com".into()),
        original_mail_from: Some("<a@example.org>".into()),
        original_rcpt_to: vec!["<b@example.net>".into(), "<c@example.net>".into()],
        arrival_date: Some("Mon, 21 Sep 2026 14:13:20 +0000".into()),
        source_ip: Some("2001:db8::1".parse().unwrap()),
        source_port: Some(40_000),
        incidents: Some(3),
        reported_domain: vec!["example.com".into()],
        delivery_result: Some(DeliveryResult::Reject),
        dkim_domain: Some("example.com".into()),
        dkim_selector: Some("s".into()),
        spf_dns: vec!["txt : example.com : \"v=spf1 -all\"".into()],
        other: vec![("X-More".into(), "a b".into())],
        message: b"From: a@example.com\r\nSubject: x\r\n\r\nHello\r\n--=-feedback-report-0-=\r\n".to_vec(),
        note: "This is a failure report.\r\n".into(),
        ..FailureReport::default()
    }
}

#[test]
fn failure_reports_are_read_as_they_were_written() {
    let report = failure();
    let octets = report.to_mail(&mail());
    let again = FailureReport::read_mail(&octets, &ReadLimits::default()).unwrap();
    assert_eq!(again, report);
    assert!(String::from_utf8(octets).unwrap().contains("Source-IP: IPv6:2001:db8::1\r\n"));
    let header_only =
        FailureReport { is_header_only: true, message: b"From: a@example.com\r\n".to_vec(), ..failure() };
    let again = FailureReport::read_mail(&header_only.to_mail(&mail()), &ReadLimits::default()).unwrap();
    assert_eq!(again, header_only);
}

#[test]
fn failure_reports_take_no_injection() {
    let report = FailureReport {
        user_agent: "x\r\nIncidents: 9".into(),
        reported_domain: vec!["a\r\nBcc: b".into()],
        ..failure()
    };
    let again = FailureReport::read_mail(&report.to_mail(&mail()), &ReadLimits::default()).unwrap();
    assert_eq!((again.user_agent.as_str(), again.incidents), ("x??Incidents: 9", Some(3)));
}

#[test]
fn what_is_wrong_in_a_failure_report_is_listed() {
    let mail = "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nnote\r\n--b\r\n\
        Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x\r\nAuth-Failure: odd\r\n\
        Source-IP: nowhere\r\nIdentity-Alignment: dkim, dkim\r\nIncidents: 1\r\nIncidents: 2\r\nOther: y\r\n--b--\r\n";
    let report = FailureReport::read_mail(mail.as_bytes(), &ReadLimits::default()).unwrap();
    let value = |element, text: &str| DefectKind::Value { element, text: text.into() };
    let kinds: Vec<_> = report.defects.iter().map(|defect| defect.kind.clone()).collect();
    assert_eq!(
        kinds,
        [
            value("Feedback-Type", "abuse"),
            value("Auth-Failure", "odd"),
            value("Source-IP", "nowhere"),
            value("Identity-Alignment", "dkim, dkim"),
            DefectKind::Field("Incidents"),
            DefectKind::Field("Version"),
        ]
    );
    assert_eq!(report.incidents, Some(1));
    assert_eq!(report.other, [("Incidents".into(), "2".into()), ("Other".into(), "y".into())]);
    assert_eq!(report.note, "note");
    let none = FailureReport::read_mail(b"\r\nHello", &ReadLimits::default()).unwrap_err();
    assert_eq!(none.kind, ReportErrorKind::NoReportPart);
}

/// RFC 5322 §2.1.1: a line has 998 octets at most.
#[test]
fn long_values_of_a_failure_report_are_folded() {
    let networks = "ip4:192.0.2.1  ".repeat(100);
    let report = FailureReport {
        dkim_canonicalized_header: Some("QUJD".repeat(18)),
        dkim_canonicalized_body: Some("QUJD".repeat(1000)),
        spf_dns: vec![format!("txt : example.com : \"v=spf1 {networks}-all\"")],
        authentication_results: Some(format!("mx.example; spf=fail reason=\"a{}b\"", " ".repeat(200))),
        ..failure()
    };
    let octets = report.to_mail(&mail());
    let text = String::from_utf8(octets.clone()).unwrap();
    let fields = text.split("\r\n\r\n").find(|part| part.contains("Feedback-Type")).unwrap();
    assert!(fields.split("\r\n").all(|line| line.len() <= 300 && !line.trim().is_empty()), "{text}");
    assert_eq!(FailureReport::read_mail(&octets, &ReadLimits::default()).unwrap(), report);
    // base64 is cut where lines are full, wherever it was cut before
    assert!(
        fields.contains(&format!("DKIM-Canonicalized-Header:\r\n {}\r\n", "QUJD".repeat(18))),
        "{fields}"
    );
    let cut = FailureReport { dkim_canonicalized_body: Some("QUJD\r\nQUJD".repeat(500)), ..report.clone() };
    assert_eq!(FailureReport::read_mail(&cut.to_mail(&mail()), &ReadLimits::default()).unwrap(), report);
}

/// RFC 5965 §3.5 and RFC 9991 §4 have CFWS around the words.
#[test]
fn comments_in_a_failure_report_are_left_out() {
    let mail = "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\
        Content-Type: message/feedback-report\r\n\r\nFeedback-Type: (ARF) auth-failure\r\nUser-Agent: x (y)\r\n\
        Version: 1 (one)\r\nAuth-Failure:\r\n (d) signature\r\nIdentity-Alignment: dkim (a), (b) spf (c)\r\n\
        Source-IP: 192.0.2.1 (mx.example.org)\r\nSource-Port: 25 (smtp)\r\nIncidents: (about) 3\r\n\
        Delivery-Result: reject (550)\r\n--b--\r\n";
    let report = FailureReport::read_mail(mail.as_bytes(), &ReadLimits::default()).unwrap();
    assert_eq!(report.defects, []);
    assert_eq!((report.auth_failure, report.user_agent.as_str()), (AuthFailure::Signature, "x (y)"));
    assert_eq!(report.identity_alignment, [Mechanism::Dkim, Mechanism::Spf]);
    assert_eq!((report.source_ip, report.source_port), (Some([192, 0, 2, 1].into()), Some(25)));
    assert_eq!((report.incidents, report.delivery_result), (Some(3), Some(DeliveryResult::Reject)));
    // words that a space parts are not one word
    let two = mail.replace("(about) 3", "1 (one) 3").replace("192.0.2.1 (mx", "192.0.2.1 (mx (");
    let report = FailureReport::read_mail(two.as_bytes(), &ReadLimits::default()).unwrap();
    let value = |element, text: &str| DefectKind::Value { element, text: text.into() };
    let kinds: Vec<_> = report.defects.into_iter().map(|defect| defect.kind).collect();
    assert_eq!(kinds, [value("Source-IP", "192.0.2.1 (mx (.example.org)"), value("Incidents", "1 (one) 3")]);
    for words in ["1 3", "1(one)3"] {
        let mail = mail.replace("(about) 3", words);
        let report = FailureReport::read_mail(mail.as_bytes(), &ReadLimits::default()).unwrap();
        assert_eq!((report.incidents, report.defects[0].kind.clone()), (None, value("Incidents", words)));
    }
    // and what no space parts is one
    let six = mail.replace("192.0.2.1 (mx", "(v6) IPv6:2001:db8::1 (mx");
    let report = FailureReport::read_mail(six.as_bytes(), &ReadLimits::default()).unwrap();
    assert_eq!((report.source_ip, report.defects), (Some("2001:db8::1".parse().unwrap()), vec![]));
}

#[test]
fn reasons_of_rfc_7489_are_read_and_written_as_other() {
    let xml = SMALL.replace(
        "</policy_evaluated>",
        "<reason><type>sampled_out</type><comment lang=\"de\">x</comment></reason></policy_evaluated>",
    );
    let report = read(&xml);
    let comment = Some(Text { text: "x".into(), lang: Some("de".into()) });
    assert_eq!(report.rows[0].reasons, [Reason { kind: ReasonKind::SampledOut, comment: comment.clone() }]);
    let again = read(&report.to_xml());
    let kind = ReasonKind::Override(OverrideKind::Other);
    assert_eq!(again.rows[0].reasons, [Reason { kind, comment }]);
}

#[test]
fn what_is_repeated_is_listed_and_the_first_counts() {
    let repeated = |element, text: &str| DefectKind::Repeated { element, text: text.into() };
    let whole = read(SMALL);
    // each element of a value, once more behind itself
    for (element, text) in [
        ("org_name", "other"),
        ("report_id", "other"),
        ("begin", "7"),
        ("domain", "other"),
        ("p", "reject"),
        ("source_ip", "192.0.2.7"),
        ("count", "777"),
        ("disposition", "reject"),
        ("dkim", "fail"),
        ("header_from", "other"),
        ("result", "pass"),
    ] {
        let end = format!("</{element}>");
        let again = SMALL.replacen(&end, &format!("{end}<{element}>{text}{end}"), 1);
        let report = read(&again);
        assert_eq!(report.defects.len(), 1, "{element}: {:?}", report.defects);
        assert_eq!(report.defects[0].kind, repeated(element, text));
        assert_eq!((&report.metadata, &report.policy), (&whole.metadata, &whole.policy), "{element}");
        assert_eq!(report.rows, whole.rows, "{element}");
    }
    let row = "<row><count>5</count></row>";
    assert_eq!(
        defects(&SMALL.replace("</row>", &format!("</row>{row}"))),
        [repeated("row", ""), repeated("count", "5")]
    );
    let policy = "<policy_published><p>reject</p><sp>none</sp></policy_published>";
    let report = read(&SMALL.replace("<record>", &format!("{policy}<record>")));
    assert_eq!((report.policy.p, report.policy.sp), (Some(Policy::None), Some(Policy::None)));
    assert_eq!(
        report.defects.into_iter().map(|defect| defect.kind).collect::<Vec<_>>(),
        [repeated("policy_published", ""), repeated("p", "reject")]
    );
    let twice = defects(&[SMALL, SMALL].concat());
    assert_eq!(twice[0], repeated("feedback", ""));
    // what may stand there more than once, and the next row
    let reason = "<reason><type>other</type></reason>";
    let result = "<spf><domain>s</domain><result>fail</result></spf>";
    let many = SMALL
        .replace("</policy_evaluated>", &format!("{reason}{reason}</policy_evaluated>"))
        .replace("</auth_results>", &format!("{result}{result}</auth_results>"));
    let record = &many[many.find("<record>").unwrap()..many.find("</feedback>").unwrap()];
    let many = many.replace("</feedback>", &format!("{record}</feedback>"));
    assert_eq!(defects(&many), []);
    assert_eq!((read(&many).rows.len(), read(&many).rows[1].spf.len()), (2, 3));
}

#[test]
fn text_between_elements_is_listed() {
    let text = |text: &str| [DefectKind::Text(text.into())];
    assert_eq!(defects(&SMALL.replace("<record><row>", "<record> STRAY <row>")), text("STRAY"));
    assert_eq!(defects(&SMALL.replace("</record>", "a &amp; b</record>")), text("a & b"));
    assert_eq!(
        defects(&SMALL.replace("</auth_results>", "<spf>softfail</spf></auth_results>")),
        text("softfail")
    );
    assert_eq!(defects(&["junk", SMALL].concat()), text("junk"));
    assert_eq!(defects(&[SMALL, "junk"].concat()), text("junk"));
    assert_eq!(defects(&SMALL.replace("><", ">\r\n\t <")), []);
}

#[test]
fn what_is_kept_is_bounded() {
    let limits = ReadLimits::default().with_defects(2).with_extensions(3).with_results(4).with_errors(5);
    let xml = SMALL
        .replace("</record>", &("<x/>".repeat(10) + "</record>"))
        .replace("</auth_results>", &("<spf/><dkim/>".repeat(10) + "</auth_results>"))
        .replace("</policy_evaluated>", &("<reason/>".repeat(3) + "</policy_evaluated>"))
        .replace("</report_metadata>", &("<error>e</error>".repeat(10) + "</report_metadata>"));
    let report = AggregateReport::read(xml.as_bytes(), &limits).unwrap();
    assert_eq!((report.extensions.len(), report.metadata.errors.len()), (3, 5));
    let row = &report.rows[0];
    assert_eq!((row.reasons.len(), row.spf.len(), row.dkim.len()), (3, 1, 0));
    let kinds: Vec<_> = report.defects.iter().skip(2).map(|defect| defect.kind.clone()).collect();
    let omitted = |what, count| DefectKind::Omitted { what, count };
    assert_eq!(
        kinds,
        [omitted("extensions", 7), omitted("results", 20), omitted("errors", 5), DefectKind::More(8)]
    );
}

#[test]
fn extensions_are_bounded_by_default() {
    let report = read(&format!("<feedback>{}</feedback>", "<a/>".repeat(5_000)));
    assert_eq!((report.extensions.len(), report.defects.len()), (1_000, 1_002));
}

#[test]
fn what_is_wrong_with_the_compression_is_listed() {
    let kinds = |file: &[u8]| -> Vec<_> {
        let report = AggregateReport::read(file, &ReadLimits::default()).unwrap();
        assert_eq!(report.rows.len(), 3);
        report.defects.into_iter().map(|defect| defect.kind).collect()
    };
    let whole = sample().to_gzip();
    assert_eq!(kinds(&whole), []);
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 8;
    wrong_sum[at] ^= 1;
    let compression = [DefectKind::Compression];
    assert_eq!(kinds(&wrong_sum), compression);
    assert_eq!(kinds(&whole[..whole.len() - 4]), compression);
    assert_eq!(kinds(&[&whole, b"junk".as_slice()].concat()), compression);
}

#[test]
fn the_report_is_found_in_a_zip_file() {
    let small = SMALL.as_bytes();
    let kinds = |files: &[(&str, &[u8])]| -> Vec<_> {
        let report = AggregateReport::read(&zip(files), &ReadLimits::default()).unwrap();
        assert_eq!(report.rows, read(SMALL).rows);
        report.defects.into_iter().map(|defect| defect.kind).collect()
    };
    let file = |name: &str| DefectKind::File(name.into());
    assert_eq!(kinds(&[("a", small)]), []);
    let mac = ("__MACOSX/._a.xml", b"\0\x05\x16\x07".as_slice());
    assert_eq!(kinds(&[("d/", b""), mac, ("d/a.XML", small)]), []);
    assert_eq!(kinds(&[mac, ("report", small)]), []);
    let other = ("other.xml", b"<x/>".as_slice());
    assert_eq!(
        kinds(&[other, ("readme", b""), ("a.xml", small), ("b.xml", small)]),
        [file("other.xml"), file("readme"), file("b.xml")]
    );
    let gzip = sample().to_gzip();
    let report = AggregateReport::read(&zip(&[("a.xml.gz", &gzip)]), &ReadLimits::default()).unwrap();
    assert_eq!((report.rows.len(), report.defects), (3, vec![]));
    // wherever a sum stands in the file, a wrong one is seen
    let mut wrong = zip(&[("a.xml", small)]);
    wrong[30 + "a.xml".len() + SMALL.find(">192").unwrap() + 1] = b'2';
    let report = AggregateReport::read(&wrong, &ReadLimits::default()).unwrap();
    assert_eq!(report.defects[0].kind, DefectKind::Compression);
    assert_eq!(error(&zip(&[other]), &ReadLimits::default()), ReportErrorKind::NotAReport);
    assert_eq!(error(&zip(&[("a", small), ("b", small)]), &ReadLimits::default()), ReportErrorKind::Zip);
    let limits = ReadLimits::default().with_octets(100);
    assert_eq!(error(&zip(&[("a.xml", small)]), &limits), ReportErrorKind::TooLarge { limit: 100 });
}

#[test]
fn the_alignment_of_a_failure_report_is_told_once() {
    let alignment = |identity_alignment| {
        let fields = FailureReport { identity_alignment, ..failure() }.fields();
        fields.lines().filter(|line| line.starts_with("Identity-Alignment")).collect::<String>()
    };
    let repeated = vec![Mechanism::Spf, Mechanism::Dkim, Mechanism::Spf];
    assert_eq!(alignment(repeated), "Identity-Alignment: spf, dkim");
    assert_eq!(alignment(vec![]), "Identity-Alignment: none");
    let mail = String::from_utf8(failure().to_mail(&mail())).unwrap();
    let without = mail.replace("Identity-Alignment: dkim, spf\r\n", "");
    assert_ne!(without, mail);
    let report = FailureReport::read_mail(without.as_bytes(), &ReadLimits::default()).unwrap();
    assert_eq!(report.defects[0].kind, DefectKind::Field("Identity-Alignment"));
    assert_eq!(report.defects.len(), 1);
}

#[test]
fn the_parts_of_a_result_within_an_evaluation_are_listed() {
    let row =
        "<policy_evaluated><dkim>pass<domain>x.example</domain></dkim><spf>pass</spf></policy_evaluated>";
    let xml = format!("<feedback><record><row>{row}</row></record></feedback>");
    let report = AggregateReport::read(xml.as_bytes(), &ReadLimits::default()).unwrap();
    assert!(report.defects.iter().any(|defect| defect.kind == DefectKind::Text("x.example".into())));
    assert!(report.rows[0].dkim.is_empty());
}
