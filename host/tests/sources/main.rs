//! The sources keep to the order of the modules in `lib.rs`: no module imports from one that stands after it, no files
//! import each other in a circle, and files and functions stay short.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod crate_files;
mod module;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

use crate_files::CrateFiles;

/// The most lines of a file.
const FILE_LINES: usize = 500;

/// The most lines of a function, from its `fn` to its last brace.
const FUNCTION_LINES: usize = 70;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All `.rs` files in a folder and the folders below it, sorted.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn assert_none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

/// The crate that consists of these files, each a path without `.rs` and a text.
fn crate_of(files: &[(&str, &str)]) -> CrateFiles {
    let names = |path: &str| path.split('/').map(str::to_owned).collect();
    CrateFiles::of(
        files
            .iter()
            .map(|(path, text)| (names(path), (*text).to_owned())),
    )
}

fn circles_of(files: &CrateFiles) -> Vec<String> {
    let imports = files.imports();
    let circle = |circle: Vec<&crate_files::Import>| {
        let lines: Vec<_> = circle.iter().map(|import| format!("  {import}")).collect();
        format!("a circle:\n{}", lines.join("\n"))
    };
    CrateFiles::circles(&imports)
        .into_iter()
        .map(circle)
        .collect()
}

fn upward_of(files: &CrateFiles) -> Vec<String> {
    let place = |name: &Vec<String>| {
        let top = name.first()?;
        files.groups().iter().position(|group| group.contains(top))
    };
    let imports = files.imports().into_iter();
    imports
        .filter(|import| {
            let is_within = import.from.first() == import.to.first();
            let places = place(&import.from).zip(place(&import.to));
            !is_within && places.is_some_and(|(from, to)| to >= from)
        })
        .map(|import| import.to_string())
        .collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_none(
        "files import each other",
        &circles_of(&CrateFiles::read(&sources())),
    );
}

#[test]
fn modules_import_only_from_groups_above_their_own() {
    let broken = upward_of(&CrateFiles::read(&sources()));
    assert_none("`lib.rs` has the order of the modules", &broken);
}

#[test]
fn files_are_short() {
    let long = rust_files(&sources()).into_iter().filter_map(|path| {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        (lines > FILE_LINES).then(|| format!("{} has {lines} lines", path.display()))
    });
    let rule = format!("a file has at most {FILE_LINES} lines");
    assert_none(&rule, &long.collect::<Vec<_>>());
}

#[test]
fn functions_are_short() {
    let files = CrateFiles::read(&sources());
    let long = files
        .functions()
        .filter(|(_, function)| function.lines > FUNCTION_LINES)
        .map(|(file, function)| {
            let (name, line, lines) = (&function.name, function.line, function.lines);
            format!("{file} (line {line}): `{name}` has {lines} lines")
        });
    let rule = format!("a function has at most {FUNCTION_LINES} lines, tests aside");
    assert_none(&rule, &long.collect::<Vec<_>>());
}

#[test]
fn a_circle_is_found_through_re_exports_and_paths() {
    let files = crate_of(&[
        ("lib", "mod a;\nmod b;"),
        (
            "a/mod",
            "mod one;\nmod two;\npub use one::One;\npub use two::Two;",
        ),
        ("a/one", "use super::Two;\npub struct One(Two);"),
        ("a/two", "pub struct Two;\nfn f() { crate::b::g::<u8>() }"),
        ("b", "use crate::a;\npub fn g() -> a::One { todo!() }"),
    ]);
    let circles = circles_of(&files);
    assert_eq!(circles.len(), 1);
    for part in [
        "a/one imports a/two (line 1)",
        "a/two imports b (line 2)",
        "b imports a/one (line 2)",
    ] {
        assert!(circles[0].contains(part), "{part}: {}", circles[0]);
    }
}

#[test]
fn what_only_tests_import_and_comments_name_is_no_import() {
    let files = crate_of(&[
        ("lib", "mod a;\n\nmod b;"),
        (
            "a",
            "//! crate::b::B\n#[cfg(test)]\nmod tests {\n  use crate::b::B;\n}\npub struct A;",
        ),
        ("b", "use crate::a::A;\npub struct B(A);"),
    ]);
    assert_eq!(circles_of(&files), Vec::<String>::new());
    assert_eq!(upward_of(&files), Vec::<String>::new());
}

#[test]
fn an_import_from_a_later_group_is_found() {
    let files = crate_of(&[
        ("lib", "mod a;\n\nmod b;"),
        ("a/mod", "mod c;"),
        ("a/c", "fn f(b: crate::b::B) {}"),
        ("b", "pub struct B;"),
    ]);
    assert_eq!(upward_of(&files), ["a/c imports b (line 1)"]);
}

#[test]
fn a_folder_uses_its_files_and_they_use_it() {
    let mut files = vec![
        ("lib", "mod a;"),
        (
            "a/mod",
            "mod b;\nmod c;\npub use b::B;\npub struct A(c::C);",
        ),
        ("a/b", "pub struct B(Box<super::A>);"),
        ("a/c", "pub struct C(super::B);"),
    ];
    assert_eq!(circles_of(&crate_of(&files)), Vec::<String>::new());
    files[2].1 = "use super::c::C;\npub struct B(Box<C>);";
    assert_eq!(circles_of(&crate_of(&files)).len(), 1);
}
