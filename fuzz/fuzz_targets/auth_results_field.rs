//! A field that is read, written and read again is the same field, and none that is written starts a line. What one
//! could trust is removed where it comes from outside, and a lenient policy reads nothing otherwise than a strict one.
#![no_main]

use auth_results::{AuthenticationResults, FIELD_NAME, ReadPolicy, fields_to_remove, trusted_field};
use libfuzzer_sys::fuzz_target;
use mail_base::fields::{Header, HeaderLimits};

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
    let lenient = AuthenticationResults::parse_with(value, &ReadPolicy::lenient());
    if let Ok(strict) = AuthenticationResults::parse(value) {
        assert_eq!(lenient, Ok(strict));
    }
    let Ok(field) = lenient else { return };
    let header = [FIELD_NAME.as_bytes(), b":", value, b"\r\n\r\n"].concat();
    let Ok(header) = Header::parse(&header, HeaderLimits::default()) else { return };
    if trusted_field(&header, &field.authserv_id, &ReadPolicy::lenient(), None).is_some() {
        assert!(fields_to_remove(&header, &field.authserv_id, None).next().is_some());
    }
});
