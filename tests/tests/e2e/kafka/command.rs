//! Plans, handoffs and rejected records of topics, as the command shows them.

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::broker::{Record, shared};
use backfold_tests::components::guest;
use backfold_tests::topic::{Clicks, PARTITIONS};
use serde_json::{Value, json};

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 480,
    ..ArchiveSpec::SMALL
};

/// The lines, without blanks at their ends and with this machine's words replaced.
fn stable(text: &str, words: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (word, name) in words {
        text = text.replace(word, name);
    }
    let lines = text.lines().map(str::trim_end);
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plan_lists_the_partitions_and_a_handoff_where_to_go_on() {
    let broker = shared();
    let clicks = Clicks::new(broker, &guest("page_days"), &SPEC).unwrap();
    clicks.write_job("fold.workers = 2").unwrap();
    let planned = clicks.bench.run("plan --output json").success().json();
    let result = &planned["result"];
    let said = clicks.bench.run("plan").success().stdout;
    let build = said.split_whitespace().nth(1).unwrap();
    let words = [
        (result["component"]["path"].as_str().unwrap(), "COMPONENT"),
        (
            &result["component"]["digest"].as_str().unwrap()[..16],
            "DIGEST",
        ),
        (&build.to_lowercase(), "build"),
        (build, "BUILD"),
        (&clicks.topic, "TOPIC"),
    ];
    insta::assert_snapshot!(stable(&said, &words), @r"
    build      BUILD (new)
    table      page_days
    builds     page_days__build in SQLite tables.db
    shows now  nothing: the name is not used yet
    component  page_days 0.1.0 (DIGEST)
               COMPONENT
    input      3 partitions, at most 480 records, in 3 splits
    to fold    480 records, under a second with 2 workers
    events     all
    gate       all input folded, no record rejected, at least 1 row
    work       work/page_days/BUILD

      partition     start  end  records ≤        size  first                 last
      TOPIC/0      0  336        336  ~136.5 KiB  2026-01-01T00:02:29Z  2026-01-01T23:50:37Z
      TOPIC/1      0   96         96   ~39.3 KiB  2026-01-01T00:23:46Z  2026-01-01T23:54:13Z
      TOPIC/2      0   48         48   ~19.6 KiB  2026-01-01T00:29:07Z  2026-01-01T23:58:19Z

    nothing has been built or changed: `backfold run` builds it
    ");
    // A table without a stored pointer has no handoff.
    clicks.bench.refuses("handoff", 2, "BF0707");

    let report = clicks
        .bench
        .run("run --swap --output json")
        .success()
        .json();
    let build = report["result"]["build"].as_str().unwrap();
    let words = [(build, "BUILD"), (clicks.topic.as_str(), "TOPIC")];
    let text = clicks.bench.run("handoff").success().stdout;
    insta::assert_snapshot!(stable(&text, &words), @r"
    table  page_days
    build  BUILD, version 1

    topic       partition  next offset
    TOPIC          0          336
    TOPIC          1           96
    TOPIC          2           48

    Partitions that are not listed were added later: read them from their start.
    `backfold handoff --format kafka` prints the positions for `kafka-consumer-groups --reset-offsets --from-file`
    ");
    let lines = clicks.bench.run("handoff --format kafka").success().stdout;
    insta::assert_snapshot!(stable(&lines, &words), @r"
    TOPIC,0,336
    TOPIC,1,96
    TOPIC,2,48
    ");
    let positions = clicks.bench.run("handoff --output json").success().json();
    let expected = [(0, 336), (1, 96), (2, 48)].map(|(partition, next)| {
        json!({ "offset": {
            "source": "kafka", "topic": clicks.topic, "partition": partition, "next": next
        } })
    });
    assert_eq!(positions["result"]["positions"], json!(expected));
}

#[test]
fn a_plan_tells_how_long_a_topic_will_take() {
    let spec = ArchiveSpec {
        events: 30_000,
        ..ArchiveSpec::SMALL
    };
    let clicks = Clicks::new(shared(), &guest("page_days"), &spec).unwrap();
    let estimate = |settings: &str| {
        let settings = format!("source.kafka.split_size = \"256KiB\"\n{settings}");
        clicks.write_job(&settings).unwrap();
        let mut planned = clicks.bench.run("plan --output json").success().json();
        planned["result"]["estimate"].take()
    };
    let fast = estimate("");
    assert_eq!(fast["records"], 30_000, "{fast}");
    assert_eq!(
        (&fast["exact"], &fast["sampled"]),
        (&false.into(), &5.into())
    );
    let text = clicks.bench.run("plan").success().stdout;
    assert!(text.contains("about 30,000 records, "), "{text}");
    assert!(text.contains(" (from 5 of "), "{text}");
    // 12 MB in all.
    let slow = estimate("source.kafka.max_bytes_per_second = \"1MiB\"");
    let seconds = |estimate: &Value| estimate["seconds"].as_f64().unwrap();
    assert!((11.0..14.0).contains(&seconds(&slow)), "{slow}");
    assert!(seconds(&fast) < 6.0, "{fast}");
}

#[test]
fn offsets_of_each_partition_are_a_range() {
    let clicks = Clicks::new(shared(), &guest("page_days"), &SPEC).unwrap();
    let topic = &clicks.topic;
    let count = |line: &str| {
        let line = format!("run --trust-laws --fresh --output json {line}");
        let report = clicks.bench.run(&line).success().json();
        report["result"]["counts"]["events"].as_i64().unwrap()
    };
    assert_eq!(count("--from 0=300 --to 0=336,1=96,2=48"), 36 + 96 + 48);
    assert_eq!(
        count(&format!(
            "--from {topic}/0=300,{topic}/1=90 --to 0=310,1=96,2=40"
        )),
        56
    );
    assert_eq!(count("--from -10"), 30);
    assert_eq!(count("--from +40 --to +45"), 15);
    clicks.bench.refuses("run --from 100", 2, "BF0245");
    clicks.bench.refuses("run --from latest", 2, "BF0210");
    // Their own names for properties, from the command line.
    assert_eq!(count("-X fetch.wait.max.ms=5 -X client.id=tests"), 480);
    clicks
        .bench
        .refuses("run --fresh -X no.such.property=1", 2, "BF0242");
}

#[test]
fn rejected_records_are_named_by_their_offsets_and_folded_again() {
    let broker = shared();
    let topic = broker.create("broken", PARTITIONS, &[]).unwrap();
    let record = |page: &str, duration: serde_json::Value| {
        let json =
            json!({ "ts": "2026-01-01T10:00:00Z", "page_id": page, "duration_ms": duration });
        Record::of(json.to_string())
    };
    let records = [
        record("/a", 1.into()),
        record("/a", "soon".into()),
        record("trap", 10.into()).partition(2),
        record("/a", 100.into()).partition(2),
        Record::of("{ no json").partition(1),
    ];
    broker.produce(&topic, "gzip", records).unwrap();
    let archive = Archive::new(&SPEC).unwrap();
    let clicks = Clicks::over(broker, &guest("trapping"), topic.clone(), archive).unwrap();
    clicks.write_job("fold.workers = 1").unwrap();
    clicks.bench.refuses("run --trust-laws", 3, "BF0701");
    let build = clicks.bench.builds().pop().unwrap();
    let build = build.file_name().unwrap().to_str().unwrap();
    let listed = clicks.bench.run("quarantine list").success().stdout;
    insta::assert_snapshot!(stable(&listed, &[(build, "BUILD"), (&topic, "TOPIC")]), @r"
    3 rejected records of build BUILD
    number  where           by         reason
         1  TOPIC/0@1  decoder    duration_ms: found a string where a value of kind int64 is wanted
         2  TOPIC/1@0  decoder    not JSON: expected a name in quotes at byte 2
         3  TOPIC/2@0  component  panic: stepped into the trap
    ");

    // The component is mended; nothing is read again.
    broker.delete_records(&topic, 2, 2).unwrap();
    clicks
        .write_job("params.on_trap = \"none\"\ngate.max_quarantined = 2")
        .unwrap();
    let report = clicks
        .bench
        .run("run --only-quarantined --swap --output json")
        .success()
        .json();
    let result = &report["result"];
    assert_eq!(
        (&result["outcome"], &result["rejected"]),
        (&"live".into(), &2.into())
    );
    let tallies = clicks.bench.tallies().unwrap();
    let tally = |page: &str| {
        let tally = tallies[&(page.into(), "2026-01-01".into())];
        (tally.events, tally.duration_ms)
    };
    assert_eq!(
        (tally("/a"), tally("trap"), tallies.len()),
        ((2, 101), (1, 10), 2)
    );
    // A live consumer goes on where the first build ended.
    let lines = clicks.bench.run("handoff --format kafka").success().stdout;
    assert_eq!(lines, format!("{topic},0,2\n{topic},1,1\n{topic},2,2\n"));
}
