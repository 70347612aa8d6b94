//! Shares in a real S3 server keep the contract of shares, and say what is wrong.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use backfold::share::place::conformance::{self, Fixture};
use backfold::share::{Place, Share};
use backfold_tests::components::guest;
use backfold_tests::gateway::{BUCKET, Gateway, client_of};
use backfold_tests::server::free_port;
use backfold_tests::workbench::Workbench;

/// A share takes credentials and endpoint from the environment, which a test cannot change in itself: so it runs the suite in
/// a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_conforms() {
    let gateway = Gateway::start().await.unwrap();
    let (_, module) = module_path!().split_once("::").unwrap();
    let suite = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("{module}::the_suite")])
        .envs(gateway.environment())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&suite.stdout);
    assert!(
        suite.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by a_bucket_conforms"]
async fn the_suite() {
    conformance::all(async || Prefix::new()).await;
}

/// A prefix of its own in the bucket.
struct Prefix {
    place: Place,
    local: tempfile::TempDir,
}

impl Prefix {
    fn new() -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Prefix {
            place: format!("s3://{BUCKET}/{number}").parse().unwrap(),
            local: tempfile::tempdir().unwrap(),
        }
    }
}

#[async_trait]
impl Fixture for Prefix {
    async fn share(&self) -> Box<dyn Share> {
        self.place.open().await.unwrap()
    }

    async fn leave_half(&self, name: &str) {
        let client = client_of(&std::env::var("AWS_ENDPOINT_URL_S3").unwrap());
        let Place::S3 { bucket, prefix } = &self.place else {
            panic!("not a bucket");
        };
        let key = format!("{prefix}/{name}");
        let begin = client.create_multipart_upload().bucket(bucket).key(&key);
        let begun = begin.send().await.unwrap();
        let part = client.upload_part().bucket(bucket).key(&key);
        let part = part.upload_id(begun.upload_id().unwrap()).part_number(1);
        part.body(vec![7; 5 << 20].into()).send().await.unwrap();
    }

    fn folder(&self) -> &Path {
        self.local.path()
    }

    fn forgets_folders(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_credentials_or_the_bucket_is_told() {
    let gateway = Gateway::start().await.unwrap();
    let bench = Workbench::new(&guest("page_days")).unwrap();
    bench.write_object("part-1.jsonl", "{}\n").unwrap();
    let stage = |share: &str, variables: &[(&str, &str)]| {
        let mut command = bench.command(&format!("stage --trust-laws --share {share}"));
        command.envs(gateway.environment());
        command.envs(variables.iter().copied());
        command
    };
    let share = format!("s3://{BUCKET}/backfold");
    let mut wrong = stage(&share, &[("AWS_SECRET_ACCESS_KEY", "wrong")]);
    bench.refuses_as(&mut wrong, 2, "BF1303");
    bench.refuses_as(&mut stage("s3://nope/backfold", &[]), 2, "BF1305");
    let mut none = stage(&share, &[("HOME", "/nowhere")]);
    none.env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    bench.refuses_as(&mut none, 2, "BF1306");
    let nobody = format!("http://127.0.0.1:{}", free_port().unwrap());
    let mut away = stage(&share, &[("AWS_ENDPOINT_URL_S3", &nobody)]);
    let said = bench.refuses_as(&mut away, 1, "BF1302");
    assert!(said.contains(&nobody), "{said}");
    bench.refuses("stage --share gs://bucket/backfold", 2, "BF0001");
}
