//! The functions of a component, by name.

use std::fmt;

/// A function that the component exports, or its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Instantiation, which runs the start functions.
    Start,
    /// `pipeline.open`
    Open,
    /// `pipeline.fold`
    Fold,
    /// `pipeline.drain`
    Drain,
    /// `monoid.identity`
    Identity,
    /// `monoid.combine`
    Combine,
    /// `monoid.present`
    Present,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Call::Start => "start",
            Call::Open => "open",
            Call::Fold => "fold",
            Call::Drain => "drain",
            Call::Identity => "identity",
            Call::Combine => "combine",
            Call::Present => "present",
        })
    }
}
