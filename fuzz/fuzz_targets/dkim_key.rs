//! Keys: a record that is read prints, reads back, and survives a zone file; a private key reads back from its PEM.
#![no_main]

use dkim::{
    KeyRecord, Keys, Name, Policy, SecretKey, Zone,
    backend::rustcrypto::RustCrypto,
    dns::{Answer, Question, Resolve},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(key) = SecretKey::read(octets) {
        let pem = key.to_pem();
        let again = SecretKey::read(pem.as_bytes()).expect("what is printed reads back");
        assert_eq!((again.key_type(), again.to_pem()), (key.key_type(), pem));
    }

    // whatever it holds, it is made ready or refused
    let _ = Keys::read(&Answer::txt([octets]), &RustCrypto, &Policy::default());
    let record = match KeyRecord::parse(octets) {
        Ok(record) => record,
        Err(error) => {
            assert!(error.at <= octets.len());
            return;
        }
    };
    assert_eq!(record.is_revoked(), record.public_key.is_empty());
    let text = record.to_string();
    assert_eq!(KeyRecord::parse(text.as_bytes()), Ok(record.clone()));
    let strings = record.strings();
    assert_eq!(strings.concat(), text);
    assert!(strings.iter().all(|string| !string.is_empty() && string.len() <= 255));

    let zone = Zone::parse(&format!("a.example. TXT {}", record.zone_data())).expect("a line of a zone");
    let answer = zone.resolve(&Question::txt(Name::parse("a.example").expect("a name")));
    assert_eq!(answer.as_txt().len(), 1);
    assert_eq!(KeyRecord::parse(answer.as_txt()[0].as_bytes()), Ok(record));
});
