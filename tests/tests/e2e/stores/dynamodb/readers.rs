//! The readers of `host/docs/stores.md`, run as they stand there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use backfold_tests::components::root;
use backfold_tests::{process, server};

use super::*;

// The reader in Rust.
use aws_sdk_dynamodb::types::AttributeValue::S;
use aws_sdk_dynamodb::{Client, Error};

async fn live(client: &Client, table: &str) -> Result<Option<String>, Error> {
    let get = client.get_item().table_name("backfold_control");
    let get = get.key("table_name", S(table.to_owned()));
    let get = get.key("item", S("pointer".to_owned()));
    let found = get.consistent_read(true).send().await?;
    let physical = found.item.and_then(|mut item| item.remove("physical"));
    Ok(physical.and_then(|physical| physical.as_s().ok().cloned()))
}
// Its end.

/// The block of code of a language in the section of DynamoDB.
fn block(language: &str) -> String {
    let text = fs::read_to_string(root().join("host/docs/stores.md")).unwrap();
    let (_, section) = text.split_once("\n## DynamoDB\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let mut blocks = section.split(&fence).skip(1);
    let code = blocks
        .next()
        .unwrap()
        .split("```")
        .next()
        .unwrap()
        .to_owned();
    assert!(blocks.next().is_none(), "two blocks of {language}");
    code
}

/// A server whose table `page_totals` shows a build with 7 for `/a`.
async fn local() -> Local {
    let local = Local::start();
    let columns = TableColumns {
        keys: vec![column("page", Kind::Utf8)],
        values: vec![column("total", Kind::Int64)],
    };
    for (n, total) in [(1, 6), (2, 7)] {
        let pages = StringArray::from(vec!["/a"]);
        let arrays: Vec<arrow_array::ArrayRef> =
            vec![Arc::new(pages), Arc::new(Int64Array::from(vec![total]))];
        let rows = RecordBatch::try_new(columns.schema(), arrays).unwrap();
        let (store, build) = (local.store().await, build_of("page_totals", n));
        stored(&store, &build, &columns, &rows).await.unwrap();
        let expected = (n == 2).then_some(1);
        store.swap(&swap_to(&[&build], expected)).await.unwrap();
    }
    local
}

/// Runs a reader, which prints the total.
fn assert_prints_7(local: &Local, command: &mut Command) {
    // boto3 has a variable of its own for the region.
    command
        .envs(local.server.environment())
        .env("AWS_DEFAULT_REGION", "eu-west-1");
    let finished = process::run(command).success();
    assert_eq!(finished.stdout.trim(), "7");
}

fn installed(client: &str) -> std::path::PathBuf {
    server::installed("dynamodb-readers-1", "dynamodb")
        .unwrap()
        .join(client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_in_rust_finds_the_live_table() {
    let source = include_str!("readers.rs");
    let (_, code) = source.split_once("// The reader in Rust.\n").unwrap();
    let (code, _) = code.split_once("// Its end.\n").unwrap();
    assert_eq!(code, block("rust"), "the documentation has another reader");
    let local = local().await;
    let found = live(&local.client, "page_totals").await.unwrap();
    assert_eq!(found, Some(build_of("page_totals", 2).shadow_name()));
    assert_eq!(live(&local.client, "other").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_in_python_finds_the_live_table() {
    let local = local().await;
    let mut command = Command::new("python3");
    command
        .args(["-c", &block("python")])
        .env("PYTHONPATH", installed("python"));
    assert_prints_7(&local, &mut command);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_in_javascript_finds_the_live_table() {
    let local = local().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reader.mjs"), block("js")).unwrap();
    symlink(
        installed("node/node_modules"),
        folder.path().join("node_modules"),
    )
    .unwrap();
    let mut command = Command::new("node");
    command.arg("reader.mjs").current_dir(folder.path());
    assert_prints_7(&local, &mut command);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reader_in_go_finds_the_live_table() {
    let local = local().await;
    let folder = tempfile::tempdir().unwrap();
    let copy =
        |from: &Path, name: &str| fs::copy(from.join(name), folder.path().join(name)).unwrap();
    for name in ["go.mod", "go.sum"] {
        copy(&installed("go"), name);
    }
    fs::write(folder.path().join("main.go"), block("go")).unwrap();
    let mut command = Command::new("go");
    command
        .args(["run", "."])
        .current_dir(folder.path())
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off");
    assert_prints_7(&local, &mut command);
}
