//! Where the time went: the stages of the last run, and the work of the workers.

use std::time::Duration;

use maud::{Markup, html};

use super::chart::bar;
use super::frame::{Frame, percent, took};
use super::shape::{scrolling, section as titled};

/// The times.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let stages: Vec<(String, Duration)> = frame
        .recorded()
        .map(|recorded| &recorded.stages[..])
        .unwrap_or_default()
        .iter()
        .map(|one| {
            (
                frame.text(&one.stage, 30),
                Duration::try_from_secs_f64(one.seconds).unwrap_or_default(),
            )
        })
        .collect();
    let workers = workers(frame);
    let content = html! {
        @if stages.is_empty() { p { "No run of this build came to its end, so the time of its stages is not known." } }
        @else { (table("Stages of the last run, by the clock", &stages)) }
        @if workers.iter().any(|(_, time)| !time.is_zero()) {
            (table("Work of all workers and all runs together", &workers))
        }
    };
    titled("time", "Time", "Where the time went.", &content)
}

/// The time of the workers by what they did.
fn workers(frame: &Frame<'_>) -> Vec<(String, Duration)> {
    let times = frame.review.workers;
    let named = [
        ("waiting for the source", times.wait),
        ("decompressing", times.inflate),
        ("finding records", times.index),
        ("decoding", times.decode),
        ("folding in the component", times.fold),
        ("draining the component", times.drain),
        ("merging states", times.absorb),
        ("writing runs", times.write),
    ];
    named
        .map(|(name, micros)| (name.to_owned(), Duration::from_micros(micros)))
        .into()
}

fn table(title: &str, times: &[(String, Duration)]) -> Markup {
    let all: Duration = times.iter().map(|(_, time)| *time).sum();
    let share = |time: &Duration| time.as_secs_f64() / all.as_secs_f64().max(1e-9);
    let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let table = html! {
        table {
            caption { (title) ": " (took(all)) }
            thead { tr { th scope="col" { "What" } th.n scope="col" { "Time" } th.n scope="col" { "Share" } th scope="col" { "" } } }
            tbody {
                @for (name, time) in times {
                    tr {
                        th scope="row" { (name) }
                        td.n { (took(*time)) }
                        td.n { (percent(micros(time), micros(&all))) }
                        td { (bar(&[(share(time), "c1")])) }
                    }
                }
            }
        }
    };
    scrolling(title, &table)
}
