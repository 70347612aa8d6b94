//! Components for tests, valid and invalid: each is an example, in a file of this folder.
