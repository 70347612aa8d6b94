//! A page about a build: one HTML file for the person who says yes or no to its swap.
//!
//! [`render`] gives the page of a [`Review`]. The page needs nothing but itself: no server, no network, no script; a
//! Content-Security-Policy in it forbids all of these. It is at most [`MOST_BYTES`] large, whatever the build: lists and texts
//! are cut, and the page says how much is left out.
//!
//! | file | content of the page |
//! |---|---|
//! | `verdict`, `figures` | the verdict in a line, and the main figures |
//! | `identity` | what the build is made of |
//! | `gate` | the checks |
//! | `diff`, `drift` | what a swap changes for readers |
//! | `coverage` | what the input covers |
//! | `splits` | the splits, folded or not |
//! | `times` | the time by stage |
//! | `rejected` | rejected records by reason |
//! | `presence` | in how many events each input was there |
//! | `back` | how to go back |
//! | `shape`, `chart`, `icon` | the forms that the sections share: tables, bars, signs |
//! | `frame` | the view of a build for one page: limits of lists and texts |
//!
//! Text reaches the page through [`maud::html`] alone, which escapes it. `PreEscaped` stands in this file only, for the
//! style sheet.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest::{SHA256, digest};

mod back;
mod chart;
mod coverage;
mod diff;
mod drift;
mod error;
mod figures;
mod frame;
mod gate;
mod icon;
mod identity;
mod presence;
mod rejected;
mod shape;
mod splits;
mod times;
mod verdict;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use error::PageError;
pub(crate) use error::codes;

use crate::durable;
use crate::replay::review::Review;
use frame::Frame;

/// The largest size of a page in bytes.
pub const MOST_BYTES: usize = 200_000;

/// How much smaller lists and texts are made, step by step, until a page is small enough.
const SCALES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

const STYLE: &str = include_str!("style.css");

/// What a page says in addition to its review.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// The job file as an argument of the commands that the page names.
    pub job: String,
    /// When the page is made.
    pub now: DateTime<Utc>,
}

/// The page about a build, at most [`MOST_BYTES`] large.
pub fn render(review: &Review, options: &PageOptions) -> String {
    let mut page = String::new();
    for scale in SCALES {
        page = whole(&Frame::new(review, options, scale)).into_string();
        page.push('\n');
        if page.len() <= MOST_BYTES {
            break;
        }
    }
    page
}

/// Writes a page in one step: a reader never finds half of it.
///
/// # Errors
/// [`PageError::Write`], with the file.
pub fn write(path: &Path, page: &str) -> Result<(), PageError> {
    durable::write(path, page.as_bytes()).map_err(|source| PageError::Write {
        path: path.to_owned(),
        source,
    })
}

fn whole(frame: &Frame<'_>) -> Markup {
    let table = frame.text(&frame.review.table, 60);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                meta name="generator" content=(format!("backfold {}", env!("CARGO_PKG_VERSION")));
                title { (verdict::word(frame)) ": " (table) " · backfold" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.over { "backfold · build " span.mono { (frame.review.build) } }
                    h1 { (table) }
                    (verdict::verdict(frame))
                    (figures::figures(frame))
                }
                main {
                    (identity::section(frame))
                    (gate::section(frame))
                    (diff::section(frame))
                    (coverage::section(frame))
                    (splits::section(frame))
                    (times::section(frame))
                    (rejected::section(frame))
                    (presence::section(frame))
                    (back::section(frame))
                }
                (footer(frame))
            }
        }
    }
}

fn footer(frame: &Frame<'_>) -> Markup {
    html! {
        footer {
            "Made " (frame::moment(&frame.options.now.to_rfc3339())) " by backfold " (env!("CARGO_PKG_VERSION"))
            ", from the files of the build and the store. The page shows the build as it was at that time."
            @if frame.scale > 1 {
                " Lists and texts are shorter than usual, so that the page stays small; "
                code { "run.json" } " and " code { "quarantine.jsonl" } " in the folder of the build have all of them."
            }
        }
    }
}

/// The policy of the page: nothing is loaded, nothing is run, and only this style sheet applies.
fn policy() -> String {
    let style = BASE64.encode(digest(&SHA256, STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
}
