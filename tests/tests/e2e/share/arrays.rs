//! The manifests of `examples/kubernetes` and `examples/batch` are valid, and the commands in them fold a build.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::process::Command;

use backfold_tests::components::root;
use backfold_tests::process::{self, Finished};
use backfold_tests::server;
use backfold_tests::units::Units;
use serde_json::{Value, json};

use super::rounds::overlapping;
use super::same_table::of_one_process;
use crate::readme::commands;

/// Prints the documents of a YAML file as JSON, if the schemas of a release know all that they hold.
const KUBERNETES: &str = r"
import json, sys, yaml, kubernetes_validate
documents = list(yaml.safe_load_all(sys.stdin))
for document in documents:
    kubernetes_validate.validate(document, sys.argv[1], strict=True)
print(json.dumps(documents))
";

/// Ends with an error if a JSON file is not the request of an operation.
const BATCH: &str = r"
import json, sys, botocore.session, botocore.validate
model = botocore.session.get_session().get_service_model('batch').operation_model(sys.argv[1])
report = botocore.validate.ParamValidator().validate(json.load(sys.stdin), model.input_shape)
sys.exit(report.generate_report() or 0)
";

/// Runs a script in Python on a text.
fn python(packages: (&str, &str, &str), script: &str, argument: &str, text: &str) -> Finished {
    let (installed, part, folder) = packages;
    let folder = server::installed(installed, part).unwrap().join(folder);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let mut command = Command::new("python3");
    command
        .args(["-c", script, argument])
        .env("PYTHONPATH", folder)
        .stdin(fs::File::open(file.path()).unwrap());
    process::run(&mut command)
}

/// The first release in which `backoffLimitPerIndex` is stable, and the newest one.
const RELEASES: [&str; 2] = ["1.33", "1.37"];

fn kubernetes(release: &str, manifest: &str) -> Finished {
    let packages = ("kubernetes-validate-1.37.0", "kubernetes", ".");
    python(packages, KUBERNETES, release, manifest)
}

fn batch(operation: &str, request: &str) -> Finished {
    let packages = ("dynamodb-readers-1", "dynamodb", "python");
    python(packages, BATCH, operation, request)
}

fn example(path: &str) -> String {
    fs::read_to_string(root().join("examples").join(path)).unwrap()
}

/// The command of a container, after its program.
fn words(command: &Value) -> Vec<&str> {
    let words = command.as_array().unwrap().iter();
    let words: Vec<_> = words.map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words[0], "backfold");
    words[1..].to_vec()
}

/// Folds a build whose units overlap: `command` gives what an engine starts for a round of so many units, and `index` is the
/// variable that numbers them.
fn fold(index: &str, command: impl Fn(&str, u64, usize) -> Command) {
    let bench = overlapping("page_days", "");
    let expected = of_one_process(&bench);
    fs::remove_dir_all(bench.work()).unwrap();
    let share = bench.path().join("share");
    let units = Units::stage(&bench, share.to_str().unwrap(), 7).unwrap();
    let mut sizes = Vec::new();
    loop {
        let sealing = units.seal();
        if sealing["sealed"] == true {
            break;
        }
        let size = sealing["left"].as_array().unwrap().len();
        let round = sealing["round"].as_u64().unwrap();
        for place in 0..size {
            let mut worker = command(&units.build, round, size);
            worker
                .env(index, place.to_string())
                .current_dir(bench.path());
            process::run(&mut worker).success();
        }
        sizes.push(size);
    }
    assert_eq!(sizes, [7, 3]);
    let report = units.run("").success().json();
    assert_eq!(report["result"]["loaded"], expected["loaded"]);
}

/// The Job of a round: the output of the command in the README.
fn job(build: &str, round: u64, size: usize) -> String {
    let readme = example("kubernetes/README.md");
    let commands = commands(&readme);
    let start = "sed \"s|BUILD|$BUILD|; s|ROUND|";
    let found = commands
        .iter()
        .find(|line| line.starts_with(&format!("{start}{round}|")));
    let (line, _) = found.unwrap().split_once(" | kubectl create -f -").unwrap();
    let (before, units) = line.split_once("s|UNITS|").unwrap();
    let (_, after) = units.split_once('|').unwrap();
    let line = format!("{before}s|UNITS|{size}|{after}");
    let mut sed = Command::new("sh");
    sed.args(["-c", &line])
        .env("BUILD", build)
        .current_dir(root().join("examples/kubernetes"));
    process::run(&mut sed).success().stdout
}

#[test]
fn manifests_of_kubernetes_are_valid() {
    let job = job(
        "s3://bucket/backfold/page_views/01K9ZK3Q8M6V1X0T4N2B7C5D3E",
        1,
        212,
    );
    for release in RELEASES {
        let documents = kubernetes(release, &job).success().json();
        assert_eq!(documents[0]["spec"]["completions"], 212);
        assert_eq!(
            documents[0]["metadata"]["generateName"],
            "backfold-round-1-"
        );
        kubernetes(release, &example("kubernetes/account.yaml")).success();
        for (from, to) in [
            ("backoffLimitPerIndex", "backoffLimitPerIndexes"),
            ("212", "many"),
        ] {
            assert_ne!(
                kubernetes(release, &job.replace(from, to)).code(),
                Some(0),
                "{to}"
            );
        }
    }
}

#[test]
fn pods_fold_a_build() {
    fold("JOB_COMPLETION_INDEX", |build, round, size| {
        let documents = kubernetes(RELEASES[1], &job(build, round, size))
            .success()
            .json();
        let pod = &documents[0]["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let mut command = process::backfold();
        for word in words(&container["command"]) {
            // The folder that the pod mounts.
            command.arg(
                word.strip_prefix('/')
                    .filter(|name| *name == "scratch")
                    .unwrap_or(word),
            );
        }
        command
    });
}

#[test]
fn a_job_ends_at_codes_that_do_not_pass() {
    let job = job("share/page_days/01K9ZK3Q8M6V1X0T4N2B7C5D3E", 1, 1);
    let documents = kubernetes(RELEASES[1], &job).success().json();
    let rules = &documents[0]["spec"]["podFailurePolicy"]["rules"];
    assert_eq!(rules[0]["action"], "Ignore");
    assert_eq!(rules[1]["action"], "FailJob");
    assert_eq!(rules[1]["onExitCodes"]["values"], json!([2, 42]));
    let name = &documents[0]["spec"]["template"]["spec"]["containers"][0]["name"];
    assert_eq!(&rules[1]["onExitCodes"]["containerName"], name);
}

#[test]
fn requests_of_batch_are_valid() {
    for (operation, file) in [
        ("RegisterJobDefinition", "batch/job-definition.json"),
        ("SubmitJob", "batch/array-job.json"),
    ] {
        let text = example(file);
        batch(operation, &text).success();
        let slip = text.replacen("job", "jop", 1);
        assert_ne!(batch(operation, &slip).code(), Some(0), "{slip}");
    }
}

#[test]
fn children_of_an_array_fold_a_build() {
    let definition: Value = serde_json::from_str(&example("batch/job-definition.json")).unwrap();
    let job: Value = serde_json::from_str(&example("batch/array-job.json")).unwrap();
    assert_eq!(job["jobDefinition"], definition["jobDefinitionName"]);
    let parameters = job["parameters"].as_object().unwrap();
    assert_eq!(parameters.keys().collect::<Vec<_>>(), ["build", "round"]);
    fold("AWS_BATCH_JOB_ARRAY_INDEX", |build, round, _| {
        let mut command = process::backfold();
        for word in words(&definition["containerProperties"]["command"]) {
            match word {
                "Ref::build" => command.arg(build),
                "Ref::round" => command.arg(round.to_string()),
                word => command.arg(word),
            };
        }
        command
    });
}
