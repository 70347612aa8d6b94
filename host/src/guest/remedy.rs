//! What to do about a failure in the language of the component, where the advice of the code is not enough.

use super::Language;

/// What went wrong, as far as the remedy depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble<'a> {
    /// The file is a core module.
    CoreModule,
    /// These interfaces are imported.
    Imports(&'a [String]),
    /// The compiler refuses the file.
    Refused,
    /// Compiling takes more time or memory than the limits.
    Compiling,
    /// The component trapped, or answered with an error, and said this.
    Said(&'a str),
    /// The component trapped and said nothing.
    Silent,
    /// A call used up its fuel.
    Fuel,
    /// An instance wanted more memory than its limit.
    Memory,
    /// The stack is exhausted.
    Stack,
}

/// The remedy for a trouble of a component in this language.
pub(super) fn remedy(trouble: Trouble<'_>, language: Language) -> Option<&'static str> {
    match trouble {
        Trouble::CoreModule => core_module(language),
        Trouble::Imports(imports) => imported(imports, language),
        Trouble::Refused => refused(language),
        Trouble::Compiling => compiling(language),
        Trouble::Said(cause) => said(cause, language),
        Trouble::Silent => silent(language),
        Trouble::Fuel => fuel(language),
        Trouble::Memory => memory(language),
        Trouble::Stack => stack(language),
    }
}

fn core_module(language: Language) -> Option<&'static str> {
    match language {
        Language::Go => Some(
            "Encode what the Go compiler gives as a component: `backfold build` does it, with an adapter for WASI that imports nothing.",
        ),
        Language::Rust => Some(
            "Build it by `backfold build` or `guest-sdk/rust/build-component`, which encode what rustc gives as a component.",
        ),
        Language::C => Some(
            "Encode what the C compiler gives as a component: `backfold build` does it, or `wasm-tools component new`.",
        ),
        _ => None,
    }
}

fn imported(imports: &[String], language: Language) -> Option<&'static str> {
    let is_http = imports.iter().any(|name| name.starts_with("wasi:http/"));
    match language {
        Language::StarlingMonkey if is_http => Some(
            "Build it with `jco componentize --disable http`, or for QuickJS, as `backfold build` does: a component has no network.",
        ),
        Language::StarlingMonkey | Language::QuickJs => Some(
            "Build it for the world `replayable` alone; for QuickJS, `componentize-qjs --stub-wasi` leaves no import.",
        ),
        Language::Python => {
            Some("Build it for the world `replayable` alone: `componentize-py -w replayable`.")
        }
        Language::Go => Some(
            "Encode it with the adapter that imports nothing, as `backfold build` does, and import no package that reaches for the network.",
        ),
        _ => None,
    }
}

fn refused(language: Language) -> Option<&'static str> {
    match language {
        Language::QuickJs => Some(
            "Build it with `componentize-qjs --sync`: otherwise it is an asynchronous component, which backfold does not run.",
        ),
        _ => None,
    }
}

fn compiling(language: Language) -> Option<&'static str> {
    match language {
        Language::Python => Some(
            "Raise the limit that is named: a Python component takes about 40 s of CPU time and 0.6 GiB to compile, once.",
        ),
        Language::StarlingMonkey => Some(
            "Raise the limit that is named, since a component on StarlingMonkey takes about 45 s of CPU time and 0.6 GiB to compile, once; or build it for QuickJS, which takes a sixth.",
        ),
        Language::QuickJs | Language::Go => Some(
            "Raise the limit that is named: such a component takes about 8 s of CPU time and 0.2 GiB to compile, once.",
        ),
        _ => None,
    }
}

fn said(cause: &str, language: Language) -> Option<&'static str> {
    let is = |name: &str| cause.starts_with(name);
    match language {
        Language::Python if is("ModuleNotFoundError") || is("ImportError") => Some(
            "Import the module at the top of a file: what is imported while the component is built is packed into it, and nothing can be imported later.",
        ),
        Language::Python if is("FileNotFoundError") || is("PermissionError") || is("OSError") => {
            Some(
                "Read no files: a component has none. Put the data into the source or into a parameter.",
            )
        }
        Language::QuickJs if cause.contains(" is not defined") => Some(
            "Use what QuickJS has: the language, without the objects of a browser or of Node; the SDK brings `console` and the text codecs.",
        ),
        _ => None,
    }
}

fn silent(language: Language) -> Option<&'static str> {
    match language {
        Language::Python => Some(
            "Build it without `--stub-wasi`, and its traceback is shown; the SDK shows exceptions in any case.",
        ),
        Language::QuickJs => Some(
            "Build it without `--stub-wasi`, and what it prints is shown; the SDK shows exceptions in any case.",
        ),
        Language::Go => Some(
            "Recover from panics, as the SDK does, which shows them: what Go prints is dropped by the adapter that imports nothing.",
        ),
        _ => None,
    }
}

fn fuel(language: Language) -> Option<&'static str> {
    match language {
        Language::Python | Language::StarlingMonkey => Some(
            "Look for an endless loop: a row takes 20,000 to 100,000 units in this language. If it needs more, raise `limits.fuel_per_record`, `limits.fuel_per_byte` or `limits.fuel_base`.",
        ),
        Language::QuickJs => Some(
            "Look for an endless loop: a row takes 15,000 to 300,000 units on QuickJS. If it needs more, raise `limits.fuel_per_record`, `limits.fuel_per_byte` or `limits.fuel_base`.",
        ),
        Language::Go | Language::Rust | Language::C => Some(
            "Look for an endless loop: a row takes 700 to 12,000 units in this language. If it needs more, raise `limits.fuel_per_record`, `limits.fuel_per_byte` or `limits.fuel_base`.",
        ),
        Language::Other => None,
    }
}

fn memory(language: Language) -> Option<&'static str> {
    match language {
        Language::Python => Some(
            "Keep less, or lower `fold.window_batches`: an empty Python component takes 12 MiB, and a state of a few numbers about 300 bytes. If it needs more, raise the limit that is named.",
        ),
        Language::StarlingMonkey => Some(
            "Keep less, or lower `fold.window_batches`: StarlingMonkey collects garbage late, so that it holds ten times its states. If it needs more, raise the limit that is named.",
        ),
        Language::Go => Some(
            "Keep less, or lower `fold.window_batches`: Go holds about twice its states. If it needs more, raise the limit that is named.",
        ),
        _ => None,
    }
}

fn stack(language: Language) -> Option<&'static str> {
    match language {
        Language::Python | Language::QuickJs | Language::StarlingMonkey => Some(
            "Recurse less deeply, or raise `limits.stack`: a call of a function takes about 1 KiB of stack in this language, and a parser of nested data more.",
        ),
        _ => Some("Recurse less deeply, or raise `limits.stack`."),
    }
}
