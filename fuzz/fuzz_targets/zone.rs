//! A zone that is read, written and read again is the same zone; look-ups end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail_base::{
    Zone,
    dns::{Kind, Question, Resolve},
};

fuzz_target!(|text: &str| {
    let Ok(zone) = Zone::parse(text) else { return };
    let written = zone.to_string();
    let again = Zone::parse(&written).expect("what is written can be read");
    assert_eq!(again, zone, "{written}");
    for name in written.split_whitespace().filter_map(|word| word.parse().ok()).take(20) {
        for kind in [Kind::A, Kind::Txt] {
            let question = Question::new(mail_base::Name::clone(&name), kind);
            assert_eq!(Resolve::resolve(&zone, &question), Resolve::resolve(&again, &question));
        }
    }
});
