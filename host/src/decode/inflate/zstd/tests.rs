//! What zstd frames may hold.

use std::io::Write;

use zstd::stream::raw::CParameter;

use super::super::tests::{all_pieces, text};
use crate::decode::DecodeError;
use crate::error::Coded;
use crate::units::ByteSize;

/// A frame that says that it needs a window of 2 to the power of `window_log` bytes.
fn frame(text: &[u8], window_log: u32) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    for parameter in [
        CParameter::WindowLog(window_log),
        CParameter::EnableLongDistanceMatching(true),
        CParameter::ChecksumFlag(true),
    ] {
        encoder.set_parameter(parameter).unwrap();
    }
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_long_window_is_read_up_to_the_limit() {
    let text = text();
    for window_log in [10, 20, 27] {
        let two = [frame(&text, window_log), frame(&text, 10)].concat();
        assert_eq!(
            all_pieces("a.zst", &two).unwrap(),
            [&text[..], &text].concat()
        );
    }
}

#[test]
fn a_longer_window_is_named_with_its_limit_and_what_to_do() {
    let text = text();
    for window_log in [28, 30] {
        let stored = [frame(&text, 20), frame(&text, window_log)].concat();
        let error = all_pieces("a.zst", &stored).unwrap_err();
        assert!(
            matches!(error, DecodeError::WindowTooLarge { limit, .. } if limit == ByteSize::mib(128)),
            "{error}"
        );
        assert_eq!(error.code().to_string(), "BF0311");
        assert!(error.code().advice.contains("--long=27"));
    }
}

/// Checksums are verified: a flipped bit is an error wherever it is, or changes nothing.
#[test]
fn damage_never_gives_other_text() {
    let text = &text()[..700];
    let whole = frame(text, 20);
    for at in 4..whole.len() {
        for bit in 0..8 {
            let mut stored = whole.clone();
            stored[at] ^= 1 << bit;
            if let Ok(read) = all_pieces("a.zst", &stored) {
                assert!(read == text, "bit {bit} of byte {at}");
            }
        }
    }
}
