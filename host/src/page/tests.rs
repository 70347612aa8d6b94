use std::fs;
use std::path::Path;

use chrono::DateTime;

use super::fixture::{SMALL, Size, pointer, review};
use super::*;
use crate::replay::review::Verdict;
use crate::workdir::Seen;

fn options() -> PageOptions {
    PageOptions {
        job: "job.toml".to_owned(),
        now: DateTime::from_timestamp(1_772_366_400, 0).unwrap(),
    }
}

fn page(review: &Review) -> String {
    render(review, &options())
}

/// The words of a page, without its tags and its style.
fn words(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut words = String::new();
    let mut is_tag = false;
    for letter in body.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                words.push(' ');
            }
            letter if !is_tag => words.push(letter),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn hostile_text_stays_text_wherever_it_stands() {
    let hostile =
        "\"><x-evil onload='x'>&amp;</style></script><script>alert(1)</script>\u{202e}\u{1b}[2J";
    let page = page(&review(hostile, SMALL));
    assert!(page.contains("&quot;&gt;&lt;x-evil onload="));
    assert!(page.contains("&amp;amp;"), "an entity is text as well");
    for forbidden in ["<x-evil", "<script", "\"><x", "\u{202e}", "\u{1b}"] {
        assert!(!page.contains(forbidden), "{forbidden:?}");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.contains("\\u{202e}") && page.contains("\\u{1b}"));
}

#[test]
fn each_text_of_a_review_is_on_the_page() {
    // Where it stands, with a number for each place.
    let page = page(&review("needle", SMALL));
    let places = words(&page).matches("needle").count();
    assert!(places > 90, "{places}");
}

#[test]
fn text_is_escaped_in_one_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let number = text.matches("PreEscaped(").count();
        // In `mod.rs`, for the style sheet. This file names it as well.
        let expected = match name {
            "mod.rs" | "tests.rs" => 1,
            _ => 0,
        };
        assert_eq!(number, expected, "{name}");
    }
}

#[test]
fn a_page_is_small_whatever_the_build() {
    let long = "\"<&>'".repeat(2_000);
    let wide = "\u{1f980}".repeat(5_000);
    for text in ["page_views", &long, &wide] {
        for items in [1, 40, 1_000] {
            let size = Size {
                splits: 10_000,
                items,
            };
            let page = page(&review(text, size));
            assert!(page.len() <= MOST_BYTES, "{} bytes", page.len());
            assert!(page.ends_with("</html>\n"));
        }
    }
}

#[test]
fn lists_say_what_they_leave_out() {
    let size = Size {
        splits: 10_000,
        items: 1_000,
    };
    // The partitions of the fixture alternate from offset to offset, so that lists are cut as well.
    let words = words(&page(&review("name", size)));
    for said in [
        " more checks are not shown.",
        " more columns are not shown.",
        " more partitions are not shown.",
        " more kinds of reasons are not shown.",
        " more inputs are not shown.",
        "A cell stands for 21 splits.",
        "Lists and texts are shorter than usual",
    ] {
        assert!(words.contains(said), "{said}");
    }
}

#[test]
fn nothing_is_loaded_or_run_and_only_the_style_sheet_applies() {
    let page = page(&review("name", SMALL));
    let style = page.split_once("<style>").unwrap().1;
    let style = style.split_once("</style>").unwrap().0;
    let hash = BASE64.encode(digest(&SHA256, style.as_bytes()));
    let policy = format!(
        "content=\"default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\""
    );
    assert!(page.contains(&policy), "{policy}");
    for forbidden in [
        " style=", " src=", " href=", "<link", "<script", "<form", "url(", "@import", "http:",
        "https:",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn each_verdict_has_its_words() {
    let live = pointer("01LIVE", 3);
    let seen = Seen {
        build: "01SEEN".to_owned(),
        version: 2,
    };
    let moved = Verdict::Moved {
        seen: Some(seen),
        live: Some(live.clone()),
    };
    let said = |verdict: Verdict| {
        let mut review = review("t", SMALL);
        (review.verdict, review.worker) = (verdict, None);
        review.problems.clear();
        let words = words(&page(&review));
        let (_, said) = words.split_once("VBB74G t ").unwrap();
        said.split_once(" Rows ").unwrap().0.to_owned()
    };
    let all = [
        Verdict::Live(live.clone()),
        Verdict::LiveWithoutTable(live.clone()),
        Verdict::Ready,
        Verdict::Refused,
        Verdict::Held(live.clone()),
        moved,
        Verdict::Unchecked,
        Verdict::Folded,
        Verdict::Folding,
        Verdict::Planned,
        Verdict::Replaced(live.clone()),
        Verdict::Dropped(live),
    ];
    insta::assert_snapshot!(all.map(said).join("\n"), @"
    Live Readers of t see this build (version 3, 2026-03-01 12:00 UTC, by 01LIVE). To go back: backfold rollback job.toml
    Live, but its table is gone Readers of t should see this build (version 3, 2026-03-01 12:00 UTC, by 01LIVE), and its table is not in the store. To go back: backfold rollback job.toml
    May go live All 3 checks hold. For readers, 7 rows are changed, 40 added and 6 removed. To make it live: backfold swap job.toml 01M8RSDQQRKYMCF2DPG6VBB74G To go back after that: backfold rollback job.toml
    May not go live 1 of 3 checks does not hold: t. Readers see no change. After the cause is removed: backfold run job.toml
    Held back Readers had this table before, and a swap (version 3, 2026-03-01 12:00 UTC, by 01LIVE) took it back. It goes live again only if it is named. To make it live in any case: backfold swap job.toml 01M8RSDQQRKYMCF2DPG6VBB74G
    May not go live: the live table has changed since All checks held when it was compared with build 01SEEN, and t shows build 01LIVE now. To check and compare it again: backfold run job.toml
    Not judged yet The table is complete, and the run ended before the gate judged it. To go on: backfold run job.toml
    No table yet All splits are folded, and the store has no complete table of them. To go on: backfold run job.toml
    Not complete 8 of 12 splits are folded. No command works on it, and readers see no change. To go on from there: backfold run job.toml
    Planned, not begun 8 of 12 splits are folded. No command works on it, and readers see no change. To go on from there: backfold run job.toml
    Was live, and was replaced Readers of t saw this build (version 3, 2026-03-01 12:00 UTC, by 01LIVE), until another took its place.
    Was live, and its table is gone Readers of t saw this build (version 3, 2026-03-01 12:00 UTC, by 01LIVE). Its table was dropped.
    ");
}

#[test]
fn a_page_cannot_be_written_into_a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    write(&path, "<p>").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "<p>");
    let error = write(&folder.path().join("none/page.html"), "<p>").unwrap_err();
    assert!(matches!(error, PageError::Write { .. }));
}
