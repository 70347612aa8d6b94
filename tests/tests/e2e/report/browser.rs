//! Pages in Chromium: readable in wide and narrow windows, light and dark; nothing on them runs, and nothing is loaded.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use backfold_tests::browser::{Window, measure, open, photograph};
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::builds::{good, hours, page, refused};

const SECTIONS: [&str; 9] = [
    "Build",
    "Gate",
    "Changes for readers",
    "Coverage",
    "Splits",
    "Time",
    "Rejected records",
    "Presence of inputs",
    "How to go back",
];

/// Measures a page, and checks what holds for each of them.
#[track_caller]
fn check(page: &Path, window: Window) -> Value {
    let found = measure(page, window);
    let width = u64::from(window.width);
    assert_eq!(found["innerWidth"], width);
    let scroll_width = found["scrollWidth"].as_u64().unwrap();
    assert!(scroll_width <= width, "the page scrolls: {scroll_width}");
    assert_eq!(found["tooWide"], json!([]));
    assert_eq!(found["isDark"], window.is_dark);
    let background = found["background"][0].as_f64().unwrap();
    assert!((background < 80.0) == window.is_dark, "{background}");
    // The contrast that WCAG 2.1 wants of text, level AA.
    let contrast = found["worst"]["contrast"].as_f64().unwrap();
    assert!(contrast >= 4.5, "{}", found["worst"]);
    let pixels = found["smallest"]["pixels"].as_f64().unwrap();
    assert!(pixels >= 12.0, "{}", found["smallest"]);

    assert_eq!(found["sections"], json!(SECTIONS));
    let places = found["order"].as_array().unwrap().iter();
    let places: Vec<_> = places.map(|place| place.as_f64().unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    for none in [
        "headersWithoutScope",
        "tablesOutsideOfBoxes",
        "boxesWithoutLabel",
        "picturesWithoutText",
    ] {
        assert_eq!(found[none], 0, "{none}");
    }
    for none in ["emptyPictures", "handlers", "foreign"] {
        assert_eq!(found[none], json!([]), "{none}");
    }
    assert_eq!(found["scripts"], 1, "the one that measures");
    found
}

/// Opens a page as it is, keeps a screenshot, and checks that the browser finds no fault.
#[track_caller]
fn look(page: &Path, window: Window, name: &str) {
    let shown = photograph(page, window, name);
    assert_eq!(shown.console, [""; 0]);
    assert!(shown.document.contains("<h1>page_days</h1>"));
}

#[track_caller]
fn says(found: &Value, words: &[&str]) {
    let text = found["text"].as_str().unwrap();
    for said in words {
        assert!(text.contains(said), "{said:?} is not in:\n{text}");
    }
}

#[test]
fn a_build_that_may_go_live_is_readable_in_each_window() {
    let bench = good();
    let page = page(&bench);
    for window in [
        Window::WIDE,
        Window::WIDE.dark(),
        Window::NARROW,
        Window::NARROW.dark(),
    ] {
        look(&page, window, "good");
    }
    for window in [Window::WIDE, Window::NARROW.dark()] {
        let found = check(&page, window);
        assert_eq!(found["verdict"], "May go live");
        assert_eq!(found["title"], "May go live: page_days · backfold");
        // Without scrolling, whatever the window.
        assert!(found["verdictBottom"].as_f64().unwrap() < 500.0);
        let swap = format!("backfold swap job.toml {}", build(&bench));
        says(
            &found,
            &[
                "All 5 checks hold. For readers, 20 rows are changed, 20 added and 0 removed.",
                &swap,
                "backfold rollback job.toml",
                "72 objects, by the time in their keys. A bar is 1 hour.",
                "72 of 72 splits folded.",
                "No record was rejected.",
            ],
        );
    }
}

/// The ID of the newest build.
fn build(bench: &Workbench) -> String {
    let folder = bench.builds().pop().unwrap();
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn markup_in_keys_reasons_and_records_stays_text() {
    let bench = refused();
    let page = page(&bench);
    for window in [
        Window::WIDE,
        Window::WIDE.dark(),
        Window::NARROW,
        Window::NARROW.dark(),
    ] {
        look(&page, window, "refused");
    }
    for window in [Window::WIDE.dark(), Window::NARROW] {
        let found = check(&page, window);
        assert_eq!(found["verdict"], "May not go live");
        assert_eq!(found["title"], "May not go live: page_days · backfold");
        says(
            &found,
            &[
                "2 of 6 checks do not hold: gaps, quarantine. Readers see no change.",
                "200 offsets between the objects are in no object.",
                "Missing: 300 to 399, 700 to 799",
                // Quoted values differ from record to record, and are left out of the kind of reason.
                "<script>document.title='…'</script> the duration is negative",
                "<img src=x onerror=alert(1)>",
                "\\u{202e}gnp.exe",
            ],
        );
    }
}

#[test]
fn a_build_that_was_killed_shows_how_far_it_came() {
    let settings = "fold.workers = 1\nfold.checkpoint_interval = \"0s\"";
    let bench = hours(settings, 48);
    fs::remove_dir_all(bench.archive().join("2026/01/01/05")).unwrap();
    fs::remove_dir_all(bench.archive().join("2026/01/01/06")).unwrap();
    let mut running = bench.start("run");
    running.wait_until(|| bench.journal().len() >= 8);
    running.kill();
    let page = page(&bench);
    look(&page, Window::WIDE, "killed");
    let found = check(&page, Window::NARROW);
    assert_eq!(found["verdict"], "Not complete");
    says(
        &found,
        &[
            " of 46 splits are folded. No command works on it, and readers see no change.",
            "backfold run job.toml",
            "The gate judges a complete table, and there is none yet.",
            "No object for 2 hours, in 1 place:",
            "2026-01-01 05:00 UTC to 2026-01-01 07:00 UTC (2 hours)",
            "The first splits that are not folded",
        ],
    );
}

/// What somebody could bring in who found a way past the escaping is refused by the policy of the page.
#[test]
fn the_policy_of_a_page_forbids_scripts_styles_and_the_network() {
    let bench = hours("", 2);
    bench.run("run").success();
    let page = page(&bench);
    let text = fs::read_to_string(&page).unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = server.local_addr().unwrap();
    let evil = format!(
        "<script>document.title = 'owned'</script><img src='http://{address}/a'><style>h1 {{ color: red }}</style>\
         <iframe src='http://{address}/b'></iframe><link rel='stylesheet' href='http://{address}/c'></body>"
    );
    let copy = bench.path().join("evil.html");
    fs::write(&copy, text.replace("</body>", &evil)).unwrap();
    let shown = open(&copy, Window::WIDE);
    assert!(shown.document.contains("<title>May go live: page_days"));
    for refused in ["script", "style", "image"] {
        let is_it = |line: &&String| {
            line.to_lowercase().contains(refused) && line.contains("Content Security Policy")
        };
        assert!(
            shown.console.iter().any(|line| is_it(&line)),
            "{refused}: {:#?}",
            shown.console
        );
    }
    assert!(server.accept().is_err(), "a connection was made");
}
