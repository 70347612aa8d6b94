//! End-to-end tests of the `backfold` command, in one binary: it is linked once, and its tests share servers.
//!
//! | folder | tests |
//! |---|---|
//! | `advice/` | the advice of `host/errors.md`: each page is followed |
//! | `component/` | components that are invalid or break a law, and `backfold test` |
//! | `input/` | formats, layouts, ranges, invalid input, rejected records |
//! | `build/` | plans, resuming, limits of memory, states of a build, commands that run at the same time |
//! | `table/` | swaps, rollbacks, and the database that other programs use too |
//! | `report/` | the page about a build, in a real browser |
//! | `faults/` | commands that are stopped or fail at each of their writes |
//! | `languages/` | pipelines in all languages: new projects, the conformance of each SDK, the examples |
//! | `share/` | builds whose units are folded by many processes |
//! | `s3/` | archives in an S3 server |
//! | `kafka/` | topics of a Kafka broker, logins, schema registries |
//! | `stores/` | PostgreSQL and DynamoDB on real servers, and what holds for all stores |
//! | `project/` | `backfold new`, `build`, `test` of a project and `doctor` |
//! | `steps.rs` | the steps of a build in separate processes |
//! | `readme.rs` | the commands of the READMEs |
//!
//! Tests run on several threads of one process, so no test changes what belongs to the process: environment, current
//! folder, limits, signal handlers. A test that needs such a change makes it in a child process. Servers listen on
//! ports from `server::free_port`. [`backfold_tests::broker::shared`] is one broker for all tests, which use topics of
//! their own; a test that stops a broker starts one for itself.

mod advice;
mod build;
mod component;
mod faults;
mod input;
mod kafka;
mod languages;
mod project;
mod readme;
mod report;
mod s3;
mod share;
mod steps;
mod stores;
mod table;
