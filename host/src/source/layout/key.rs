//! A key, or a folder of keys, cut into names.

/// The names of a key, or of a folder that keys lie below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    /// The names before each `/`.
    pub(super) folders: Vec<&'a str>,
    /// What stands behind the last `/`; `None` for a folder.
    pub(super) name: Option<&'a str>,
}

impl<'a> Key<'a> {
    /// An object's key.
    pub(super) fn new(key: &'a str) -> Self {
        let (folders, name) = key
            .rsplit_once('/')
            .map_or((None, key), |(folders, name)| (Some(folders), name));
        Key {
            folders: folders.map_or_else(Vec::new, |folders| folders.split('/').collect()),
            name: Some(name),
        }
    }

    /// The names in order, the object's last.
    pub(super) fn names(&self) -> Vec<&'a str> {
        self.folders.iter().copied().chain(self.name).collect()
    }

    /// A folder: empty, or ending in `/`.
    pub(super) fn folder(folder: &'a str) -> Self {
        Key {
            name: None,
            ..Key::new(folder)
        }
    }
}
