//! The decoder as a whole.

#[cfg(test)]
mod ahead;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod documents;
mod encodings;
#[cfg(test)]
mod envelope;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod key_fields;
pub(super) mod oracle;
#[cfg(test)]
mod origins;
pub(super) mod outcome;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod shapes;
pub(super) mod support;
#[cfg(test)]
mod swallowed;
#[cfg(test)]
mod values;
