//! Code that the end-to-end tests and the benchmark share.
//!
//! | module | gives |
//! |---|---|
//! | [`archive`] | a click archive of any size, and the expected result of its fold |
//! | [`broker`] | a real Kafka broker, its topics and producers |
//! | [`browser`] | a real browser without a window |
//! | [`busy`] | a front of an HTTP server that is busy now and then |
//! | [`components`] | the `.wasm` of the example and of the test guests, built at the first call |
//! | [`dynamodb`] | a real server of DynamoDB's protocol |
//! | [`fault`] | processes that stop at any of their writes |
//! | [`gateway`] | a real S3 server |
//! | [`postgres`] | a real PostgreSQL server of two releases, databases, roles |
//! | [`process`] | the `backfold` command: to run, to watch, to kill |
//! | [`projects`] | projects of pipelines in all languages, built at the first call |
//! | [`provider`] | an identity provider, by whose tokens clients log in to a broker |
//! | [`proxy`] | a proxy that delays, cuts and resets connections |
//! | [`ranges`] | the Kafka driver over ranges of offsets |
//! | [`registry`] | a real schema registry |
//! | [`rng`] | numbers that look random |
//! | [`server`] | servers that end with the test |
//! | [`spark`] | a real Spark, whose executors are processes of their own |
//! | [`topic`] | the clicks as a topic, and a job that folds them |
//! | [`visits`] | visits in every format, compression and layout |
//! | [`workbench`] | a folder with an archive, a job, a work folder and a database |

pub mod archive;
pub mod broker;
pub mod browser;
pub mod busy;
pub mod components;
pub mod dynamodb;
pub mod fault;
pub mod gateway;
pub mod postgres;
pub mod process;
pub mod projects;
pub mod provider;
pub mod proxy;
pub mod ranges;
pub mod registry;
pub mod rng;
pub mod server;
pub mod spark;
pub mod topic;
pub mod units;
pub mod visits;
pub mod workbench;
