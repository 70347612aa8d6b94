//! Loading a component: from a file to compiled code that all instances share.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Linker;

use super::bindings::ReplayablePre;
use super::cache::Cache;
use super::calls::Calls;
use super::compile::compile;
use super::details::Details;
use super::inspect::Outside;
use super::remedy::{Trouble, remedy};
use super::sandbox::Sandbox;
use super::text::printable;
use super::{GuestError, Language, Limits, engine};
use crate::units::ByteSize;

/// The name of the component that is part of backfold. Where a path of a component is taken, it stands for that one; a file
/// of this name is `./aggregate`.
pub const AGGREGATE: &str = "aggregate";

/// Made of `guest-sdk/aggregate` by its script `rebuild`.
static AGGREGATE_WASM: &[u8] = include_bytes!("aggregate.wasm");

/// A component, compiled and ready to be opened any number of times, on any thread. Cheap to clone.
#[derive(Clone)]
pub struct Component(Arc<Loaded>);

struct Loaded {
    path: PathBuf,
    name: String,
    digest: blake3::Hash,
    imports: Vec<String>,
    language: Language,
    limits: Limits,
    engine: Engine,
    pre: ReplayablePre<Sandbox>,
    calls: Calls,
}

impl Component {
    /// Reads, checks and compiles the component at `path`, or the one called [`AGGREGATE`]. Compiled code is kept in `cache`.
    ///
    /// # Errors
    /// If the file cannot be read, is too large, is no component, is one of another world, has a forbidden import, or
    /// takes too much time or memory to compile. In the last case the compiler goes on in its thread, since it cannot
    /// be stopped.
    pub fn load(
        path: &Path,
        limits: &Limits,
        cache: Option<&Cache>,
    ) -> Result<Component, GuestError> {
        Component::load_watched(path, limits, cache, &mut |_| {})
    }

    /// As [`load`](Component::load). Before it compiles the component, it calls `compiles` with `true`, and afterwards with
    /// `false`.
    ///
    /// # Errors
    /// As for that function.
    pub fn load_watched(
        path: &Path,
        limits: &Limits,
        cache: Option<&Cache>,
        compiles: &mut dyn FnMut(bool),
    ) -> Result<Component, GuestError> {
        let wasm = read_wasm(path, limits.component)?;
        let outside = looked_at(path, &wasm)?;
        let digest = blake3::hash(&wasm);
        let engine = engine::engine(limits, outside.code_bytes)?;
        let entry = cache.map(|cache| cache.entry(&engine, &digest));
        let kept = entry.as_ref().and_then(|entry| entry.load(&engine));
        let compiled = match kept {
            Some(compiled) => compiled,
            None => {
                let began = Instant::now();
                compiles(true);
                let compiled = compile(path, wasm, outside.language, &engine, limits);
                compiles(false);
                let compiled = compiled?;
                tracing::debug!(component = %path.display(), took = ?began.elapsed(), "compiled");
                if let Some(entry) = entry {
                    entry.store(&compiled);
                }
                compiled
            }
        };

        let mut linker = Linker::new(&engine);
        Sandbox::add_wasi(&mut linker).map_err(|error| GuestError::Engine {
            message: format!("{error:#}"),
        })?;
        let pre = linker
            .instantiate_pre(&compiled)
            .and_then(ReplayablePre::new)
            .map_err(|error| GuestError::WrongWorld {
                path: path.to_owned(),
                what: printable(&format!("{error:#}"), 1_000),
            })?;
        let name = path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let limits = limits.clone();
        Ok(Component(Arc::new(Loaded {
            path: path.to_owned(),
            name,
            digest,
            imports: outside.imports,
            language: outside.language,
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

    /// The language that it is written in.
    pub fn language(&self) -> Language {
        self.0.language
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

/// Checks the imports and exports of a file, before it is compiled.
fn looked_at(path: &Path, wasm: &[u8]) -> Result<Outside, GuestError> {
    let here = || path.to_owned();
    let details = |trouble, language| Details::new(Vec::new(), remedy(trouble, language));
    let outside = Outside::of(wasm).map_err(|no| GuestError::NotAComponent {
        path: here(),
        what: printable(&no.what, 500),
        details: no
            .core_module_of
            .and_then(|language| details(Trouble::CoreModule, language)),
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
            details: details(Trouble::Imports(&forbidden), outside.language),
            imports,
        });
    }
    let missing = outside.missing();
    if !missing.is_empty() {
        let what = format!("it does not export {}", missing.join(" and "));
        return Err(GuestError::WrongWorld { path: here(), what });
    }
    Ok(outside)
}

/// Reads a file of at most `limit` bytes, or the component that is part of backfold. A longer file is an error.
pub(crate) fn read_wasm(path: &Path, limit: ByteSize) -> Result<Vec<u8>, GuestError> {
    let failed = |source| GuestError::Read {
        path: path.to_owned(),
        source,
    };
    let too_large = |size| GuestError::TooLarge {
        path: path.to_owned(),
        size: ByteSize(size),
        limit,
    };
    if path == Path::new(AGGREGATE) {
        return match AGGREGATE_WASM.len() as u64 {
            size if size > limit.0 => Err(too_large(size)),
            _ => Ok(AGGREGATE_WASM.to_vec()),
        };
    }
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
