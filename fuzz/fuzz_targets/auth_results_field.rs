//! A field that is read, written and read again is the same field, and none that is written starts a line.
#![no_main]

use auth_results::{AuthenticationResults, FIELD_NAME, ReadPolicy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    for policy in [ReadPolicy::default(), ReadPolicy::lenient()] {
        match AuthenticationResults::parse_with(value, &policy) {
            Ok(field) => {
                let text = field.to_string();
                assert!(text.split("\r\n").skip(1).all(|line| line.starts_with(' ')), "{text}");
                assert!(!text.replace("\r\n", "").contains(char::is_control), "{text}");
                let written =
                    text.strip_prefix(FIELD_NAME).and_then(|rest| rest.strip_prefix(':')).expect("its name");
                let again = AuthenticationResults::parse_with(written.as_bytes(), &policy);
                assert_eq!(again.as_ref(), Ok(&field), "{text}");
            }
            Err(error) => assert!(error.at <= value.len()),
        }
    }
    if AuthenticationResults::parse(value).is_ok() {
        assert!(AuthenticationResults::parse_with(value, &ReadPolicy::lenient()).is_ok(), "lenient is laxer");
    }
});
