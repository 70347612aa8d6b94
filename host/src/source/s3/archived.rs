//! Objects that have to be restored before they can be read.

use super::S3Config;
use crate::source::{Object, SourceError};
use crate::units::ByteSize;

/// The number of keys that an error lists.
const EXAMPLES: usize = 3;

/// The archived objects of a plan.
#[derive(Debug, Default)]
pub(super) struct Archived {
    objects: u64,
    size_bytes: u64,
    examples: Vec<String>,
}

impl Archived {
    pub(super) fn add(&mut self, object: &Object) {
        self.objects += 1;
        self.size_bytes += object.size_bytes;
        if self.examples.len() < EXAMPLES {
            self.examples.push(object.key.clone());
        }
    }

    /// The note about skipped objects, if there are any and the job skips them.
    ///
    /// # Errors
    /// [`SourceError::Archived`] if there are any and the job does not skip them.
    pub(super) fn note_or_error(self, config: &S3Config) -> Result<Option<String>, SourceError> {
        if self.objects == 0 {
            return Ok(None);
        }
        if !config.skip_archived {
            return Err(SourceError::Archived {
                place: config.place(),
                objects: self.objects,
                size_bytes: self.size_bytes,
                examples: self.examples,
            });
        }
        Ok(Some(format!(
            "Objects that were skipped because they are archived and not restored: {}, {}, the first one `{}`.",
            self.objects,
            ByteSize(self.size_bytes),
            self.examples[0]
        )))
    }
}
