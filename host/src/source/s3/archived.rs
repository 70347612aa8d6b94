//! Objects that have to be restored before they can be read.

use super::S3Config;
use crate::source::{Object, SourceError};
use crate::units::ByteSize;

/// How many are named.
const EXAMPLES: usize = 3;

/// Those of a plan.
#[derive(Debug, Default)]
pub(super) struct Archived {
    objects: u64,
    size_bytes: u64,
    examples: Vec<String>,
}

impl Archived {
    pub(super) fn saw(&mut self, object: &Object) {
        self.objects += 1;
        self.size_bytes += object.size_bytes;
        if self.examples.len() < EXAMPLES {
            self.examples.push(object.key.clone());
        }
    }

    /// Passes over them where the job says so.
    ///
    /// # Errors
    /// [`SourceError::Archived`] where it does not.
    pub(super) fn judge(self, config: &S3Config) -> Result<Option<String>, SourceError> {
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
            "Objects passed over because they are archived and not restored: {}, {}, the first of them `{}`.",
            self.objects,
            ByteSize(self.size_bytes),
            self.examples[0]
        )))
    }
}
