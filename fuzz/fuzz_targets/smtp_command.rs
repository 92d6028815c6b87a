//! A command, a reply or a path that is read prints as what reads as the same, and holds no line end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_proto::{Command, Path, Reply, Rules};

fuzz_target!(|octets: &[u8]| {
    for rules in [Rules::STRICT, Rules::LOOSE] {
        let command = Command::parse(octets, &rules);
        if let Ok(command) = &command {
            let printed = command.to_string();
            assert!(!printed.contains(['\r', '\n', '\0']));
            let again = Command::parse(printed.as_bytes(), &rules).expect("what is printed can be read");
            assert_eq!(&again, command, "{printed}");
        }
        if rules == Rules::LOOSE && Command::parse(octets, &Rules::STRICT).is_ok() {
            assert!(command.is_ok(), "what is strict is also loose");
        }
        let Ok(text) = core::str::from_utf8(octets) else { continue };
        if let Ok(path) = Path::parse(text, &rules) {
            let printed = path.to_string();
            assert_eq!(Path::parse(&printed, &rules).expect("what is printed can be read"), path);
        }
    }
    if let Ok(reply) = Reply::parse(octets) {
        assert_eq!(Reply::parse(reply.as_bytes()).as_ref(), Ok(&reply));
        assert!(reply.lines().all(|line| !line.text.contains(&b'\r') && !line.text.contains(&b'\n')));
    }
    let text = String::from_utf8_lossy(octets);
    let built = Reply::new(smtp_proto::Code::new(250).expect("250"), None, &text);
    assert_eq!(Reply::parse(built.as_bytes()).as_ref(), Ok(&built), "what is built is one reply");
});
