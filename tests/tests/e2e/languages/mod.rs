//! Pipelines in all languages: the SDKs' own tests, new projects, projects of declarations, the conformance pipeline of each
//! SDK, and the examples.

mod conformance;
mod examples;
mod from;
mod new;
mod sdks;
