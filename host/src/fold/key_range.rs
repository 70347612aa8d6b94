//! A range of keys, of which a merge takes those within.

/// A half-open range of keys as runs encode them, which sort as bytes. The default holds all keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key inside; `None`: from the beginning.
    pub from: Option<Vec<u8>>,
    /// The first key after the range; `None`: to the end.
    pub until: Option<Vec<u8>>,
}

impl KeyRange {
    /// Whether all keys are inside.
    pub(super) fn holds_all(&self) -> bool {
        self.from.as_ref().is_none_or(Vec::is_empty) && self.until.is_none()
    }
}
