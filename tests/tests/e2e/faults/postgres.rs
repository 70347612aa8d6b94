//! The process ends after each call of the store in PostgreSQL, and each call fails once.

use std::thread;
use std::time::Duration;

use backfold_tests::archive::{Tallies, Tally};
use backfold_tests::postgres::{Database, Release, Session, shared};

use super::crash::crash_everywhere;
use super::fail::fail_everywhere;
use super::place::{Place, bench};
use super::stage::{FIRST, GC, SWAP, Stage};
use super::target::{Target, is_bookkeeping};

/// How often it is looked whether sessions are left.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A database, and a session in another one.
struct Postgres {
    database: Database,
    beside: Session,
}

impl Postgres {
    fn new() -> Self {
        let cluster = shared(Release::Packaged);
        let beside = cluster.database("beside").unwrap().superuser().unwrap();
        Postgres {
            database: cluster.database("faults").unwrap(),
            beside,
        }
    }

    fn kept(&self) -> String {
        format!("{}_kept", self.database.name())
    }

    /// Makes the database `to` a copy of `from`.
    fn copy(&self, from: &str, to: &str) {
        self.settle();
        let owner = &self.database.owner().name;
        for statement in [
            format!("DROP DATABASE IF EXISTS {to} WITH (FORCE)"),
            format!("CREATE DATABASE {to} TEMPLATE {from} OWNER {owner}"),
        ] {
            self.beside.run(&statement).unwrap();
        }
    }

    /// Waits until the server has ended the sessions of commands that are gone.
    fn settle(&self) {
        let name = self.database.name();
        let sessions = format!(
            "SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend'"
        );
        while !self.beside.rows(&sessions).unwrap().is_empty() {
            thread::sleep(LOOK_EVERY);
        }
    }

    /// The rows of a query. The session ends with it.
    fn rows_of(&self, query: &str) -> Vec<Vec<Option<String>>> {
        self.settle();
        self.database.session().unwrap().rows(query).unwrap()
    }
}

impl Target for Postgres {
    fn settings(&self) -> String {
        let url = self.database.url(self.database.owner());
        format!("target.postgres.url = \"{url}\"")
    }

    fn environment(&self) -> Vec<(&'static str, &'static str)> {
        self.database.environment().to_vec()
    }

    fn keep(&self) {
        self.copy(self.database.name(), &self.kept());
    }

    fn bring_back(&self) {
        self.copy(&self.kept(), self.database.name());
    }

    fn rows(&self) -> Option<Tallies> {
        if !self.names().contains(&"page_days".to_owned()) {
            return None;
        }
        let rows = self.rows_of("SELECT * FROM page_days").into_iter();
        let tally = |row: Vec<Option<String>>| {
            let [page, day, events, duration_ms] = <[_; 4]>::try_from(row).unwrap();
            let number = |text: Option<String>| text.unwrap().parse().unwrap();
            let tally = Tally {
                events: number(events),
                duration_ms: number(duration_ms),
            };
            ((page.unwrap(), day.unwrap()), tally)
        };
        Some(rows.map(tally).collect())
    }

    fn names(&self) -> Vec<String> {
        let names =
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1";
        let names = self.rows_of(names).into_iter();
        let names = names.filter_map(|mut row| row.remove(0));
        let names = names.filter(|name| !is_bookkeeping(name));
        // The names of keys have numbers, which rise with each attempt.
        let name = |name: String| match name.starts_with("backfold_key_") {
            true => "the key".to_owned(),
            false => name,
        };
        names.map(name).collect()
    }
}

/// Points of calls that change something in the database.
fn changes(point: &str) -> bool {
    point.ends_with("run statements") || point.ends_with("change rows") || commits(point)
}

/// Points of commits and of rows on their way.
fn commits(point: &str) -> bool {
    point.ends_with("commit") || point.ends_with("load rows")
}

fn crash_in(stage: &Stage) {
    let bench = bench();
    crash_everywhere(&Place::new(&bench, Postgres::new()), stage, changes);
}

fn fail_in(stage: &Stage, wanted: fn(&str) -> bool) {
    let bench = bench();
    fail_everywhere(&Place::new(&bench, Postgres::new()), stage, wanted);
}

#[test]
fn crashes_of_the_first_build() {
    crash_in(&FIRST);
}

#[test]
fn crashes_of_swap() {
    crash_in(&SWAP);
}

#[test]
fn crashes_of_gc() {
    crash_in(&GC);
}

#[test]
fn failures_of_the_first_build() {
    // Statements that fail end the transaction, as those of a swap do.
    fail_in(&FIRST, commits);
}

#[test]
fn failures_of_swap() {
    fail_in(&SWAP, changes);
}
