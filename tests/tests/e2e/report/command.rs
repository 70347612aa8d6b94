//! The command: where the page goes, and what is refused.

use std::fs;

use super::builds::{hours, page_text};

#[test]
fn the_page_goes_where_it_is_told() {
    let bench = hours("", 3);
    let built = bench.run("run --output json").success().json();
    let build = built["result"]["build"].as_str().unwrap().to_owned();

    let said = bench.run("report").success();
    let name = format!("page_days-{build}.html");
    assert!(
        said.stdout.starts_with(&format!("{name}: ")),
        "{}",
        said.stdout
    );
    assert!(said.stdout.ends_with(&format!("build {build} is ready\n")));
    let page = fs::read_to_string(bench.path().join(&name)).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("May go live"));

    let written = bench
        .run("report job.toml --out other.html --output json")
        .success();
    let written = &written.json()["result"];
    assert_eq!(
        (&written["file"], &written["build"]),
        (&"other.html".into(), &build.into())
    );
    let size = fs::metadata(bench.path().join("other.html")).unwrap().len();
    assert_eq!(written["size_bytes"], size);

    let printed = bench.run("report job.toml --out -").success().stdout;
    assert!(printed.starts_with("<!DOCTYPE html>") && printed.ends_with("</html>\n"));
    bench.refuses("report job.toml --out -", 2, "BF0001");
    let error = bench.refuses("report job.toml --out none/page.html", 2, "BF1201");
    assert!(error.contains("none/page.html"), "{error}");
}

#[test]
fn nothing_is_changed() {
    let bench = hours("", 3);
    bench.run("run").success();
    let build = bench.builds().pop().unwrap();
    let files = || {
        let entries = fs::read_dir(&build).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<_> = entries
            .map(|entry| {
                (
                    entry.file_name(),
                    entry.metadata().unwrap().modified().unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    };
    let before = (files(), fs::read(bench.database()).unwrap());
    let first = page_text(&bench);
    assert!((files(), fs::read(bench.database()).unwrap()) == before);
    // But for the time at which it was made.
    let without_time = |page: &str| {
        let (begin, end) = page.split_once("<footer>").unwrap();
        format!("{begin}{}", end.split_once(" by backfold").unwrap().1)
    };
    assert_eq!(without_time(&first), without_time(&page_text(&bench)));
}
