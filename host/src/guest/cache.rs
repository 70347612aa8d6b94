//! A cache of compiled components.
//!
//! Loading machine code from a file is as safe as the file. So the folder has to belong to this user, and no other
//! user may write to it; that is checked each time. The name of a file contains the digest of the `.wasm`, the version
//! of the compiler and its settings. A file begins with the digest of its content, so that a truncated or damaged file is
//! not loaded. If any check fails, the component is compiled as without a cache.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::durable;

/// The bytes of the digest at the beginning of a file.
const DIGEST_BYTES: usize = blake3::OUT_LEN;

/// The end of the names of files.
const EXTENSION: &str = "compiled";

/// The most bytes that a folder keeps: about 25 Python components, or thousands in Rust.
const MOST_BYTES: u64 = 1 << 30;

/// The folders in which compiled components are kept. They should hold nothing else.
///
/// If a folder is not safe or not usable, a warning says why, and components are compiled. A folder keeps at most 1 GiB: those
/// components go that have not been used for the longest time.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    others: Vec<PathBuf>,
}

impl Cache {
    /// A cache in this folder, which is created if it is missing.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Cache {
            folder: folder.into(),
            others: Vec::new(),
        }
    }

    /// The cache of this user: `backfold/components` in `XDG_CACHE_HOME`, or in `~/.cache`. `None` if the environment names
    /// no such folder.
    pub fn of_user() -> Option<Self> {
        let folder = |name| {
            let folder = std::env::var_os(name).map(PathBuf::from)?;
            folder.is_absolute().then_some(folder)
        };
        let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        Some(Cache::new(caches?.join("backfold/components")))
    }

    /// The same cache, which also takes components from the folder of `other`, and keeps what it takes.
    #[must_use]
    pub fn also_from(mut self, other: Option<Cache>) -> Self {
        self.others.extend(other.map(|other| other.folder));
        self
    }

    /// The entry of the `.wasm` with this digest.
    pub(super) fn entry(&self, engine: &Engine, wasm: &blake3::Hash) -> Entry {
        let mut hasher = EngineHasher(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = hasher.0.finalize().to_hex();
        let name = format!("{}-{}.{EXTENSION}", wasm.to_hex(), &engine[..32]);
        let own = make_private(&self.folder).map(|()| self.folder.join(&name));
        let own = own.inspect_err(|error| {
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "compiled components are not kept");
        });
        let others = self.others.iter().filter(|folder| is_private(folder));
        Entry {
            own: own.ok(),
            others: others.map(|folder| folder.join(&name)).collect(),
        }
    }
}

/// The files of one component for one engine.
pub(super) struct Entry {
    /// The file in the folder of the cache; `None` if that folder is not usable.
    own: Option<PathBuf>,
    /// The files in other folders.
    others: Vec<PathBuf>,
}

impl Entry {
    /// The compiled component, if a file exists and is not damaged.
    pub(super) fn load(&self, engine: &Engine) -> Option<Component> {
        let own = self.own.as_ref();
        if let Some((_, component)) = own.and_then(|path| load(path, engine)) {
            return Some(component);
        }
        let (bytes, component) = self.others.iter().find_map(|path| load(path, engine))?;
        self.keep(&bytes);
        Some(component)
    }

    /// Stores a compiled component, or warns. The file appears complete or not at all.
    pub(super) fn store(&self, component: &Component) {
        match component.serialize() {
            Ok(code) => self.keep(&sealed(&code)),
            Err(error) => tracing::warn!(%error, "could not keep the compiled component"),
        }
    }

    fn keep(&self, bytes: &[u8]) {
        let Some(path) = &self.own else {
            return;
        };
        let kept = durable::write(path, bytes).and_then(|()| prune(path, MOST_BYTES));
        if let Err(error) = kept {
            tracing::warn!(%error, "could not keep the compiled component");
        }
    }
}

/// The content of a file, and the component in it.
fn load(path: &Path, engine: &Engine) -> Option<(Vec<u8>, Component)> {
    let bytes = fs::read(path).ok()?;
    let (digest, code) = bytes.split_at_checked(DIGEST_BYTES)?;
    if blake3::hash(code).as_bytes() != digest {
        tracing::warn!(file = %path.display(), "a compiled component was damaged: compiling it again");
        return None;
    }
    let component = deserialize(engine, code)
        .inspect_err(
            |error| tracing::warn!(file = %path.display(), %error, "cannot use what was compiled"),
        )
        .ok()?;
    // It is now the one that was used last. Where that cannot be noted, it goes a little earlier.
    let _ = File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(SystemTime::now()));
    Some((bytes, component))
}

/// Removes the files that have not been used for the longest time, until the folder of `newest` has at most `most` bytes.
/// `newest` itself stays. Also removes what writers left that were killed.
fn prune(newest: &Path, most: u64) -> io::Result<()> {
    let folder = newest.parent().unwrap_or(newest);
    durable::remove_parts(folder)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Another process may remove the same files.
        if path.extension().is_some_and(|end| end == EXTENSION)
            && let Ok(found) = path.metadata()
        {
            files.push((path != newest, found.modified()?, found.len(), path));
        }
    }
    files.sort_by(|one, other| (one.0, other.1).cmp(&(other.0, one.1)));
    let mut bytes = 0;
    for (is_older, _, length, path) in files {
        bytes += length;
        if is_older && bytes > most {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Checks the digest, and loads the code after it.
fn sealed(code: &[u8]) -> Vec<u8> {
    [blake3::hash(code).as_bytes(), code].concat()
}

#[expect(unsafe_code, reason = "machine code out of a file: see the invariant")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` is what `Component::serialize` gave: its digest, written with it, matches, and it comes
    // from a folder that only this user can write to (`make_private`). Whether it was made by the same
    // wasmtime with the same settings, wasmtime checks itself.
    unsafe { Component::deserialize(engine, code) }
}

/// A hasher on BLAKE3, whose results do not depend on the version of Rust.
struct EngineHasher(blake3::Hasher);

impl Hasher for EngineHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut first = [0; 8];
        self.0.finalize_xof().fill(&mut first);
        u64::from_le_bytes(first)
    }
}

/// Whether `folder` is there, and no other user may write to it.
fn is_private(folder: &Path) -> bool {
    folder.is_dir() && make_private(folder).is_ok()
}

/// Creates `folder` for this user alone, or checks that no other user may write to it.
#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let found = fs::symlink_metadata(folder)?;
    // The standard library does not give the ID of this user; the owner of a new file does.
    let probe = folder.join(format!("{}.tmp", ulid::Ulid::new()));
    let owner = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)?
        .metadata()?
        .uid();
    fs::remove_file(&probe)?;
    let problem = if !found.is_dir() {
        "it is not a folder"
    } else if found.uid() != owner {
        "it belongs to another user"
    } else if found.mode() & 0o022 != 0 {
        "others may write to it: `chmod go-w` it"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, problem))
}

/// On other systems, the users who may write to a folder are not known.
#[cfg(not(unix))]
fn make_private(_: &Path) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "compiled components are kept on Unix only",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{Limits, engine::engine};

    fn path(entry: &Entry) -> &Path {
        entry.own.as_deref().unwrap()
    }

    fn compiled() -> (Engine, Component, blake3::Hash) {
        let engine = engine(&Limits::default(), 0).unwrap();
        let wasm = wat::parse_str(
            "(component (core module (func (export \"f\") (result i32) i32.const 7)))",
        )
        .unwrap();
        let component = Component::new(&engine, &wasm).unwrap();
        (engine, component, blake3::hash(&wasm))
    }

    fn entry(folder: &Path) -> (Engine, Entry, Component) {
        let (engine, component, digest) = compiled();
        let entry = Cache::new(folder).entry(&engine, &digest);
        (engine, entry, component)
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_was_stored_is_loaded_and_nothing_lies_about() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        let (engine, entry, component) = entry(&cache);
        assert!(entry.load(&engine).is_none());
        entry.store(&component);
        entry.store(&component);
        assert!(entry.load(&engine).is_some());
        assert_eq!(files(&cache), 1);
    }

    #[test]
    fn a_damaged_file_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, entry, component) = entry(&folder.path().join("cache"));
        entry.store(&component);
        let whole = fs::read(path(&entry)).unwrap();
        for at in [0, DIGEST_BYTES, whole.len() / 2, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(path(&entry), flipped).unwrap();
            assert!(entry.load(&engine).is_none(), "byte {at}");
        }
        for length in [0, 10, DIGEST_BYTES, whole.len() - 1] {
            fs::write(path(&entry), &whole[..length]).unwrap();
            assert!(entry.load(&engine).is_none(), "{length} bytes");
        }
        fs::write(path(&entry), whole).unwrap();
        assert!(entry.load(&engine).is_some());
    }

    #[test]
    fn code_that_is_not_code_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, entry, _) = entry(&folder.path().join("cache"));
        fs::write(path(&entry), sealed(b"not an ELF image")).unwrap();
        assert!(entry.load(&engine).is_none());
    }

    #[test]
    fn other_settings_have_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let limits = Limits::default();
        let wasm = blake3::hash(b"wasm");
        let [one, inlined, other] = [0, 1, u64::MAX].map(|code_bytes| {
            let engine = engine(&limits, code_bytes).unwrap();
            path(&cache.entry(&engine, &wasm)).to_owned()
        });
        assert_eq!(one, inlined);
        assert_ne!(one, other);
    }

    #[test]
    fn what_another_folder_has_is_taken_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (folder.path().join("own"), folder.path().join("other"));
        let (engine, component, digest) = compiled();
        let cache = Cache::new(&own).also_from(Some(Cache::new(&other)));
        assert!(cache.entry(&engine, &digest).load(&engine).is_none());
        assert!(!other.exists(), "it is not created");
        Cache::new(&other).entry(&engine, &digest).store(&component);
        assert!(cache.entry(&engine, &digest).load(&engine).is_some());
        assert_eq!(files(&own), 1);
        fs::remove_dir_all(&other).unwrap();
        assert!(cache.entry(&engine, &digest).load(&engine).is_some());
    }

    #[test]
    fn those_that_were_not_used_for_the_longest_time_go() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let at = |name: &str| folder.path().join(name);
        for (name, age_s) in [("a", 30), ("b", 10), ("c", 20), ("new", 40)] {
            let path = at(&format!("{name}.{EXTENSION}"));
            fs::write(&path, [0; 100]).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            let used = now - std::time::Duration::from_secs(age_s);
            file.set_modified(used).unwrap();
        }
        fs::write(at("other"), [0; 1_000]).unwrap();
        prune(&at("new.compiled"), 300).unwrap();
        assert!(!at("a.compiled").exists());
        assert_eq!(files(folder.path()), 4);
        prune(&at("new.compiled"), 1).unwrap();
        assert!(at("new.compiled").exists() && at("other").exists());
        assert_eq!(files(folder.path()), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let refused = make_private(folder.path()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        let engine = engine(&Limits::default(), 0).unwrap();
        let cache = Cache::new(folder.path());
        assert!(cache.entry(&engine, &blake3::hash(b"")).own.is_none());
        assert_eq!(files(folder.path()), 0);
    }
}
