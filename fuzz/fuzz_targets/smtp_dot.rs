//! Dots go on and come off again under any split; what is decoded in pieces is what is decoded whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail_base::{
    dot::{Decoded, DotDecoder, DotEncoder},
    lines::{EndingFilter, LineEndError, LineEndings},
};

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
        let whole = decode(octets, octets.len().max(1), endings);
        assert_eq!(decode(octets, step, endings), whole);

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
            assert_eq!(endings, LineEndings::Strict);
            continue;
        }
        filtered.extend_from_slice(filter.finish().expect("the encoder had nothing against it"));
        if !filtered.is_empty() && !filtered.ends_with(b"\r\n") {
            filtered.extend_from_slice(b"\r\n");
        }
        assert_eq!(decode(&encoded, step, endings), (filtered, Some(encoded.len()), None));
    }
});
