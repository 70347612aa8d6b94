//! Components that the tests fold with, good and evil: one an example beside this file.
