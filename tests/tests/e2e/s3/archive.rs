//! An archive in a real S3 server makes the table that the same archive on disk makes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use async_trait::async_trait;
use backfold::source::conformance::{self, Damage, Fixture};
use backfold::source::s3::{S3Config, S3Driver, Versions};
use backfold::source::{EventRange, ReplayDriver};
use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::process;
use backfold_tests::workbench::Workbench;

const COMPONENT: &str = "page_days";

/// A job over the archive at `prefix` of the bucket, with more settings of the source.
fn write_job(bench: &Workbench, component: &Path, prefix: &str, settings: &str) {
    let source = format!("[source.s3]\nbucket = \"{BUCKET}\"\nprefix = \"{prefix}\"\n{settings}\n");
    bench.write_job(component, &source).unwrap();
}

/// A command that finds `gateway`.
fn command(bench: &Workbench, gateway: &Gateway, line: &str) -> Command {
    let mut command = bench.command(line);
    command.envs(gateway.environment());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_that_of_the_archive_on_disk() {
    let component = guest(COMPONENT);
    let bench =
        Workbench::with_archive(&component, &Archive::new(&ArchiveSpec::SMALL).unwrap()).unwrap();
    bench.run("run --swap").success();
    let expected = bench.rows().unwrap();
    assert!(!expected.is_empty());

    let gateway = Gateway::start().await.unwrap();
    gateway.upload(&bench.archive(), "raw/").await.unwrap();
    for versions in ["never", "auto"] {
        if versions == "auto" {
            gateway.keep_versions().await.unwrap();
        }
        let remote = Workbench::new(&component).unwrap();
        write_job(
            &remote,
            &component,
            "raw/",
            &format!("versions = \"{versions}\"\nsplit_size = \"64 KiB\""),
        );
        let finished =
            process::run(&mut command(&remote, &gateway, "run --swap --output json")).success();
        assert!(remote.rows().unwrap() == expected, "{versions}");
        let secret = "testsecret123";
        assert!(!finished.stdout.contains(secret) && !finished.stderr.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_credentials_or_the_bucket_is_told() {
    let component = guest(COMPONENT);
    let bench = Workbench::new(&component).unwrap();
    write_job(&bench, &component, "raw/", "");
    let gateway = Gateway::start().await.unwrap();
    bench.refuses_as(&mut command(&bench, &gateway, "plan"), 2, "BF0203");
    let mut wrong = command(&bench, &gateway, "plan");
    bench.refuses_as(wrong.env("AWS_SECRET_ACCESS_KEY", "wrong"), 2, "BF0221");
    let mut unknown = command(&bench, &gateway, "plan");
    bench.refuses_as(unknown.env("AWS_ACCESS_KEY_ID", "nobody"), 2, "BF0221");
    let mut none = command(&bench, &gateway, "plan");
    none.env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let said = bench.refuses_as(none.env("HOME", bench.path()), 2, "BF0222");
    assert!(
        said.contains("Environment: environment variable not set; "),
        "{said}"
    );
    assert!(!said.contains('\n'), "{said}");
    let job = fs::read_to_string(bench.job())
        .unwrap()
        .replace(BUCKET, "nope");
    fs::write(bench.job(), job).unwrap();
    bench.refuses_as(&mut command(&bench, &gateway, "plan"), 2, "BF0220");
}

/// The driver takes its credentials from the environment, which a test cannot change in itself: so it runs the suite in a
/// process of its own.
#[test]
fn the_driver_conforms() {
    let (_, module) = module_path!().split_once("::").unwrap();
    let suite = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("{module}::the_suite")])
        .envs([
            ("AWS_ACCESS_KEY_ID", "testkey"),
            ("AWS_SECRET_ACCESS_KEY", "testsecret123"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
        .output()
        .unwrap();
    assert!(
        suite.status.success(),
        "{}",
        String::from_utf8_lossy(&suite.stdout)
    );
    assert!(String::from_utf8_lossy(&suite.stdout).contains("1 passed"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the_driver_conforms"]
async fn the_suite() {
    conformance::all(async || Bucket(Gateway::start().await.unwrap())).await;
}

struct Bucket(Gateway);

#[async_trait]
impl Fixture for Bucket {
    async fn driver(&self) -> Box<dyn ReplayDriver> {
        let config = S3Config {
            endpoint: Some(self.0.environment()[0].1.to_owned()),
            versions: Versions::Never,
            split_size: conformance::SPLIT_SIZE,
            ..S3Config::new(BUCKET, "")
        };
        Box::new(S3Driver::new(config, EventRange::default()))
    }

    async fn put(&mut self, key: &str, content: &[u8]) {
        self.0.put(key, content.to_vec()).await.unwrap();
    }

    async fn damage(&mut self, key: &str, damage: Damage) -> bool {
        let get = self.0.client.get_object().bucket(BUCKET).key(key);
        let mut content = get
            .send()
            .await
            .unwrap()
            .body
            .collect()
            .await
            .unwrap()
            .to_vec();
        match damage {
            Damage::Changed => content[0] ^= 1,
            Damage::Truncated => content.truncate(content.len() / 2),
            Damage::Removed => {
                let delete = self.0.client.delete_object().bucket(BUCKET).key(key);
                delete.send().await.unwrap();
                return true;
            }
        }
        self.put(key, &content).await;
        true
    }
}
