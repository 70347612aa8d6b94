//! The user's component: loading it, limiting it, calling it, never trusting it.

mod error;

pub use error::GuestError;
pub(crate) use error::codes;
