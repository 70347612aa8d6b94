//! The user's component: loading it, limiting it, calling it, never trusting it.
//!
//! [`Component::load`] reads and compiles a `.wasm` once; [`Component::open`] makes as many [`Instance`]s of it
//! as there are workers. An instance takes and gives Arrow batches, and every answer has been checked against
//! the [`Descriptor`](crate::schema::Descriptor) before a caller sees it. After its first failure an instance is
//! dead, and says so. A [`Window`] is the one place where events are folded and partials drained.
//!
//! A component gets no files, no network and no environment; its clocks and its randomness are the same in every
//! run, and what it prints goes to the log.
//!
//! | file | holds |
//! |---|---|
//! | `bindings` | what `bindgen!` makes of `wit/pipeline.wit` |
//! | `limits` | what a component may use, and the fuel of a call |
//! | `engine` | the settings of wasmtime, and why |
//! | `inspect` | what a `.wasm` is, imports and exports, before it is compiled |
//! | `component`, `cache` | loading, compiling, keeping what was compiled |
//! | `sandbox`, `wasi` | what an instance can reach: memory within limits, and a world that never changes |
//! | `instance`, `fault` | the calls, and what their failures mean |
//! | `calls` | those under way, and the wall clock |
//! | `columns`, `validate`, `sizes` | Arrow to WIT, and back with every byte checked |
//! | `descriptor` | what a component says of itself, checked |
//! | `drained` | partials, no key of them twice |
//! | `refused` | records that it rejects or fails on |
//! | `search`, `isolation` | which records of a window it fails on |
//! | `window` | folding and draining |
//! | [`laws`] | what a rebuild rests on, tested |

mod bindings;
mod cache;
mod calls;
mod columns;
mod component;
mod descriptor;
mod drained;
mod engine;
mod error;
mod fault;
mod inspect;
mod instance;
mod isolation;
pub mod laws;
mod limits;
mod refused;
mod sandbox;
mod search;
mod sizes;
#[cfg(test)]
mod tests;
mod text;
mod validate;
mod wasi;
mod window;

pub use component::Component;
pub use drained::Partials;
pub(crate) use error::codes;
pub use error::{Call, GuestError};
pub use instance::{Instance, RowRejection};
pub use limits::Limits;
pub use refused::{Failure, FailureKind, Refused};
pub(crate) use sizes::{RowBytes, cuts};
#[cfg(test)]
pub(crate) use tests::raw_path as evil_component;
pub use window::{Drained, Suspect, Window};
