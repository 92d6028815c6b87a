//! Checks where the fuzzer writes the records and chooses the answers: there is always a verdict, never more questions
//! than the limit, the trace and the field can be written, the field is read back, and a check that is not traced says
//! the same. A survey of the same names ends too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spf::{
    Inquiry, Limits, Name, Report, Request, Step, Verdict, Zone, check,
    dns::{Answer, Kind, Question, Resolve},
    received::ReceivedSpf,
    survey::{SurveyLimits, survey},
    trace::Event,
};

/// Every name exists. What is there depends on the question alone, so that two checks see the same.
struct Answers<'a> {
    texts: Vec<&'a str>,
    picks: &'a [u8],
}

impl Answers<'_> {
    fn text(&self, number: usize) -> String {
        let text = self.texts[number % self.texts.len()];
        // a line that begins with a space is an SPF record
        if text.starts_with(' ') { format!("v=spf1{text}") } else { text.to_owned() }
    }
}

impl Resolve for Answers<'_> {
    fn resolve(&self, question: &Question) -> Answer {
        let seed = question.to_string().bytes().fold(7_usize, |seed, octet| seed.wrapping_mul(31) + usize::from(octet));
        let pick = self.picks.get(seed % self.picks.len().max(1)).copied().map_or(seed, usize::from);
        let name = |number: usize| Name::parse(&format!("{}.example", ["a", "b", "c.a"][number % 3])).unwrap();
        let host = if pick % 2 == 0 { 1 } else { 9 };
        match (pick % 8, question.kind) {
            (0, _) => Answer::NoSuchName,
            (1, _) => Answer::NoRecords,
            (2, _) => Answer::Unavailable,
            (3, Kind::Txt) => Answer::txt([self.text(pick / 8), self.text(pick / 8 + 1)]),
            (_, Kind::Txt) => Answer::txt([self.text(pick / 8)]),
            (_, Kind::A) => Answer::a([[192, 0, 2, host].into(), [192, 0, 2, host + 1].into()]),
            (_, Kind::Aaaa) => Answer::aaaa([[0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(host)].into()]),
            (_, Kind::Mx) => Answer::mx((0..pick % 12).map(|number| (1, name(number)))),
            (_, Kind::Ptr) => Answer::ptr((0..pick % 15).map(name)),
            _ => Answer::NoRecords,
        }
    }
}

fn run(request: Request, limits: &Limits, resolver: &impl Resolve) -> Report {
    let mut asked = 0;
    let mut step = check(request, limits);
    loop {
        match step {
            Step::Done(report) => {
                assert_eq!(report.questions, asked);
                return report;
            }
            Step::Ask(inquiry) => {
                asked += 1;
                assert!(asked <= limits.questions());
                let answer = resolver.resolve(inquiry.question());
                step = inquiry.answer(answer);
            }
        }
    }
}

fn judge(request: &Request, resolver: &impl Resolve) {
    let limits = Limits::default();
    let report = run(request.clone(), &limits, resolver);
    assert!(report.lookups <= limits.lookups && report.void_lookups <= limits.void_lookups + 1);
    assert_eq!(report.cause.is_none(), report.verdict == Verdict::Pass);
    if let Some(explanation) = &report.explanation {
        assert_eq!(report.verdict, Verdict::Fail);
        assert!(explanation.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
    }
    let lines = report.reply_lines().unwrap_or_default();
    assert!(lines.iter().all(|line| line.len() <= 510 && !line.contains(['\r', '\n'])));

    let field = report.received_spf();
    assert!(field.split("\r\n").skip(1).all(|line| line.starts_with(' ') && !line.trim().is_empty()));
    assert!(!field.replace("\r\n ", "").contains(['\r', '\n']));
    let read = ReceivedSpf::parse(&field).expect("a field of our own");
    assert_eq!(read.verdict, report.verdict);

    let traced = run(request.clone().trace(true), &limits, resolver);
    assert_eq!((traced.verdict, &traced.cause), (report.verdict, &report.cause));
    assert_eq!((traced.questions, &traced.explanation), (report.questions, &report.explanation));
    let trace = traced.trace.expect("a trace");
    let answered = trace.steps().iter().filter(|step| matches!(step.event, Event::Answered { .. })).count();
    assert_eq!(answered, report.questions);
    assert_eq!(trace.to_string().lines().count(), trace.steps().len());
}

fuzz_target!(|input: (&str, &str, &str, u8, &[u8])| {
    let (texts, helo, sender, ip, picks) = input;
    let client = if ip % 4 == 0 { [0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(ip)].into() } else { [192, 0, 2, ip].into() };
    let request = |sender: &str| Request::mail_from(client, helo, sender).receiver(helo);
    if let Ok(zone) = Zone::parse(texts) {
        judge(&request(sender), &zone);
    }
    let answers = Answers { texts: texts.split('\n').collect(), picks };
    judge(&request(&format!("{sender}@a.example")), &answers);

    let limits = SurveyLimits::default().with_questions(50).with_terms(200).with_ranges(500);
    let overview = survey(Name::parse("a.example").unwrap(), &limits).run(&answers);
    assert!(overview.records.len() <= 50 && overview.depending.len() <= 200);
    let _ = overview.warnings();
});
