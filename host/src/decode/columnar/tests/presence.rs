//! A column that an object lacks is absent from all of its rows.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};

use super::events;
use crate::decode::tests::support::{input, presence_counts, projection};
use crate::schema::{Condition, Kind};

#[test]
fn a_column_is_there_if_the_object_has_it() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    let other: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 2]));
    let batch = RecordBatch::try_from_iter([("a", column), ("k", other)]).unwrap();
    let mut wanted = projection(vec![input("a", Kind::Int64), input("day", Kind::Utf8)]);
    let found = events(wanted.clone(), &batch).unwrap();
    assert_eq!(
        presence_counts(&found.presence, &wanted),
        (3, vec![3, 0], vec![])
    );
    let condition = |path: &str, value: &str| Condition {
        path: path.into(),
        any_of: vec![value.into()],
    };
    wanted.only = vec![condition("k", "1"), condition("type", "view")];
    let found = events(wanted.clone(), &batch).unwrap();
    // The condition before it removes a row.
    assert_eq!(
        presence_counts(&found.presence, &wanted),
        (0, vec![0, 0], vec![0, 2])
    );
}
