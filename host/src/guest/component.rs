//! Loading a component: from a file to compiled code that all instances share.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::{Component as Compiled, Linker};

use super::bindings::ReplayablePre;
use super::cache::Entry;
use super::calls::Calls;
use super::inspect::Outside;
use super::sandbox::Sandbox;
use super::text::printable;
use super::{GuestError, Limits, engine};
use crate::units::ByteSize;

/// A component, compiled and ready to be opened any number of times, on any thread. Cheap to clone.
#[derive(Clone)]
pub struct Component(Arc<Loaded>);

struct Loaded {
    path: PathBuf,
    name: String,
    digest: blake3::Hash,
    imports: Vec<String>,
    limits: Limits,
    engine: Engine,
    pre: ReplayablePre<Sandbox>,
    calls: Calls,
}

impl Component {
    /// Reads, checks and compiles the component at `path`. Compiled code is kept in the folder `cache`, which should hold
    /// nothing else; if the folder is not safe or not usable, a warning says why, and the component is compiled.
    ///
    /// # Errors
    /// If the file cannot be read, is too large, is no component, is one of another world, has a forbidden import, or
    /// takes too much time or memory to compile. In the last case the compiler goes on in its thread, since it cannot
    /// be stopped.
    pub fn load(
        path: &Path,
        limits: &Limits,
        cache: Option<&Path>,
    ) -> Result<Component, GuestError> {
        let wasm = read(path, limits.component)?;
        let here = || path.to_owned();
        let outside = Outside::of(&wasm).map_err(|what| GuestError::NotAComponent {
            path: here(),
            what: printable(&what, 500),
        })?;
        let forbidden = outside.forbidden();
        if !forbidden.is_empty() {
            let imports = forbidden
                .iter()
                .take(20)
                .map(|name| printable(name, 200))
                .collect();
            return Err(GuestError::ForbiddenImport {
                path: here(),
                imports,
            });
        }
        let missing = outside.missing();
        if !missing.is_empty() {
            let what = format!("it does not export {}", missing.join(" and "));
            return Err(GuestError::WrongWorld { path: here(), what });
        }

        let digest = blake3::hash(&wasm);
        let engine = engine::engine(limits)?;
        let compiled = compiled(path, wasm, &digest, &engine, limits, cache)?;

        let mut linker = Linker::new(&engine);
        Sandbox::add_wasi(&mut linker).map_err(|error| GuestError::Engine {
            message: format!("{error:#}"),
        })?;
        let pre = linker
            .instantiate_pre(&compiled)
            .and_then(ReplayablePre::new)
            .map_err(|error| GuestError::WrongWorld {
                path: here(),
                what: printable(&format!("{error:#}"), 1_000),
            })?;
        let name = path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let limits = limits.clone();
        Ok(Component(Arc::new(Loaded {
            path: here(),
            name,
            digest,
            imports: outside.imports,
            limits,
            engine,
            pre,
            calls: Calls::new(),
        })))
    }

    /// The BLAKE3 digest of the `.wasm`, in hexadecimal.
    pub fn digest(&self) -> String {
        self.0.digest.to_hex().to_string()
    }

    /// The imports, in the order of the file.
    pub fn imports(&self) -> &[String] {
        &self.0.imports
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The limits of its instances.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Waits until a call of one of its instances takes longer than [`Limits::call_time`], and returns the error. The
    /// call goes on in its thread, since it cannot be stopped.
    pub async fn over_time(&self) -> GuestError {
        let limit = self.limits().call_time;
        let look_every = (limit / 8).clamp(Duration::from_millis(1), Duration::from_secs(1));
        loop {
            tokio::time::sleep(look_every).await;
            if let Some(error) = self.0.calls.overdue(limit) {
                return error;
            }
        }
    }

    pub(super) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    /// A short name for the log.
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(super) fn pre(&self) -> &ReplayablePre<Sandbox> {
        &self.0.pre
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("path", &self.0.path)
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

/// Reads a file of at most `limit` bytes. A longer file is an error.
fn read(path: &Path, limit: ByteSize) -> Result<Vec<u8>, GuestError> {
    let failed = |source| GuestError::Read {
        path: path.to_owned(),
        source,
    };
    let too_large = |size| GuestError::TooLarge {
        path: path.to_owned(),
        size: ByteSize(size),
        limit,
    };
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > limit.0 {
        return Err(too_large(size));
    }
    let mut wasm = Vec::with_capacity(ByteSize(size).bytes());
    // The file may grow while it is read, and a pipe has no size.
    file.take(limit.0.saturating_add(1))
        .read_to_end(&mut wasm)
        .map_err(failed)?;
    if wasm.len() as u64 > limit.0 {
        return Err(too_large(wasm.len() as u64));
    }
    Ok(wasm)
}

/// Loads a component from the cache, or compiles it.
fn compiled(
    path: &Path,
    wasm: Vec<u8>,
    digest: &blake3::Hash,
    engine: &Engine,
    limits: &Limits,
    cache: Option<&Path>,
) -> Result<Compiled, GuestError> {
    let entry = cache.and_then(|folder| {
        let unusable = |error: &_| tracing::warn!(folder = %folder.display(), %error, "compiled components are not kept");
        Entry::new(folder, engine, digest).inspect_err(unusable).ok()
    });
    if let Some(found) = entry.as_ref().and_then(|entry| entry.load(engine)) {
        return Ok(found);
    }
    let started = Instant::now();
    let compiled = compile(path, wasm, engine, limits)?;
    tracing::debug!(component = %path.display(), took = ?started.elapsed(), "compiled");
    if let Some(entry) = entry
        && let Err(error) = entry.store(&compiled)
    {
        tracing::warn!(%error, "could not keep the compiled component");
    }
    Ok(compiled)
}

/// The interval at which the memory of the compiler is measured.
const LOOK_EVERY: Duration = Duration::from_millis(20);

fn compile(
    path: &Path,
    wasm: Vec<u8>,
    engine: &Engine,
    limits: &Limits,
) -> Result<Compiled, GuestError> {
    let (done, wait) = mpsc::sync_channel(1);
    let engine = engine.clone();
    let here = || path.to_owned();
    let failed = |message| GuestError::Compile {
        path: here(),
        message,
    };
    let (began, before) = (Instant::now(), resident_bytes());
    std::thread::Builder::new()
        .name("compile".into())
        .stack_size(8 << 20)
        .spawn(move || {
            // The receiver is gone if compiling took too long.
            let _ = done.send(Compiled::new(&engine, &wasm));
        })
        .map_err(|error| failed(error.to_string()))?;
    loop {
        let left = limits.compile_time.saturating_sub(began.elapsed());
        match wait.recv_timeout(left.min(LOOK_EVERY)) {
            Ok(Ok(compiled)) => return Ok(compiled),
            Ok(Err(error)) => return Err(failed(printable(&format!("{error:#}"), 1_000))),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(failed("the compiler panicked".into()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if began.elapsed() >= limits.compile_time {
            return Err(GuestError::CompileTimeout {
                path: here(),
                limit: limits.compile_time,
            });
        }
        if resident_bytes().saturating_sub(before) > limits.compile_memory.0 {
            return Err(GuestError::CompileMemory {
                path: here(),
                limit: limits.compile_memory,
            });
        }
    }
}

/// The resident memory of this process in bytes; 0 if the system does not tell it.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
