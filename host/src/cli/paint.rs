//! Colours of text.

use std::fmt::Display;
use std::io::IsTerminal;

/// Colours text, or leaves it unchanged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours for standard output, if it is a terminal.
    pub(crate) fn stdout() -> Self {
        Paint {
            on: wanted(std::io::stdout().is_terminal()),
        }
    }

    /// Colours for standard error, if it is a terminal.
    pub(crate) fn stderr() -> Self {
        Paint {
            on: wanted(std::io::stderr().is_terminal()),
        }
    }

    /// No colours.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Paint { on: false }
    }

    /// Whether text is coloured.
    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// The most important text.
    pub(crate) fn bold(self, text: impl Display) -> String {
        self.wrap("1", text)
    }

    /// Less important text.
    pub(crate) fn dim(self, text: impl Display) -> String {
        self.wrap("2", text)
    }

    /// A problem.
    pub(crate) fn red(self, text: impl Display) -> String {
        self.wrap("1;31", text)
    }

    /// A success.
    pub(crate) fn green(self, text: impl Display) -> String {
        self.wrap("32", text)
    }

    /// A command or an advice.
    pub(crate) fn cyan(self, text: impl Display) -> String {
        self.wrap("36", text)
    }

    fn wrap(self, style: &str, text: impl Display) -> String {
        if self.on {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }
}

/// Whether to colour: on a terminal with colours, unless `NO_COLOR` (<https://no-color.org>) is set.
fn wanted(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
