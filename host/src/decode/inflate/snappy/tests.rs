//! What files of snappy may hold.

use super::super::support::{inflate, snappy_framed, snappy_hadoop, snappy_raw};
use super::super::tests::all_pieces;
use crate::decode::{DecodeError, DecodeOptions};
use crate::error::Coded;

/// A length of a bare block: `bits` ones.
fn preamble(bits: u32) -> Vec<u8> {
    let mut left = (1u64 << bits) - 1;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

#[test]
fn a_length_allocates_nothing_that_the_data_cannot_fill() {
    let literal = [0u8, b'x'];
    let huge = [&preamble(32)[..], &literal].concat();
    let error = all_pieces("a.snappy", &huge).unwrap_err();
    assert!(matches!(error, DecodeError::Unsupported { .. }), "{error}");
    assert_eq!(error.code().to_string(), "BF0313");
    let within_the_limit = [&preamble(27)[..], &literal].concat();
    let error = all_pieces("a.snappy", &within_the_limit).unwrap_err();
    assert!(matches!(error, DecodeError::Truncated { .. }), "{error}");
    let part = within_the_limit.len() as u32;
    let lengths = [((1u32 << 27) - 1).to_be_bytes(), part.to_be_bytes()].concat();
    let error = all_pieces("a.hsnappy", &[lengths, within_the_limit].concat()).unwrap_err();
    assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
}

#[test]
fn padding_is_skipped_and_unknown_chunks_are_damage() {
    let stored = snappy_framed(b"{}");
    let (identifier, chunk) = stored.split_at(10);
    let with = |other: &[u8]| all_pieces("a.sz", &[identifier, other, chunk].concat());
    for skipped in [&b"\xfe\x03\0\0abc"[..], b"\xfe\0\0\0", identifier] {
        assert_eq!(with(skipped).unwrap(), b"{}");
    }
    for damage in [
        &b"\x02\0\0\0"[..],
        b"\x80\0\0\0",
        b"\x7f\x01\0\0x",
        b"\xff\x06\0\0sNaPpX",
        b"\x01\x03\0\0abc",
    ] {
        assert!(with(damage).is_err(), "{damage:?}");
    }
}

#[test]
fn the_structure_tells_hadoop_from_a_bare_block() {
    let options = DecodeOptions::default();
    for len in (0..200).chain([1 << 14, (1 << 14) + 1, 1 << 21]) {
        let text = vec![b'x'; len];
        for stored in [snappy_raw(&text), snappy_hadoop(&text)] {
            let read = inflate("a.snappy", &stored, 1 << 16, &options).unwrap();
            assert!(read == text, "{len}");
        }
    }
    // Its first eight bytes are lengths that Hadoop could have written.
    for len in 6..16 {
        let text = [0, 0, 1, 0, 0, 0, 5, 9, 8, 7, 6, 5, 4, 3, 2]
            .split_at(len)
            .0;
        let read = inflate("a.snappy", &snappy_raw(text), 1 << 16, &options).unwrap();
        assert!(read == text, "{len}");
    }
}
