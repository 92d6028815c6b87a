//! Evaluations over zones of the fuzzer's making end within their questions, ask nothing twice, and come out the same
//! whether the policy was looked for before or not.
#![no_main]

use dmarc::{Discovery, LocalPolicy, Name, Request, Verdict, Zone, discover, evaluate, limits::MAX_WALK};
use libfuzzer_sys::{arbitrary, arbitrary::Arbitrary, fuzz_target};
use mail_base::zone::Recorder;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    author: &'a str,
    spf: Option<&'a str>,
    dkim: Vec<&'a str>,
    /// Domains by how many labels of which name, and what stands there.
    records: Vec<(u8, u8, &'a str)>,
    every_alignment: bool,
}

fuzz_target!(|input: Input<'_>| {
    let Ok(author) = Name::parse(input.author) else { return };
    let mut names = vec![author.clone()];
    let mut request = Request::new(author.clone())
        .with_local_policy(LocalPolicy::default().with_every_alignment(input.every_alignment));
    for domain in input.spf.iter().filter_map(|text| Name::parse(text).ok()) {
        names.push(domain.clone());
        request = request.spf_passed(domain);
    }
    // at most eight walks besides the author's, within the limit
    for domain in input.dkim.iter().take(8).filter_map(|text| Name::parse(text).ok()) {
        names.push(domain.clone());
        request = request.dkim_passed(domain);
    }
    let mut zone = Zone::new();
    for (nth, labels, tags) in input.records.iter().take(40) {
        let name = &names[usize::from(*nth) % names.len()];
        let Ok(at) = name.last_labels(usize::from(*labels) % 12).prefixed("_dmarc") else { continue };
        zone.add_txt(&at, format!("v=DMARC1; p=reject; {tags}"));
    }
    let recorder = Recorder::new(&zone);
    let report = evaluate(request.clone(), Discovery::TreeWalk).run(&recorder);
    let asked = recorder.questions();
    assert_eq!(report.questions, asked.len());
    assert!(asked.len() <= MAX_WALK * names.len() + 1, "{asked:?}");
    let mut distinct = asked.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), asked.len(), "{asked:?}");
    assert_eq!(report.verdict == Verdict::Pass, report.alignment.is_any());
    if let (Some(organization), Some(aligned)) = (report.organizational_domain(), &report.alignment.dkim) {
        assert!(author.is_within(organization) && aligned.domain.is_within(organization));
    }

    let found = discover(&request, Discovery::TreeWalk).run(&zone);
    assert!(found.questions() <= MAX_WALK);
    assert_eq!(found.evaluate(request).run(&zone), report);
});
