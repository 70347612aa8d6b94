//! From partials to the table's rows: the state table of a worker, its runs, and their merge.

mod digest;

pub use digest::RowsDigest;
