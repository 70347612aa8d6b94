//! The meaning of a configured path: a folder, a file, or a pattern of files below a folder.

use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::source::SourceError;

/// A folder, and the selection of files below it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The folder to which keys are relative.
    pub(super) root: PathBuf,
    /// The selected files.
    pub(super) pick: Pick,
}

/// The selection of files below a folder.
#[derive(Clone, Debug)]
pub(super) enum Pick {
    /// All files.
    Everything,
    /// The file with this name.
    One(String),
    /// The files whose key matches.
    Matching {
        /// Matched against keys.
        glob: GlobMatcher,
        /// The largest number of names in a matching key, if the pattern limits it.
        depth: Option<usize>,
    },
}

impl Place {
    /// Takes `path` literally if it exists, and as a pattern otherwise.
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
    /// Whether the file with this key is selected.
    pub(super) fn wants(&self, key: &str) -> bool {
        match self {
            Pick::Everything => true,
            Pick::One(name) => name == key,
            Pick::Matching { glob, .. } => glob.is_match(key),
        }
    }

    /// The largest number of names in a selected key.
    pub(super) fn depth(&self) -> usize {
        match self {
            Pick::One(_) => 1,
            Pick::Everything => usize::MAX,
            Pick::Matching { depth, .. } => depth.unwrap_or(usize::MAX),
        }
    }
}

/// Whether an error of the system says that the path does not exist.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The error for a path that does not exist.
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
    // Alternatives may have different numbers of names.
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

/// The error for a name that is not UTF-8.
pub(super) fn not_utf8(path: &Path) -> SourceError {
    SourceError::Name {
        path: path.display().to_string(),
    }
}
