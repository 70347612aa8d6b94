//! Random text, good and bad, against serde_json, the standard library and chrono.

use bytes::Bytes;

use super::generate;
use super::oracle::{expected, expected_of_message};
use super::outcome::{outcomes, wanted};
use super::support::*;
use crate::decode::json::Processor;
use crate::decode::{DecodeOptions, Decoding};
use crate::source::{Chunk, Message, Messages};

const ROUNDS: usize = 300;

fn decoding(batch_rows: usize, block_bytes: usize, processor: Processor) -> Decoding {
    let options = DecodeOptions {
        batch_rows: batch_rows as u32,
        ..DecodeOptions::default()
    };
    Decoding::with(wanted(), &options, block_bytes, processor).unwrap()
}

/// Decodings that walk whatever comes, and remember what they learned from text to text.
fn keen_decodings() -> Vec<Decoding> {
    let mut decodings = Vec::new();
    for processor in Processor::all() {
        for block_bytes in [100, 4_000, 1 << 18] {
            let mut decoding = decoding(50, block_bytes, processor);
            decoding.parser().walk_always();
            decodings.push(decoding);
        }
    }
    decodings
}

#[test]
fn objects_are_read_as_serde_json_reads_them_however_they_are_cut() {
    for seed in seeds() {
        println!("BACKFOLD_TEST_SEED={seed}");
        let mut rng = Rng(seed);
        let mut decodings = keen_decodings();
        let (mut events, mut rejected, mut truncated) = (0, 0, 0);
        for round in 0..ROUNDS {
            let text = generate::text(&mut rng);
            let Some(expected) = expected(&text) else {
                truncated += 1;
                read_truncated(&mut rng, &text);
                continue;
            };
            let block_bytes = 64 + rng.below(10_000);
            let fresh = decoding(1 + rng.below(50), block_bytes, Processor::detect());
            decodings.push(fresh);
            let mut reasons = None;
            for decoding in &mut decodings {
                let chunks = object_chunks("a", &text, 1 + rng.below(300));
                let decoded = run(decoding, chunks).unwrap();
                for (found, expected) in outcomes(&decoded).iter().zip(&expected) {
                    let text = String::from_utf8_lossy(&text);
                    assert_eq!(found, expected, "seed {seed}, round {round}\n{text}");
                }
                assert_eq!(decoded.counts.records as usize, expected.len());
                assert_eq!(decoded.counts.decoded_bytes as usize, text.len());
                let reasons = reasons.get_or_insert_with(|| decoded.reasons());
                assert_eq!(*reasons, decoded.reasons(), "seed {seed}, round {round}");
                events += decoded.counts.events;
                rejected += decoded.counts.rejected;
            }
            decodings.pop();
        }
        let walked: u64 = decodings
            .iter_mut()
            .map(|decoding| decoding.parser().walked())
            .sum();
        println!("{events} events, {rejected} rejected, {walked} walked, {truncated} truncated");
        assert!(events > 10_000 && rejected > 5_000 && walked > 5_000 && truncated > 0);
    }
}

/// Reads an object that ends within an array, which is an error however it is cut.
fn read_truncated(rng: &mut Rng, text: &[u8]) {
    for block_bytes in [100, 4_000] {
        let mut decoding = decoding(50, block_bytes, Processor::detect());
        let chunks = object_chunks("a", text, 1 + rng.below(300));
        let error = run(&mut decoding, chunks).unwrap_err().to_string();
        let text = String::from_utf8_lossy(text);
        assert!(
            error.contains("ends in the middle of its JSON data"),
            "{error}\n{text}"
        );
    }
}

#[test]
fn messages_are_read_as_serde_json_reads_them() {
    for seed in seeds() {
        println!("BACKFOLD_TEST_SEED={seed}");
        let mut rng = Rng(seed);
        let mut decodings = keen_decodings();
        for round in 0..ROUNDS {
            let texts = (0..1 + rng.below(20)).map(|_| generate::message(&mut rng));
            let texts: Vec<_> = texts.collect();
            for decoding in &mut decodings {
                let message = |(offset, text): (usize, &Vec<u8>)| Message {
                    offset: offset as i64,
                    time_us: None,
                    key: None,
                    headers: Vec::new(),
                    value: Some(Bytes::copy_from_slice(text)),
                };
                let messages =
                    Messages::new("t".into(), Some(0), texts.iter().enumerate().map(message));
                let decoded = run(decoding, [Chunk::Messages(messages)]).unwrap();
                let outcomes = outcomes(&decoded);
                assert_eq!(outcomes.len(), texts.len());
                for (found, text) in outcomes.iter().zip(&texts) {
                    let expected = expected_of_message(text);
                    let text = String::from_utf8_lossy(text);
                    let reasons = decoded.reasons();
                    assert_eq!(
                        found.3, expected,
                        "seed {seed}, round {round}\n{text}\n{reasons}"
                    );
                }
            }
        }
        let walked: u64 = decodings
            .iter_mut()
            .map(|decoding| decoding.parser().walked())
            .sum();
        assert!(walked > 1_000, "{walked} walked");
    }
}
