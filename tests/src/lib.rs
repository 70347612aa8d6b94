//! Code that the end-to-end tests and the benchmark share.
//!
//! | module | gives |
//! |---|---|
//! | [`archive`] | a click archive of any size, and the expected result of its fold |
//! | [`broker`] | a real Kafka broker, its topics and producers |
//! | [`components`] | the `.wasm` of the example and of the test guests, built at the first call |
//! | [`fault`] | processes that stop at any of their writes |
//! | [`gateway`] | a real S3 server |
//! | [`java`] | servers in Java, which end with the test |
//! | [`process`] | the `backfold` command: to run, to watch, to kill |
//! | [`provider`] | an identity provider, by whose tokens clients log in to a broker |
//! | [`ranges`] | the Kafka driver over ranges of offsets |
//! | [`registry`] | a real schema registry |
//! | [`rng`] | numbers that look random |
//! | [`topic`] | the clicks as a topic, and a job that folds them |
//! | [`visits`] | visits in every format, compression and layout |
//! | [`workbench`] | a folder with an archive, a job, a work folder and a database |

pub mod archive;
pub mod broker;
pub mod components;
pub mod fault;
pub mod gateway;
pub mod java;
pub mod process;
pub mod provider;
pub mod ranges;
pub mod registry;
pub mod rng;
pub mod topic;
pub mod visits;
pub mod workbench;
