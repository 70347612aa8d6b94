//! Signs, each with a shape of its own, so that none is told by its colour alone.

use maud::{Markup, html};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It is under way, or was stopped.
    Waiting,
}

/// A sign in a circle.
pub(super) fn icon(icon: Icon) -> Markup {
    let path = match icon {
        Icon::Yes => "M6.6 12.4l3.6 3.6 7.2-8",
        Icon::No => "M7.8 7.8l8.4 8.4M16.2 7.8l-8.4 8.4",
        Icon::Waiting => "M12 6.6V12l3.6 2.4",
    };
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2"
            stroke-linecap="round" stroke-linejoin="round" {
            circle cx="12" cy="12" r="10.6" stroke-width="1.4" {}
            path d=(path) {}
        }
    }
}

/// A word with its sign.
pub(super) fn mark(holds: bool, word: &str) -> Markup {
    let path = if holds {
        "M3 8.5l3.4 3.4L13 4.6"
    } else {
        "M4 4l8 8M12 4l-8 8"
    };
    html! {
        span.mark.no[!holds] {
            svg viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.2"
                stroke-linecap="round" stroke-linejoin="round" { path d=(path) {} }
            (word)
        }
    }
}
