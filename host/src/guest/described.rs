//! The descriptor of an instance, with the schemas and the key codec that follow from it.

use std::sync::Arc;

use arrow_schema::SchemaRef;

use super::bindings::backfold::pipeline::schema as wit;
use super::descriptor;
use crate::keys::KeyCodec;
use crate::schema::Descriptor;

/// A descriptor and all that follows from it. An instance and those that replace it share one.
pub(super) struct Described {
    /// The descriptor as `open` returned it.
    pub(super) given: wit::Descriptor,
    pub(super) descriptor: Arc<Descriptor>,
    /// The schema of partials: the keys, then the states.
    pub(super) partial: SchemaRef,
    pub(super) state: SchemaRef,
    pub(super) view: SchemaRef,
    pub(super) codec: Arc<KeyCodec>,
}

impl Described {
    /// Checks a descriptor. The error names the rule that it breaks.
    pub(super) fn check(given: wit::Descriptor) -> Result<Self, String> {
        let descriptor = descriptor::check(given.clone())?;
        let codec = KeyCodec::of(&descriptor.key_schema()).map_err(|error| error.to_string())?;
        Ok(Described {
            given,
            partial: descriptor.partial_schema(),
            state: descriptor.state_schema(),
            view: descriptor.view_schema(),
            codec: Arc::new(codec),
            descriptor: Arc::new(descriptor),
        })
    }
}
