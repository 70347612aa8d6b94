//! The page of a build over a topic of a real broker.

use std::path::Path;

use backfold_tests::archive::ArchiveSpec;
use backfold_tests::broker::shared;
use backfold_tests::browser::{Window, measure, photograph};
use backfold_tests::components::guest;
use backfold_tests::topic::{Clicks, PARTITIONS};
use serde_json::Value;

/// What a page says, and how many shapes of each partition are drawn as not folded.
#[track_caller]
fn look(page: &Path, words: &[&str]) -> Value {
    let found = measure(page, Window::NARROW);
    let text = found["text"].as_str().unwrap();
    for said in words {
        assert!(text.contains(said), "{said:?} is not in:\n{text}");
    }
    assert!(found["scrollWidth"].as_u64() <= Some(400));
    found
}

#[test]
fn a_topic_is_shown_by_the_offsets_of_each_partition() {
    let clicks = Clicks::new(shared(), &guest("page_days"), &ArchiveSpec::SMALL).unwrap();
    clicks
        .write_job("source.kafka.split_size = \"16 KiB\"")
        .unwrap();
    let bench = &clicks.bench;
    let page = bench.path().join("page.html");
    let report = format!("report job.toml --out {}", page.display());

    bench.run("plan").success();
    bench.run(&report).success();
    look(
        &page,
        &[
            "Planned, not begun",
            "not folded yet",
            "Offsets by partition",
        ],
    );

    bench.run("run --trust-laws").success();
    bench.run(&report).success();
    let partitions = format!("of {PARTITIONS} partitions");
    let found = look(&page, &["May go live", &partitions, "Offsets by partition"]);
    let text = found["text"].as_str().unwrap();
    assert!(!text.contains("not folded yet"), "{text}");
    assert!(!text.contains("in no object"), "a log has holes of its own");
    let shown = photograph(&page, Window::WIDE, "topic");
    assert_eq!(shown.console, [""; 0]);
}
