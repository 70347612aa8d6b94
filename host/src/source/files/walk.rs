//! Lists the files below a folder in ascending order of their keys. Only one folder and its parents are in memory at a
//! time.
//!
//! - Names that start with `.` or `_` are skipped, and so is everything below them: other tools use such names for
//!   markers and unfinished files.
//! - Symbolic links are followed, except links to files and folders that the archive lists anyway: their events would
//!   count twice.
//! - Names that are neither files nor folders, such as pipes, are skipped.

use std::ffi::OsStr;
use std::fs::FileType;
use std::path::{Path, PathBuf};

use super::place::{Pick, Place, is_missing, no_such_path, not_utf8};
use crate::source::SourceError;

/// A file of an archive.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path relative to the folder, with `/` between names.
    pub(super) key: String,
    /// The path under which it is opened.
    pub(super) path: PathBuf,
}

/// A walk through the folder of an archive.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pick: &'a Pick,
    /// The path of the archive's folder without symbolic links.
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
    /// Its path without symbolic links.
    real: PathBuf,
    /// The prefix of its keys: empty, or ending in `/`.
    prefix: String,
    /// The remaining names, the next one last, each with the target if it is a symbolic link. The name of a folder ends
    /// in `/` and is sorted with it: `a.txt` comes before `a/b`.
    names: Vec<(String, Option<PathBuf>)>,
}

impl<'a> Walk<'a> {
    /// Starts at the folder of `place`.
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

    /// The file with the next key. `enters` gets the prefix of a folder and returns whether to list it.
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

    /// Notes about skipped names, one sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        [
            (
                self.hidden,
                "Names that were skipped because they start with `.` or `_`",
            ),
            (
                self.links,
                "Symbolic links that were skipped because the archive contains their target",
            ),
            (
                self.special,
                "Names that were skipped because they are neither files nor folders",
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

    /// The type of a file, and the target if it is a symbolic link; `None` if the archive lists the target anyway.
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
