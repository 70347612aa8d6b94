//! Colours, where they are wanted.

use std::fmt::Display;
use std::io::IsTerminal;

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output.
    pub(crate) fn stdout() -> Self {
        Paint {
            on: wanted(std::io::stdout().is_terminal()),
        }
    }

    /// For standard error.
    pub(crate) fn stderr() -> Self {
        Paint {
            on: wanted(std::io::stderr().is_terminal()),
        }
    }

    /// For text that goes elsewhere.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Paint { on: false }
    }

    /// Whether it colours.
    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// What a reader should see first.
    pub(crate) fn bold(self, text: impl Display) -> String {
        self.wrap("1", text)
    }

    /// What a reader may skip.
    pub(crate) fn dim(self, text: impl Display) -> String {
        self.wrap("2", text)
    }

    /// What is wrong.
    pub(crate) fn red(self, text: impl Display) -> String {
        self.wrap("1;31", text)
    }

    /// What is well.
    pub(crate) fn green(self, text: impl Display) -> String {
        self.wrap("32", text)
    }

    /// What to do.
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

/// Whether to colour: on a terminal that can, unless `NO_COLOR` (https://no-color.org) says otherwise.
fn wanted(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
