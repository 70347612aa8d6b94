//! The language that a component is written in, as its file tells it.

use memchr::memmem;
use serde::Serialize;

/// The language of a component, and its engine where it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Another language, or one whose compiler leaves no trace, such as a stripped C component.
    #[default]
    Other,
    /// C or C++.
    C,
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// JavaScript or TypeScript on QuickJS.
    QuickJs,
    /// JavaScript or TypeScript on StarlingMonkey.
    StarlingMonkey,
    /// Python.
    Python,
}

/// The traces of compilers and engines, in names of modules and in lists of producers. Engines are written in C and Rust, so
/// that they come last.
const TRACES: [(&str, Language); 9] = [
    ("clang", Language::C),
    ("wit-bindgen-c", Language::C),
    ("rustc", Language::Rust),
    ("wit-bindgen-rust", Language::Rust),
    ("Go cmd/compile", Language::Go),
    ("componentize_qjs", Language::QuickJs),
    ("ComponentizeJS", Language::StarlingMonkey),
    ("libpython3", Language::Python),
    ("componentize_py", Language::Python),
];

impl Language {
    /// The language that a part of a file shows, or `self` where it shows none that outweighs it.
    pub(super) fn or_of(self, part: &[u8]) -> Language {
        let shown = TRACES
            .iter()
            .filter(|(trace, _)| memmem::find(part, trace.as_bytes()).is_some());
        shown.map(|(_, language)| *language).fold(self, Ord::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_outweighs_the_language_that_it_is_written_in() {
        let language = Language::Other
            .or_of(b"processed-by clang rustc")
            .or_of(b"libpython3.14.so")
            .or_of(b"rustc");
        assert_eq!(language, Language::Python);
        assert_eq!(Language::Other.or_of(b"zig"), Language::Other);
    }
}
