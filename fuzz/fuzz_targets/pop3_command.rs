//! What is read as a command is written as a line that is read as the same command.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_proto::{Command, Rules};

fuzz_target!(|line: &[u8]| {
    for rules in [Rules::STRICT, Rules::LOOSE] {
        match Command::parse(line, &rules) {
            Err(error) => assert!(error.at <= line.len().max(5), "{error}"),
            Ok(command) => {
                let mut written = Vec::new();
                command.write(&mut written);
                let text = written.strip_suffix(b"\r\n").expect("a line");
                assert!(!text.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)), "one line");
                assert_eq!(Command::parse(text, &rules).as_ref(), Ok(&command));
                assert_eq!(
                    Command::parse(text, &Rules::STRICT).as_ref(),
                    Ok(&command),
                    "what is written is exact"
                );
            }
        }
    }
});
