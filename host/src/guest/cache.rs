//! A cache of compiled components.
//!
//! Loading machine code from a file is as safe as the file. So the folder has to belong to this user, and no other
//! user may write to it; that is checked each time. The name of a file contains the digest of the `.wasm`, the version
//! of the compiler and its settings. A file begins with the digest of its content, so that a truncated or damaged file is
//! not loaded. If any check fails, the component is compiled as without a cache.

use std::fs::{self, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::durable;

/// The bytes of the digest at the beginning of a file.
const DIGEST_BYTES: usize = blake3::OUT_LEN;

/// The file of one component for one engine.
pub(super) struct Entry {
    folder: PathBuf,
    name: String,
}

impl Entry {
    /// The entry of the `.wasm` with this digest. Creates the folder if it is missing.
    ///
    /// # Errors
    /// If the folder cannot be created, or other users may write to it.
    pub(super) fn new(folder: &Path, engine: &Engine, wasm: &blake3::Hash) -> io::Result<Entry> {
        make_private(folder)?;
        let mut hasher = EngineHasher(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = hasher.0.finalize().to_hex();
        Ok(Entry {
            folder: folder.to_owned(),
            name: format!("{}-{}.compiled", wasm.to_hex(), &engine[..32]),
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The compiled component, if the file exists and is not damaged.
    pub(super) fn load(&self, engine: &Engine) -> Option<Component> {
        let bytes = fs::read(self.path()).ok()?;
        let (digest, code) = bytes.split_at_checked(DIGEST_BYTES)?;
        if blake3::hash(code).as_bytes() != digest {
            tracing::warn!(file = %self.path().display(), "a compiled component was damaged: compiling it again");
            return None;
        }
        deserialize(engine, code)
            .inspect_err(|error| tracing::warn!(file = %self.path().display(), %error, "cannot use what was compiled"))
            .ok()
    }

    /// Stores a compiled component. The file appears complete or not at all.
    pub(super) fn store(&self, component: &Component) -> io::Result<()> {
        let code = component.serialize().map_err(io::Error::other)?;
        durable::write(&self.path(), &sealed(&code))
    }
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

    fn entry(folder: &Path) -> (Engine, Entry, Component) {
        let engine = engine(&Limits::default()).unwrap();
        let wasm = wat::parse_str(
            "(component (core module (func (export \"f\") (result i32) i32.const 7)))",
        )
        .unwrap();
        let component = Component::new(&engine, &wasm).unwrap();
        let entry = Entry::new(folder, &engine, &blake3::hash(&wasm)).unwrap();
        (engine, entry, component)
    }

    #[test]
    fn what_was_stored_is_loaded_and_nothing_lies_about() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, entry, component) = entry(&folder.path().join("cache"));
        assert!(entry.load(&engine).is_none());
        entry.store(&component).unwrap();
        entry.store(&component).unwrap();
        assert!(entry.load(&engine).is_some());
        assert_eq!(fs::read_dir(&entry.folder).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, entry, component) = entry(&folder.path().join("cache"));
        entry.store(&component).unwrap();
        let whole = fs::read(entry.path()).unwrap();
        for at in [0, DIGEST_BYTES, whole.len() / 2, whole.len() - 1] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(entry.path(), flipped).unwrap();
            assert!(entry.load(&engine).is_none(), "byte {at}");
        }
        for length in [0, 10, DIGEST_BYTES, whole.len() - 1] {
            fs::write(entry.path(), &whole[..length]).unwrap();
            assert!(entry.load(&engine).is_none(), "{length} bytes");
        }
        fs::write(entry.path(), whole).unwrap();
        assert!(entry.load(&engine).is_some());
    }

    #[test]
    fn code_that_is_not_code_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, entry, _) = entry(&folder.path().join("cache"));
        fs::write(entry.path(), sealed(b"not an ELF image")).unwrap();
        assert!(entry.load(&engine).is_none());
    }

    #[test]
    fn other_settings_have_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let (_, one, _) = entry(folder.path());
        let stack = crate::units::ByteSize::kib(256);
        let other = engine(&Limits {
            stack,
            ..Limits::default()
        })
        .unwrap();
        let wasm = blake3::hash(b"wasm");
        assert_ne!(
            one.name,
            Entry::new(folder.path(), &other, &wasm).unwrap().name
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
        let engine = engine(&Limits::default()).unwrap();
        let refused = Entry::new(folder.path(), &engine, &blake3::hash(b""))
            .err()
            .unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
