//! What holds for every compression, whatever is cut off it or added to it.

mod nested;

use super::compression::Compression;
use super::detect::MAGIC_BYTES;
use super::support::{WAYS, assert_same, gzipped, inflate, zstd_of};
use crate::decode::{DecodeError, DecodeOptions};
use crate::error::Coded;
use crate::units::ByteSize;

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
fn what_stands_one_behind_another_is_read_as_one() {
    let text = text();
    let (head, tail) = text.split_at(10_000);
    assert_eq!(all_pieces("a", &text).unwrap(), text);
    for way in WAYS {
        let stored = match way.joins {
            true => [head, b"", tail].map(way.compress).concat(),
            false => (way.compress)(&text),
        };
        assert!(
            all_pieces(way.object, &stored).unwrap() == text,
            "{}",
            way.object
        );
        let empty = all_pieces(way.object, &(way.compress)(b"")).unwrap();
        assert!(empty.is_empty(), "{}", way.object);
    }
    let skippable = [
        &[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..],
        &zstd_of(&text),
    ]
    .concat();
    assert_eq!(all_pieces("a.zst", &skippable).unwrap(), text);
}

#[test]
fn the_content_tells_not_the_name() {
    let text = text();
    for way in WAYS {
        let stored = (way.compress)(&text);
        match way.object {
            // These begin like nothing in particular.
            "hadoop.hsnappy" | "raw.snappy" => continue,
            object => assert!(
                all_pieces("no-suffix", &stored).unwrap() == text,
                "{object}"
            ),
        }
    }
}

#[test]
fn what_others_wrote_is_read() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/decode/inflate/fixtures");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let text = read("text.jsonl");
    let files = std::fs::read_dir(&folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names.filter(|name| name != "README.md").collect();
    assert!(names.len() > 15);
    for name in names {
        assert!(all_pieces(&name, &read(&name)).unwrap() == text, "{name}");
    }
}

#[test]
fn the_job_says_what_neither_name_nor_content_do() {
    let text = text();
    let with = |compression, object: &str, stored: &[u8]| {
        let options = DecodeOptions {
            compression,
            ..DecodeOptions::default()
        };
        inflate(object, stored, 100, &options).map_err(|error| error.to_string())
    };
    let snappy = [Compression::SnappyHadoop, Compression::SnappyRaw];
    for (compression, way) in snappy.into_iter().zip(&WAYS[6..]) {
        let stored = (way.compress)(&text);
        assert!(
            with(compression, "a", &stored).unwrap() == text,
            "{}",
            way.object
        );
    }
    let gzip = gzipped(b"{}");
    assert_eq!(with(Compression::None, "a.gz", &gzip).unwrap(), gzip);
    assert_eq!(
        with(Compression::Zstd, "a.gz", &gzip).unwrap_err(),
        "`a.gz` should be zstd, but its first bytes are not"
    );
}

#[test]
fn a_cut_anywhere_is_noticed() {
    let text = &text()[..2000];
    for way in WAYS {
        let object = way.object;
        let stored = (way.compress)(text);
        for cut in MAGIC_BYTES + 2..stored.len() {
            // Behind its first block, or its header, a file of snappy-java's is one.
            let block = snap::raw::Encoder::new()
                .compress_vec(&text[..1000])
                .unwrap();
            if object == "java.snappy" && (cut == 16 || cut == 16 + 4 + block.len()) {
                continue;
            }
            let error =
                inflate(object, &stored[..cut], 4096, &DecodeOptions::default()).unwrap_err();
            assert!(
                matches!(error, DecodeError::Truncated { byte, .. } if byte == cut as u64),
                "{object} {cut}: {error}"
            );
        }
        if way.joins {
            let two = [&stored[..], &stored[..stored.len() / 3]].concat();
            assert!(
                matches!(all_pieces(object, &two), Err(DecodeError::Truncated { .. })),
                "{object}"
            );
        }
    }
}

#[test]
fn damage_anywhere_gives_the_same_text_or_an_error() {
    let text = &text()[..700];
    for way in WAYS.iter().filter(|way| way.checks) {
        let whole = (way.compress)(text);
        for at in 0..whole.len() {
            for bit in [0, 3, 7] {
                let mut stored = whole.clone();
                stored[at] ^= 1 << bit;
                if let Ok(read) = inflate(way.object, &stored, 100, &DecodeOptions::default()) {
                    assert!(read == text, "{}: bit {bit} of byte {at}", way.object);
                }
            }
        }
    }
}

#[test]
fn a_wrong_checksum_is_damage() {
    let text = text();
    // Of a gzip member its CRC and its length, and of a zstd frame and a bzip2 stream the checksum.
    for (way, from_end) in [(0, 8), (0, 1), (1, 1), (2, 2)] {
        let way: &super::support::Way = &WAYS[way];
        let mut stored = (way.compress)(&text);
        let at = stored.len() - from_end;
        stored[at] ^= 1;
        let error = all_pieces(way.object, &stored).unwrap_err();
        assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn what_follows_complete_data_is_named() {
    let text = text();
    for way in WAYS {
        let stored = (way.compress)(&text);
        let garbage = [&stored[..], b"garbage"].concat();
        let error = all_pieces(way.object, &garbage).unwrap_err();
        match error {
            DecodeError::TrailingGarbage { byte, .. } if way.checks => {
                assert_eq!(byte, stored.len() as u64, "{}", way.object)
            }
            // Nobody can tell whether that should be a block.
            DecodeError::Corrupt { .. } if !way.checks => {}
            error => panic!("{error}"),
        }
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
    for way in WAYS {
        let other = if way.object == "a.gz" {
            zstd_of(b"{}")
        } else {
            gzipped(b"{}")
        };
        for stored in [b"{\"n\":1}\n", &b""[..], &other] {
            let error = all_pieces(way.object, stored).unwrap_err();
            assert!(matches!(error, DecodeError::Mislabelled { .. }), "{error}");
        }
    }
    assert_eq!(all_pieces("a.json", b"").unwrap(), b"");
}

#[test]
fn a_bomb_is_stopped_by_ratio_and_by_size() {
    let zeros = vec![b' '; 80 << 20];
    for way in WAYS {
        let object = way.object;
        let stored = (way.compress)(&zeros);
        let options = DecodeOptions {
            // Snappy makes a sixty-fourth of it at best.
            max_ratio: 15,
            ..DecodeOptions::default()
        };
        let error = inflate(object, &stored, 4096, &options)
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
