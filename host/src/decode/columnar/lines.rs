//! Rows of columns as lines of JSON, for the quarantine: what a person reads, and what can be decoded again.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::ArrayRef;

use super::values::{self, TargetType};

/// The wanted paths as a tree of names: how a line is nested.
#[derive(Debug, Default)]
pub(super) struct PathTree {
    /// The column that stands here, by the place of its path; what is below it is within it.
    column: Option<usize>,
    members: BTreeMap<String, PathTree>,
}

impl PathTree {
    /// Adds a path, whose values are those of `column`.
    pub(super) fn add(&mut self, path: &[String], column: usize) {
        match path {
            [] => self.column = self.column.or(Some(column)),
            [name, rest @ ..] => self
                .members
                .entry(name.clone())
                .or_default()
                .add(rest, column),
        }
    }
}

/// The wanted values of some rows of an object, as the object has them.
#[derive(Debug)]
pub(in crate::decode) struct Lines {
    pub(super) tree: Arc<PathTree>,
    /// One a path; `None` where the object has no such column.
    pub(super) arrays: Vec<Option<ArrayRef>>,
    /// How each of them is to be written.
    pub(super) targets: Arc<[TargetType]>,
    /// Those of which the key of the object has another value, which a null keeps out.
    pub(super) in_key: Vec<bool>,
}

impl Lines {
    /// What the columns take in memory.
    pub(in crate::decode) fn size_bytes(&self) -> usize {
        let arrays = self.arrays.iter().flatten();
        arrays.map(|array| array.get_array_memory_size()).sum()
    }

    /// A row as one line of JSON without its line feed. What is null or not there is left out, unless the key of the object
    /// would stand in for it.
    pub(in crate::decode) fn line(&self, row: usize) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&self.tree, row, &mut out);
        if out.is_empty() {
            out.extend_from_slice(b"{}");
        }
        out
    }

    /// Writes nothing where nothing is there.
    fn write(&self, tree: &PathTree, row: usize, out: &mut Vec<u8>) {
        if let Some(column) = tree.column {
            match &self.arrays[column] {
                Some(array) if !array.is_null(row) => {
                    values::write(array, row, self.targets[column], out);
                }
                Some(_) if self.in_key.get(column) == Some(&true) => {
                    out.extend_from_slice(b"null");
                }
                _ => {}
            }
            return;
        }
        let begin = out.len();
        for (name, below) in &tree.members {
            let before = out.len();
            out.push(if before == begin { b'{' } else { b',' });
            values::string(out, name);
            out.push(b':');
            let value = out.len();
            self.write(below, row, out);
            if out.len() == value {
                out.truncate(before);
            }
        }
        if out.len() > begin {
            out.push(b'}');
        }
    }
}
