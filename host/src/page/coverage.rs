//! What the input covers: objects over time, and offsets by partition, with what is missing.

use std::time::Duration;

use maud::{Markup, html};

use super::chart::{Shapes, legend, square};
use super::frame::{Frame, moment_us};
use super::shape::{left_out, scrolling, section as titled};
use crate::human::{count, counted, duration};
use crate::replay::review::{COLUMNS, PartitionCoverage, StretchState, Timeline};

/// The partitions that are shown.
const PARTITIONS: usize = 40;

/// The height of a timeline.
const HEIGHT: f64 = 60.0;

const HOUR_US: u64 = 3_600_000_000;
const DAY_US: u64 = 24 * HOUR_US;

/// Objects that were written within this time are no picture.
const AT_ONCE_US: i64 = 60_000_000;

/// The coverage of the input.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let coverage = &frame.review.coverage;
    let content = html! {
        @if let Some(base) = &frame.review.based_on {
            p { "The input is the rejected records of build " span.mono { (frame.text(base, 40)) }
                ". Its own page shows what it covers." }
        } @else if coverage.timeline.is_none() && coverage.partitions.is_empty() {
            p { "Neither objects nor offsets are known of this input." }
        }
        @if let Some(line) = &coverage.timeline { (timeline(frame, line)) }
        @if frame.review.based_on.is_none() && !coverage.partitions.is_empty() { (partitions(frame)) }
    };
    titled(
        "coverage",
        "Coverage",
        "What the frozen input holds, and what is missing in it.",
        &content,
    )
}

fn timeline(frame: &Frame<'_>, line: &Timeline) -> Markup {
    let objects = counted(frame.review.frozen.objects, "object");
    if !line.is_by_key && line.end_us - line.begin_us < AT_ONCE_US {
        return html! {
            p { (objects) ", last written at " (moment_us(line.begin_us)) ". Their keys have no time that the layout reads." }
        };
    }
    let mut signs = vec![(square("c1"), "objects that are folded")];
    if line.bars.iter().any(|bar| bar.done < bar.objects) {
        signs.push((square("c3"), "objects that are not folded yet"));
    }
    if line.gaps > 0 {
        signs.push((
            square("lack"),
            "time without an object, framed above and below",
        ));
    }
    html! {
        p {
            (objects)
            @if line.is_by_key { ", by the time in their keys." } @else { ", by the time at which each was last written." }
            " A bar is " (span(line.bar_us)) "."
            @if line.without_time > 0 { " Objects without a time in their key: " (count(line.without_time)) "." }
        }
        @if line.gaps > 0 { (gaps(line)) }
        (bars(line))
        div.axis {
            span { (moment_us(line.begin_us)) }
            span { (moment_us(line.end_us)) }
        }
        (legend(&signs))
    }
}

fn gaps(line: &Timeline) -> Markup {
    let more = (line.gaps as usize).saturating_sub(line.first_gaps.len());
    html! {
        p.fault { "No object for " (span(line.missing_us)) ", in " (counted(line.gaps, "place")) ":" }
        ul.plain.fault {
            @for (begin, end) in &line.first_gaps {
                li { (moment_us(*begin)) " to " (moment_us(*end)) " (" (span(end - begin)) ")" }
            }
        }
        (left_out(more, "places are"))
        p.soft.small { "Whether objects had to be there, the archive does not say: nothing may have happened at that time." }
    }
}

/// A span of time, in whole days or hours where it is one.
fn span(micros: i64) -> String {
    let micros = u64::try_from(micros).unwrap_or_default();
    for (unit, name) in [(DAY_US, "day"), (HOUR_US, "hour")] {
        if micros >= unit && micros.is_multiple_of(unit) && (unit == DAY_US || micros < 2 * DAY_US)
        {
            return counted(micros / unit, name);
        }
    }
    duration(Duration::from_micros(micros))
}

fn bars(line: &Timeline) -> Markup {
    let most = line
        .bars
        .iter()
        .map(|bar| bar.objects)
        .max()
        .unwrap_or(1)
        .max(1) as f64;
    let (mut done, mut open) = (Shapes::default(), Shapes::default());
    let (mut missing, mut behind) = (Shapes::default(), Shapes::default());
    for (place, bar) in line.bars.iter().enumerate() {
        let (x, width) = (place as f64, 0.86);
        // A single object among thousands is seen.
        let height = |objects: u64| match objects {
            0 => 0.0,
            objects => (objects as f64 / most * (HEIGHT - 6.0)).max(1.5),
        };
        if bar.is_missing {
            behind.rectangle(x, 0.0, 1.0, HEIGHT);
            missing.rectangle(x, 0.0, 1.0, 3.0);
            missing.rectangle(x, HEIGHT - 3.0, 1.0, 3.0);
        }
        let (all, folded) = (height(bar.objects), height(bar.done));
        if all > folded {
            open.rectangle(x + 0.07, HEIGHT - all, width, all - folded);
        }
        if folded > 0.0 {
            done.rectangle(x + 0.07, HEIGHT - folded, width, folded);
        }
    }
    let label = format!(
        "Objects over time, in {} bars; stretches without an object: {}",
        line.bars.len(),
        line.gaps
    );
    html! {
        svg.line viewBox=(format!("0 0 {} {HEIGHT}", line.bars.len())) preserveAspectRatio="none" role="img" aria-label=(label) {
            rect.c0 width=(line.bars.len()) height=(HEIGHT) {}
            (behind.draw("lackbg")) (open.draw("c3")) (done.draw("c1")) (missing.draw("lack"))
        }
    }
}

fn partitions(frame: &Frame<'_>) -> Markup {
    let coverage = &frame.review.coverage;
    let (shown, more) = frame.first(&coverage.partitions, PARTITIONS);
    let more = more + coverage.partitions_left_out as usize;
    let is_topic = !frame.review.frozen.partitions.is_empty();
    let table = html! {
        table {
            caption { "Offsets by partition" @if coverage.missing > 0 { ", those with missing offsets first" } }
            thead {
                tr {
                    th scope="col" { "Partition" } th.n scope="col" { "First" } th.n scope="col" { "Last" }
                    th scope="col" { "From first to last" }
                    @if is_topic { th.n scope="col" { "Not folded yet" } th scope="col" { "Time" } }
                    @else { th.n scope="col" { "Missing" } th.n scope="col" { "Twice" } }
                }
            }
            tbody { @for one in shown { (partition(frame, one, is_topic)) } }
        }
    };
    let pending = coverage.partitions.iter().any(|one| one.pending > 0);
    let mut signs = vec![(square("c1"), "folded")];
    if pending {
        signs.push((square("c3"), "not folded yet"));
    }
    if coverage.missing > 0 {
        signs.push((
            square("lack"),
            "missing: no object holds them; taller than the rest",
        ));
    }
    html! {
        @if coverage.missing > 0 {
            p.fault { (counted(coverage.missing, "offset")) " between the objects are in no object." }
        }
        (scrolling("Offsets by partition", &table))
        (left_out(more, "partitions are"))
        (legend(&signs))
    }
}

fn partition(frame: &Frame<'_>, one: &PartitionCoverage, is_topic: bool) -> Markup {
    let time = match (one.first_us, one.last_us) {
        (Some(first), Some(last)) => format!("{} to {}", moment_us(first), moment_us(last)),
        (Some(at), None) | (None, Some(at)) => moment_us(at),
        (None, None) => "–".to_owned(),
    };
    html! {
        tr.bad[one.missing > 0 || one.repeated > 0] {
            th.mono scope="row" { (frame.text(&one.partition.to_string(), 80)) }
            td.n { (one.start) }
            td.n { @if one.end > one.start { (one.end - 1) } @else { "–" } }
            td { (stretches(one)) }
            @if is_topic {
                td.n { (count(one.pending)) }
                td.small { (time) }
            } @else {
                td.n { (count(one.missing)) }
                td.n { (count(one.repeated)) }
            }
        }
        @if one.gaps > 0 { (places(one)) }
    }
}

/// The places of missing offsets.
fn places(one: &PartitionCoverage) -> Markup {
    let places = one.first_gaps.iter().map(|gap| match gap.end - gap.start {
        1 => gap.start.to_string(),
        _ => format!("{} to {}", gap.start, gap.end - 1),
    });
    let more = one.gaps as usize - one.first_gaps.len();
    html! {
        tr.bad.more {
            td {}
            td.fault.small colspan="5" {
                "Missing: " (places.collect::<Vec<_>>().join(", "))
                @if more > 0 { " and " (count(more as u64)) " more places" }
            }
        }
    }
}

fn stretches(one: &PartitionCoverage) -> Markup {
    let (mut folded, mut open, mut missing) =
        (Shapes::default(), Shapes::default(), Shapes::default());
    let all: u64 = one.stretches.iter().map(|stretch| stretch.columns).sum();
    let wide = COLUMNS as f64 / all.max(1) as f64;
    let mut at = 0.0;
    for stretch in &one.stretches {
        let width = stretch.columns as f64 * wide;
        match stretch.state {
            StretchState::Folded => folded.rectangle(at, 4.0, width, 10.0),
            StretchState::Pending => open.rectangle(at, 4.0, width, 10.0),
            StretchState::Missing => missing.rectangle(at, 0.0, width, 18.0),
        }
        at += width;
    }
    let label = format!(
        "missing offsets: {}, not folded yet: {}",
        one.missing, one.pending
    );
    html! {
        svg.part viewBox=(format!("0 0 {COLUMNS} 18")) preserveAspectRatio="none" role="img" aria-label=(label) {
            (folded.draw("c1")) (open.draw("c3")) (missing.draw("lack"))
        }
    }
}
