//! What a run reads: formats, layouts, ranges, invalid input, rejected records.

mod bad_input;
mod beside;
mod dialects;
mod evolution;
mod formats;
mod offsets;
mod only_quarantined;
mod presence;
mod quarantine;
mod range;
mod writers;
