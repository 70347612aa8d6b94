//! What the build is made of.

use maud::{Markup, html};

use super::frame::{Frame, moment, moment_us};
use super::shape::{fact, left_out, name, section as titled};
use crate::human::{count, counted};

/// The notes that are shown.
const NOTES: usize = 12;

/// The most notes that are not folded away.
const OPEN_NOTES: usize = 3;

/// The identity of the build.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let content = html! {
        dl.facts { (made_of(frame)) (made(frame)) }
        details {
            summary { b { "Digests, names and folder" } }
            div.inside { dl.facts { (names(frame)) } }
        }
        (notes(frame))
    };
    titled("build", "Build", "What the table is made of.", &content)
}

/// What decides the rows, and where they are.
fn made_of(frame: &Frame<'_>) -> Markup {
    let review = frame.review;
    let component = &review.component;
    let source = frame.text(&review.driver, 60);
    html! {
        (name("Table", &frame.text(&review.table, 120)))
        (name("Build", &review.build))
        (fact("Component", &html! {
            (frame.text(&component.name, 120)) " " (frame.text(&component.version, 60))
            " " span.mono.soft { (frame.text(component.digest.get(..16).unwrap_or_default(), 16)) "…" }
        }))
        (fact("Input", &html! { (source) ", " (range(frame)) }))
        @if let Some(base) = &review.based_on { (name("On top of build", &frame.text(base, 60))) }
        (fact("Store", &html! { (frame.text(&review.target, 300)) }))
    }
}

/// When it was made, and what came of it.
fn made(frame: &Frame<'_>) -> Markup {
    let review = frame.review;
    let ended = frame
        .recorded()
        .and_then(|recorded| recorded.written_at.as_deref());
    html! {
        (fact("Planned", &html! { (moment(&review.planned_at)) }))
        @if let Some(at) = &review.loaded_at { (fact("Table complete", &html! { (moment(at)) })) }
        @if let Some(at) = ended { (fact("Last run ended", &html! { (moment(at)) })) }
        @if let Some(loaded) = &review.loaded {
            (fact("Rows", &html! {
                (count(loaded.rows)) ", digest "
                span.mono.soft { (frame.text(loaded.digest.get(..16).unwrap_or_default(), 16)) "…" }
            }))
        }
    }
}

/// What programs use, in full.
fn names(frame: &Frame<'_>) -> Markup {
    let review = frame.review;
    html! {
        (name("Component", &frame.text(&review.component.digest, 64)))
        (name("Input", &frame.text(&review.manifest_digest, 64)))
        @if let Some(loaded) = &review.loaded { (name("Rows", &frame.text(&loaded.digest, 64))) }
        (name("Own table", &frame.text(&review.shadow, 160)))
        (name("Folder", &frame.text(&review.folder.display().to_string(), 300)))
    }
}

fn range(frame: &Frame<'_>) -> String {
    let range = frame.review.range;
    match (range.from_us.map(moment_us), range.until_us.map(moment_us)) {
        (None, None) => "all of the input".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(until)) => format!("before {until}"),
        (Some(from), Some(until)) => format!("{from} to {until}"),
    }
}

fn notes(frame: &Frame<'_>) -> Markup {
    let run = frame
        .recorded()
        .map(|recorded| &recorded.notes[..])
        .unwrap_or_default();
    let notes: Vec<&String> = run.iter().chain(&frame.review.frozen.notes).collect();
    let (shown, more) = frame.first(&notes, NOTES);
    html! {
        @if !notes.is_empty() {
            details open[notes.len() <= OPEN_NOTES] {
                summary { b { (counted(notes.len() as u64, "note")) } " of the plan and the run" }
                div.inside {
                    ul.plain { @for note in shown { li { (frame.text(note, 500)) } } }
                    (left_out(more, "notes are"))
                }
            }
        }
    }
}
