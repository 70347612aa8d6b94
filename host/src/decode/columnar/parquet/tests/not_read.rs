//! Objects that are valid but cannot be read: the situation is named, and what can be done.

use bytes::Bytes;
use parquet::basic::Compression;

use super::super::{Footer, FooterStep, ParquetMetadata, ParquetPlanner};
use super::support::object;
use crate::decode::tests::support::{input, projection};
use crate::decode::{DecodeError, DecodeOptions};
use crate::error::Coded;
use crate::schema::Kind;

const PYARROW: &[u8] = include_bytes!("../../fixtures/pyarrow.parquet");

/// The error of reading the column `id` of an object, whose metadata is changed before.
fn error(change: impl FnOnce(&mut ParquetMetadata), path: &str) -> Option<DecodeError> {
    let content = Bytes::from_static(PYARROW);
    let object = object("a.parquet", &content);
    let wanted = projection(vec![input(path, Kind::Json)]);
    let planner = ParquetPlanner::new(wanted, &DecodeOptions::default()).unwrap();
    let mut footer = Footer::new(&object).unwrap();
    let range = footer.first();
    let bytes = content.slice(range.start as usize..);
    let FooterStep::Read(mut metadata) = footer.push(range, bytes).unwrap() else {
        panic!("it is short");
    };
    assert!(metadata.encrypted.is_empty());
    change(&mut metadata);
    let file = planner.plan(object, *metadata);
    file.and_then(|file| file.step(0)).err()
}

#[test]
fn an_encrypted_column_that_is_wanted() {
    let encrypt = |metadata: &mut ParquetMetadata| {
        metadata.encrypted.insert(0);
    };
    let error_of = |path| error(encrypt, path);
    assert!(
        error_of("price").is_none(),
        "a column that is not encrypted"
    );
    let error = error_of("id").unwrap();
    assert_eq!(error.code().number, 355);
    insta::assert_snapshot!(error, @"`a.parquet` is Parquet that cannot be read: its column `id` is encrypted. Write it anew without encryption, or let the component read other columns");
}

#[test]
fn a_compression() {
    let recompress = |metadata: &mut ParquetMetadata| {
        let mut parquet = metadata.parquet.clone().into_builder();
        let groups = parquet.take_row_groups().into_iter().map(|group| {
            let mut group = group.into_builder();
            let columns = group.take_columns().into_iter().map(|column| {
                let column = column.into_builder().set_compression(Compression::LZO);
                column.build().unwrap()
            });
            let columns = columns.collect();
            group.set_column_metadata(columns).build().unwrap()
        });
        let groups = groups.collect();
        metadata.parquet = parquet.set_row_groups(groups).build();
    };
    let error = error(recompress, "id").unwrap();
    insta::assert_snapshot!(error, @"`a.parquet` is Parquet that cannot be read: its columns are compressed with LZO. Write it anew with zstd, snappy or gzip");
}
