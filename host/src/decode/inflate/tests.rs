//! What holds for every compression, whatever is cut off it or added to it.

use super::support::{assert_same, gzipped, inflate, zstd_of};
use super::*;
use crate::error::Coded;

pub(super) fn text() -> Vec<u8> {
    (0..5000u32)
        .flat_map(|n| format!("{{\"n\":{}}}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

pub(super) fn all_pieces(object: &str, stored: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let options = DecodeOptions::default();
    let whole = inflate(object, stored, stored.len().max(1), &options);
    for piece in [1, 7, 4096] {
        let pieces = inflate(object, stored, piece, &options);
        assert_same(&whole, &pieces, || {
            format!("whole and in pieces of {piece}")
        });
    }
    whole
}

#[test]
fn members_and_frames_are_read_as_one() {
    let text = text();
    let (head, tail) = text.split_at(10_000);
    assert_eq!(all_pieces("a", &text).unwrap(), text);
    assert_eq!(
        all_pieces(
            "a.gz",
            &[gzipped(head), gzipped(b""), gzipped(tail)].concat()
        )
        .unwrap(),
        text
    );
    assert_eq!(
        all_pieces(
            "a.zst",
            &[zstd_of(head), zstd_of(b""), zstd_of(tail)].concat()
        )
        .unwrap(),
        text
    );
    let skippable = [
        &[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..],
        &zstd_of(&text),
    ]
    .concat();
    assert_eq!(all_pieces("a.zst", &skippable).unwrap(), text);
    assert_eq!(
        all_pieces("no-suffix", &gzipped(&text)).unwrap(),
        text,
        "the content tells, not the name"
    );
}

#[test]
fn a_cut_anywhere_is_noticed() {
    let text = &text()[..2000];
    for (object, stored) in [("a.gz", gzipped(text)), ("a.zst", zstd_of(text))] {
        for cut in 4..stored.len() {
            let error =
                inflate(object, &stored[..cut], 4096, &DecodeOptions::default()).unwrap_err();
            assert!(
                matches!(error, DecodeError::Truncated { byte, .. } if byte == cut as u64),
                "{object} {cut}: {error}"
            );
        }
        let two = [&stored[..], &stored[..stored.len() / 2]].concat();
        assert!(matches!(
            all_pieces(object, &two),
            Err(DecodeError::Truncated { .. })
        ));
    }
}

#[test]
fn damage_is_noticed() {
    let text = text();
    let mut wrong_crc = gzipped(&text);
    let crc = wrong_crc.len() - 8;
    wrong_crc[crc] ^= 1;
    assert!(matches!(
        all_pieces("a.gz", &wrong_crc),
        Err(DecodeError::Corrupt { .. })
    ));
    let mut wrong_length = gzipped(&text);
    *wrong_length.last_mut().unwrap() ^= 1;
    assert!(matches!(
        all_pieces("a.gz", &wrong_length),
        Err(DecodeError::Corrupt { .. })
    ));
    let mut wrong_checksum = zstd_of(&text);
    *wrong_checksum.last_mut().unwrap() ^= 1;
    assert!(matches!(
        all_pieces("a.zst", &wrong_checksum),
        Err(DecodeError::Corrupt { .. })
    ));
}

#[test]
fn what_follows_complete_data_is_named() {
    let text = text();
    for (object, stored) in [("a.gz", gzipped(&text)), ("a.zst", zstd_of(&text))] {
        let garbage = [&stored[..], b"garbage"].concat();
        let error = all_pieces(object, &garbage).unwrap_err();
        assert!(
            matches!(error, DecodeError::TrailingGarbage { byte, .. } if byte == stored.len() as u64),
            "{error}"
        );
    }
    let stored = gzipped(&text);
    assert_eq!(
        all_pieces("a.gz", &[&stored[..], &[0; 512]].concat()).unwrap(),
        text,
        "padding"
    );
    let error = all_pieces("a.gz", &[&stored[..], &[0; 512], b"x"].concat()).unwrap_err();
    assert!(
        matches!(error, DecodeError::TrailingGarbage { byte, .. } if byte == stored.len() as u64 + 512),
        "{error}"
    );
}

#[test]
fn a_name_must_not_promise_what_the_content_does_not_hold() {
    for (object, stored) in [
        ("a.gz", &b"{}\n"[..]),
        ("a.gz", b""),
        ("a.zst", b"{}"),
        ("a.zst", b"\x1f\x8b\x08\x00"),
    ] {
        let error = all_pieces(object, stored).unwrap_err();
        assert!(matches!(error, DecodeError::Mislabelled { .. }), "{error}");
    }
    assert_eq!(all_pieces("a.json", b"").unwrap(), b"");
}

#[test]
fn a_bomb_is_stopped_by_ratio_and_by_size() {
    let zeros = vec![b' '; 80 << 20];
    for (object, stored) in [("a.gz", gzipped(&zeros)), ("a.zst", zstd_of(&zeros))] {
        let error = inflate(object, &stored, 4096, &DecodeOptions::default())
            .map(|text| text.len())
            .unwrap_err();
        assert!(matches!(error, DecodeError::RatioTooHigh { .. }), "{error}");
        assert_eq!(error.code().to_string(), "BF0306");
        assert!(error.to_string().contains("decode.max_ratio"));
        let options = DecodeOptions {
            max_object: ByteSize::mib(1),
            ..DecodeOptions::default()
        };
        let error = inflate(object, &stored, 4096, &options)
            .map(|text| text.len())
            .unwrap_err();
        assert!(
            matches!(error, DecodeError::ObjectTooLarge { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("decode.max_object"));
    }
}
