//! What a configured path means: a folder, a file, or a pattern of files below a folder.

use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::source::SourceError;

/// A folder, and which of the files below it belong to the archive.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The folder that keys begin below.
    pub(super) root: PathBuf,
    /// The files meant.
    pub(super) pick: Pick,
}

/// Which files below a folder belong to the archive.
#[derive(Clone, Debug)]
pub(super) enum Pick {
    /// All of them.
    Everything,
    /// The one of this name.
    One(String),
    /// Those whose key matches.
    Matching {
        /// Matched against keys.
        glob: GlobMatcher,
        /// How many folders and names a matching key has at most, where the pattern tells.
        depth: Option<usize>,
    },
}

impl Place {
    /// Takes `path` as it is if it exists, and as a pattern otherwise.
    pub(super) fn of(path: &Path) -> Result<Self, SourceError> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Place {
                root: path.to_owned(),
                pick: Pick::Everything,
            }),
            Ok(found) if found.is_file() => one(path),
            Ok(_) => Err(no_such_path(path)),
            Err(error) if is_missing(&error) => pattern(path),
            Err(error) => Err(SourceError::io(path, error)),
        }
    }
}

impl Pick {
    /// Whether the file of this key is meant.
    pub(super) fn wants(&self, key: &str) -> bool {
        match self {
            Pick::Everything => true,
            Pick::One(name) => name == key,
            Pick::Matching { glob, .. } => glob.is_match(key),
        }
    }

    /// How many folders and names a key has at most.
    pub(super) fn depth(&self) -> usize {
        match self {
            Pick::One(_) => 1,
            Pick::Everything => usize::MAX,
            Pick::Matching { depth, .. } => depth.unwrap_or(usize::MAX),
        }
    }
}

/// Whether the system said that there is no such path.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Says that there is no such path.
pub(super) fn no_such_path(path: &Path) -> SourceError {
    SourceError::NoSuchPath {
        path: path.display().to_string(),
    }
}

fn one(path: &Path) -> Result<Place, SourceError> {
    let name = path.file_name().ok_or_else(|| no_such_path(path))?;
    let name = name.to_str().ok_or_else(|| not_utf8(path))?;
    Ok(Place {
        root: folder_or_here(path.parent().unwrap_or(Path::new(""))),
        pick: Pick::One(name.to_owned()),
    })
}

fn pattern(path: &Path) -> Result<Place, SourceError> {
    let is_plain = |name: &&std::path::Component<'_>| {
        !name
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .any(|byte| b"*?[{".contains(byte))
    };
    let names: Vec<_> = path.components().collect();
    let plain = names.iter().take_while(is_plain).count();
    if plain == names.len() {
        return Err(no_such_path(path));
    }
    let root: PathBuf = names[..plain].iter().collect();
    let below: PathBuf = names[plain..].iter().collect();
    let below = below.to_str().ok_or_else(|| not_utf8(path))?;
    let glob = GlobBuilder::new(below)
        .literal_separator(true)
        .build()
        .map_err(|source| SourceError::Pattern {
            pattern: path.display().to_string(),
            source,
        })?
        .compile_matcher();
    // Alternatives may differ in depth.
    let depth = (!below.contains("**") && !below.contains('{')).then(|| below.split('/').count());
    Ok(Place {
        root: folder_or_here(&root),
        pick: Pick::Matching { glob, depth },
    })
}

fn folder_or_here(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() {
        return PathBuf::from(".");
    }
    folder.to_owned()
}

/// Says that a name is not UTF-8.
pub(super) fn not_utf8(path: &Path) -> SourceError {
    SourceError::Name {
        path: path.display().to_string(),
    }
}
