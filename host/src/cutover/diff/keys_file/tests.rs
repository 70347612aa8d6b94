use std::fs::{self, File};

use arrow_array::Int64Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::cutover::fixture::{Fixture, column};
use crate::cutover::{Diff, DiffOptions, diff};
use crate::schema::Kind;

async fn written(fixture: &Fixture, path: &Path) -> Result<Diff, CutoverError> {
    let options = DiffOptions {
        keys_file: Some(path.to_owned()),
        ..DiffOptions::default()
    };
    let (old, new) = (fixture.stored(1).await, fixture.stored(2).await);
    diff(&fixture.store, Some(&old), &new, &options).await
}

async fn two_builds() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1), ("/b", 2), ("/c", 3)]).await;
    fixture
        .load(2, &[("/a", 1), ("/b\"\n", 2), ("/c", 4)])
        .await;
    fixture
}

#[tokio::test]
async fn each_key_that_is_not_equal_is_written_once() {
    let fixture = two_builds().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.jsonl");
    let diff = written(&fixture, &path).await.unwrap();
    assert_eq!(diff.keys.unwrap().keys, 3);
    insta::assert_snapshot!(fs::read_to_string(&path).unwrap(), @r#"
    {"class":"removed","key":{"page":"/b"}}
    {"class":"added","key":{"page":"/b\"\n"}}
    {"class":"changed","key":{"page":"/c"}}
    "#);
    let path = folder.path().join("keys.parquet");
    written(&fixture, &path).await.unwrap();
    let file = File::open(&path).unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batch = reader.next().unwrap().unwrap();
    let (classes, keys) = (
        batch.column(0).as_string::<i32>(),
        batch.column(1).as_struct(),
    );
    let pages = keys.column_by_name("page").unwrap().as_string::<i32>();
    let rows: Vec<_> = (0..batch.num_rows())
        .map(|row| (classes.value(row), pages.value(row)))
        .collect();
    let expected = [("removed", "/b"), ("added", "/b\"\n"), ("changed", "/c")];
    assert_eq!(rows, expected);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_file_that_is_not_complete_has_no_name() {
    let fixture = two_builds().await;
    // The new build cannot be read to its end.
    fixture.execute(
        "PRAGMA ignore_check_constraints = on; UPDATE clicks__01k2 SET page = 'ü' || page",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.jsonl");
    fs::write(&path, "the former file").unwrap();
    let build = fixture.stored(2).await;
    fixture.execute("ALTER TABLE clicks__01k2 RENAME TO moved");
    let old = fixture.stored(1).await;
    let options = DiffOptions {
        keys_file: Some(path.clone()),
        ..DiffOptions::default()
    };
    diff(&fixture.store, Some(&old), &build, &options)
        .await
        .unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "the former file");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn many_keys_are_written_in_order() {
    let fixture = Fixture::new().await;
    let rows = BATCH_KEYS as i64 * 2 + 7;
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let columns = TableColumns {
        keys: vec![column("n", Kind::Int64, false)],
        values: vec![column("total", Kind::Int64, false)],
    };
    let same = vec![numbers.clone(), numbers.clone()];
    fixture.load_batch(1, columns.clone(), same).await;
    let others: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|n| n + 1)));
    fixture.load_batch(2, columns, vec![numbers, others]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.parquet");
    written(&fixture, &path).await.unwrap();
    let file = File::open(&path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let mut found = Vec::new();
    for batch in reader {
        let keys = batch.unwrap().column(1).as_struct().column(0).clone();
        found.extend(keys.as_primitive::<Int64Type>().values().iter().copied());
    }
    assert!(found.into_iter().eq(0..rows));
}

#[tokio::test]
async fn the_extension_says_the_form() {
    let fixture = two_builds().await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["keys", "keys.csv", ".jsonl"] {
        let refused = written(&fixture, &folder.path().join(name)).await;
        assert!(
            matches!(refused, Err(CutoverError::DiffOption { .. })),
            "{name}"
        );
    }
    let nowhere = folder.path().join("missing").join("keys.jsonl");
    let refused = written(&fixture, &nowhere).await;
    assert!(matches!(refused, Err(CutoverError::KeysFile { .. })));
}

#[tokio::test]
async fn keys_of_other_columns_have_lines_of_their_own() {
    let fixture = Fixture::new().await;
    fixture.load(1, &[("/a", 1)]).await;
    let columns = TableColumns {
        keys: vec![column("n", Kind::Int64, false)],
        values: vec![],
    };
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    fixture.load_batch(2, columns, vec![numbers]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.jsonl");
    written(&fixture, &path).await.unwrap();
    insta::assert_snapshot!(fs::read_to_string(&path).unwrap(), @r#"
    {"class":"removed","key":{"page":"/a"}}
    {"class":"added","key":{"n":7}}
    "#);
    let refused = written(&fixture, &folder.path().join("keys.parquet")).await;
    assert!(refused.unwrap_err().to_string().contains("use `.jsonl`"));
}
