use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::error::Coded;

mod pipeline;
mod postgres;

const GOOD: &str = r#"
table = "page_stats"
component = "clicks.wasm"

[source.files]
path = "archive"

[target.sqlite]
path = "/var/lib/stats.sqlite"
"#;

fn parse(text: &str) -> Result<Job, JobError> {
    Job::parse(Path::new("jobs/backfold.toml"), text, &Overrides::default())
}

/// The code and the message of what is wrong with `text`.
fn refused(text: &str) -> String {
    let error = parse(text).expect_err("the job should be refused");
    format!("{}: {error}", error.code())
}

#[test]
fn relative_paths_belong_to_the_folder_of_the_job() {
    let job = parse(GOOD).unwrap();
    assert_eq!(job.component, Path::new("jobs/clicks.wasm"));
    assert_eq!(job.work, Path::new("jobs/.backfold/page_stats"));
    let SourceConfig::Files(files) = &job.source else {
        panic!("not files: {:?}", job.source);
    };
    assert_eq!(files.path, Path::new("jobs/archive"));
    let TargetConfig::Sqlite(sqlite) = &job.target else {
        panic!("not SQLite: {:?}", job.target);
    };
    assert_eq!(sqlite.path, Path::new("/var/lib/stats.sqlite"));
}

#[test]
fn indexes_stand_beside_the_store() {
    let with = |indexes: &str| {
        GOOD.replace(
            "[target.sqlite]",
            &format!("[target]\nindexes = {indexes}\n[target.sqlite]"),
        )
    };
    let job = parse(&with("[[\"day\"], [\"page\", \"views DESC\"]]")).unwrap();
    let written: Vec<_> = job.indexes.iter().map(ToString::to_string).collect();
    assert_eq!(written, ["day", "page, views desc"]);
    assert_eq!(parse(GOOD).unwrap().indexes, []);
    let errors = [
        "[[]]",
        "[[\"a\"], [\"b\"], [\"a asc\"]]",
        "[\"day\"]",
        "[[\"a\", \"a desc\"]]",
    ];
    let errors = errors.map(|indexes| refused(&with(indexes)));
    insta::assert_snapshot!(errors.join("\n"), @r#"
    BF0006: jobs/backfold.toml:9: `target.indexes`: an index needs a column
    BF0006: jobs/backfold.toml:9: `target.indexes`: the index `a` is given twice
    BF0006: jobs/backfold.toml:9: `target.indexes`: an index is a list of columns, such as ["day", "views desc"]
    BF0006: jobs/backfold.toml:9: `target.indexes`: `a` stands twice in an index
    "#);
}

#[test]
fn a_wait_for_the_database_decides_nothing_in_the_table() {
    let waits = parse(&format!("{GOOD}busy_timeout = \"5m\"")).unwrap();
    let TargetConfig::Sqlite(sqlite) = &waits.target else {
        panic!("not SQLite: {:?}", waits.target);
    };
    assert_eq!(sqlite.busy_timeout, std::time::Duration::from_secs(300));
    let json = |job: &Job| serde_json::to_value(&job.target).unwrap();
    assert_eq!(json(&waits), json(&parse(GOOD).unwrap()));
    insta::assert_snapshot!(refused(&format!("{GOOD}busy_timeout = 30")), @"BF0006: jobs/backfold.toml:10: `target.sqlite.busy_timeout`: invalid type: integer `30`, expected a string");
}

#[test]
fn the_command_line_goes_over_the_file() {
    let text = format!(
        "{GOOD}\n[params]\nfloor = 3\nzone = \"UTC\"\n[range]\nfrom = 2026-01-01\nto = \"latest\"\n[fold]\nworkers = 2"
    );
    let overrides = Overrides {
        from: Some("-48h".into()),
        work: Some("elsewhere".into()),
        workers: Some(8),
        params: BTreeMap::from([("floor".into(), "4".into())]),
        ..Overrides::default()
    };
    let job = Job::parse(Path::new("backfold.toml"), &text, &overrides).unwrap();
    assert_eq!(job.range.from, "-48h".parse().unwrap());
    assert_eq!(job.range.to, Bound::Latest);
    assert_eq!(job.work, Path::new("elsewhere"));
    assert_eq!(job.fold.workers, Some(8));
    assert_eq!(
        job.component_params(),
        [("floor".into(), "4".into()), ("zone".into(), "UTC".into())]
    );
    assert_eq!(
        parse(&text).unwrap().range.from,
        "2026-01-01".parse().unwrap()
    );
}

#[test]
fn archived_objects_are_skipped_by_a_flag_where_there_can_be_any() {
    let overrides = Overrides {
        skip_archived: true,
        ..Overrides::default()
    };
    let load = |text: &str| Job::parse(Path::new("backfold.toml"), text, &overrides);
    let bucket = GOOD
        .replace("[source.files]", "[source.s3]")
        .replace("path = \"archive\"", "bucket = \"clicks\"");
    let SourceConfig::S3(s3) = load(&bucket).unwrap().source else {
        panic!("a bucket");
    };
    assert!(s3.skip_archived);
    let error = load(GOOD).unwrap_err();
    insta::assert_snapshot!(format!("{}: {error}", error.code()), @"BF0012: --skip-archived applies to `[source.s3]` only, but the job has another source");
}

#[test]
fn equal_settings_serialize_alike_whatever_their_order() {
    let shuffled = r#"
        component = "clicks.wasm"
        table = "page_stats"
        target = { sqlite = { path = "/var/lib/stats.sqlite" } }
        source.files.path = "archive"
    "#;
    let written = |text| serde_json::to_string(&parse(text).unwrap()).unwrap();
    assert_eq!(written(GOOD), written(shuffled));
    assert!(!written(GOOD).contains("backfold.toml"));
}

#[test]
fn objects_are_described_below_decode_and_what_is_not_set_leaves_no_trace() {
    let written = |text: &str| serde_json::to_value(parse(text).unwrap()).unwrap();
    let plain = written(GOOD);
    for key in ["compression", "envelope", "csv"] {
        assert!(plain["decode"].get(key).is_none(), "{key}");
    }
    let set = written(&format!(
        "{GOOD}[decode]\nformat = \"json\"\ncompression = \"snappy-hadoop\"\nenvelope = \"connect-schema\"\ncsv.delimiter = \"\\t\""
    ));
    assert_eq!(set["decode"]["format"], "json");
    assert_eq!(set["decode"]["compression"], "snappy-hadoop");
    assert_eq!(set["decode"]["envelope"], "connect-schema");
    assert_eq!(set["decode"]["csv"]["delimiter"], "\t");
    insta::assert_snapshot!(refused(&format!("{GOOD}[decode.csv]\ndelimiter = \"||\"")), @r#"
    BF0006: jobs/backfold.toml:11: `decode.csv.delimiter`: invalid value: string "||", expected a character
    "#);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Job::load(Path::new("nowhere/job.toml"), &Overrides::default()).unwrap_err();
    assert_eq!(error.code().to_string(), "BF0002");
    insta::assert_snapshot!(error, @"cannot read the job file nowhere/job.toml");
}

#[test]
fn what_is_not_toml_is_named_by_its_line() {
    insta::assert_snapshot!(refused("table = \"a\"\ncomponent = clicks.wasm\n"), @"BF0003: jobs/backfold.toml:2: string values must be quoted, expected literal string");
    insta::assert_snapshot!(refused("table = \"a\"\ntable = \"b\"\n"), @"BF0003: jobs/backfold.toml:2: duplicate key");
}

#[test]
fn unknown_keys_are_refused_with_what_was_probably_meant() {
    insta::assert_snapshot!(refused(&GOOD.replace("table =", "tabel =")), @"BF0004: jobs/backfold.toml:2: unknown key `tabel`: did you mean `table`?");
    insta::assert_snapshot!(refused(&format!("{GOOD}[folds]\nworkers = 1")), @"BF0004: jobs/backfold.toml:10: unknown key `folds`: did you mean `fold`?");
    insta::assert_snapshot!(refused(&GOOD.replace("[source.files]", "[source.s3]")), @"BF0004: jobs/backfold.toml:6: unknown key `path` in [source.s3]: did you mean `path_style`?");
    insta::assert_snapshot!(refused(&GOOD.replace("[source.files]", "[source.s4]")), @"BF0004: jobs/backfold.toml:5: unknown key `s4`: known here: `files`, `s3`, `kafka`");
    insta::assert_snapshot!(refused(&GOOD.replace("path = \"archive\"", "path = \"archive\"\nglobe = \"*\"")), @"BF0004: jobs/backfold.toml:7: unknown key `globe` in [source.files]: known here: `path`, `layout`, `include`, `exclude`, `lateness`, `split_size`");
}

#[test]
fn missing_keys_are_named_with_their_table() {
    insta::assert_snapshot!(refused("table = \"a\"\n"), @"BF0005: jobs/backfold.toml:1: `component` is missing");
    insta::assert_snapshot!(refused(&GOOD.replace("path = \"archive\"", "")), @"BF0005: jobs/backfold.toml:5: `path` is missing in [source.files]");
    insta::assert_snapshot!(refused(&GOOD.replace("[source.files]\npath = \"archive\"", "[source]")), @"BF0007: jobs/backfold.toml:5: a job has exactly one source, this one has none of `[source.files]`, `[source.s3]`, `[source.kafka]`");
    let both = format!("{GOOD}[source.s3]\nbucket = \"clicks\"");
    insta::assert_snapshot!(refused(&both), @"BF0007: jobs/backfold.toml:5: a job has exactly one source, this one has several of `[source.files]`, `[source.s3]`, `[source.kafka]`");
}

#[test]
fn values_that_do_not_fit_are_named_with_their_key() {
    insta::assert_snapshot!(refused(&GOOD.replace("\"page_stats\"", "7")), @"BF0006: jobs/backfold.toml:2: `table`: invalid type: integer `7`, expected a string");
    insta::assert_snapshot!(refused(&format!("{GOOD}[fold]\nwindow_batches = -1")), @"BF0006: jobs/backfold.toml:11: `fold.window_batches`: invalid value: integer `-1`, expected usize");
    insta::assert_snapshot!(refused(&format!("{GOOD}[fold]\nstate_budget = \"much\"")), @"BF0006: jobs/backfold.toml:11: `fold.state_budget`: `much` is not a size: write a number with B, KiB, MiB, GiB, KB, MB or GB");
    insta::assert_snapshot!(refused(&format!("{GOOD}[fold]\ncheckpoint_interval = \"soon\"")), @"BF0006: jobs/backfold.toml:11: `fold.checkpoint_interval`: `soon` is not a duration: write `30s`, `5m` or `1h 30m`");
    insta::assert_snapshot!(refused(&format!("{GOOD}[fold]\n\nworkers = 0")), @"BF0006: jobs/backfold.toml:10: `fold.workers`: 0 is not between 1 and 1024");
    insta::assert_snapshot!(refused(&format!("{GOOD}[fold]\n\nmerge_fan_in = 1")), @"BF0006: jobs/backfold.toml:10: `fold.merge_fan_in`: 1 is less than 2: a merge needs at least two runs");
    insta::assert_snapshot!(refused(&format!("{GOOD}[params]\nlist = [1]")), @"BF0006: jobs/backfold.toml:11: `params.list`: expected a single value, not a list or a table");
}

#[test]
fn a_zero_works_or_is_refused_with_what_is_possible() {
    let (none, size, time) = ("0", "\"0 MiB\"", "\"0s\"");
    let refused_ones = [
        ("limits", "fuel_base", none),
        ("limits", "memory", size),
        ("limits", "table_elements", none),
        ("limits", "instances", none),
        ("limits", "stack", size),
        ("limits", "call_time", time),
        ("limits", "answer", size),
        ("limits", "key", size),
        ("limits", "state", size),
        ("limits", "component", size),
        ("limits", "compile_time", time),
        ("limits", "compile_memory", size),
        ("fold", "workers", none),
        ("fold", "merge_fan_in", none),
        ("fold", "window_batches", none),
        ("fold", "state_budget", size),
        ("decode", "batch_rows", none),
        ("decode", "max_record", size),
        ("decode", "max_object", size),
        ("decode", "max_ratio", none),
        ("decode", "max_row_group", size),
    ];
    let mut told = Vec::new();
    for (section, key, zero) in refused_ones {
        told.push(refused(&format!("{GOOD}[{section}]\n{key} = {zero}")));
    }
    insta::assert_snapshot!(told.join("\n"));
    for (section, key, zero) in [
        ("limits", "fuel_per_record", none),
        ("limits", "fuel_per_byte", none),
        ("limits", "output", size),
        ("fold", "checkpoint_interval", time),
        ("quarantine", "stop_after", none),
    ] {
        parse(&format!("{GOOD}[{section}]\n{key} = {zero}")).unwrap();
    }
}

#[test]
fn a_bad_flag_is_named_as_the_flag() {
    let overrides = Overrides {
        workers: Some(0),
        ..Overrides::default()
    };
    let error = Job::parse(Path::new("backfold.toml"), GOOD, &overrides).unwrap_err();
    insta::assert_snapshot!(error, @"--workers: `fold.workers`: 0 is not between 1 and 1024");
    let overrides = Overrides {
        from: Some("yesterday".into()),
        ..Overrides::default()
    };
    let error = Job::parse(Path::new("backfold.toml"), GOOD, &overrides).unwrap_err();
    assert!(
        error.to_string().starts_with("--from: `range.from`: "),
        "{error}"
    );
}

#[test]
fn a_range_in_one_string_is_that_of_two_bounds() {
    let of = |text: &str| parse(text).unwrap().range;
    // Before the first table, as a string would belong to that.
    let string = format!("range = \"@-48h:-24h\"\n{GOOD}");
    let table = format!("{GOOD}[range]\nfrom = \"-48h\"\nto = \"-24h\"");
    assert_eq!(of(&string), of(&table));
    let overrides = Overrides {
        range: Some("@2026-01-01:1h".into()),
        ..Overrides::default()
    };
    let job = Job::parse(Path::new("backfold.toml"), &string, &overrides).unwrap();
    assert_eq!(
        job.range,
        "@2026-01-01T00:00Z:2026-01-01T01:00Z".parse().unwrap()
    );
}

#[test]
fn what_is_wrong_with_a_range_is_named_by_its_line_and_key() {
    insta::assert_snapshot!(refused(&format!("range = \"@-48x:\"\n{GOOD}")), @"BF0006: jobs/backfold.toml:1: `range`: cannot read `-48x`: write an age as `-48h`, `-7d` or `-1h 30m`, and a number of offsets before the end as `-100`");
    insta::assert_snapshot!(refused(&format!("{GOOD}[range]\n\nfrom = \"yesterday\"")), @"BF0006: jobs/backfold.toml:12: `range.from`: cannot read `yesterday`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset");
    insta::assert_snapshot!(refused(&format!("{GOOD}[range]\n\nform = \"-48h\"")), @"BF0004: jobs/backfold.toml:12: unknown key `form` in [range]: did you mean `from`?");
    insta::assert_snapshot!(refused(&format!("{GOOD}[range]\nto.clicks = 1")), @"BF0006: jobs/backfold.toml:11: `range.to.clicks`: cannot read `clicks=1`: write a partition as `clicks/0`, or as `0` if there is only one topic");
}

#[test]
fn offsets_are_refused_where_the_source_has_none() {
    insta::assert_snapshot!(refused(&format!("{GOOD}[range]\nfrom = \"-48h\"\nto = 100")), @"BF0006: jobs/backfold.toml:10: `range.to`: `100` is an offset, which only Kafka has; the range of an archive is in times");
    insta::assert_snapshot!(refused(&format!("range = \"0=100:\"\n{GOOD}")), @"BF0006: jobs/backfold.toml:1: `range.from`: `0=100` is an offset, which only Kafka has; the range of an archive is in times");
    let flags = [
        Overrides {
            from: Some("100".into()),
            ..Overrides::default()
        },
        Overrides {
            to: Some("-100".into()),
            ..Overrides::default()
        },
        Overrides {
            range: Some(":200".into()),
            ..Overrides::default()
        },
        Overrides {
            range: Some("200:x".into()),
            ..Overrides::default()
        },
        Overrides {
            properties: BTreeMap::from([("client.id".into(), "x".into())]),
            ..Overrides::default()
        },
    ];
    let errors = flags.map(|overrides| {
        let error = Job::parse(Path::new("backfold.toml"), GOOD, &overrides).unwrap_err();
        format!("{}: {error}", error.code())
    });
    insta::assert_snapshot!(errors.join("\n"), @r"
    BF0006: --from: `range.from`: `100` is an offset, which only Kafka has; the range of an archive is in times
    BF0006: --to: `range.to`: `-100` is an offset, which only Kafka has; the range of an archive is in times
    BF0006: --range: `range.to`: `200` is an offset, which only Kafka has; the range of an archive is in times
    BF0006: --range: `range`: cannot read `x`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset
    BF0012: -X applies to `[source.kafka]` only, but the job has another source
    ");
}

#[test]
fn values_are_read_as_the_job_says_and_documents_from_archives_alone() {
    let with = |decode: &str| format!("{GOOD}\n[decode]\n{decode}\n");
    let settings = "records = \"Records\"\nnumbers = \"lenient\"\nvalues = \"mongo\"\ntime_zone = \"Europe/Paris\"";
    let decode = parse(&with(settings)).unwrap().decode;
    assert_eq!(decode.records.as_deref(), Some("Records"));
    assert_eq!(decode.numbers, crate::decode::Numbers::Lenient);
    assert_eq!(decode.values, crate::decode::ValueObjects::Mongo);
    assert_eq!(decode.time_zone, Some(chrono_tz::Tz::Europe__Paris));
    for (setting, detail) in [
        (
            "records = \"a..b\"",
            "`decode.records`: a name in the path is empty",
        ),
        (
            "records = \"a\"\nformat = \"csv\"",
            "`decode.records`: it is the path of an array in JSON documents",
        ),
        ("numbers = \"loose\"", "`decode.numbers`: "),
        ("time_zone = \"Europe/Pari\"", "`decode.time_zone`: "),
    ] {
        let refused = refused(&with(setting));
        assert!(refused.contains(detail), "{refused}");
    }
    let topic = with("records = \"Records\"")
        .replace("[source.files]", "[source.kafka]")
        .replace(
            "path = \"archive\"",
            "brokers = \"b:9092\"\ntopics = \"clicks\"",
        );
    let refused = refused(&topic);
    assert!(
        refused.ends_with(
            "`decode.records`: a message of a topic is one record: arrays in documents are read from archives"
        ),
        "{refused}"
    );
}

#[test]
fn a_log_has_offsets_and_properties_that_flags_go_over() {
    let topic = GOOD
        .replace("[source.files]", "range = \"@-48h:\"\n[source.kafka]")
        .replace(
            "path = \"archive\"",
            "brokers = \"b:9092\"\ntopics = \"clicks\"",
        );
    let load = |overrides: &Overrides| Job::parse(Path::new("backfold.toml"), &topic, overrides);
    let property = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
    let job = load(&Overrides {
        range: Some("100:200".into()),
        to: Some("0=150".into()),
        properties: property("client.rack"),
        ..Overrides::default()
    })
    .unwrap();
    assert_eq!(job.range, "100:0=150".parse().unwrap());
    let SourceConfig::Kafka(kafka) = &job.source else {
        panic!("not a topic: {:?}", job.source);
    };
    assert_eq!(kafka.overrides, property("client.rack"));
    let errors = ["group.id", "sasl.password"].map(|name| {
        let properties = property(name);
        let error = load(&Overrides {
            properties,
            ..Overrides::default()
        });
        error.unwrap_err().to_string()
    });
    insta::assert_snapshot!(errors.join("\n"), @r"
    -X: `source.kafka.properties`: `group.id` cannot be set: a replay joins no group; each worker reads the offsets of its splits
    -X: `source.kafka.properties`: `sasl.password` is a secret: set the environment variable BACKFOLD_KAFKA_SASL_PASSWORD, or use a `properties_file`
    ");
}

#[test]
fn names_that_are_no_tables_are_refused() {
    let long = "x".repeat(41);
    for name in [
        "",
        "a-b",
        "a\\u0022; DROP TABLE x; --",
        "sqlite_master",
        "BACKFOLD_builds",
        "7up",
        "täble",
        &long,
    ] {
        let text = GOOD.replace("page_stats", name);
        assert!(
            refused(&text).starts_with("BF0008: jobs/backfold.toml:2: `table`: "),
            "{name}: {}",
            refused(&text)
        );
    }
    assert!(parse(&GOOD.replace("page_stats", &"x".repeat(40))).is_ok());
}

proptest! {
    /// Whatever stands in a job file, it is a job or an error with a place and a code.
    #[test]
    fn any_text_is_a_job_or_refused(
        cut in 0..GOOD.len(),
        length in 0_usize..20,
        pasted in prop_oneof![
            "[a-z_.= \\[\\]\"\n0-9{}-]{0,30}",
            ".{0,10}",
            prop::sample::select(vec![
                "[limits]\nmemory = \"16 EiB\"", "[fold]\nworkers = -1", "[range]\nfrom = \"latest\"",
                "[decode]\nbatch_rows = 0", "params = { a = 1 }", "table = \"\"", "[[source]]", "\u{0}",
            ]).prop_map(str::to_owned),
        ],
    ) {
        let mut text = GOOD.to_owned();
        text.replace_range(cut..(cut + length).min(GOOD.len()), &pasted);
        if let Err(error) = parse(&text) {
            prop_assert!(error.to_string().len() < 2_000);
            prop_assert!(error.code().number < 100, "{error}");
        }
    }
}

#[test]
fn a_target_in_dynamodb_needs_no_settings() {
    let sqlite = "[target.sqlite]\npath = \"/var/lib/stats.sqlite\"";
    let with = |target: &str| GOOD.replace(sqlite, target);
    assert_ne!(with(""), GOOD);
    let job = parse(&with("[target.dynamodb]\nca_file = \"ca.pem\"")).unwrap();
    let TargetConfig::DynamoDb(dynamodb) = &job.target else {
        panic!("{:?}", job.target);
    };
    assert_eq!(dynamodb.ca_file.as_deref(), Some(Path::new("jobs/ca.pem")));
    assert_eq!(job.target_id(), "dynamodb:/");
    let there = parse(&with(
        "[target.dynamodb]\nregion = \"eu-west-1\"\ntable_prefix = \"prod_\"\nread_segments = 2",
    ));
    let there = there.unwrap();
    assert_eq!(
        there.target.to_string(),
        "DynamoDB in eu-west-1, tables `prod_*`"
    );
    assert_eq!(there.target_id(), "dynamodb:eu-west-1/prod_");
    insta::assert_snapshot!(serde_json::to_string(&there.target).unwrap(), @r#"{"dynamodb":{"table_prefix":"prod_","region":"eu-west-1","endpoint":null}}"#);
    insta::assert_snapshot!(refused(&with("[target.dynamodb]\nread_segments = 0")), @"BF0006: jobs/backfold.toml:9: `target.dynamodb.read_segments`: 0 is less than 1");
    insta::assert_snapshot!(refused(&format!("{GOOD}[target.dynamodb]")), @"BF0007: jobs/backfold.toml:8: a job has exactly one target, this one has several of `[target.sqlite]`, `[target.postgres]`, `[target.dynamodb]`");
}
