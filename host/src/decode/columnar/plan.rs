//! The plan of a projection for columnar formats: the wanted paths, and the target type of each.

use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};

use super::lines::PathTree;
use super::target::TargetType;
use crate::decode::conversion::Conversion;
use crate::decode::plan::{Plan, PlannedOrigin};
use crate::decode::{DecodeError, Projection, ValueObjects};

/// A projection prepared for rows of columnar formats, whatever the object.
pub(in crate::decode) struct ColumnPlan {
    /// The plan for one record, which holds for rows too.
    pub(super) record_plan: Plan,
    /// The distinct paths, in names.
    pub(super) paths: Vec<Vec<String>>,
    /// The target type of the first input at each path; JSON for paths of conditions alone.
    pub(super) targets: Arc<[TargetType]>,
    /// The target type of each input.
    pub(super) inputs: Vec<TargetType>,
    pub(super) schema: SchemaRef,
    pub(super) tree: Arc<PathTree>,
}

impl ColumnPlan {
    /// Prepares a projection.
    ///
    /// # Errors
    /// If the projection is not valid.
    pub(in crate::decode) fn new(projection: Projection) -> Result<Self, DecodeError> {
        let inputs: Vec<_> = projection
            .inputs
            .iter()
            .map(|input| TargetType {
                kind: input.kind,
                encoding: input.encoding,
                conversion: Conversion::STRICT,
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
            record_plan: plan,
            paths,
            targets: targets.into(),
            inputs,
            schema,
            tree: Arc::new(tree),
        })
    }

    /// Reads text as the job says. An object that stands for a value is one in text formats alone.
    pub(in crate::decode) fn converting(mut self, conversion: Conversion) -> Self {
        let objects = ValueObjects::Plain;
        let conversion = Conversion {
            objects,
            ..conversion
        };
        let converting = |target: &TargetType| TargetType {
            conversion,
            ..*target
        };
        self.targets = self.targets.iter().map(converting).collect();
        self.inputs = self.inputs.iter().map(converting).collect();
        self
    }
}
