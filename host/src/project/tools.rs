//! The programs that each language needs, and the commands that install them.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Engine, Language, ProjectError, Search, Tool};

/// A program that a language needs.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Its name.
    pub name: &'static str,
    /// The version with which backfold is tested.
    pub tested: &'static str,
    /// The least version; empty where any does.
    pub least: &'static str,
    /// Whether only unit tests need it.
    pub for_tests: bool,
    /// The command that installs it.
    pub install: &'static str,
    find: fn(&Search) -> Option<Tool>,
}

/// The target for which Rust compiles.
pub(super) const RUST_TARGET: &str = "wasm32-unknown-unknown";

pub(super) const CARGO: Need = Need {
    name: "cargo",
    tested: "1.95",
    least: "1.85",
    for_tests: false,
    install: "curl --proto '=https' -sSf https://sh.rustup.rs | sh",
    find: |search| search.tool("cargo", &["--version"]),
};

pub(super) const RUST_STD: Need = Need {
    name: "the standard library for wasm32-unknown-unknown",
    tested: "1.95",
    least: "",
    for_tests: false,
    install: "rustup target add wasm32-unknown-unknown   \
              (or, without rustup: apt-get install rustc-web cargo-web rust-web-src lld-22)",
    find: |search| rust_std(search).map(|(tool, _)| tool),
};

pub(super) const COMPONENTIZE_PY: Need = Need {
    name: "componentize-py",
    tested: "0.25.1",
    least: "0.25",
    for_tests: false,
    install: "python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1 pytest",
    find: |search| {
        let program = search.tool("componentize-py", &["--version"]);
        program.or_else(|| search.python_module("componentize_py", &["--version"]))
    },
};

const PYTEST: Need = Need {
    name: "pytest",
    tested: "8",
    least: "",
    for_tests: true,
    install: "python3 -m venv .venv && .venv/bin/pip install pytest",
    find: |search| search.python_module("pytest", &["--version"]),
};

pub(super) const NODE: Need = Need {
    name: "node",
    tested: "20.20",
    least: "20",
    for_tests: false,
    install: "install Node.js 20 or later: https://nodejs.org/en/download",
    find: |search| search.tool("node", &["--version"]),
};

pub(super) const ESBUILD: Need = Need {
    name: "esbuild",
    tested: "0.25",
    least: "0.18",
    for_tests: false,
    install: "npm install",
    find: |search| search.tool("esbuild", &["--version"]),
};

pub(super) const COMPONENTIZE_QJS: Need = Need {
    name: "componentize-qjs",
    tested: "0.4.5",
    least: "0.4.5",
    for_tests: false,
    install: "npm install --save-dev componentize-qjs@0.4.5",
    find: |search| search.npm_tool("componentize-qjs", "componentize-qjs"),
};

pub(super) const JCO: Need = Need {
    name: "jco",
    tested: "1.30.0",
    least: "1.24",
    for_tests: false,
    install: "npm install --save-dev @bytecodealliance/jco@1.30.0",
    find: |search| search.npm_tool("jco", "@bytecodealliance/jco"),
};

pub(super) const GO: Need = Need {
    name: "go",
    tested: "1.26",
    least: "1.24",
    for_tests: false,
    install: "install Go 1.24 or later: https://go.dev/dl",
    find: |search| search.tool("go", &["version"]),
};

pub(super) const C_COMPILER: Need = Need {
    name: "a C compiler for WebAssembly (zig, or clang with wasi-libc)",
    tested: "zig 0.17.1",
    least: "",
    for_tests: false,
    install: "python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.1   \
              (or: apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32)",
    find: |search| c_compiler(search).map(|(tool, _)| tool),
};

const MAKE: Need = Need {
    name: "make",
    tested: "4",
    least: "",
    for_tests: true,
    install: "apt-get install make",
    find: |search| search.tool("make", &["--version"]),
};

const NATIVE_CC: Need = Need {
    name: "cc",
    tested: "12",
    least: "",
    for_tests: true,
    install: "apt-get install gcc",
    find: |search| search.tool("cc", &["-dumpfullversion", "-dumpversion"]),
};

pub(super) const ZIG: Need = Need {
    name: "zig",
    tested: "0.17.1",
    least: "",
    for_tests: false,
    install: "python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.1",
    find: zig,
};

/// The programs that a language needs: to build, and then for its unit tests.
pub fn needs(language: Language, engine: Engine) -> Vec<Need> {
    match language {
        Language::Rust => vec![CARGO, RUST_STD],
        Language::Python => vec![COMPONENTIZE_PY, PYTEST],
        Language::Ts | Language::Js => match engine {
            Engine::QuickJs => vec![NODE, ESBUILD, COMPONENTIZE_QJS],
            Engine::StarlingMonkey => vec![NODE, ESBUILD, JCO],
        },
        Language::Go => vec![GO],
        Language::C => vec![C_COMPILER, MAKE, NATIVE_CC],
        Language::Zig => vec![ZIG],
    }
}

impl Need {
    /// The program, if it is there; of whichever version.
    pub fn find(&self, search: &Search) -> Option<Tool> {
        (self.find)(search)
    }

    /// Whether a tool's version is one that backfold can use.
    pub fn accepts(&self, tool: &Tool) -> bool {
        self.least.is_empty() || tool.is_at_least(self.least)
    }

    /// The program, for a build.
    ///
    /// # Errors
    /// Where it is missing or too old.
    pub(super) fn require(
        &self,
        language: Language,
        search: &Search,
    ) -> Result<Tool, ProjectError> {
        let found = self.find(search);
        if let Some(tool) = found.as_ref().filter(|tool| self.accepts(tool)) {
            return Ok(tool.clone());
        }
        let searched = match found {
            Some(tool) => format!(
                "in version {} or later: {} is {}",
                self.least,
                tool.display(),
                tool.version
            ),
            None => search.places(),
        };
        Err(ProjectError::MissingTool {
            language,
            tool: self.name,
            searched,
            install: self.install.to_owned(),
        })
    }
}

/// How the standard library of Rust for WebAssembly is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RustStd {
    /// Compiled, in the toolchain of `PATH`.
    Installed,
    /// From its sources: those of Debian's rustc-web.
    FromSource {
        /// The folders with its linkers.
        linkers: Vec<PathBuf>,
    },
}

/// Cargo of a toolchain that has, or can compile, the standard library for WebAssembly.
pub(super) fn rust_std(search: &Search) -> Option<(Tool, RustStd)> {
    let sysroot = |rustc: PathBuf| {
        let told = search.ask(&[rustc.into()], &["--print", "sysroot"])?;
        Some(PathBuf::from(told))
    };
    let of_path = search.program("rustc").and_then(sysroot);
    if of_path.is_some_and(|root| {
        root.join("lib/rustlib")
            .join(RUST_TARGET)
            .join("lib")
            .is_dir()
    }) {
        let cargo = search.tool("cargo", &["--version"])?;
        return Some((cargo, RustStd::Installed));
    }
    let root = sysroot(PathBuf::from("/usr/bin/rustc"))?;
    if !root.join("lib/rustlib/src/rust/library").is_dir() {
        return None;
    }
    let told = search.ask(&["/usr/bin/rustc".into()], &["-vV"])?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "))?;
    let bin = root.join("lib/rustlib").join(host).join("bin");
    let cargo: Vec<OsString> = vec!["/usr/bin/cargo".into()];
    let told = search.ask(&cargo, &["--version"])?;
    let version = told
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let tool = Tool {
        command: cargo,
        version,
    };
    let linkers = vec![bin.join("gcc-ld"), bin, PathBuf::from("/usr/bin")];
    // Debian's is a link to a program of another package, which need not be installed.
    if !linkers
        .iter()
        .any(|folder| folder.join("rust-lld").exists())
    {
        return None;
    }
    Some((tool, RustStd::FromSource { linkers }))
}

/// The kinds of C compilers, which take other arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CCompiler {
    /// `zig`, with its own C library.
    Zig,
    /// `clang` with wasi-libc.
    Clang,
}

/// A C compiler for WebAssembly with a C library.
pub(super) fn c_compiler(search: &Search) -> Option<(Tool, CCompiler)> {
    let sdk = std::env::var_os("WASI_SDK_PATH").map(|sdk| PathBuf::from(sdk).join("bin/clang"));
    let of_sdk = sdk.and_then(|clang| clang_at(search, clang));
    of_sdk
        .or_else(|| zig(search).map(|tool| (tool, CCompiler::Zig)))
        .or_else(|| {
            let names = ["clang", "clang-22", "clang-21", "clang-20", "clang-19"];
            let clangs = names.into_iter().filter_map(|name| search.program(name));
            clangs.into_iter().find_map(|clang| clang_at(search, clang))
        })
}

fn zig(search: &Search) -> Option<Tool> {
    let program = search.tool("zig", &["version"]);
    program.or_else(|| search.python_module("ziglang", &["version"]))
}

/// `clang` at this path, if it finds a C library and its own for WebAssembly.
fn clang_at(search: &Search, clang: PathBuf) -> Option<(Tool, CCompiler)> {
    let command: Vec<OsString> = vec![clang.into()];
    let finds = |question: &str| {
        let told = search.ask(&command, &["--target=wasm32-wasi", question]);
        told.is_some_and(|path| PathBuf::from(path).is_file())
    };
    if !finds("-print-file-name=libc.a") || !finds("-print-libgcc-file-name") {
        return None;
    }
    let version = search.ask(&command, &["-dumpversion"])?;
    Some((Tool { command, version }, CCompiler::Clang))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_the_command_that_installs_it() {
        let folder = tempfile::tempdir().unwrap();
        let search = Search::within(None, folder.path().as_os_str());
        for language in Language::ALL {
            for need in needs(language, Engine::default()) {
                // Debian's Rust is searched in its own place.
                if need.name == RUST_STD.name {
                    continue;
                }
                let error = need.require(language, &search).unwrap_err().to_string();
                assert!(error.contains(need.install), "{error}");
                assert!(error.contains(need.name), "{error}");
            }
        }
    }

    #[test]
    fn a_tool_that_is_too_old_is_told_with_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        std::fs::write(&go, "#!/bin/sh\necho go version go1.19.8 linux/amd64\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&go, mode).unwrap();
        let path: &OsStr = folder.path().as_os_str();
        let error = GO.require(Language::Go, &Search::within(None, path));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("is 1.19.8"), "{error}");
    }
}
