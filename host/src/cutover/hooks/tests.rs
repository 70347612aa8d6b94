use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;

fn facts(event: HookEvent) -> HookFacts {
    HookFacts {
        event,
        command: "swap",
        table: "clicks".to_owned(),
        build: "01K2".to_owned(),
        previous: Some("01K1".to_owned()),
        version: 2,
        shadow: "clicks__01k2".to_owned(),
        rows: Some(3),
        digest: Some("ab".to_owned()),
        gate: None,
        diff: Some(json!({ "both": 3 })),
        operator: "me@here".to_owned(),
        target: "SQLite tables.db".to_owned(),
        handoff: None,
    }
}

/// A folder in which hooks run.
struct Bench {
    folder: TempDir,
    cancel: CancellationToken,
}

impl Bench {
    fn new() -> Self {
        Bench {
            folder: tempfile::tempdir().unwrap(),
            cancel: CancellationToken::new(),
        }
    }

    async fn run(&self, commands: &[&[&str]], timeout: Duration) -> Result<(), Box<HookFailure>> {
        let commands = commands.iter();
        let commands = commands.map(|words| words.iter().map(ToString::to_string).collect());
        let options = HookOptions {
            before_swap: Commands(commands.collect()),
            timeout,
            ..HookOptions::default()
        };
        let place = HookPlace {
            folder: self.folder.path().to_owned(),
            logs: Some(self.folder.path().join("hooks")),
        };
        run_hooks(&options, facts(HookEvent::BeforeSwap), &place, &self.cancel).await
    }

    async fn shell(&self, script: &str) -> Result<(), Box<HookFailure>> {
        self.run(&[&["sh", "-c", script]], TIMEOUT).await
    }

    /// What was kept of the hooks, oldest first.
    fn logs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("hooks")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let texts = paths.iter().map(|path| fs::read(path).unwrap());
        texts
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .collect()
    }
}

#[test]
fn a_command_is_a_list_of_words_or_a_list_of_such_lists() {
    let read = |json: Value| serde_json::from_value::<Commands>(json).map(|commands| commands.0);
    assert_eq!(
        read(json!(["./tell", "--all"])).unwrap(),
        [["./tell", "--all"]]
    );
    assert_eq!(read(json!([["a"], ["b"]])).unwrap(), [["a"], ["b"]]);
    assert!(read(json!([])).unwrap().is_empty());
    let refused = [
        json!("./tell"),
        json!(["a", ["b"]]),
        json!([["a", 1]]),
        json!({}),
    ];
    for wrong in refused {
        let error = read(wrong).unwrap_err().to_string();
        assert!(
            error.starts_with("expected a command as a list of words"),
            "{error}"
        );
    }
    for empty in [json!([[]]), json!([""]), json!([["a"], [""]])] {
        let error = read(empty).unwrap_err().to_string();
        assert!(error.starts_with("a command has no program"), "{error}");
    }
}

#[tokio::test]
async fn a_hook_gets_the_facts_and_its_output_is_kept() {
    let bench = Bench::new();
    let script = "echo \"$BACKFOLD_HOOK_TABLE $BACKFOLD_HOOK_BUILD $BACKFOLD_HOOK_VERSION in $PWD\"; cat; echo careful >&2";
    bench.shell(script).await.unwrap();
    let logs = bench.logs();
    let [log] = &logs[..] else { panic!("{logs:?}") };
    let folder = fs::canonicalize(bench.folder.path()).unwrap();
    let said = format!("clicks 01K2 2 in {}\n", folder.display());
    assert!(
        log.contains("ended with success") && log.contains(&said),
        "{log}"
    );
    assert!(log.contains("-- stderr: 8 bytes\ncareful\n"), "{log}");
    let line = log.lines().find(|line| line.starts_with('{')).unwrap();
    let got: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        got,
        serde_json::to_value(facts(HookEvent::BeforeSwap)).unwrap()
    );
}

#[tokio::test]
async fn relative_programs_are_found_in_the_folder_of_the_job() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let program = bench.folder.path().join("tell");
    fs::write(&program, "#!/bin/sh\nexit 3\n").unwrap();
    let told = bench
        .run(&[&["./tell", "--all"]], TIMEOUT)
        .await
        .unwrap_err();
    let text = told.to_string();
    assert!(
        text.starts_with("`./tell --all` cannot be started: Permission denied"),
        "{text}"
    );
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let told = bench
        .run(&[&["./tell", "--all"]], TIMEOUT)
        .await
        .unwrap_err();
    let text = told.to_string();
    assert!(
        text.starts_with("`./tell --all` ended with exit status 3; its output is in "),
        "{text}"
    );
    // A bare name is looked up in PATH alone.
    let told = bench.run(&[&["tell"]], TIMEOUT).await.unwrap_err();
    assert!(told.to_string().contains("cannot be started"), "{told}");
}

#[tokio::test]
async fn the_first_hook_that_fails_is_the_last_one() {
    let bench = Bench::new();
    let hooks = ["exit 0", "echo no; echo never >&2; exit 7", "touch third"];
    let hooks = hooks.map(|script| ["sh", "-c", script]);
    let hooks: Vec<&[&str]> = hooks.iter().map(|words| &words[..]).collect();
    let failure = bench.run(&hooks, TIMEOUT).await.unwrap_err();
    assert_eq!(failure.how, "ended with exit status 7");
    assert_eq!(
        failure.said.unwrap().lines(),
        ["never"],
        "standard error comes first"
    );
    assert!(!bench.folder.path().join("third").exists());
    assert_eq!(bench.logs().len(), 2);
}

#[tokio::test]
async fn a_signal_the_limit_and_an_interruption_are_failures() {
    let bench = Bench::new();
    let failure = bench.shell("kill -9 $$").await.unwrap_err();
    assert_eq!(failure.how, "was ended by signal 9");
    let hangs: &[&[&str]] = &[&["sh", "-c", "echo here; sleep 1000"]];
    let failure = bench
        .run(hangs, Duration::from_millis(300))
        .await
        .unwrap_err();
    assert_eq!(failure.how, "did not end within 300ms, and was ended");
    assert_eq!(failure.said.unwrap().lines(), ["here"]);
    assert!(!failure.is_interrupted);
    bench.cancel.cancel();
    let failure = bench.shell("sleep 1000").await.unwrap_err();
    assert!(failure.is_interrupted);
}

#[tokio::test]
async fn of_a_long_output_the_end_is_kept() {
    let bench = Bench::new();
    bench.shell("seq 1 200000").await.unwrap();
    let log = bench.logs().remove(0);
    assert!(
        log.contains("-- stdout: the last 65536 of 1288895 bytes\n"),
        "{}",
        &log[..200]
    );
    assert!(log.len() < 70_000 && log.contains("\n200000\n"));
}

#[tokio::test]
async fn a_hook_need_not_read_its_input() {
    let bench = Bench::new();
    bench.shell("exec <&-; exit 0").await.unwrap();
}

#[tokio::test]
async fn the_newest_outputs_are_kept() {
    let bench = Bench::new();
    let logs = bench.folder.path().join("hooks");
    fs::create_dir(&logs).unwrap();
    for n in 0..105 {
        fs::write(logs.join(format!("2025{n:03}.log")), "old").unwrap();
    }
    bench.shell("true").await.unwrap();
    let logs = bench.logs();
    assert_eq!(logs.len(), 100);
    assert!(logs[99].contains("ended with success"));
}
