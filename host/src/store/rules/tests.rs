//! The rules without a database: a table of all cases, and random schedules of writers that race.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::schema::{Kind, Output};
use crate::source::Handoff;
use crate::store::{BackTo, Version};

const TABLE: &str = "clicks";

fn info(build: &str) -> BuildInfo {
    BuildInfo {
        table: TABLE.to_owned(),
        build: build.to_owned(),
        manifest_digest: "m".to_owned(),
    }
}

fn columns(key: &str) -> TableColumns {
    TableColumns {
        keys: vec![Output {
            name: key.to_owned(),
            kind: Kind::Utf8,
            nullable: false,
        }],
        values: Vec::new(),
    }
}

fn rows(rows: u64) -> Loaded {
    Loaded {
        rows,
        digest: format!("d{rows}"),
    }
}

fn pointer(build: &str, version: Version, previous: Option<&str>) -> Pointer {
    Pointer {
        table: TABLE.to_owned(),
        build: build.to_owned(),
        version,
        previous: previous.map(str::to_owned),
        by: "me".to_owned(),
        at: "then".to_owned(),
    }
}

fn swap_to(build: &str, expected: Option<Version>) -> TableSwap {
    TableSwap {
        table: TABLE.to_owned(),
        expected,
        to: build.to_owned(),
        back_to: BackTo::Shown,
    }
}

fn now() -> String {
    "now".to_owned()
}

/// The build `a` in a recorded state, with its table.
fn found(state: RecordedState, table: TableFound) -> FoundBuild {
    let record = BuildRecord {
        info: info("a"),
        columns: columns("page"),
        state,
        attempt: 7,
        loaded: Some(rows(1)),
        handoff: Some(Handoff::default()),
        created_at: "then".to_owned(),
        loaded_at: Some("then".to_owned()),
    };
    FoundBuild { record, table }
}

fn seen(found: Option<FoundBuild>, live: Option<Pointer>) -> Seen<'static> {
    Seen {
        table: TABLE,
        build: "a",
        found,
        live,
    }
}

/// The outcome of a rule in a word or two.
fn outcome<T>(result: Result<T, StoreError>, done: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => done(value),
        Err(StoreError::Live { .. }) => "live".to_owned(),
        Err(StoreError::Foreign { name }) => format!("foreign {name}"),
        Err(StoreError::UnknownBuild { .. }) => "unknown".to_owned(),
        Err(StoreError::WrongState { state, .. }) => format!("is {state}"),
        Err(StoreError::Shape { .. }) => "shape".to_owned(),
        Err(StoreError::Conflict { found, .. }) => {
            format!("conflict {:?}", found.map(|found| found.version))
        }
        Err(error) => panic!("{error}"),
    }
}

fn record_text(record: &BuildRecord) -> String {
    let rows = record.loaded.as_ref().map(|loaded| loaded.rows);
    format!("{} {} {rows:?}", record.state.name(), record.attempt)
}

/// The outcomes of all rules for the build `a`. A load and a read are tried with the columns of the build and with
/// others, a creation with a free name and with one that is taken, a swap with the right version and with another.
fn outcomes(seen: &Seen<'_>) -> String {
    let create = |taken: Option<&str>| {
        let taken = taken.map(str::to_owned);
        let created = seen.create(&info("a"), &columns("day"), taken, now());
        outcome(created, |creation| {
            let replaces = match creation.replaces_table {
                true => " in place",
                false => "",
            };
            record_text(&creation.record) + replaces
        })
    };
    let load = |key| outcome(seen.begin_load(&columns(key)), |one| record_text(&one));
    let read = |key| outcome(seen.readable(&columns(key)), |()| "may".to_owned());
    let swap = |expected| {
        let swapped = seen.swap(&swap_to("a", expected), "me", now());
        outcome(swapped, |one| {
            format!("{} {} {:?}", one.build, one.version, one.previous)
        })
    };
    let drop = outcome(seen.drop_build(), |record| match record {
        Some(record) => record_text(&record),
        None => "nothing".to_owned(),
    });
    format!(
        "create {} / {}; load {} / {}; read {} / {}; swap {} / {}; drop {drop}",
        create(None),
        create(Some("X")),
        load("page"),
        load("day"),
        read("page"),
        read("day"),
        swap(Some(3)),
        swap(Some(2)),
    )
}

#[test]
fn every_rule_in_every_state() {
    use RecordedState as State;
    let states = [
        ("unknown", None),
        ("loading", Some((State::Loading, TableFound::AsMade))),
        ("loaded", Some((State::Loaded, TableFound::AsMade))),
        ("dropped", Some((State::Dropped, TableFound::Missing))),
        ("gone", Some((State::Loaded, TableFound::Missing))),
        ("altered", Some((State::Loading, TableFound::Altered))),
    ];
    let table = |live: &str| {
        let line = |&(name, state): &(&str, Option<(State, TableFound)>)| {
            let found = state.map(|(state, table)| found(state, table));
            let seen = seen(found, Some(pointer(live, 3, None)));
            format!("{name}: {}", outcomes(&seen))
        };
        states.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(table("b"), @r#"
    unknown: create loading 0 None / foreign X; load unknown / unknown; read unknown / unknown; swap unknown / unknown; drop unknown
    loading: create loading 8 None in place / loading 8 None in place; load loading 8 Some(1) / shape; read is loading / is loading; swap is loading / is loading; drop dropped 8 Some(1)
    loaded: create loading 8 None in place / loading 8 None in place; load is loaded / is loaded; read may / shape; swap a 4 Some("b") / conflict Some(3); drop dropped 8 Some(1)
    dropped: create loading 8 None / foreign X; load is dropped / is dropped; read is dropped / is dropped; swap is dropped / is dropped; drop nothing
    gone: create loading 8 None / foreign X; load is gone / is gone; read is gone / is gone; swap is gone / is gone; drop dropped 8 Some(1)
    altered: create loading 8 None / foreign X; load is altered / is altered; read is altered / is altered; swap is altered / is altered; drop foreign clicks__a
    "#);
    insta::assert_snapshot!(table("a"), @r#"
    unknown: create live / live; load unknown / unknown; read unknown / unknown; swap unknown / unknown; drop unknown
    loading: create live / live; load loading 8 Some(1) / shape; read is loading / is loading; swap is loading / is loading; drop live
    loaded: create live / live; load is loaded / is loaded; read may / shape; swap a 4 None / conflict Some(3); drop live
    dropped: create live / live; load is dropped / is dropped; read is dropped / is dropped; swap is dropped / is dropped; drop live
    gone: create live / live; load is gone / is gone; read is gone / is gone; swap is gone / is gone; drop live
    altered: create live / live; load is altered / is altered; read is altered / is altered; swap is altered / is altered; drop live
    "#);
}

#[test]
fn the_first_swap_expects_no_pointer() {
    let loaded = found(RecordedState::Loaded, TableFound::AsMade);
    let seen = seen(Some(loaded), None);
    let first = seen.swap(&swap_to("a", None), "me", now()).unwrap();
    assert_eq!((first.version, first.previous), (1, None));
    let refused = seen.swap(&swap_to("a", Some(0)), "me", now());
    assert_eq!(outcome(refused, |_| "swapped".to_owned()), "conflict None");
}

#[test]
fn the_way_back_survives_a_swap_to_the_live_build() {
    let loaded = found(RecordedState::Loaded, TableFound::AsMade);
    let again = seen(Some(loaded.clone()), Some(pointer("a", 2, Some("b"))));
    let again = again.swap(&swap_to("a", Some(2)), "me", now()).unwrap();
    assert_eq!((again.version, again.previous.as_deref()), (3, Some("b")));
    let forth = seen(Some(loaded), Some(pointer("b", 9, Some("c"))));
    let forth = forth.swap(&swap_to("a", Some(9)), "me", now()).unwrap();
    assert_eq!((forth.version, forth.previous.as_deref()), (10, Some("b")));
}

#[test]
fn a_swap_that_takes_another_back_names_the_way_back() {
    let ready = || Some(found(RecordedState::Loaded, TableFound::AsMade));
    let swap = TableSwap {
        back_to: BackTo::Build(Some("z".to_owned())),
        ..swap_to("a", Some(3))
    };
    for live in [pointer("b", 3, Some("a")), pointer("a", 3, None)] {
        let added = seen(ready(), Some(live)).swap(&swap, "me", now()).unwrap();
        assert_eq!((added.version, added.previous.as_deref()), (4, Some("z")));
    }
}

#[test]
fn a_load_ends_unless_its_table_was_taken() {
    let mine = found(RecordedState::Loading, TableFound::AsMade).record;
    let ended = end_load(&mine, Some(&mine), &rows(5), &Handoff::default(), now()).unwrap();
    assert_eq!(record_text(&ended), "loaded 7 Some(5)");
    assert_eq!(ended.loaded_at.as_deref(), Some("now"));
    let later = BuildRecord {
        attempt: 8,
        ..mine.clone()
    };
    for found in [None, Some(&later), Some(&ended)] {
        let refused = end_load(&mine, found, &rows(5), &Handoff::default(), now());
        assert!(matches!(refused, Err(StoreError::Superseded { .. })));
        assert!(check_attempt(&mine, found).is_err());
    }
}

#[test]
fn states_have_one_name_each() {
    for state in [
        RecordedState::Loading,
        RecordedState::Loaded,
        RecordedState::Dropped,
    ] {
        assert_eq!(RecordedState::from_name(state.name()), Some(state));
    }
    assert_eq!(RecordedState::from_name("gone"), None);
}

/// A store that keeps the rules as the module documentation says, without transactions: a writer reads, and writes
/// later, if what it read still holds.
#[derive(Default)]
struct Database {
    records: BTreeMap<&'static str, BuildRecord>,
    /// Tables, each with the attempt that it was made for.
    tables: BTreeMap<&'static str, u64>,
    pointers: Vec<Pointer>,
    /// Records of loads that began, each with its build.
    loads: Vec<(&'static str, BuildRecord)>,
}

/// A call of a writer.
#[derive(Clone, Copy, Debug)]
enum Call {
    Create,
    BeginLoad,
    /// The end of the n-th load that began, of any build.
    EndLoad(usize),
    Swap,
    Drop,
}

/// A call whose writer has read, and not written yet.
struct Pending {
    call: Call,
    build: &'static str,
    seen: Seen<'static>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(Call, &'static str),
    /// The n-th pending call writes.
    Write(usize),
    /// Another program drops the table of a build.
    Lose(&'static str),
}

impl Database {
    fn see(&self, build: &'static str) -> Seen<'static> {
        let table = match self.tables.contains_key(build) {
            true => TableFound::AsMade,
            false => TableFound::Missing,
        };
        let record = self.records.get(build).cloned();
        Seen {
            table: TABLE,
            build,
            found: record.map(|record| FoundBuild { record, table }),
            live: self.pointers.last().cloned(),
        }
    }

    /// Whether what a writer read still holds, as the module documentation defines it.
    fn holds(&self, seen: &Seen<'static>) -> bool {
        let key = |seen: &Seen<'_>| {
            let record = seen.found.as_ref().map(|found| &found.record);
            let version = seen.live.as_ref().map(|live| live.version);
            (record.map(|one| (one.attempt, one.state)), version)
        };
        key(seen) == key(&self.see(seen.build))
    }

    fn write(&mut self, Pending { call, build, seen }: Pending) {
        // The end of a load reads the record of its own build.
        if !matches!(call, Call::EndLoad(_)) && !self.holds(&seen) {
            return;
        }
        match call {
            Call::Create => {
                let taken = self.tables.contains_key(build).then(|| build.to_owned());
                if let Ok(creation) = seen.create(&info(build), &columns("page"), taken, now()) {
                    self.tables.insert(build, creation.record.attempt);
                    self.records.insert(build, creation.record);
                }
            }
            Call::BeginLoad => {
                if let Ok(record) = seen.begin_load(&columns("page")) {
                    self.tables.insert(build, record.attempt);
                    self.records.insert(build, record.clone());
                    self.loads.push((build, record));
                }
            }
            Call::EndLoad(number) => self.end_load(number),
            Call::Swap => {
                let expected = seen.live.as_ref().map(|live| live.version);
                if let Ok(pointer) = seen.swap(&swap_to(build, expected), "me", now()) {
                    assert_eq!(self.records[build].state, RecordedState::Loaded);
                    self.pointers.push(pointer);
                }
            }
            Call::Drop => {
                if let Ok(Some(record)) = seen.drop_build() {
                    self.tables.remove(build);
                    self.records.insert(build, record);
                }
            }
        }
    }

    fn end_load(&mut self, number: usize) {
        let Some((build, mine)) = self.loads.get(number).cloned() else {
            return;
        };
        if let Ok(record) = end_load(
            &mine,
            self.records.get(build),
            &rows(1),
            &Handoff::default(),
            now(),
        ) {
            if let Some(made_for) = self.tables.get(build) {
                assert_eq!(*made_for, mine.attempt, "another load's table was marked");
            }
            self.records.insert(build, record);
        }
    }

    fn check(&self) {
        for (at, pointer) in self.pointers.iter().enumerate() {
            assert_eq!(pointer.version, at as Version + 1);
            let before = self.pointers[..at].iter().rev();
            let other = before
                .map(|one| &one.build)
                .find(|one| **one != pointer.build);
            assert_eq!(pointer.previous.as_ref(), other);
        }
        if let Some(live) = self.pointers.last() {
            let state = self.records[live.build.as_str()].state;
            assert_eq!(
                state,
                RecordedState::Loaded,
                "the live build was taken away"
            );
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let build = || prop::sample::select(vec!["a", "b", "c"]);
    let call = prop_oneof![
        2 => Just(Call::Create),
        3 => Just(Call::BeginLoad),
        3 => (0_usize..12).prop_map(Call::EndLoad),
        3 => Just(Call::Swap),
        1 => Just(Call::Drop),
    ];
    prop_oneof![
        10 => (call, build()).prop_map(|(call, build)| Step::Read(call, build)),
        10 => (0_usize..4).prop_map(Step::Write),
        1 => build().prop_map(Step::Lose),
    ]
}

proptest! {
    #[test]
    fn racing_writers_keep_the_rules(steps in prop::collection::vec(step(), 0..200)) {
        let (mut database, mut pending) = (Database::default(), Vec::new());
        for step in steps {
            match step {
                Step::Read(call, build) => {
                    let seen = database.see(build);
                    pending.push(Pending { call, build, seen });
                }
                Step::Write(at) if at < pending.len() => database.write(pending.remove(at)),
                Step::Write(_) => {}
                Step::Lose(build) => drop(database.tables.remove(build)),
            }
            database.check();
        }
    }
}
