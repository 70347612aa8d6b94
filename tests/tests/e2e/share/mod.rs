//! Builds whose units are folded by many processes, through a share.

mod command;
mod rounds;
mod same_table;
