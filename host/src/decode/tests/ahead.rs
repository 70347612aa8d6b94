//! Inflated ahead or by the decoder: the same comes out.

use super::support::*;
use crate::decode::inflate::support::gzipped;
use crate::decode::{DecodeError, DecodeOptions, Decoding, Inflating};
use crate::error::Coded;
use crate::schema::Kind;
use crate::source::Chunk;
use crate::units::ByteSize;

fn decoding() -> Decoding {
    let inputs = vec![input("n", Kind::Int64)];
    Decoding::new(projection(inputs), &DecodeOptions::default()).unwrap()
}

fn run_ahead(chunks: Vec<Chunk>, options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    let (mut inflating, mut decoding) = (Inflating::new(options), decoding());
    let mut decoded = Decoded::default();
    for chunk in chunks {
        let mut inflated = Vec::new();
        inflating.push(chunk, |chunk| {
            inflated.push(chunk);
            true
        })?;
        for chunk in inflated {
            decoding.push(chunk)?;
            decoded.drain(&mut decoding)?;
        }
    }
    decoded.finish(&mut decoding)
}

/// Records over more than two blocks, one of them broken.
fn text() -> Vec<u8> {
    let mut text: Vec<u8> = (0..60_000)
        .flat_map(|n| format!("{{\"n\":{n}}}\n").into_bytes())
        .collect();
    text.extend_from_slice(b"garbage\n");
    text
}

#[test]
fn the_same_comes_out() {
    let text = text();
    let exact = &text[..2 * crate::decode::block::BLOCK_BYTES];
    for (key, stored) in [
        ("a.json", text.clone()),
        ("a.json", Vec::new()),
        ("a.json", exact.to_vec()),
        ("a.gz", gzipped(exact)),
        ("a.gz", gzipped(b"")),
        ("a.gz", [gzipped(&text), gzipped(&text)].concat()),
        ("a.zst", zstd::encode_all(&text[..], 1).unwrap()),
        // What is inflated is text, whatever it looks like.
        ("a.gz", gzipped(&gzipped(&text))),
    ] {
        for piece in [1000, 1 << 20] {
            let mut chunks = object_chunks(key, &stored, piece);
            chunks.extend(object_chunks("b.json", b"{\"n\":1}", piece));
            let direct = run(&mut decoding(), chunks.clone()).unwrap();
            let ahead = run_ahead(chunks, &DecodeOptions::default()).unwrap();
            assert!(direct.rows == ahead.rows, "{key} in pieces of {piece}");
            assert_eq!(direct.rejected, ahead.rejected);
            assert_eq!(direct.counts, ahead.counts);
        }
    }
}

#[test]
fn what_is_wrong_is_said_ahead() {
    let stored = gzipped(&text());
    let cut = &stored[..stored.len() - 1];
    let options = DecodeOptions::default();
    for (key, stored) in [("a.gz", cut), ("a.zst", &stored), ("a.gz", b"")] {
        let chunks = object_chunks(key, stored, 1000);
        let direct = run(&mut decoding(), chunks.clone())
            .map(|_| ())
            .unwrap_err();
        let ahead = run_ahead(chunks, &options).map(|_| ()).unwrap_err();
        assert_eq!(direct.to_string(), ahead.to_string());
    }
    let options = DecodeOptions {
        max_object: ByteSize::kib(300),
        ..options
    };
    let chunks = object_chunks("a.gz", &stored, 1000);
    let error = run_ahead(chunks, &options).map(|_| ()).unwrap_err();
    assert_eq!(error.code().to_string(), "BF0305");
}

#[test]
fn nothing_is_inflated_once_nobody_wants_it() {
    let mut inflating = Inflating::new(&DecodeOptions::default());
    let mut given = 0;
    for chunk in object_chunks("a.gz", &gzipped(&text()), 1 << 20) {
        let wanted = inflating.push(chunk, |_| {
            given += 1;
            given < 2
        });
        if !wanted.unwrap() {
            break;
        }
    }
    assert_eq!(given, 2, "the object and its first block");
}
