//! The decoder as a whole.

mod ahead;
mod bad_input;
mod differential;
mod generate;
mod oracle;
mod origins;
mod support;
