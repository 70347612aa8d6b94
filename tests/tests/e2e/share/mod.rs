//! Builds whose units are folded by many processes, through a share.

mod arrays;
mod attempts;
mod busy;
mod command;
mod engines;
mod place;
mod ranges;
mod rounds;
mod same_table;
mod scene;
mod stops;
