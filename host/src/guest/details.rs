//! What a component says of its failure beyond one line, and what to do about it in its language.

use std::error::Error;
use std::fmt;

/// The innermost cause of a [`GuestError`](super::GuestError), where more is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details(Box<Inner>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Inner {
    lines: Vec<String>,
    remedy: Option<&'static str>,
}

impl Details {
    /// Details with these lines and this remedy; `None` if there is neither.
    pub(crate) fn new(lines: Vec<String>, remedy: Option<&'static str>) -> Option<Details> {
        let is_empty = lines.is_empty() && remedy.is_none();
        (!is_empty).then(|| Details(Box::new(Inner { lines, remedy })))
    }

    /// The details of `error` and its causes.
    pub fn of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Details> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(details) = error.downcast_ref() {
                return Some(details);
            }
            next = error.source();
        }
        None
    }

    /// The lines of the component, such as a traceback or the frames of the user's code, and the functions of the
    /// backtrace. They are escaped.
    pub fn lines(&self) -> &[String] {
        &self.0.lines
    }

    /// The remedy in the language of the component, where it is another than that of the error's code.
    pub fn remedy(&self) -> Option<&'static str> {
        self.0.remedy
    }
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.lines.iter().map(|line| line.trim());
        let remedy = self.0.remedy.filter(|_| self.0.lines.is_empty());
        let parts: Vec<_> = lines.chain(remedy).collect();
        f.write_str(&parts.join("; "))
    }
}

impl Error for Details {}
