//! What is missing on a machine or for a job: findings, each with its remedy. Nothing is written.
//!
//! | file | idea |
//! |---|---|
//! | `finding` | one finding, and the report of all |
//! | `languages` | the programs of a language |
//! | `job` | a job: one part after another |
//! | `component`, `work`, `source`, `target` | the parts of a job |

mod component;
mod finding;
mod job;
mod languages;
mod source;
mod target;
mod work;

pub(crate) use finding::codes;
pub use finding::{DoctorError, Finding, Report, Verdict};
pub use job::job;
pub use languages::{folder, languages};
