//! The user's component in its sandbox: loading, limits, calls, checked answers.
//!
//! [`Component::load`] reads and compiles a `.wasm` once; [`Component::open`] makes an [`Instance`] for each worker.
//! An instance takes and returns Arrow batches, and checks each answer against the
//! [`Descriptor`](crate::schema::Descriptor). After its first failure an instance refuses all calls. A [`Window`]
//! folds events and drains partials, and finds the records on which the component fails.
//!
//! A component gets no files, no network and no environment; its clocks and its randomness are the same in every
//! run, and its output goes to the log.
//!
//! | file | holds |
//! |---|---|
//! | `bindings` | the types that `bindgen!` makes from `wit/pipeline.wit` |
//! | `limits` | the limits of a component, and the fuel of a call |
//! | `engine` | the settings of wasmtime, with reasons |
//! | `inspect` | the kind, the imports and the exports of a `.wasm`, before it is compiled |
//! | `language` | the language that a component is written in |
//! | `component`, `compile`, `cache` | loading, compiling, a cache of compiled code |
//! | `sandbox`, `growth`, `wasi`, `outputs` | the data of an instance's store: memory limits, WASI, standard output and error |
//! | `guest_store`, `fault` | calls with fuel and a time limit, and the errors that they end with |
//! | `instance`, `call` | the functions of a component |
//! | `calls` | the calls that run now, and the time that each takes |
//! | `columns`, `validate`, `sizes` | from Arrow to WIT, and back with all checks |
//! | `descriptor`, `described` | the checked descriptor, and its schemas |
//! | `drained`, `drainer` | partials, of which no key comes twice; draining an instance |
//! | `refused` | records that the component rejects or fails on |
//! | `search`, `isolation` | the search for the records of a window on which it fails |
//! | `window` | folding and draining |
//! | `error`, `codes` | the errors, and their codes |
//! | `telling`, `details`, `remedy` | what a component says of its failure, and what to do in its language |
//! | [`laws`] | tests of the laws that a component has to obey |

mod bindings;
mod cache;
mod call;
mod calls;
pub(crate) mod codes;
mod columns;
mod compile;
mod component;
mod described;
mod descriptor;
mod details;
mod drained;
mod drainer;
mod engine;
mod error;
mod fault;
mod growth;
mod guest_store;
mod inspect;
mod instance;
mod isolation;
mod language;
pub mod laws;
mod limits;
mod outputs;
mod refused;
mod remedy;
mod sandbox;
mod search;
mod sizes;
mod telling;
#[cfg(test)]
mod tests;
mod text;
mod validate;
mod wasi;
mod window;

pub use cache::Cache;
pub use call::Call;
pub(crate) use component::read_wasm;
pub use component::{AGGREGATE, Component};
pub use details::Details;
pub use drained::Partials;
pub use error::GuestError;
pub use instance::{Instance, RowRejection};
pub use language::Language;
pub use limits::Limits;
pub use refused::{Failure, FailureKind, Refused};
pub(crate) use sizes::{RowBytes, cuts};
#[cfg(test)]
pub(crate) use tests::raw_path as evil_component;
pub(crate) use text::printable;
pub use window::{Drained, Suspect, Window};
