//! The decoder as a whole.

#[cfg(test)]
mod ahead;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod named;
pub(super) mod oracle;
#[cfg(test)]
mod origins;
pub(super) mod outcome;
pub(super) mod support;
