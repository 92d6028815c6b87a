//! Dots go on and come off again under any split: what is decoded is what the oracle finds, which cuts the text into
//! tokens first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail_base::{
    dot::{Decoded, DotDecoder, DotEncoder},
    lines::{EndingFilter, LineEndError, LineEndings},
};
use testkit::line_ends::{made_good, undotted};

/// Whether there is a bare CR or LF, the last octet looked at as one in front of another.
fn has_bare(octets: &[u8]) -> bool {
    made_good(&[octets, b"x"].concat(), LineEndings::Strict).is_err()
}

type Outcome = (Vec<u8>, Option<usize>, Option<LineEndError>);

/// Shows the decoder more of the input by so many octets each time it wants more.
fn decode(input: &[u8], step: usize, endings: LineEndings) -> Outcome {
    let mut decoder = DotDecoder::new(endings);
    let (mut start, mut end) = (0, 0);
    let mut text = Vec::new();
    loop {
        match decoder.decode(&input[start..end]) {
            Ok(Decoded::Octets { octets, used }) => {
                assert!(used > 0);
                text.extend_from_slice(octets);
                start += used;
            }
            Ok(Decoded::End { used }) => return (text, Some(start + used), None),
            Ok(Decoded::NeedInput) if end == input.len() => return (text, None, None),
            Ok(Decoded::NeedInput) => end = (end + step).min(input.len()),
            Err(error) => return (text, None, Some(error)),
        }
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (step, octets) = input;
    let step = usize::from(step) % 17 + 1;
    for endings in [LineEndings::Strict, LineEndings::Normalise, LineEndings::Keep] {
        let expected = undotted(octets, endings);
        for step in [step, octets.len().max(1)] {
            let (text, used, error) = decode(octets, step, endings);
            assert_eq!((&text, used), (&expected.text, expected.used), "{endings:?}");
            assert_eq!(error.map(|error| error.at), expected.bare, "{endings:?}");
        }

        let good = made_good(octets, endings);
        let mut filter = EndingFilter::new(endings);
        let mut filtered = Vec::new();
        let mut encoder = DotEncoder::new(endings);
        let mut encoded = Vec::new();
        let mut is_refused = false;
        for piece in octets.chunks(step) {
            is_refused |= encoder.encode(piece, &mut encoded).is_err();
            let mut rest = piece;
            while !rest.is_empty() && !is_refused {
                let Ok(piece) = filter.filter(rest) else {
                    unreachable!("the encoder had nothing against it")
                };
                filtered.extend_from_slice(piece.octets);
                rest = &rest[piece.used..];
            }
            if is_refused {
                break;
            }
        }
        if is_refused || encoder.finish(&mut encoded).is_err() {
            assert!(endings == LineEndings::Strict && has_bare(octets));
            continue;
        }
        filtered.extend_from_slice(filter.finish().expect("the encoder had nothing against it"));
        // a CR at the very end is bare, too
        let with_end =
            made_good(&[octets, b"x"].concat(), endings).expect("the encoder had nothing against it");
        assert_eq!(filtered, with_end[..with_end.len() - 1]);
        assert!(good.is_ok_and(|good| filtered.starts_with(&good)));
        if !filtered.is_empty() && !filtered.ends_with(b"\r\n") {
            filtered.extend_from_slice(b"\r\n");
        }
        assert_eq!(decode(&encoded, step, endings), (filtered, Some(encoded.len()), None));
    }
});
