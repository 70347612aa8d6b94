//! Counts in words, as messages and notes show them.

use std::fmt;

/// A number of objects: `1 object`, `2 objects`.
pub(super) struct Objects(pub(super) u64);

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        noun(f, self.0, "object")
    }
}

/// A number of objects, and a number of folders of which nothing was listed:
/// `3 objects, and all objects in 1 folder`.
pub(super) struct ObjectsAndFolders {
    pub(super) objects: u64,
    pub(super) folders: u64,
}

impl fmt::Display for ObjectsAndFolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.objects > 0 || self.folders == 0 {
            Objects(self.objects).fmt(f)?;
        }
        if self.folders == 0 {
            return Ok(());
        }
        f.write_str(if self.objects > 0 {
            ", and all objects in "
        } else {
            "all objects in "
        })?;
        noun(f, self.folders, "folder")
    }
}

/// How many times something was done: `once`, `2 times`.
pub(super) struct Times(pub(super) u32);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("once"),
            times => write!(f, "{times} times"),
        }
    }
}

fn noun(f: &mut fmt::Formatter<'_>, count: u64, noun: &str) -> fmt::Result {
    match count {
        1 => write!(f, "1 {noun}"),
        count => write!(f, "{count} {noun}s"),
    }
}
