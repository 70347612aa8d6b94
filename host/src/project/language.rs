//! The languages of pipelines, and what is usual in each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language in which pipelines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust.
    Rust,
    /// Python, by componentize-py.
    Python,
    /// TypeScript, on QuickJS or StarlingMonkey.
    Ts,
    /// JavaScript, as TypeScript.
    Js,
    /// Go.
    Go,
    /// C, or C++ with the header for C.
    C,
    /// Zig: there is no SDK for it, but it builds.
    Zig,
}

/// The JavaScript engine within a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// QuickJS, by componentize-qjs: smaller and faster.
    #[default]
    QuickJs,
    /// StarlingMonkey, by jco: with the whole of the standard library.
    StarlingMonkey,
}

impl Language {
    /// All languages.
    pub const ALL: [Language; 7] = [
        Language::Rust,
        Language::Python,
        Language::Ts,
        Language::Js,
        Language::Go,
        Language::C,
        Language::Zig,
    ];

    /// The name in `backfold.toml` and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Python => "python",
            Language::Ts => "ts",
            Language::Js => "js",
            Language::Go => "go",
            Language::C => "c",
            Language::Zig => "zig",
        }
    }

    /// The language with this name.
    pub fn of_name(name: &str) -> Option<Language> {
        Language::ALL
            .into_iter()
            .find(|language| language.name() == name)
    }

    /// The file or folder that is compiled, unless the project names another one.
    pub(super) fn entry(self) -> &'static str {
        match self {
            Language::Rust => "src/lib.rs",
            Language::Python => "pipeline.py",
            Language::Ts => "pipeline.ts",
            Language::Js => "pipeline.js",
            Language::Go => ".",
            Language::C => "pipeline.c",
            Language::Zig => "pipeline.zig",
        }
    }

    /// The command of the unit tests, unless the project names another one; its first word is a program.
    pub(super) fn test(self) -> &'static [&'static str] {
        match self {
            Language::Rust => &["cargo", "test", "--quiet"],
            Language::Python => &["python3", "-m", "pytest", "-q"],
            Language::Ts | Language::Js => &["npm", "test", "--silent"],
            Language::Go => &["go", "test", "./..."],
            Language::C => &["make", "--silent", "test"],
            Language::Zig => &["zig", "test", "pipeline.zig"],
        }
    }

    /// The folder of its SDK and template in `guest-sdk`; `None` where there is none.
    pub(super) fn sdk(self) -> Option<&'static str> {
        match self {
            Language::Rust => Some("rust"),
            Language::Python => Some("python"),
            Language::Ts | Language::Js => Some("typescript"),
            Language::Go => Some("go"),
            Language::C => Some("c"),
            Language::Zig => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Rust => "Rust",
            Language::Python => "Python",
            Language::Ts => "TypeScript",
            Language::Js => "JavaScript",
            Language::Go => "Go",
            Language::C => "C",
            Language::Zig => "Zig",
        })
    }
}
