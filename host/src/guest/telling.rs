//! The words of a component that failed: which of its lines tells the cause.
//!
//! A runtime writes its exception or its panic to standard error, among other lines, and then reaches `unreachable`. An
//! SDK returns it as the error of the call: the exception in the first line, the frames of the user's code in the others.

use super::text::printable;

/// The most lines and bytes of a line that an error keeps.
const MOST_LINES: usize = 64;
const LINE_BYTES: usize = 500;

/// The longest line that tells the cause, in bytes.
const CAUSE_BYTES: usize = 2 << 10;

/// The words of a component, escaped and shortened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The line that tells the cause, if one is known to.
    pub(super) cause: Option<String>,
    /// The lines that belong to it, such as a traceback.
    pub(super) lines: Vec<String>,
}

impl Words {
    /// The words that a component wrote to its standard error before it trapped.
    pub(super) fn of_stderr(stderr: &str) -> Words {
        let lines: Vec<_> = stderr.lines().map(str::trim_end).collect();
        let found = python(&lines)
            .or_else(|| panicked(&lines))
            .or_else(|| raised(&lines))
            .or_else(|| rust(&lines));
        let (cause, lines) = match found {
            // A cause that stands first is not said twice.
            Some((cause, from, until)) => {
                let says_it = lines[from].trim().ends_with(&cause);
                (Some(cause), &lines[from + usize::from(says_it)..until])
            }
            None => (None, &lines[..]),
        };
        Words {
            cause: cause.map(|cause| printable(&cause, CAUSE_BYTES)),
            lines: kept(lines),
        }
    }

    /// The words of the error that a call returned.
    pub(super) fn of_error(error: &str) -> Words {
        let mut lines = error.trim().lines().map(str::trim_end);
        let cause = lines.next().unwrap_or_default();
        Words {
            cause: Some(printable(cause, CAUSE_BYTES)),
            lines: kept(&lines.collect::<Vec<_>>()),
        }
    }
}

/// The last of some lines, without empty ones.
fn kept(lines: &[&str]) -> Vec<String> {
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(MOST_LINES);
    let printed = lines[from..].iter();
    printed.map(|line| printable(line, LINE_BYTES)).collect()
}

/// A cause, and the range of the lines that belong to it.
type Found = (String, usize, usize);

/// The exception of the last traceback of Python. The tracebacks before it are those of its causes.
fn python(lines: &[&str]) -> Option<Found> {
    let is_traceback = |line: &&str| line.starts_with("Traceback (most recent call last)");
    let first = lines.iter().position(is_traceback)?;
    let last = lines.iter().rposition(is_traceback)?;
    let is_exception = |line: &&str| !line.is_empty() && !line.starts_with(' ');
    let at = last + 1 + lines[last + 1..].iter().position(is_exception)?;
    Some((lines[at].to_owned(), first, at + 1))
}

/// The panic of Go, Zig, or an SDK, or the failed assertion of C.
fn panicked(lines: &[&str]) -> Option<Found> {
    let is_panic = |line: &&str| {
        let line = line.trim_start();
        let of_thread = line
            .strip_prefix("thread ")
            .and_then(|rest| rest.split_once(' '));
        let line = of_thread.map_or(line, |(_, rest)| rest);
        ["panic: ", "fatal error: ", "Assertion failed: "]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let first = lines.iter().position(is_panic)?;
    let last = lines.iter().rposition(is_panic)?;
    let cause = lines[last].trim();
    let cause = cause.split(" [recovered").next().unwrap_or(cause);
    Some((cause.to_owned(), first, lines.len()))
}

/// An exception by the name of its type: `TypeError: x is undefined`, `Uncaught RangeError: …`.
fn raised(lines: &[&str]) -> Option<Found> {
    let exception = |line: &str| {
        let line = line.trim().strip_prefix("Uncaught ").unwrap_or(line.trim());
        let name = line.split(':').next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.$".contains(c))
            && (name.ends_with("Error") || name.ends_with("Exception"));
        is_name.then(|| line.to_owned())
    };
    let at = lines.iter().rposition(|line| exception(line).is_some())?;
    Some((exception(lines[at])?, at, lines.len()))
}

/// The panic of Rust's own hook: `thread 'main' panicked at src/lib.rs:7:5:`, and the message in the next line.
fn rust(lines: &[&str]) -> Option<Found> {
    let at = lines
        .iter()
        .rposition(|line| line.starts_with("thread ") && line.contains(" panicked at "))?;
    let place = lines[at]
        .split_once(" panicked at ")?
        .1
        .trim_end_matches(':');
    let message = lines.get(at + 1).copied().unwrap_or_default();
    let is_note = |line: &&str| line.starts_with("note: ");
    let until = lines.iter().position(is_note).unwrap_or(lines.len());
    Some((
        format!("panic: {message}, at {place}"),
        at,
        until.max(at + 1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(stderr: &str) -> (Option<String>, Vec<String>) {
        let Words { cause, lines } = Words::of_stderr(stderr);
        (cause, lines)
    }

    #[test]
    fn the_exception_of_python_stands_before_the_panic_of_its_runtime() {
        let (cause, lines) = words(
            "at work\nTraceback (most recent call last):\n  File \"/0/app.py\", line 87, in fold\n    \
             pages[name]\nIndexError: list index out of range\n\n\
             thread '<unnamed>' (1) panicked at runtime/src/lib.rs:1293:29:\nPython function threw\n\
             note: run with `RUST_BACKTRACE=1`",
        );
        assert_eq!(cause.unwrap(), "IndexError: list index out of range");
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert_eq!(lines[1], "  File \"/0/app.py\", line 87, in fold");
    }

    #[test]
    fn of_chained_exceptions_the_last_is_the_cause_and_all_are_kept() {
        let (cause, lines) = words(
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'\n\n\
             During handling of the above exception, another exception occurred:\n\n\
             Traceback (most recent call last):\n  File \"a.py\", line 3, in g\nValueError: no x",
        );
        assert_eq!(cause.unwrap(), "ValueError: no x");
        assert_eq!(lines.first().unwrap(), "Traceback (most recent call last):");
        assert!(lines.contains(&"KeyError: 'x'".to_owned()));
    }

    #[test]
    fn every_language_has_a_line_that_tells() {
        for (stderr, cause) in [
            (
                "a log line\npanic: runtime error: index out of range [3] with length 1 [recovered]\n\n\
                 goroutine 1 [running]:\nmain.fold(...)\n\t/src/main.go:61 +0x1\n",
                "panic: runtime error: index out of range [3] with length 1",
            ),
            (
                "fatal error: all goroutines are asleep - deadlock!\n",
                "fatal error: all goroutines are asleep - deadlock!",
            ),
            (
                "panic: no such page\n  at src/lib.rs:7\n",
                "panic: no such page",
            ),
            (
                "thread 1 panic: integer overflow\n",
                "thread 1 panic: integer overflow",
            ),
            (
                "Assertion failed: rows > 0 (pages.c: fold: 12)\n",
                "Assertion failed: rows > 0 (pages.c: fold: 12)",
            ),
            (
                "Uncaught TypeError: x is undefined\n    at fold (pages.js:12)\n",
                "TypeError: x is undefined",
            ),
            (
                "thread 'main' panicked at src/lib.rs:7:5:\nno such page\nnote: run with",
                "panic: no such page, at src/lib.rs:7:5",
            ),
        ] {
            assert_eq!(words(stderr).0.as_deref(), Some(cause), "{stderr}");
        }
    }

    #[test]
    fn a_cause_that_stands_first_is_not_among_the_lines() {
        let (cause, lines) = words("panic: no such page\n  at src/lib.rs:7\n");
        assert_eq!(cause.unwrap(), "panic: no such page");
        assert_eq!(lines, ["  at src/lib.rs:7"]);
    }

    #[test]
    fn other_words_tell_no_cause_and_are_kept() {
        let (cause, lines) = words("row 1\n\nrow 2: Errors are ahead\n");
        assert_eq!(cause, None);
        assert_eq!(lines, ["row 1", "row 2: Errors are ahead"]);
        assert_eq!(words(""), (None, vec![]));
        let many = "line\n".repeat(1_000) + "\u{1b}[2J";
        let lines = words(&many).1;
        assert_eq!(lines.len(), MOST_LINES);
        assert_eq!(lines[MOST_LINES - 1], "\\u{1b}[2J");
    }

    #[test]
    fn an_error_is_its_first_line() {
        let words = Words::of_error("ValueError: no\x07\n  at pipeline.py:27 in fold\n\n");
        assert_eq!(words.cause.unwrap(), "ValueError: no\\u{7}");
        assert_eq!(words.lines, ["  at pipeline.py:27 in fold"]);
    }
}
