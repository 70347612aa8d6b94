//! The plan of a projection for columns: the wanted paths, and the type that the values of each become.

use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};

use super::lines::PathTree;
use super::values::TargetType;
use crate::decode::plan::{Plan, PlannedOrigin};
use crate::decode::{DecodeError, Projection};

/// What is wanted of each row, whatever the object.
pub(in crate::decode) struct ColumnPlan {
    pub(super) plan: Plan,
    /// The distinct paths, as names.
    pub(super) paths: Vec<Vec<String>>,
    /// What the values of each path are wanted as, first of all.
    pub(super) targets: Arc<[TargetType]>,
    /// One an input.
    pub(super) inputs: Vec<TargetType>,
    pub(super) schema: SchemaRef,
    pub(super) tree: Arc<PathTree>,
}

impl ColumnPlan {
    /// Makes a projection ready.
    ///
    /// # Errors
    /// Where it asks for what no column can give.
    pub(in crate::decode) fn new(projection: Projection) -> Result<Self, DecodeError> {
        let inputs: Vec<_> = projection
            .inputs
            .iter()
            .map(|input| TargetType {
                kind: input.kind,
                encoding: input.encoding,
            })
            .collect();
        let fields = projection
            .inputs
            .iter()
            .map(|input| Field::new(&input.name, input.kind.data_type(), input.nullable));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let (plan, wanted) = Plan::new(projection)?;
        let paths: Vec<Vec<String>> = wanted.paths().collect();
        let mut targets = vec![TargetType::JSON; paths.len()];
        for (target, input) in inputs.iter().zip(&plan.inputs).rev() {
            if let PlannedOrigin::Value(slot) = &input.origin {
                targets[slot.index()] = *target;
            }
        }
        let mut tree = PathTree::default();
        for (column, path) in paths.iter().enumerate() {
            tree.add(path, column);
        }
        Ok(ColumnPlan {
            plan,
            paths,
            targets: targets.into(),
            inputs,
            schema,
            tree: Arc::new(tree),
        })
    }

    /// Whether a column is wanted, or something within it.
    pub(in crate::decode) fn wants_column(&self, name: &str) -> bool {
        self.paths.iter().any(|path| path[0] == name)
    }

    /// Whether a leaf column, named by the path to it, is within a wanted one.
    pub(in crate::decode) fn wants_leaf(&self, leaf: &[String]) -> bool {
        self.paths.iter().any(|path| leaf.starts_with(path))
    }
}
