//! Hooks: commands of the user before and after a swap.

use std::fs;

use backfold_tests::process::{self, Running};
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::small::{bench, build_of, ends, grow, live, program, ready, result, rows, set, shown};

/// The files with the output of hooks of a build, oldest first.
fn logs(bench: &Workbench, build: &str) -> Vec<String> {
    let folder = bench.work().join("page_days").join(build).join("hooks");
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts = paths.iter().map(|path| fs::read(path).unwrap());
    texts
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect()
}

#[test]
fn hooks_get_the_facts_of_a_swap() {
    let (bench, [_, second, third]) = ready();
    let tell = "env | grep ^BACKFOLD_HOOK_ | sort > $1.env; cat > $1.json";
    program(&bench, "tell", tell);
    let hooks = "hooks.before_swap = [\"./tell\", \"before\"]\nhooks.after_swap = [[\"./tell\", \"after\"], [\"true\"]]";
    set(&bench, hooks);
    let facts = |name: &str| -> Value {
        let text = fs::read_to_string(bench.path().join(name).with_extension("json"));
        serde_json::from_str(&text.unwrap()).unwrap()
    };
    let swapped = result(&bench, "swap");
    assert_eq!(
        (&swapped["build"], &swapped["version"]),
        (&json!(third), &json!(3))
    );
    let (before, after) = (facts("before"), facts("after"));
    for (facts, event) in [(&before, "before_swap"), (&after, "after_swap")] {
        assert_eq!(
            (&facts["event"], &facts["command"]),
            (&json!(event), &json!("swap"))
        );
        assert_eq!(
            (&facts["table"], &facts["build"]),
            (&json!("page_days"), &json!(third))
        );
        assert_eq!(
            (&facts["previous"], &facts["version"]),
            (&json!(second), &json!(3))
        );
        assert_eq!(
            (&facts["rows"], &facts["operator"]),
            (&json!(3), &swapped["by"])
        );
        let counts = json!({ "only_old": 0, "only_new": 1, "both": 2, "equal": 2 });
        assert_eq!(facts["diff"], counts, "{facts:#}");
        let gate = facts["gate"].as_array().unwrap();
        assert!(
            gate.iter()
                .any(|check| check["name"] == "content" && check["passed"] == true)
        );
        let target = facts["target"].as_str().unwrap();
        assert!(
            target.starts_with("SQLite ") && target.ends_with("tables.db"),
            "{target}"
        );
        assert_eq!(
            facts["handoff"],
            result(&bench, "handoff")["positions"]
                .as_array()
                .map_or(Value::Null, |positions| json!({ "positions": positions }))
        );
        assert!(facts["digest"].as_str().unwrap().len() > 16);
    }
    let variables = fs::read_to_string(bench.path().join("after.env")).unwrap();
    let expected = format!("BACKFOLD_HOOK_BUILD={third}\nBACKFOLD_HOOK_COMMAND=swap\n");
    assert!(variables.starts_with(&expected), "{variables}");
    assert!(
        variables.contains("BACKFOLD_HOOK_VERSION=3\n"),
        "{variables}"
    );
    assert_eq!(logs(&bench, &third).len(), 3);

    // A run and a rollback tell as well.
    grow(&bench, 4);
    let fourth = build_of(&result(&bench, "run --swap"));
    let after = facts("after");
    assert_eq!(
        (&after["command"], &after["build"]),
        (&json!("run"), &json!(fourth))
    );
    assert_eq!(after["diff"]["only_new"], 1);
    fs::remove_file(bench.path().join("before.json")).unwrap();
    result(&bench, "rollback");
    let after = facts("after");
    assert_eq!(
        (&after["command"], &after["build"]),
        (&json!("rollback"), &json!(third))
    );
    assert_eq!(
        (&after["previous"], &after["gate"]),
        (&json!(fourth), &Value::Null)
    );
    assert!(
        !bench.path().join("before.json").exists(),
        "nothing is asked before a rollback"
    );
}

#[test]
fn a_hook_that_vetoes_refuses_the_swap() {
    let (bench, first) = live();
    grow(&bench, 2);
    program(&bench, "veto", "echo the caches are cold >&2\nexit 3");
    set(
        &bench,
        "hooks = { before_swap = [\"./veto\"], after_swap = [\"touch\", \"told\"] }",
    );
    let finished = bench.run("run --swap --output json").fails_with(3);
    let document = finished.json();
    let (report, error) = (&document["result"], &document["error"]);
    assert_eq!(
        (&error["code"], &report["outcome"]),
        (&json!("BF0720"), &json!("vetoed"))
    );
    assert_eq!(
        error["details"],
        json!(["the caches are cold"]),
        "{error:#}"
    );
    let build = build_of(report);
    let said = bench.refuses("swap", 3, "BF0720");
    assert!(
        said.contains("`./veto` ended with exit status 3; its output is in "),
        "{said}"
    );
    assert_eq!((shown(&bench), rows(&bench)), (first, 1));
    assert!(!bench.path().join("told").exists());
    assert_eq!(logs(&bench, &build).len(), 2);
    let text = bench.run("swap").fails_with(3).stderr;
    assert!(text.contains("said: the caches are cold"), "{text}");

    // Its reason is gone. No new build is needed.
    program(&bench, "veto", "exit 0");
    assert_eq!(build_of(&result(&bench, "swap")), build);
    assert!(bench.path().join("told").exists());
}

#[test]
fn a_hook_that_hangs_is_ended_with_all_that_it_started() {
    let (bench, first) = live();
    grow(&bench, 2);
    let hang = "echo $$ > leader\nsh -c 'echo $$ > child; exec sleep 1000' &\nuntil [ -s child ]; do :; done\necho waiting\nwait";
    program(&bench, "hang", hang);
    set(
        &bench,
        "hooks = { before_swap = [\"./hang\"], timeout = \"2s\" }",
    );
    let said = bench.refuses("run --swap", 3, "BF0720");
    assert!(
        said.contains("`./hang` did not end within 2s, and was ended"),
        "{said}"
    );
    ends(&bench, "leader");
    ends(&bench, "child");
    assert_eq!(shown(&bench), first);
}

#[test]
fn an_interruption_ends_a_hook_and_changes_nothing() {
    let (bench, [_, second, _]) = ready();
    let hang = "echo $$ > leader\nsh -c 'echo $$ > child; exec sleep 1000' &\nuntil [ -s child ]; do :; done\ntouch hangs\nwait";
    program(&bench, "hang", hang);
    set(&bench, "hooks.before_swap = [\"./hang\"]");
    let mut swap = bench.start("swap --output json");
    let hangs = bench.path().join("hangs");
    swap.wait_until(|| hangs.exists());
    swap.signal("INT");
    let finished = swap.finish().fails_with(130);
    assert_eq!(finished.json()["error"]["code"], "BF0505");
    ends(&bench, "leader");
    ends(&bench, "child");
    assert_eq!(shown(&bench), second);
}

#[test]
fn a_hook_may_print_a_megabyte_and_read_nothing() {
    let (bench, [_, _, third]) = ready();
    let print = "exec <&-\nhead -c 1048576 /dev/zero | tr '\\0' o\nhead -c 1048576 /dev/zero | tr '\\0' e >&2";
    program(&bench, "print", print);
    set(&bench, "hooks.before_swap = [\"./print\"]");
    assert_eq!(build_of(&result(&bench, "swap")), third);
    let logs = logs(&bench, &third);
    assert_eq!(logs.len(), 1);
    for part in [
        "-- stdout: the last 65536 of 1048576 bytes\no",
        "-- stderr: the last 65536 of 1048576 bytes\ne",
    ] {
        assert!(logs[0].contains(part), "{}", &logs[0][..200]);
    }
    assert!(logs[0].len() < 140_000);
}

#[test]
fn a_hook_that_is_killed_or_cannot_be_started_refuses() {
    let (bench, [_, second, _]) = ready();
    program(&bench, "die", "kill -KILL $$");
    fs::write(bench.path().join("text"), "no program").unwrap();
    for (hook, how) in [
        ("./die", "was ended by signal 9"),
        ("./missing", "cannot be started: No such file"),
        ("no-such-program", "cannot be started: No such file"),
        ("./text", "cannot be started: Permission denied"),
    ] {
        set(
            &bench,
            &format!("hooks.before_swap = [[\"true\"], [\"{hook}\"]]"),
        );
        let said = bench.refuses("swap", 3, "BF0720");
        assert!(said.contains(&format!("`{hook}` {how}")), "{said}");
    }
    assert_eq!(shown(&bench), second);
}

#[test]
fn a_hook_that_fails_after_the_swap_does_not_undo_it() {
    let (bench, [_, second, third]) = ready();
    set(
        &bench,
        "hooks.after_swap = [\"sh\", \"-c\", \"echo no cache; exit 9\"]",
    );
    let finished = bench.run("swap --output json").fails_with(1);
    let document = finished.json();
    let (swapped, error) = (&document["result"], &document["error"]);
    assert_eq!(
        (&swapped["build"], &swapped["version"]),
        (&json!(third), &json!(3))
    );
    assert_eq!(
        (&error["code"], &error["class"]),
        (&json!("BF0721"), &json!("retry"))
    );
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("the swap stands"), "{message}");
    assert_eq!((shown(&bench), rows(&bench)), (third, 3));

    let text = bench.run("rollback").fails_with(1);
    assert!(
        text.stdout.contains(&format!("shows build {second}")),
        "{}",
        text.stdout
    );
    assert!(
        text.stderr.contains("the swap stands") && text.stderr.contains("said: no cache"),
        "{}",
        text.stderr
    );
    assert_eq!(rows(&bench), 2);

    grow(&bench, 4);
    let finished = bench.run("run --swap --output json").fails_with(1);
    let document = finished.json();
    assert_eq!(
        (&document["result"]["outcome"], &document["error"]["code"]),
        (&json!("live"), &json!("BF0721"))
    );
    assert_eq!(rows(&bench), 4);
}

#[test]
fn a_hook_may_call_backfold() {
    let (bench, [_, _, third]) = ready();
    let call = format!(
        "exec '{}' log --output json > said.json 2> said.err",
        process::binary().display()
    );
    program(&bench, "call", &call);
    set(&bench, "hooks.after_swap = [\"./call\"]");
    result(&bench, "swap");
    let said = fs::read_to_string(bench.path().join("said.err")).unwrap();
    assert_eq!(said, "", "its variables are known");
    let log: Value =
        serde_json::from_str(&fs::read_to_string(bench.path().join("said.json")).unwrap()).unwrap();
    assert_eq!(log["result"][0]["build"], json!(third));
}

#[test]
fn jobs_are_found_from_elsewhere_with_their_hooks() {
    let (bench, [_, _, third]) = ready();
    program(&bench, "tell", "pwd > where");
    set(&bench, "hooks.after_swap = [\"./tell\"]");
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = process::backfold();
    command
        .arg("swap")
        .arg(bench.job())
        .args(["--output", "json"])
        .current_dir(elsewhere.path());
    let finished = Running::start(&mut command).finish().success();
    assert_eq!(finished.json()["result"]["build"], json!(third));
    let wanted = fs::canonicalize(bench.path()).unwrap();
    let told = fs::read_to_string(bench.path().join("where")).unwrap();
    assert_eq!(told.trim_end(), wanted.to_str().unwrap());
}

#[test]
fn hooks_that_are_no_commands_are_refused_with_their_line() {
    let bench = bench();
    for (hooks, problem) in [
        (
            "hooks.before_swap = \"./tell\"",
            "expected a command as a list of words",
        ),
        ("hooks.before_swap = [[]]", "a command has no program"),
        ("hooks.timeout = \"0s\"", "0s is too short"),
    ] {
        set(&bench, hooks);
        let said = bench.refuses("status", 2, "BF0006");
        assert!(
            said.contains(problem) && said.contains("job.toml:"),
            "{said}"
        );
    }
    set(&bench, "hooks.before = [\"./tell\"]");
    bench.refuses("status", 2, "BF0004");
}
