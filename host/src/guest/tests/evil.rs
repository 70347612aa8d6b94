//! Every way to misbehave that `tests/guests/evil` knows, and what is said of it.

use std::fmt::Write;

use super::*;

/// All calls of a component in the order of a run, up to the first that fails.
fn life(component: &Component, given: &[(&str, &str)]) -> Result<Vec<RowRejection>, GuestError> {
    let mut instance = component.open(&params(given))?;
    let rejections = instance.fold(&events(&[("a", 1), ("bé", 2), ("a", 3)]))?;
    let partials = instance.drain(10)?;
    let states = partials.rows.project(&[1, 2]).unwrap();
    let identity = instance.identity()?;
    instance.combine(&identity, &identity)?;
    instance.combine(&states, &states)?;
    instance.present(&states)?;
    Ok(rejections)
}

/// A line for each of these parameters: what became of it.
fn fates<'a>(
    component: &Component,
    given: impl IntoIterator<Item = Vec<(&'a str, &'a str)>>,
) -> String {
    let mut fates = String::new();
    for params in given {
        let names: Vec<_> = params
            .iter()
            .map(|(_, value)| *value)
            .filter(|value| value.len() < 40)
            .collect();
        let fate = match life(component, &params) {
            Ok(rejections) if rejections.is_empty() => "nothing happens".into(),
            Ok(rejections) => format!("rejects {rejections:?}"),
            Err(error) => format!("{} {error}", error.code()),
        };
        writeln!(fates, "{}: {fate}", names.join(" ")).unwrap();
    }
    fates
}

fn faults<'a>(call: &'a str, faults: &[&'a str]) -> String {
    let all = faults.iter();
    fates(
        raw(),
        all.map(|fault| vec![("in", call), ("fault", *fault)]),
    )
}

#[test]
fn it_does_not_come_back() {
    let calls = ["open", "fold", "drain", "identity", "combine", "present"];
    let ways = [
        "loop",
        "copy",
        "memory",
        "one-allocation",
        "recursion",
        "abort",
        "trap",
        "out-of-bounds",
    ];
    let all = calls.into_iter().flat_map(|call| {
        ways.into_iter()
            .map(move |fault| vec![("in", call), ("fault", fault)])
    });
    insta::assert_snapshot!(fates(raw(), all));
}

#[test]
fn it_rejects_what_it_may_not() {
    insta::assert_snapshot!(faults(
        "fold",
        &[
            "error",
            "reject-outside",
            "reject-far-outside",
            "reject-twice",
            "huge-reason",
            "wild-reason",
        ]
    ));
}

#[test]
fn its_answers_are_malformed() {
    let ways = [
        "no-columns",
        "column-too-many",
        "more-rows",
        "fewer-rows",
        "many-rows",
        "no-rows",
        "bad-utf8",
        "cut-utf8",
        "null",
        "short-bitmap",
        "long-bitmap",
        "key-twice",
        "huge",
        "short",
        "long",
        "no-offsets",
        "offsets-too-many",
        "few-offsets",
        "first-offset",
        "falling-offsets",
        "last-offset",
        "large-row",
        "wild-pointer",
        "null-pointer",
    ];
    let mut all = String::new();
    for call in ["drain", "identity", "combine", "present"] {
        all += &faults(call, &ways);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn it_describes_itself_wrongly() {
    let ways = [
        "no-states",
        "no-inputs",
        "many-inputs",
        "input-twice",
        "key-as-state",
        "float-key",
        "json-key",
        "long-name",
        "hostile-name",
        "reserved-name",
        "bad-version",
        "long-version",
        "no-event-time",
        "odd-event-time",
        "hex-text",
        "bad-path",
        "deep-path",
        "many-conditions",
        "empty-condition",
    ];
    // With all the fuel that a component has by default.
    let component = Component::load(raw_path(), &Limits::default(), None).unwrap();
    let all = ways.into_iter().map(|way| vec![("descriptor", way)]);
    insta::assert_snapshot!(fates(&component, all));
}

#[test]
fn it_reaches_for_the_world() {
    let reaches = [
        "environment",
        "files",
        "stdin",
        "socket",
        "name",
        "sleep",
        "clock",
        "random",
        "stdout-flood",
        "stderr-flood",
        "streams",
    ];
    let all = reaches.into_iter().map(|what| vec![("reach", what)]);
    let seen = || fates(raw(), all.clone());
    let first = seen();
    assert_eq!(first, seen(), "every run sees the same");
    insta::assert_snapshot!(first);
}

#[test]
fn a_long_reason_is_cut_and_escaped() {
    let rejections = life(raw(), &[("in", "fold"), ("fault", "long-reason")]).unwrap();
    let reason = &rejections[0].reason;
    assert!(reason.len() <= 1_100, "{}", reason.len());
    assert!(!reason.contains('\u{1b}') && reason.starts_with("\\u{1b}[2J"));
}

#[test]
fn keys_and_states_have_limits() {
    let limits = Limits {
        key: ByteSize(10),
        ..tight()
    };
    let component = Component::load(raw_path(), &limits, None).unwrap();
    let mut instance = component.open(&[]).unwrap();
    instance
        .fold(&events(&[("short", 1), ("a long name", 2)]))
        .unwrap();
    let error = instance.drain(10).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the component's answer to `drain` has a key of 11 B at page \"a long name\", and `limits.key` is 10 B"
    );
}
