//! The main figures of a build.

use maud::{Markup, html};

use super::frame::{Frame, percent};
use crate::human::{count, short, size};

/// The figures as a grid.
pub(super) fn figures(frame: &Frame<'_>) -> Markup {
    let figures = [
        rows(frame),
        changed(frame),
        rejected(frame),
        checks(frame),
        input(frame),
    ];
    html! {
        dl.figures {
            @for figure in figures {
                div {
                    dt { (figure.name) }
                    dd { b.fault[figure.is_fault] { (figure.value) } span.soft.small { (figure.about) } }
                }
            }
        }
    }
}

struct Figure {
    name: &'static str,
    value: String,
    about: String,
    is_fault: bool,
}

impl Figure {
    fn new(name: &'static str, value: impl Into<String>, about: impl Into<String>) -> Self {
        Figure {
            name,
            value: value.into(),
            about: about.into(),
            is_fault: false,
        }
    }
}

fn rows(frame: &Frame<'_>) -> Figure {
    let review = frame.review;
    let Some(loaded) = &review.loaded else {
        return Figure::new("Rows", "–", "no complete table");
    };
    let old = frame.diff().and_then(|diff| diff.old.as_ref());
    let about = match old {
        Some(old) if old.rows == loaded.rows => "as many as the live table".to_owned(),
        Some(old) => {
            let more = loaded.rows as i128 - old.rows as i128;
            let sign = if more > 0 { "+" } else { "−" };
            let difference = u64::try_from(more.unsigned_abs()).unwrap_or(u64::MAX);
            format!("{sign}{} compared with the live table", count(difference))
        }
        None => "in the new table".to_owned(),
    };
    Figure::new("Rows", count(loaded.rows), about)
}

fn changed(frame: &Frame<'_>) -> Figure {
    match frame.diff() {
        Some(diff) if diff.old.is_some() && !diff.schema.keys_differ => {
            let counts = diff.counts;
            let differ = counts.changed() + counts.only_new + counts.only_old;
            let all = counts.both + counts.only_new + counts.only_old;
            let about = format!("{} of {} keys", count(differ), count(all));
            Figure::new("Differs from live", percent(differ, all), about)
        }
        Some(diff) if diff.old.is_some() => {
            Figure::new("Differs from live", "100 %", "other key columns")
        }
        Some(_) => Figure::new("Differs from live", "–", "nothing to compare with"),
        None => Figure::new("Differs from live", "–", "not compared"),
    }
}

fn rejected(frame: &Frame<'_>) -> Figure {
    let review = frame.review;
    let about = match review.counts.records {
        0 => "no record read yet".to_owned(),
        records => format!(
            "{} of {} records",
            percent(review.rejected, records),
            short(records as f64)
        ),
    };
    Figure {
        is_fault: frame.failed("quarantine") == Some(true),
        ..Figure::new("Rejected", count(review.rejected), about)
    }
}

fn checks(frame: &Frame<'_>) -> Figure {
    let gate = frame.recorded().and_then(|recorded| recorded.gate.as_ref());
    let Some(gate) = gate else {
        return Figure::new("Checks", "–", "not judged");
    };
    let held = gate.checks.iter().filter(|check| check.passed).count();
    let all = gate.checks.len();
    Figure {
        is_fault: held < all,
        ..Figure::new("Checks", format!("{held} of {all}"), "hold")
    }
}

fn input(frame: &Frame<'_>) -> Figure {
    let review = frame.review;
    let about = match (
        &review.based_on,
        review.frozen.objects,
        review.frozen.partitions.len(),
    ) {
        (Some(_), ..) => "rejected records of another build".to_owned(),
        (None, 0, 1) => "of 1 partition".to_owned(),
        (None, 0, partitions) => format!("of {} partitions", count(partitions as u64)),
        (None, 1, _) => "in 1 object".to_owned(),
        (None, objects, _) => format!("in {} objects", count(objects)),
    };
    let value = match (
        review.frozen.size_bytes,
        review.frozen.partitions.is_empty(),
    ) {
        (0, false) => {
            let offsets = review.frozen.partitions.iter().map(|one| one.offsets());
            format!("{} offsets", short(offsets.sum::<u64>() as f64))
        }
        (0, true) => format!("{} records", short(review.counts.records as f64)),
        (bytes, _) => size(bytes),
    };
    Figure::new("Input", value, about)
}
