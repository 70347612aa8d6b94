//! From a plan to a loaded table: plans, resuming, limits, states of a build, commands that run at the same time.

mod bad_environment;
mod bounds;
mod builds;
mod earlier_release;
mod phases;
mod plan;
mod resume;
mod same_table;
mod together;
