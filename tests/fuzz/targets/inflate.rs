//! Runs [`inflate`](backfold_fuzz::decode::fuzz::inflate).
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| backfold_fuzz::run(|| {
    backfold_fuzz::decode::fuzz::inflate(input)
}));
