//! What is read as a response or a listing is written as a line that is read as the same; what is built is one
//! line, whatever it is built of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_proto::{Code, DropListing, Response, Rules, ScanListing, UniqueIdListing};

fuzz_target!(|line: &[u8]| {
    for rules in [Rules::STRICT, Rules::LOOSE] {
        if let Ok(response) = Response::parse(line, &rules) {
            let mut written = Vec::new();
            response.write(&mut written);
            let text = written.strip_suffix(b"\r\n").expect("a line");
            assert_eq!(Response::parse(text, &rules).as_ref(), Ok(&response));
            let (_, _) = (response.code(), response.message());
            let _ = DropListing::parse(response.text(), &rules);
        }
        if let Ok(listing) = ScanListing::parse(line, &rules) {
            let again = format!("{} {}", listing.number, listing.octets);
            assert_eq!(ScanListing::parse(again.as_bytes(), &Rules::STRICT), Ok(listing));
        }
        if let Ok(listing) = UniqueIdListing::parse(line, &rules) {
            let again = [listing.number.to_string().as_bytes(), b" ", listing.unique_id.as_bytes()].concat();
            assert_eq!(UniqueIdListing::parse(&again, &rules), Ok(listing));
        }
    }
    let text = String::from_utf8_lossy(line);
    for response in
        [Response::ok(&text), Response::err(&text), Response::err(&text).with_code(Code::Other(&text))]
    {
        let mut written = Vec::new();
        response.write(&mut written);
        assert!(written.len() <= 512, "RFC 2449 section 4");
        let text = written.strip_suffix(b"\r\n").expect("a line");
        assert!(!text.iter().any(|octet| octet.is_ascii_control()));
        assert_eq!(Response::parse(text, &Rules::STRICT).unwrap().is_ok(), response.is_ok());
    }
});
