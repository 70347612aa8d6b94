//! Compiling a component within limits.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::Engine;
use wasmtime::component::Component as Compiled;

use super::details::Details;
use super::remedy::{Trouble, remedy};
use super::text::printable;
use super::{GuestError, Language, Limits};

/// The interval at which the time and the memory of the compiler are measured.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Compiles a component in a thread, with the help of others. Its time is the CPU time of this process, so that it is the
/// same on a machine that others use as well.
///
/// # Errors
/// If the compiler refuses the component, or takes more time or memory than the limits. In the last case the compiler goes
/// on in its threads, since it cannot be stopped.
pub(super) fn compile(
    path: &Path,
    wasm: Vec<u8>,
    language: Language,
    engine: &Engine,
    limits: &Limits,
) -> Result<Compiled, GuestError> {
    let details = |trouble| Details::new(Vec::new(), remedy(trouble, language));
    let failed = |message| GuestError::Compile {
        path: path.to_owned(),
        message,
        details: details(Trouble::Refused),
    };
    let (done, wait) = mpsc::sync_channel(1);
    let engine = engine.clone();
    let (began, before) = (cpu_time(), resident_bytes());
    std::thread::Builder::new()
        .name("compile".into())
        .stack_size(8 << 20)
        .spawn(move || {
            // The receiver is gone if compiling took too much.
            let _ = done.send(Compiled::new(&engine, &wasm));
        })
        .map_err(|error| failed(error.to_string()))?;
    loop {
        match wait.recv_timeout(LOOK_EVERY) {
            Ok(Ok(compiled)) => return Ok(compiled),
            Ok(Err(error)) => return Err(failed(printable(&format!("{error:#}"), 1_000))),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(failed("the compiler panicked".into()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if cpu_time().saturating_sub(began) >= limits.compile_time {
            return Err(GuestError::CompileTimeout {
                path: path.to_owned(),
                limit: limits.compile_time,
                details: details(Trouble::Compiling),
            });
        }
        if resident_bytes().saturating_sub(before) > limits.compile_memory.0 {
            return Err(GuestError::CompileMemory {
                path: path.to_owned(),
                limit: limits.compile_memory,
                details: details(Trouble::Compiling),
            });
        }
    }
}

/// The CPU time of all threads of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The resident memory of this process in bytes; 0 if the system does not tell it.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_where_it_is_spent_and_not_where_it_passes() {
        let before = cpu_time();
        let worker = std::thread::spawn(|| {
            let began = std::time::Instant::now();
            let mut sum = 0_u64;
            while began.elapsed() < Duration::from_millis(300) {
                sum = std::hint::black_box(sum.wrapping_add(1));
            }
        });
        worker.join().unwrap();
        assert!(cpu_time() > before, "a thread that ended counts");
    }
}
