//! Archives in an S3 server.

mod archive;
mod changed;
mod resume;
