//! The README of a generated project.

use std::path::Path;

use super::super::Language;
use super::outline::Outline;

/// The README, for a sample that is said to be `sample`.
pub(super) fn readme(outline: &Outline<'_>, language: Language, sample: &str) -> String {
    let (name, source, test) = (outline.name, source(language), test(language));
    let install = match language {
        Language::Ts | Language::Js => {
            "$ npm install                      # esbuild, componentize-qjs and the type checker\n"
        }
        _ => "",
    };
    let row = |file: &str, holds: &str| format!("| {file} | {holds} |\n");
    let pipeline = match source == test {
        true => row(
            &format!("`{source}`"),
            "the pipeline: record, key, state and fold; unit tests that need no WebAssembly",
        ),
        false => {
            let tests = row(&format!("`{test}`"), "unit tests that need no WebAssembly");
            row(
                &format!("`{source}`"),
                "the pipeline: record, key, state and fold",
            ) + &tests
        }
    };
    let doctor = language.name();
    let job = outline.job;
    format!(
        "# {name}

A backfold pipeline in {language}: what the component `aggregate` keeps by the declaration in `{job}`, as source. Its table
is the same, byte for byte.

| file | holds |
|---|---|
{pipeline}| `events.jsonl`, `expected.json` | a sample, and the table that `aggregate` makes of it. {sample} |
| `job.toml` | the job of `{job}`, with this component |
| `sample.toml` | a job that folds the sample into `sample.db` |
| `backfold.toml` | that this is a project in {language} |
| `backfold/` | the SDK: `backfold/README.md` describes it |

```console
$ backfold doctor {doctor:<18}# what is missing, and how to install it
{install}$ backfold test --watch             # unit tests and sample, on each save
$ backfold build                    # {name}.wasm
$ backfold run job.toml             # a new table next to the live one
$ backfold diff job.toml            # as long as the pipeline says what the declaration says: no difference
$ backfold swap job.toml            # the new table is live
```

A change usually begins with `events.jsonl`: put in a few of your own records, then change record, key and state in `{source}`.
`backfold test --update` writes the table to `expected.json`.
"
    )
}

/// The file of the pipeline's source.
pub(super) fn source(language: Language) -> &'static str {
    match language {
        Language::Rust => "src/lib.rs",
        Language::Python => "pipeline.py",
        Language::Ts => "pipeline.ts",
        Language::Js => "pipeline.js",
        Language::Go => "main.go",
        Language::C => "pipeline.c",
        Language::Zig => "pipeline.zig",
    }
}

/// The file of its unit tests.
pub(super) fn test(language: Language) -> &'static str {
    match language {
        Language::Python => "test_pipeline.py",
        Language::Ts => "pipeline.test.ts",
        Language::Js => "pipeline.test.js",
        Language::Go => "main_test.go",
        Language::C => "test_pipeline.c",
        Language::Rust | Language::Zig => source(language),
    }
}

/// What the README says of the sample's origin.
pub(super) fn of_sample(archive: Option<&Path>) -> String {
    match archive {
        Some(archive) => format!(
            "Its first records hold values of `{}`, and nothing but the fields that the pipeline reads",
            archive.display().to_string().replace(['`', '|', '\n'], " ")
        ),
        None => "Its records are made up".to_owned(),
    }
}
