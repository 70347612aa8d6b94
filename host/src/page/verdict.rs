//! The verdict: whether the build may go live, why or why not, and the next command.

use maud::{Markup, html};

use super::frame::{Frame, moment};
use super::icon::{Icon, icon};
use crate::human::{count, counted};
use crate::replay::review::Verdict;
use crate::store::Pointer;

/// The checks that the verdict names.
const NAMES: usize = 6;

/// The verdict in a few words, a sentence about it, and the command that comes next.
struct Said {
    icon: Icon,
    sentence: String,
    /// Commands, each with what it is for.
    next: Vec<(&'static str, String)>,
}

/// The verdict in a few words.
pub(super) fn word(frame: &Frame<'_>) -> &'static str {
    let review = frame.review;
    match &review.verdict {
        Verdict::Live(_) => "Live",
        Verdict::LiveWithoutTable(_) => "Live, but its table is gone",
        Verdict::Ready => "May go live",
        Verdict::Refused => "May not go live",
        Verdict::Held(_) => "Held back",
        Verdict::Moved { .. } => "May not go live: the live table has changed since",
        Verdict::Unchecked => "Not judged yet",
        Verdict::Folded if review.worker.is_some() => "Being built",
        Verdict::Folded => "No table yet",
        Verdict::Folding if review.worker.is_some() => "Being built",
        Verdict::Folding => "Not complete",
        Verdict::Planned if review.worker.is_some() => "Being built",
        Verdict::Planned => "Planned, not begun",
        Verdict::Replaced(_) => "Was live, and was replaced",
        Verdict::Dropped(_) => "Was live, and its table is gone",
    }
}

/// The verdict with its sign, its reason and the next command.
pub(super) fn verdict(frame: &Frame<'_>) -> Markup {
    let said = said(frame);
    let class = match said.icon {
        Icon::Yes => "yes",
        Icon::No => "no",
        Icon::Waiting => "wait",
    };
    html! {
        div.verdict.(class) {
            (icon(said.icon))
            div {
                strong { (word(frame)) }
                p { (said.sentence) }
                @if let Some(worker) = &frame.review.worker {
                    p.soft { "A command works on this build: " (frame.text(worker, 120)) "." }
                }
                @for (what, command) in &said.next {
                    p.small.soft { (what) }
                    code.command { (command) }
                }
                @for problem in &frame.review.problems {
                    p.fault { "A file could not be read: " (frame.text(problem, 300)) "." }
                }
            }
        }
    }
}

impl Said {
    fn new(icon: Icon, sentence: String, next: Vec<(&'static str, String)>) -> Self {
        Said {
            icon,
            sentence,
            next,
        }
    }
}

fn said(frame: &Frame<'_>) -> Said {
    let table = frame.text(&frame.review.table, 60);
    match &frame.review.verdict {
        Verdict::Live(pointer) => {
            let sentence = format!("Readers of {table} see this build{}.", of(frame, pointer));
            Said::new(Icon::Yes, sentence, back(frame, "To go back:"))
        }
        Verdict::LiveWithoutTable(pointer) => {
            let sentence = format!(
                "Readers of {table} should see this build{}, and its table is not in the store.",
                of(frame, pointer)
            );
            Said::new(Icon::No, sentence, back(frame, "To go back:"))
        }
        Verdict::Replaced(pointer) => {
            let sentence = format!(
                "Readers of {table} saw this build{}, until another took its place.",
                of(frame, pointer)
            );
            Said::new(Icon::Waiting, sentence, vec![])
        }
        Verdict::Dropped(pointer) => {
            let sentence = format!(
                "Readers of {table} saw this build{}. Its table was dropped.",
                of(frame, pointer)
            );
            Said::new(Icon::No, sentence, vec![])
        }
        Verdict::Folded | Verdict::Folding | Verdict::Planned => unfinished(frame),
        _ => judged(frame),
    }
}

/// The command that goes on with the build, unless one does.
fn run(frame: &Frame<'_>, what: &'static str) -> Vec<(&'static str, String)> {
    match frame.review.worker {
        Some(_) => vec![],
        None => vec![(what, frame.command("run"))],
    }
}

/// The command that goes back, where there is a build to go back to.
fn back(frame: &Frame<'_>, what: &'static str) -> Vec<(&'static str, String)> {
    match frame.review.back.is_there {
        true => vec![(what, frame.command("rollback"))],
        false => vec![],
    }
}

/// A complete table.
fn judged(frame: &Frame<'_>) -> Said {
    let table = frame.text(&frame.review.table, 60);
    match &frame.review.verdict {
        Verdict::Ready => {
            let swap = vec![("To make it live:", frame.command_on_build("swap"))];
            let next = [swap, back(frame, "To go back after that:")].concat();
            Said::new(Icon::Yes, ready(frame), next)
        }
        Verdict::Held(pointer) => Said::new(
            Icon::No,
            format!(
                "Readers had this table before, and a swap{} took it back. It goes live again only if it is named.",
                of(frame, pointer)
            ),
            vec![(
                "To make it live in any case:",
                frame.command_on_build("swap"),
            )],
        ),
        Verdict::Moved { seen, live } => {
            let shown = |build: Option<&String>| match build {
                Some(build) => format!("build {}", frame.text(build, 40)),
                None => "nothing".to_owned(),
            };
            let seen = shown(seen.as_ref().map(|seen| &seen.build));
            let live = shown(live.as_ref().map(|live| &live.build));
            let sentence = format!(
                "All checks held when it was compared with {seen}, and {table} shows {live} now."
            );
            let next = run(frame, "To check and compare it again:");
            Said::new(Icon::No, sentence, next)
        }
        Verdict::Unchecked => Said::new(
            Icon::Waiting,
            "The table is complete, and the run ended before the gate judged it.".to_owned(),
            run(frame, "To go on:"),
        ),
        _ => Said::new(
            Icon::No,
            refused(frame),
            run(frame, "After the cause is removed:"),
        ),
    }
}

/// A build without a complete table.
fn unfinished(frame: &Frame<'_>) -> Said {
    let review = frame.review;
    if review.verdict == Verdict::Folded {
        let sentence = "All splits are folded, and the store has no complete table of them.";
        return Said::new(Icon::Waiting, sentence.to_owned(), run(frame, "To go on:"));
    }
    let splits = match review.splits.total {
        1 => "1 split is".to_owned(),
        total => format!("{} splits are", count(total)),
    };
    let readers = match review.worker {
        Some(_) => "Readers see no change.",
        None => "No command works on it, and readers see no change.",
    };
    let sentence = format!(
        "{} of {splits} folded. {readers}",
        count(review.splits.done)
    );
    Said::new(Icon::Waiting, sentence, run(frame, "To go on from there:"))
}

/// When, in which version and by whom a pointer was moved.
fn of(frame: &Frame<'_>, pointer: &Pointer) -> String {
    let by = frame.text(&pointer.by, 60);
    format!(
        " (version {}, {}, by {by})",
        pointer.version,
        moment(&pointer.at)
    )
}

fn ready(frame: &Frame<'_>) -> String {
    let checks = frame
        .recorded()
        .and_then(|recorded| recorded.gate.as_ref())
        .map(|gate| gate.checks.len() as u64);
    let held = match checks {
        Some(1) => "The only check holds.".to_owned(),
        Some(checks) => format!("All {} checks hold.", count(checks)),
        None => "The gate holds.".to_owned(),
    };
    let changes = frame.diff().map(|diff| match &diff.old {
        Some(_) => format!(
            " For readers, {}, {} added and {} removed.",
            match diff.counts.changed() {
                1 => "1 row is changed".to_owned(),
                changed => format!("{} rows are changed", count(changed)),
            },
            count(diff.counts.only_new),
            count(diff.counts.only_old)
        ),
        None => format!(
            " Nothing was live: readers get {}.",
            counted(diff.new.rows, "row")
        ),
    });
    format!("{held}{}", changes.unwrap_or_default())
}

fn refused(frame: &Frame<'_>) -> String {
    let gate = frame.recorded().and_then(|recorded| recorded.gate.as_ref());
    let Some(gate) = gate else {
        return "The gate does not hold. The run ended before it wrote its report.".to_owned();
    };
    let failed: Vec<_> = gate.checks.iter().filter(|check| !check.passed).collect();
    let names: Vec<_> = failed
        .iter()
        .take(NAMES)
        .map(|check| frame.text(&check.name, 40))
        .collect();
    let more = match failed.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let all = gate.checks.len();
    let verb = if failed.len() == 1 { "does" } else { "do" };
    format!(
        "{} of {all} checks {verb} not hold: {}{more}. Readers see no change.",
        failed.len(),
        names.join(", ")
    )
}
