//! Codes whose pages are not walked here, and why.

/// A reason, and the codes that it holds for.
pub(crate) const REASONS: &[(&str, &[&str])] = &[
    (
        "needs a broker: `kafka/{command,traps,login,oauth}.rs`",
        &[
            "BF0240", "BF0241", "BF0242", "BF0243", "BF0244", "BF0245", "BF0246", "BF0247",
            "BF0248", "BF0249", "BF0250", "BF0251",
        ],
    ),
    (
        "needs a bucket: `s3/archive.rs`, `s3/changed.rs`, and the scripted stores of `source/s3`",
        &[
            "BF0220", "BF0221", "BF0222", "BF0223", "BF0224", "BF0225", "BF0226", "BF0227",
            "BF0228", "BF0229", "BF0232", "BF0233", "BF0234",
        ],
    ),
    (
        "needs a share in a bucket: `share/{place,busy}.rs`, and the scripted stores of `share/place/s3`",
        &["BF1302", "BF1304", "BF1305", "BF1306", "BF1307"],
    ),
    (
        "needs a service of DynamoDB's protocol: `stores/dynamodb`, and the scripted services of `store/dynamodb`",
        &["BF0640", "BF0641", "BF0642", "BF0643", "BF0644", "BF0645"],
    ),
    (
        "the command folds what it planned itself: `steps.rs`, for users of the library",
        &["BF0508"],
    ),
    (
        "needs a schema registry: `kafka/avro.rs`, and the scripted registries of `registry`",
        &["BF0901", "BF0902", "BF0903", "BF0904", "BF0905"],
    ),
    (
        "the command refuses it as BF0006 where it reads the job; for users of the library",
        &["BF0209", "BF0408"],
    ),
    (
        "the command refuses it as BF0001 where it reads its arguments; for users of the library",
        &["BF1301"],
    ),
    (
        "the echo of an error that is shown instead",
        &["BF0201", "BF0417", "BF0602"],
    ),
    (
        "a bug of backfold or of a driver, by definition",
        &[
            "BF0215", "BF0230", "BF0231", "BF0307", "BF0310", "BF0418", "BF0506", "BF0610",
            "BF0611", "BF0612", "BF0705",
        ],
    ),
    (
        "needs a component of the right world whose code is not valid or uses what is switched off; no test has one",
        &["BF0407"],
    ),
    (
        "files of the plan or of the share are altered by hand, past their digests",
        &["BF0214", "BF1318"],
    ),
    (
        "a failing disk or a full one: `bad_environment.rs` and `database.rs` follow those that can be made",
        &["BF0213", "BF0504", "BF0614", "BF0617", "BF0618", "BF0620"],
    ),
    (
        "a race of two processes: `cutover.rs`, and the conformance of stores",
        &["BF0603", "BF0607", "BF0608"],
    ),
    (
        "a swap between the two swaps of a rehearsal: `table/rehearsal.rs`",
        &["BF0723"],
    ),
    (
        "a table that is loaded again with other rows: a component is deterministic, so a test in `replay` makes it up",
        &["BF0725"],
    ),
    (
        "a signal at the right moment: `resume.rs`, `builds.rs`",
        &["BF0505"],
    ),
    (
        "more data than a test should make: `bad_input.rs` has the bomb, unit tests of `decode` and `fold` the others",
        &["BF0306", "BF0354", "BF0502", "BF0507"],
    ),
    (
        "needs a server of PostgreSQL: `stores/postgres`, `stores/postgres_connection.rs`",
        &[
            "BF0624", "BF0625", "BF0630", "BF0631", "BF0632", "BF0633", "BF0634", "BF0635",
            "BF0636", "BF0637", "BF0638", "BF0639",
        ],
    ),
    (
        "a component that remembers what it may not: `guest/tests/window.rs`",
        &["BF0420"],
    ),
    (
        "needs compilers of components: `project`",
        &[
            "BF1001", "BF1002", "BF1003", "BF1004", "BF1005", "BF1006", "BF1007", "BF1008",
            "BF1010", "BF1011", "BF1012", "BF1013", "BF1101",
        ],
    ),
    (
        "no language of the command line is without a template; for users of the library",
        &["BF1009"],
    ),
];
