//! A key or a folder, split into names at each `/`.

/// The names of a key, or of a folder that contains keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    /// The names before each `/`.
    pub(super) folders: Vec<&'a str>,
    /// The name after the last `/`; `None` for a folder.
    pub(super) name: Option<&'a str>,
}

impl<'a> Key<'a> {
    /// Splits the key of an object.
    pub(super) fn new(key: &'a str) -> Self {
        let (folders, name) = key
            .rsplit_once('/')
            .map_or((None, key), |(folders, name)| (Some(folders), name));
        Key {
            folders: folders.map_or_else(Vec::new, |folders| folders.split('/').collect()),
            name: Some(name),
        }
    }

    /// All names in order, that of the object last.
    pub(super) fn names(&self) -> Vec<&'a str> {
        self.folders.iter().copied().chain(self.name).collect()
    }

    /// Splits a folder, which is empty or ends in `/`.
    pub(super) fn folder(folder: &'a str) -> Self {
        Key {
            name: None,
            ..Key::new(folder)
        }
    }
}
