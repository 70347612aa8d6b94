//! Pipelines in all languages: the SDKs' own tests, new projects, the conformance pipeline of each SDK, and the examples.

mod conformance;
mod examples;
mod new;
mod sdks;
