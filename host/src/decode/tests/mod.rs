//! The decoder as a whole.

mod bad_input;
mod oracle;
mod origins;
mod support;
