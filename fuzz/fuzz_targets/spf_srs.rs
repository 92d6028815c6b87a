//! Rewritten senders: whatever is rewritten is told again while it is young, and what is told is an address that can be
//! rewritten.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spf::{
    Name,
    srs::{Separator, Srs, SrsError},
};

fuzz_target!(|input: (&str, u32, u16)| {
    let (sender, now, days) = input;
    let now = u64::from(now);
    let first = Srs::new(Name::parse("first.example").unwrap(), "1").with_separator(Separator::Plus);
    let second = Srs::new(Name::parse("second.example").unwrap(), "2");
    if let Ok(back) = first.reverse(sender, now) {
        assert!(!back.contains(['\r', '\n']));
        assert!(is_address(second.forward(&back, now)), "{back}");
    }
    let Ok(forwarded) = first.forward(sender, now) else { return };
    if forwarded == sender {
        return;
    }
    let later = now + u64::from(days) * 86_400;
    match first.reverse(&forwarded, later) {
        Ok(back) => assert!(is_address(second.forward(&back, now)), "{back}"),
        Err(error) => assert!(error == SrsError::Expired && days % 1024 > 21, "{forwarded}"),
    }
    assert_eq!(second.reverse(&forwarded, now), Err(SrsError::OtherDomain));
    let Ok(again) = second.forward(&forwarded, now) else { return };
    assert!(second.reverse(&again, now).is_ok(), "{again}");
});

/// Whether what was rewritten is an address, if one that is too long to be rewritten once more.
fn is_address(rewritten: Result<String, SrsError>) -> bool {
    matches!(rewritten, Ok(_) | Err(SrsError::TooLong))
}
