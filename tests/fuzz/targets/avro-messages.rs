//! Runs [`avro_messages`](backfold_fuzz::decode::fuzz::avro_messages).
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| backfold_fuzz::run(|| {
    backfold_fuzz::decode::fuzz::avro_messages(input)
}));
