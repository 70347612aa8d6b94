//! How to go back after a swap.

use maud::{Markup, html};

use super::frame::Frame;
use super::shape::section as titled;
use crate::replay::review::Verdict;

/// The way back.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let review = frame.review;
    let is_live = matches!(
        review.verdict,
        Verdict::Live(_) | Verdict::LiveWithoutTable(_)
    );
    let content = match &review.back.build {
        None => html! {
            @if is_live { p { "This is the first build that readers saw: there is none to go back to." } }
            @else { p { "Nothing is live yet: after the first swap there is no build to go back to." } }
        },
        Some(build) => html! {
            p {
                @if is_live { "The build before this one is " } @else { "After a swap, a rollback shows what is live now: " }
                span.mono { (frame.text(build, 40)) } ". "
                @if review.back.is_there { "Its table is in the store. " }
                @else { span.fault { "Its table is not in the store, so that there is nothing to show. " } }
            }
            @if review.back.is_there {
                p { "Going back is a swap like any other: readers see one table or the other, whole." }
                code.command { (frame.command("rollback")) }
            }
        },
    };
    titled(
        "back",
        "How to go back",
        "The live build and the one before it are kept by `backfold gc`.",
        &content,
    )
}
