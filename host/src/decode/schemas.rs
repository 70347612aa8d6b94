//! The Avro schemas of a registry.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Length of the prefix of a value whose schema is in a registry: a zero byte, and four bytes of the schema's ID.
pub(crate) const SCHEMA_PREFIX: usize = 5;

/// The schemas known so far, shared between the decodings and the task that fetches schemas.
#[derive(Clone, Debug, Default)]
pub struct Schemas(Arc<RwLock<HashMap<u32, Known>>>);

/// The schema of an ID, or the reason why it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The Avro schema, as JSON.
    Schema(Arc<str>),
    /// The reason why the ID has no usable schema.
    Unusable(Arc<str>),
}

impl Schemas {
    /// Adds the Avro schema of an ID, as JSON without references to other schemas.
    pub fn insert(&self, id: u32, schema: impl Into<Arc<str>>) {
        self.learn(id, Known::Schema(schema.into()));
    }

    /// Marks an ID as without a usable schema: its records are rejected with `reason`.
    pub fn refuse(&self, id: u32, reason: impl Into<Arc<str>>) {
        self.learn(id, Known::Unusable(reason.into()));
    }

    /// The schema of an ID, if it is known and usable.
    pub fn get(&self, id: u32) -> Option<Arc<str>> {
        match self.known(id)? {
            Known::Schema(schema) => Some(schema),
            Known::Unusable(_) => None,
        }
    }

    /// Whether the ID has a schema, or a reason why it has none.
    pub fn knows(&self, id: u32) -> bool {
        self.known(id).is_some()
    }

    pub(super) fn known(&self, id: u32) -> Option<Known> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).cloned()
    }

    fn learn(&self, id: u32, what: Known) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, what);
    }
}

/// The ID of the schema by which a value was written, and the datum after it.
///
/// # Errors
/// The reason if the value does not begin with an ID.
pub(crate) fn split_prefix(value: &[u8]) -> Result<(u32, &[u8]), &'static str> {
    match value {
        [0, a, b, c, d, datum @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), datum)),
        [0, ..] | [] => Err("too short for Avro with the ID of its schema in front"),
        [..] => Err("it does not begin with a zero byte and the ID of a schema"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learned_is_known_to_all() {
        let schemas = Schemas::default();
        let shared = schemas.clone();
        schemas.insert(7, "\"int\"");
        schemas.refuse(8, "there is none");
        assert_eq!(shared.get(7).as_deref(), Some("\"int\""));
        assert_eq!(shared.get(8), None);
        assert_eq!([7, 8, 9].map(|id| shared.knows(id)), [true, true, false]);
    }

    #[test]
    fn an_id_is_read_off_a_value() {
        assert_eq!(
            split_prefix(b"\0\x00\x01\x02\x03x"),
            Ok((0x10203, &b"x"[..]))
        );
        assert_eq!(
            split_prefix(b"\0\xff\xff\xff\xff"),
            Ok((u32::MAX, &b""[..]))
        );
        for bad in [&b""[..], b"\0\0\0\0", b"{}", b"\x01\0\0\0\0\0"] {
            assert!(split_prefix(bad).is_err(), "{bad:?}");
        }
    }
}
