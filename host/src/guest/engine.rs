//! The settings of wasmtime.

use wasmtime::{Config, Engine, Inlining, OptLevel, Strategy};

use super::{GuestError, Limits};

/// An engine for one component.
pub(super) fn engine(limits: &Limits) -> Result<Engine, GuestError> {
    Engine::new(&config(limits)).map_err(|error| GuestError::Engine {
        message: format!("{error:#}"),
    })
}

fn config(limits: &Limits) -> Config {
    let mut config = Config::new();
    config
        // Winch has had the worse advisories, and no epochs or relaxed SIMD.
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        // Takes 2 to 6 % of the time of a fold.
        .compiler_inlining(Inlining::Yes)
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
