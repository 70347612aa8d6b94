//! What the end-to-end tests and the benchmark share.
//!
//! | module | gives |
//! |---|---|
//! | [`archive`] | a click archive of any size, and what a fold of it must come to |
//! | [`components`] | the `.wasm` of the example and of the test guests, built when first asked for |
//! | [`gateway`] | a real S3 server |
//! | [`process`] | the `backfold` command: to run, to watch, to kill |
//! | [`visits`] | visits in every format, compression and layout |
//! | [`workbench`] | a folder with an archive, a job, a work folder and a database |

pub mod archive;
pub mod components;
pub mod gateway;
pub mod process;
pub mod visits;
pub mod workbench;
