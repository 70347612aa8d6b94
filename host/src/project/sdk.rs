//! The SDKs and the templates of projects, built into the command.
//!
//! `build.rs` lists the files of `guest-sdk`, without tests and without what tools leave there.

use std::path::{Path, PathBuf};

use super::Language;

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The folder of a template within an SDK.
const TEMPLATE: &str = "template";

/// The file of a template for JavaScript, where it is not that for TypeScript.
const TEMPLATE_JS: &str = "template-js";

/// A file for a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SdkFile {
    /// Its path in the project.
    pub(super) path: PathBuf,
    /// Its content.
    pub(super) content: &'static [u8],
}

/// The files of a language's template; none where there is no template.
pub(super) fn template(language: Language) -> Vec<SdkFile> {
    let of = |folder: &str| -> Vec<SdkFile> {
        let files = files(language).filter_map(|(path, content)| {
            let path = Path::new(path).strip_prefix(folder).ok()?.to_owned();
            Some(SdkFile { path, content })
        });
        files.collect()
    };
    match language {
        Language::Js => of(TEMPLATE_JS),
        _ => of(TEMPLATE),
    }
}

/// The files of a language's SDK, in the folder `backfold` of a project.
pub(super) fn sdk(language: Language) -> Vec<SdkFile> {
    let files = files(language).filter(|(path, _)| {
        let first = Path::new(path).iter().next().unwrap_or_default();
        !first.to_string_lossy().starts_with(TEMPLATE)
    });
    let placed = files.filter_map(|(path, content)| {
        let within = match language {
            // The package is `backfold` itself.
            Language::Python => match Path::new(path).strip_prefix("backfold") {
                Ok(within) => within,
                Err(_) if path == "README.md" => Path::new(path),
                Err(_) => return None,
            },
            _ => Path::new(path),
        };
        let path = Path::new("backfold").join(within);
        Some(SdkFile { path, content })
    });
    placed.collect()
}

fn files(language: Language) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES
        .iter()
        .filter(move |(sdk, ..)| Some(*sdk) == language.sdk())
        .map(|(_, path, content)| (*path, *content))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::*;

    /// The files of an SDK that Git knows.
    fn tracked(sdk: &str) -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
        let folder = root.join(sdk);
        if !folder.is_dir() {
            return BTreeSet::new();
        }
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
                ".",
            ])
            .current_dir(&folder)
            .output()
            .expect("git lists the files of this repository");
        assert!(listed.status.success());
        let names = String::from_utf8(listed.stdout).unwrap();
        let names = names.split('\0').filter(|name| !name.is_empty());
        // A file that was removed is known until the next commit.
        let there = names.filter(|name| folder.join(name).exists());
        there.map(str::to_owned).collect()
    }

    #[test]
    fn the_command_holds_every_file_of_the_sdks_and_no_other() {
        for sdk in ["rust", "python", "typescript", "go", "c"] {
            let embedded: BTreeSet<String> = FILES
                .iter()
                .filter(|(of, ..)| *of == sdk)
                .map(|(_, path, _)| (*path).to_owned())
                .collect();
            let is_test = |name: &String| {
                let is_template = name.starts_with(TEMPLATE);
                let file = name.rsplit('/').next().unwrap_or(name);
                let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
                let is_script = [
                    "build-component",
                    "package-lock.json",
                    "Makefile",
                    "conftest.py",
                ]
                .contains(&file);
                !is_template
                    && (name.split('/').any(|part| {
                        part.starts_with('.') || ["test", "tests", "dist", "build"].contains(&part)
                    }) || is_script
                        || stem.starts_with("test_")
                        || stem.ends_with("_test")
                        || stem.ends_with(".test"))
            };
            let tracked = tracked(sdk);
            let wanted: BTreeSet<String> =
                tracked.into_iter().filter(|name| !is_test(name)).collect();
            assert_eq!(
                embedded, wanted,
                "guest-sdk/{sdk}: `touch host/build.rs` lists the files again"
            );
        }
    }

    #[test]
    fn nothing_that_tools_leave_is_built_in() {
        for (sdk, path, _) in FILES {
            for part in path.split('/') {
                let is_left = ["node_modules", "__pycache__", "target", ".venv"].contains(&part);
                assert!(!is_left && !part.ends_with(".pyc"), "{sdk}/{path}");
            }
        }
    }
}
