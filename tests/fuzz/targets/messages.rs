//! Runs [`MessageTarget`]; decoders learn from input to input.
#![no_main]

use std::cell::RefCell;

use backfold_fuzz::decode::fuzz::MessageTarget;

thread_local! {
    static TARGET: RefCell<MessageTarget> = RefCell::default();
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    backfold_fuzz::run(|| TARGET.with_borrow_mut(|target| target.run(input)));
});
