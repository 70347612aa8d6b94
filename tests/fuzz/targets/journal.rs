//! Runs [`journal`](backfold_fuzz::workdir::journal).
#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: &[u8]| backfold_fuzz::run(|| backfold_fuzz::workdir::journal(input))
);
