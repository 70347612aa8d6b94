//! The settings of wasmtime.

use wasmtime::{Config, Engine, Inlining, OptLevel, Strategy};

use super::{GuestError, Limits};

/// The most bytes of code that are compiled with inlining. Inlining keeps all functions in memory while it compiles, which
/// takes gibibytes for an interpreter of a few megabytes, and gains only small components anything.
const MOST_INLINED_CODE_BYTES: u64 = 1 << 20;

/// An engine for one component, which has this many bytes of code.
pub(super) fn engine(limits: &Limits, code_bytes: u64) -> Result<Engine, GuestError> {
    Engine::new(&config(limits, code_bytes)).map_err(|error| GuestError::Engine {
        message: format!("{error:#}"),
    })
}

fn config(limits: &Limits, code_bytes: u64) -> Config {
    let inlining = match code_bytes <= MOST_INLINED_CODE_BYTES {
        true => Inlining::Yes,
        false => Inlining::No,
    };
    let mut config = Config::new();
    config
        // Winch has had the worse advisories, and no epochs or relaxed SIMD.
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .compiler_inlining(inlining)
        // Endless loops end, at the same instruction on every machine.
        .consume_fuel(true)
        // The same bits on every machine. Threads and component-model async are not even compiled in.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        // Halves the cost of a call.
        .concurrency_support(false)
        .max_wasm_stack(limits.stack_bytes());
    config
}
