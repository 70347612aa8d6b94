//! Compressed data within compressed data, and text in other encodings within it.

use crate::decode::inflate::compression::Compression;
use crate::decode::inflate::support::{WAYS, bzipped, gzipped, inflate, xz_of, zstd_of};
use crate::decode::inflate::tests::{all_pieces, text};
use crate::decode::{DecodeError, DecodeOptions, TextEncoding};
use crate::error::Coded;
use crate::units::ByteSize;

#[test]
fn two_levels_are_read_and_a_third_is_content() {
    let text = text()[..3000].to_vec();
    for outer in WAYS {
        for inner in WAYS.iter().filter(|way| way.checks) {
            let within = (inner.compress)(&text);
            let stored = (outer.compress)(&within);
            let what = format!("{} in {}", inner.object, outer.object);
            assert!(all_pieces(outer.object, &stored).unwrap() == text, "{what}");
            let thrice = gzipped(&stored);
            if outer.checks {
                assert!(all_pieces("a", &thrice).unwrap() == within, "{what}");
            }
            let empty = (outer.compress)(&(inner.compress)(b""));
            assert_eq!(all_pieces(outer.object, &empty).unwrap(), b"", "{what}");
        }
    }
}

#[test]
fn concatenations_on_both_levels_are_read() {
    let text = text();
    let parts: Vec<_> = text.chunks(3000).collect();
    let inner = parts.iter().map(|part| gzipped(part)).collect::<Vec<_>>();
    // As Firehose compresses what CloudWatch sends: members of the outer level end anywhere within the inner ones.
    let inner = inner.concat();
    let outer: Vec<_> = inner.chunks(500).map(gzipped).collect();
    assert!(all_pieces("a.gz", &outer.concat()).unwrap() == text);
}

#[test]
fn a_compression_that_the_job_names_is_the_only_level() {
    let text = text();
    let within = gzipped(&text);
    let stored = gzipped(&within);
    let options = DecodeOptions {
        compression: Compression::Gzip,
        ..DecodeOptions::default()
    };
    assert!(inflate("a.gz", &stored, 100, &options).unwrap() == within);
}

#[test]
fn a_cut_and_damage_on_either_level_are_noticed() {
    let text = &text()[..2000];
    for within in [gzipped(text), zstd_of(text), bzipped(text), xz_of(text)] {
        let stored = gzipped(&within);
        for cut in (20..stored.len()).step_by(7) {
            let error = all_pieces("a.gz", &stored[..cut]).unwrap_err();
            assert!(matches!(error, DecodeError::Truncated { .. }), "{error}");
        }
        for cut in 20..within.len() {
            let error = all_pieces("a.gz", &gzipped(&within[..cut])).unwrap_err();
            assert!(matches!(error, DecodeError::Truncated { .. }), "{error}");
        }
        let mut damaged = within.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 0x55;
        let error = all_pieces("a.gz", &gzipped(&damaged)).unwrap_err();
        assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("data within it"), "{error}");
        let longer = [&within[..], b"garbage"].concat();
        let error = all_pieces("a.gz", &gzipped(&longer)).unwrap_err();
        assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn limits_hold_for_what_each_level_writes() {
    let zeros = vec![b' '; 80 << 20];
    let small = DecodeOptions {
        max_object: ByteSize::mib(1),
        ..DecodeOptions::default()
    };
    // The text is beyond the limit, and then only the data within the outer level, whose text is empty.
    let nothing = gzipped(b"").repeat(200_000);
    for stored in [gzipped(&gzipped(&zeros)), gzipped(&nothing)] {
        let error = inflate("a.gz", &stored, 4096, &small).map(|text| text.len());
        assert_eq!(error.unwrap_err().code().to_string(), "BF0305");
    }
    let stored = gzipped(&gzipped(&zeros));
    let error = inflate("a.gz", &stored, 4096, &DecodeOptions::default());
    let error = error.map(|text| text.len()).unwrap_err();
    assert_eq!(error.code().to_string(), "BF0306");
}

#[test]
fn text_is_converted_after_it_is_inflated() {
    let said = "{\"s\":\"é€𝄞\"}\n".repeat(50);
    let units = || "\u{feff}".encode_utf16().chain(said.encode_utf16());
    let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
    for wide in [little, big] {
        for stored in [wide.clone(), gzipped(&wide), gzipped(&zstd_of(&wide))] {
            assert_eq!(all_pieces("a", &stored).unwrap(), said.as_bytes());
        }
    }
    let with = |encoding, stored: &[u8]| {
        let options = DecodeOptions {
            encoding,
            ..DecodeOptions::default()
        };
        let whole = inflate("a", stored, stored.len(), &options).unwrap();
        for piece in [1, 2, 3, 100] {
            assert_eq!(inflate("a", stored, piece, &options).unwrap(), whole);
        }
        whole
    };
    let latin = |text: &str| text.chars().map(|letter| letter as u8).collect::<Vec<u8>>();
    let letters = "caf\u{e9} \u{ff}".repeat(300);
    let euro = [latin(&letters), vec![0x80]].concat();
    let found = with(TextEncoding::Windows1252, &euro);
    assert_eq!(found, (letters.clone() + "€").as_bytes());
    let marked = ["\u{feff}", &letters].concat();
    let found = with(TextEncoding::Windows1252, marked.as_bytes());
    assert_eq!(found, letters.as_bytes(), "its mark says UTF-8");
    let avro = b"Obj\x01\xe9\0\0\0 and more bytes than detection needs";
    assert_eq!(with(TextEncoding::Windows1252, avro), avro);
    // Half a pair, and half a character at the end.
    let halves = b"a\0\0\xd8b\0\0\xdcc\0d";
    let found = with(TextEncoding::Utf16Le, halves);
    assert_eq!(found, b"a\xffb\xffc\xff");
    let found = with(
        TextEncoding::Utf8,
        b"\xff\xfea\0 is left as it is, long enough",
    );
    assert!(found.starts_with(b"\xff\xfea\0"));
}
