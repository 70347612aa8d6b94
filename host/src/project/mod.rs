//! Projects: a pipeline's source, its samples and its tests in one folder, in any language.
//!
//! [`create`] and [`create_from`] write a new project, [`build`] makes its component, and [`test()`] runs its tests and folds its sample. The
//! file `backfold.toml` says which language a project is in; everything else has a default.
//!
//! | file | idea |
//! |---|---|
//! | `language` | the languages, and what is usual in each |
//! | `manifest` | `backfold.toml` |
//! | `toolchain`, `tools` | where programs are searched; the programs that each language needs |
//! | `process` | running a compiler or tests |
//! | `compile` | from source to WebAssembly, a file for each language |
//! | `encode` | from a core module to a component |
//! | `sources` | the files of a project |
//! | `conditions` | the parameters and limits of a component, from the project's job |
//! | `checks` | whether a component is one that a job can use |
//! | `cache` | whether anything has changed since the last build |
//! | `build` | all of these, one after another |
//! | `test`, `watch` | the tests of a project; waiting for the next save |
//! | `sdk`, `create` | the SDKs and templates within the command; a new project |
//! | `from` | a new project with the declaration of a job as its source |
//! | `error` | the errors of all of these |

mod build;
mod cache;
mod checks;
mod compile;
mod conditions;
mod create;
mod encode;
mod error;
mod from;
mod language;
mod manifest;
mod process;
mod sdk;
mod sources;
mod test;
mod toolchain;
mod tools;
mod watch;

pub use build::{Built, build};
pub use checks::Checked;
pub use conditions::BuildOptions;
pub use create::{Created, create};
pub use error::ProjectError;
pub(crate) use error::codes;
pub use from::{FromJob, create_from};
pub use language::{Engine, Language};
pub use manifest::Project;
pub use test::{Tested, UnitTests, test};
pub use toolchain::{Search, Tool};
pub use tools::{Need, needs};
pub use watch::{Watch, Watched};
