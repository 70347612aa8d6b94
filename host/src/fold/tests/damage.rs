//! Runs that are not what was written, byte by byte.

use arrow_array::BinaryArray;
use arrow_ipc::writer::FileWriter;

use super::super::reader::RunReader;
use super::super::run::{RunWriter, run_schema};
use super::super::verify_run;
use super::*;

/// The rows from the first number on.
fn rows(numbers: std::ops::Range<i64>) -> (BinaryArray, RecordBatch) {
    let keys = numbers.clone().map(|n| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![format!("{n:03}")])),
            Arc::new(Int64Array::from(vec![None])),
        ];
        let key = RecordBatch::try_new(descriptor().key_schema(), columns).expect("a key");
        let codec = KeyCodec::of(&descriptor().key_schema()).expect("a codec");
        codec.encode(&key).expect("a key").row(0).data().to_vec()
    });
    let texts = numbers.clone().map(|n| format!("state {n}"));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(numbers.clone())),
        Arc::new(StringArray::from_iter_values(texts)),
    ];
    let states = RecordBatch::try_new(descriptor().state_schema(), columns).expect("states");
    (BinaryArray::from_iter_values(keys), states)
}

/// A run of three batches, four rows each.
fn three_batches(folder: &Path) -> Result<RunFile, FoldError> {
    let mut writer = RunWriter::create(folder, "run", &descriptor().state_schema(), 1 << 20)?;
    for first in [0, 4, 8] {
        let (keys, states) = rows(first..first + 4);
        writer.write(&keys, &states)?;
    }
    writer.finish()
}

/// What is said of a damaged run; the name of the file is part of it.
#[track_caller]
fn damage<T: std::fmt::Debug>(result: Result<T, FoldError>) -> String {
    match result {
        Err(FoldError::DamagedRun { path, what }) => {
            assert!(path.ends_with("run"), "{path:?}");
            what
        }
        other => panic!("the damage was not found: {other:?}"),
    }
}

#[test]
fn each_byte_of_a_run_is_checked_before_it_is_used() -> Result<(), FoldError> {
    let folder = tempfile::tempdir().expect("a folder");
    let run = three_batches(folder.path())?;
    let options = options(2, 1, ByteSize::mib(1));
    verify_run(folder.path(), &run)?;
    assert_eq!(
        merge(folder.path(), vec![run.clone()], &options)?.0.len(),
        12
    );
    let batches = RunReader::open(folder.path(), &run)?.extents();
    assert_eq!(batches.len(), 3);

    let path = folder.path().join(&run.name);
    let whole = std::fs::read(&path).expect("the run");
    let mut found_when_read = [0; 3];
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 1 << (at % 8);
        std::fs::write(&path, &altered).expect("a file");
        let Some(batch) = batches
            .iter()
            .position(|batch| batch.contains(&(at as u64)))
        else {
            damage(verify_run(folder.path(), &run));
            continue;
        };
        verify_run(folder.path(), &run)?;
        let what = damage(merge(folder.path(), vec![run.clone()], &options));
        let expected = format!("batch {batch} of 3, at byte {}, has", batches[batch].start);
        assert!(what.starts_with(&expected), "{what}");
        found_when_read[batch] += 1;
    }
    let bytes = |batch: &std::ops::Range<u64>| batch.end - batch.start;
    assert!(batches.iter().map(bytes).eq(found_when_read));
    Ok(())
}

#[test]
fn a_run_that_is_cut_or_gone_or_goes_on_is_found_without_reading_it() -> Result<(), FoldError> {
    let folder = tempfile::tempdir().expect("a folder");
    let run = three_batches(folder.path())?;
    let path = folder.path().join(&run.name);
    let whole = std::fs::read(&path).expect("the run");
    let longer = [&whole[..], b"x"].concat();
    for bytes in (0..whole.len()).step_by(97).chain([longer.len()]) {
        std::fs::write(&path, &longer[..bytes]).expect("a file");
        let what = damage(verify_run(folder.path(), &run));
        assert_eq!(
            what,
            format!("it has {bytes} bytes instead of {}", whole.len())
        );
    }
    std::fs::remove_file(&path).expect("the run");
    assert_eq!(damage(verify_run(folder.path(), &run)), "it is gone");

    // Another run of the same size, complete in itself.
    let (keys, states) = rows(0..12);
    let mut writer =
        RunWriter::create(folder.path(), "run", &descriptor().state_schema(), 1 << 20)?;
    writer.write(&keys, &states)?;
    let other = writer.finish()?;
    let size_bytes = other.size_bytes;
    verify_run(folder.path(), &other)?;
    let what = damage(verify_run(folder.path(), &RunFile { size_bytes, ..run }));
    assert!(what.starts_with("its footer has the digest "), "{what}");
    Ok(())
}

#[test]
fn a_run_of_an_earlier_release_is_checked_as_a_whole_and_read() -> Result<(), FoldError> {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, (keys, states)) = (folder.path().join("run"), rows(0..4));
    let schema = run_schema(&descriptor().state_schema());
    let mut columns: Vec<ArrayRef> = vec![Arc::new(keys)];
    columns.extend(states.columns().iter().cloned());
    let mut writer = FileWriter::try_new(Vec::new(), &schema)?;
    writer.write(&RecordBatch::try_new(schema, columns)?)?;
    writer.write_metadata("index", "[[0,\"\"]]");
    let whole = writer.into_inner()?;
    let named = serde_json::json!({
        "name": "run", "rows": 4, "size_bytes": whole.len(), "digest": blake3::hash(&whole).to_hex().as_str(),
    });
    let run: RunFile = serde_json::from_value(named.clone()).expect("a run");
    assert_eq!(serde_json::json!(run), named);

    let options = options(2, 1, ByteSize::mib(1));
    std::fs::write(&path, &whole).expect("a file");
    verify_run(folder.path(), &run)?;
    let (found, _) = merge(folder.path(), vec![run.clone()], &options)?;
    assert_eq!(found.len(), 4);
    for at in (0..whole.len()).step_by(41) {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        std::fs::write(&path, &altered).expect("a file");
        let what = damage(verify_run(folder.path(), &run));
        assert!(what.starts_with("its digest is "), "{what}");
    }
    Ok(())
}
