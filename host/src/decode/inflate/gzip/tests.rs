//! What gzip files may hold, read alike by every library.

use std::io::Write;

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::super::support::inflate_with;
use super::super::tests::{all_pieces, text};
use super::LIBRARIES;
use crate::decode::{DecodeError, DecodeOptions};

const TEXT: u8 = 1;
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

/// How many bytes a header has, and a trailer, at least.
const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

/// A header with the fields of `flags`.
fn header(flags: u8) -> Vec<u8> {
    let mut header = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 255];
    if flags & EXTRA != 0 {
        header.extend_from_slice(&[5, 0, b'A', b'P', 1, 0, 0]);
    }
    if flags & NAME != 0 {
        header.extend_from_slice(b"clicks.json\0");
    }
    if flags & COMMENT != 0 {
        header.extend_from_slice(b"of a day\0");
    }
    if flags & HEADER_CRC != 0 {
        let mut crc = Crc::new();
        crc.update(&header);
        header.extend_from_slice(&crc.sum().to_le_bytes()[..2]);
    }
    header
}

/// A member with the fields of `flags`.
fn member(flags: u8, text: &[u8], level: u32) -> Vec<u8> {
    let mut deflated = Vec::with_capacity(text.len() * 2 + 1024);
    Compress::new(Compression::new(level), false)
        .compress_vec(text, &mut deflated, FlushCompress::Finish)
        .unwrap();
    let mut crc = Crc::new();
    crc.update(text);
    let trailer = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
    [header(flags), deflated, trailer].concat()
}

/// The kind of the first deflate block: 0 stored, 1 with fixed codes, 2 with codes of its own.
fn first_block(member: &[u8]) -> u8 {
    member[HEADER_BYTES] >> 1 & 3
}

#[test]
fn every_header_field_is_passed_over() {
    let text = &text()[..500];
    for flags in 0..=TEXT | HEADER_CRC | EXTRA | NAME | COMMENT {
        let two = [member(flags, text, 6), member(flags, text, 6)].concat();
        assert_eq!(
            all_pieces("a.gz", &two).unwrap(),
            [text, text].concat(),
            "flags {flags}"
        );
    }
}

#[test]
fn a_header_that_is_wrong_is_damage() {
    let whole = member(HEADER_CRC | NAME, b"{}", 6);
    let mut wrong_crc = whole.clone();
    wrong_crc[HEADER_BYTES] ^= 1;
    let mut unknown_flag = whole.clone();
    unknown_flag[3] |= 0x80;
    let mut unknown_method = whole.clone();
    unknown_method[2] = 7;
    for stored in [wrong_crc, unknown_flag, unknown_method] {
        let error = all_pieces("a.gz", &stored).unwrap_err();
        assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
        let second = [whole.clone(), stored].concat();
        let error = all_pieces("a.gz", &second).unwrap_err();
        assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn every_kind_of_block_is_read() {
    let text = text();
    for (level, text, kind) in [(0, &text[..], 0), (6, b"{}{}{}", 1), (6, &text[..], 2)] {
        let stored = member(0, text, level);
        assert_eq!(first_block(&stored), kind);
        assert_eq!(all_pieces("a.gz", &stored).unwrap(), text);
    }
}

#[test]
fn many_members_may_be_small_or_empty() {
    let mut stored = Vec::new();
    let mut whole = Vec::new();
    for n in 0..300 {
        let text = "{}\n".repeat(n % 7);
        stored.extend(member(0, text.as_bytes(), 6));
        whole.extend(text.into_bytes());
    }
    assert_eq!(all_pieces("a.gz", &stored).unwrap(), whole);
}

/// Noise, which is stored, and blanks, of which a thousand become one byte; each beyond the window and the pieces.
#[test]
fn a_large_member_is_read_beside_a_small_one() {
    let mut random = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as u8
    })
    .take(5 << 20)
    .collect();
    let blanks = vec![b' '; 17 << 20];
    let (noise_member, long_member) = (member(0, &noise, 1), member(0, &blanks, 6));
    let short_member = member(0, b"{}", 6);
    for (stored, text) in [
        (
            [&noise_member[..], &short_member].concat(),
            [&noise[..], b"{}"].concat(),
        ),
        (
            [&long_member[..], &short_member].concat(),
            [&blanks[..], b"{}"].concat(),
        ),
        (
            [&short_member[..], &long_member].concat(),
            [b"{}", &blanks[..]].concat(),
        ),
    ] {
        for library in LIBRARIES {
            let inflated = inflate_with(
                *library,
                "a.gz",
                &stored,
                256 << 10,
                &DecodeOptions::default(),
            );
            assert!(inflated.unwrap() == text, "{}", library.name);
        }
    }
}

/// Where a flipped bit hits what says nothing of the text, such as the time, the text is the same.
#[test]
fn damage_never_gives_other_text() {
    let text = &text()[..700];
    let fields = HEADER_CRC | EXTRA | NAME | COMMENT;
    for whole in [
        member(fields, text, 6),
        member(0, text, 0),
        member(EXTRA | NAME, b"{}{}{}", 6),
    ] {
        let expected = all_pieces("a.gz", &whole).unwrap();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut stored = whole.clone();
                stored[at] ^= 1 << bit;
                for library in LIBRARIES {
                    for piece in [1, whole.len()] {
                        let options = DecodeOptions::default();
                        let read = inflate_with(*library, "a", &stored, piece, &options);
                        if at < 2 {
                            // Without its first bytes it is no gzip, and taken for text.
                            continue;
                        }
                        if let Ok(read) = read {
                            assert!(
                                read == expected && at < whole.len() - TRAILER_BYTES,
                                "{}: bit {bit} of byte {at} in pieces of {piece}",
                                library.name
                            );
                        }
                    }
                }
            }
        }
    }
}

/// A member that was written in two goes, with an empty stored block between them, as `flush` does.
#[test]
fn a_flush_within_a_member_is_no_end() {
    let text = text();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&text[..1000]).unwrap();
    encoder.flush().unwrap();
    encoder.write_all(&text[1000..]).unwrap();
    assert_eq!(
        all_pieces("a.gz", &encoder.finish().unwrap()).unwrap(),
        text
    );
}
