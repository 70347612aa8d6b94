//! Lists the files below a folder by rising key, one folder in memory at a time (and those above it).
//!
//! - Names that begin with `.` or `_` are passed over, with all below them: other tools keep markers and
//!   unfinished files there.
//! - Symbolic links are followed, except those to what the archive lists anyway: its events would count
//!   twice.
//! - What is neither a file nor a folder is passed over.

use std::ffi::OsStr;
use std::fs::FileType;
use std::path::{Path, PathBuf};

use super::place::{Pick, Place, is_missing, no_such_path, not_utf8};
use crate::source::SourceError;

/// A file of an archive.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path below the folder, with `/` between names.
    pub(super) key: String,
    /// Where to open it.
    pub(super) path: PathBuf,
}

/// Walks through an archive's folder.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pick: &'a Pick,
    /// The archive's folder without any symbolic link in it.
    real_root: PathBuf,
    levels: Vec<Level>,
    hidden: u64,
    links: u64,
    special: u64,
}

/// A folder being listed.
#[derive(Debug)]
struct Level {
    path: PathBuf,
    /// Its path without any symbolic link in it.
    real: PathBuf,
    /// What its keys begin with: empty, or ending in `/`.
    prefix: String,
    /// Names still to come, the next one last. A folder's name ends in `/`, and is sorted so: `a.txt` stands
    /// before `a/b`. With each, where it leads if it is a symbolic link.
    names: Vec<(String, Option<PathBuf>)>,
}

impl<'a> Walk<'a> {
    /// Begins at the folder of `place`.
    pub(super) fn new(place: &'a Place) -> Result<Self, SourceError> {
        let real_root = std::fs::canonicalize(&place.root).map_err(|error| {
            if is_missing(&error) {
                return no_such_path(&place.root);
            }
            SourceError::io(&place.root, error)
        })?;
        let mut walk = Walk {
            pick: &place.pick,
            real_root: real_root.clone(),
            levels: Vec::new(),
            hidden: 0,
            links: 0,
            special: 0,
        };
        walk.enter(place.root.clone(), real_root, String::new())?;
        Ok(walk)
    }

    /// The file of the next key. A folder is listed if `enters` says so of what its keys begin with.
    pub(super) fn next(
        &mut self,
        enters: impl Fn(&str) -> bool,
    ) -> Result<Option<Found>, SourceError> {
        while let Some(level) = self.levels.last_mut() {
            let Some((name, target)) = level.names.pop() else {
                self.levels.pop();
                continue;
            };
            let key = format!("{}{name}", level.prefix);
            let plain_name = name.trim_end_matches('/');
            let path = level.path.join(plain_name);
            if name.ends_with('/') {
                if !enters(&key) {
                    continue;
                }
                let real = target.unwrap_or_else(|| level.real.join(plain_name));
                self.enter(path, real, key)?;
            } else if self.pick.wants(&key) {
                return Ok(Some(Found { key, path }));
            }
        }
        Ok(None)
    }

    /// What was passed over, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        [
            (
                self.hidden,
                "Names passed over because they begin with `.` or `_`",
            ),
            (
                self.links,
                "Symbolic links passed over because the archive holds what they lead to",
            ),
            (
                self.special,
                "Names passed over because they are neither files nor folders",
            ),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{what}: {count}."))
        .collect()
    }

    fn enter(&mut self, path: PathBuf, real: PathBuf, prefix: String) -> Result<(), SourceError> {
        if self.levels.iter().any(|above| above.real == real) {
            return Err(SourceError::Loop {
                path: path.display().to_string(),
            });
        }
        let may_descend = self.levels.len() + 1 < self.pick.depth();
        let mut names = Vec::new();
        let listing = std::fs::read_dir(&path).map_err(|error| SourceError::io(&path, error))?;
        for entry in listing {
            let entry = entry.map_err(|error| SourceError::io(&path, error))?;
            let name = entry.file_name();
            if is_hidden(&name) {
                self.hidden += 1;
                continue;
            }
            let at = entry.path();
            let kind = entry
                .file_type()
                .map_err(|error| SourceError::io(&at, error))?;
            let Some((kind, target)) = self.follow(&at, kind)? else {
                self.links += 1;
                continue;
            };
            let is_folder = kind.is_dir();
            if is_folder && !may_descend {
                continue;
            }
            if !is_folder && !kind.is_file() {
                self.special += 1;
                continue;
            }
            let name = name.to_str().ok_or_else(|| not_utf8(&at))?;
            names.push((
                format!("{name}{}", if is_folder { "/" } else { "" }),
                target,
            ));
        }
        names.sort_unstable_by(|(left, _), (right, _)| right.cmp(left));
        self.levels.push(Level {
            path,
            real,
            prefix,
            names,
        });
        Ok(())
    }

    /// What a name stands for, and where it leads if it is a link; `None` if the archive lists that anyway.
    fn follow(
        &self,
        at: &Path,
        kind: FileType,
    ) -> Result<Option<(FileType, Option<PathBuf>)>, SourceError> {
        if !kind.is_symlink() {
            return Ok(Some((kind, None)));
        }
        let failed = |error| SourceError::io(at, error);
        let kind = std::fs::metadata(at).map_err(failed)?.file_type();
        let target = std::fs::canonicalize(at).map_err(failed)?;
        let is_listed = target.strip_prefix(&self.real_root).is_ok_and(|below| {
            let is_visible = below.iter().all(|name| !is_hidden(name));
            is_visible && (kind.is_dir() || below.to_str().is_some_and(|key| self.pick.wants(key)))
        });
        Ok((!is_listed).then_some((kind, Some(target))))
    }
}

fn is_hidden(name: &OsStr) -> bool {
    matches!(name.as_encoded_bytes().first(), Some(b'.' | b'_'))
}
