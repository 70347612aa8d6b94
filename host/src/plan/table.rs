//! A table of a build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decode::{EventRange, Projection};
use crate::guest::Limits;
use crate::scan::wanted_projection;
use crate::schema::Descriptor;
use crate::store::TableColumns;

/// A table, and the component that folds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TablePlan {
    /// The table's public name.
    pub table: String,
    /// The component.
    pub component: ComponentIdentity,
    /// What the component said of itself.
    pub descriptor: Descriptor,
    /// The parameters that it was opened with.
    pub params: BTreeMap<String, String>,
    /// What it may use. [`Limits::deciding`] names the limits that decide which records are rejected.
    pub limits: Limits,
}

/// Which component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentIdentity {
    /// The file that it was read from, for people. A process elsewhere has the component under another path.
    pub path: String,
    /// BLAKE3 of the `.wasm`, in hexadecimal.
    pub digest: String,
}

impl TablePlan {
    /// The table's columns.
    pub fn columns(&self) -> TableColumns {
        TableColumns::of(&self.descriptor)
    }

    /// What the component wants of each record whose event lies within `range`.
    pub fn projection(&self, range: EventRange) -> Projection {
        wanted_projection(&self.descriptor, range)
    }

    /// The parameters as the component takes them: name and value.
    pub fn component_params(&self) -> Vec<(String, String)> {
        self.params.clone().into_iter().collect()
    }
}
