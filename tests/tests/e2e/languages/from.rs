//! Projects that `backfold new --from` makes of a declaration: in every language, their table is that of `aggregate`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use backfold_tests::components::root;
use backfold_tests::process;
use backfold_tests::projects::{self, Project};
use serde_json::{Value, json};

/// A declaration with everything that one can say.
const PIPELINE: &str = r##"
[pipeline]
event_time = "at: epoch-milliseconds"

[pipeline.where]
kind = ["view", "buy", "it's \"new\""]
"ver\\.sion.no" = [1, "two", true]

[pipeline.reject]
"amount < 0" = "the amount is \"negative\", isn't it?"
"big = 9007199254740993" = "the number is too big"
"class? = \"x\\\\y\" or ü" = "no such class"
"fine = false" = "it is not fine"
"ratio? >= 1000.5" = "the ratio is too large"

[pipeline.key]
page = "page_id"
match = "geo.country?"
p_1 = "user_no: int64"
ok = "ok"
day = "day_of(at)"
week = "week_of(at)"
month = "month_of(seen?)"
year = "year_of(seen)"
hour = "hour_of(seen)"
minute = "minute_of(seen)"
born = "born?: date"
token = "token: hex"

[pipeline.keep]
n = "count"
with_price = "count(price?)"
amount = "sum(amount)"
revenue = "sum(price: float64)"
least = "min(amount)"
most = "max(price)"
first_seen = "min(seen)"
youngest = "max(born)"
any_ok = "any(ok: boolean)"
all_fit = "all(fit?)"
first_page = "first(page_id)"
last_country = "last(geo.country)"
first_price = "first(price)"
last_ok = "last(ok, seen)"
first_born = "first(born)"
last_token = "last(token)"
first_amount = "first(amount)"
last_seen = "last(seen)"
last_raw = "last(raw?: binary)"
classes = "distinct(class)"
amounts = "distinct(amount)"
prices = "distinct(price)"
times = "distinct(at)"
days = "distinct(born)"
tokens = "distinct(token)"
bigs = "distinct(big)"
latency = "quantile(amount, 0.95)"
price = "quantile(price, 0.5, 0.999)"
bought = "count where kind = buy or \"it's \\\"new\\\"\""
other = "sum(amount) where kind != view"
classed = "count where class != a or b"
one_class = "count where class = a"
large = "sum(price) where amount > 500"
few = "max(amount) where ratio < 2.5"
some = "count where ratio = 0.5 or 2"
none = "count where ratio != 0.5"
small = "count where amount <= 10"
exact = "count where amount = 7 or 8"
fits = "count where fit = true"
misfits = "count where ok != true"
odd = "distinct(\"odd name\"?)"
escaped = "count where \"a\\.b.c\"? = 1"
newest = "max($offset)"
objects = "distinct($source_name)"
written = "min($record_time)"
parts = "distinct($partition)"
keys = "count($record_key)"
traces = "count($record_header.trace)"
"##;

/// Events that meet every condition of the declaration, and fail each. Values of a key hang together, so that a key has many
/// events.
fn events() -> String {
    let mut lines = String::new();
    for number in 0..4_000_i64 {
        let profile = number * 7 % 24;
        let mut event = json!({
            "kind": (["view", "buy", "it's \"new\"", "scroll"][(number * 5 % 13 % 4) as usize]),
            "ver.sion": { "no": ([json!(1), json!("two"), json!(true), json!(3)][(number % 31 % 4) as usize]) },
            "at": 1_767_225_600_000_i64 + number * 61_234,
            "page_id": (["/", "/ü/\u{2028}", "a,b\\"][(profile % 3) as usize]),
            "user_no": ([5, (1_i64 << 53) + 1][(profile % 2) as usize]),
            "ok": profile % 4 < 2,
            "token": (["00ff", ""][(profile / 12) as usize]),
            "amount": number * 37 % 1_000 - 3,
            "big": if number % 97 == 0 { (1_i64 << 53) + 1 } else { (1_i64 << 53) - number },
            "fine": number % 89 != 0,
            "default": 1,
        });
        let mut set = |name: &str, period: i64, value: Value| {
            if number % period != 0 {
                event[name] = value;
            }
        };
        set("price", 3, json!((number * 31 % 700) as f64 / 8.0 + 1e-3));
        set(
            "ratio",
            5,
            json!(([0.5, 2.0, 3.75, 1e4][(number % 47 % 4) as usize])),
        );
        set(
            "class",
            4,
            json!((["a", "b", "x\\y", "ü", "", "c"][(number % 53 % 6) as usize])),
        );
        set("fit", 6, json!(number % 11 != 0));
        set("raw", 2, json!((["AP8=", ""][(number % 5 % 2) as usize])));
        set("odd name", 2, json!(format!("n{}", number % 17)));
        set("a.b", 2, json!({ "c": number % 3 }));
        if profile % 3 != 0 {
            event["geo"] = json!({ "country": (["DE", ""][(profile % 2) as usize]) });
        }
        if profile % 5 != 0 {
            event["born"] = json!((["1969-12-28", "2024-02-29"][(profile % 2) as usize]));
            event["seen"] = json!(
                (["1969-12-31T23:59:59.999999Z", "2024-02-29T12:34:56.5Z"]
                    [(profile / 12) as usize])
            );
        }
        lines.push_str(&format!("{event}\n"));
    }
    lines
}

fn job(component: &str, pipeline: &str) -> String {
    format!(
        "table = \"everything\"\ncomponent = {component:?}\nwork = \"work\"\n{pipeline}\n\
         [source.files]\npath = \"archive\"\n\n[target.sqlite]\npath = \"tables.db\"\n\n\
         [gate]\nmax_quarantined = 4000\nallow_absent = [\"record_header_trace\"]\n"
    )
}

/// The digest of the table's rows, and their number, out of a run of a job.
fn table(job: &Path) -> (Value, Value) {
    let mut command = projects::backfold();
    command.arg("run").arg(job).args(["--output", "json"]);
    let report = process::run_long(&mut command).success().json();
    let loaded = &report["result"]["loaded"];
    (loaded["digest"].clone(), loaded["rows"].clone())
}

/// The job with the declaration, in a folder of its own, and its table.
fn declared() -> &'static (PathBuf, (Value, Value)) {
    static DECLARED: OnceLock<(PathBuf, (Value, Value))> = OnceLock::new();
    DECLARED.get_or_init(|| {
        let folder = root().join("target/projects/everything");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("archive")).unwrap();
        fs::write(folder.join("archive/events.jsonl"), events()).unwrap();
        let path = folder.join("everything.toml");
        fs::write(&path, job("aggregate", PIPELINE)).unwrap();
        let table = table(&path);
        (path, table)
    })
}

/// Its own tests pass, and its table over the archive is that of `aggregate`, byte for byte.
fn it_says_what_the_declaration_says(language: &str) {
    let (declared, expected) = declared();
    let project = Project::from_job("everything", declared, language);
    project.test().success();

    let job = project.folder.join("job.toml");
    let text = fs::read_to_string(&job).unwrap();
    // The project was made one folder deeper. Several languages at a time would wait for one database.
    assert!(
        text.contains("path = \"../../everything/archive\""),
        "{text}"
    );
    let own = text
        .replace("../../everything/archive", "../everything/archive")
        .replace("../../everything/tables.db", "tables.db");
    fs::write(&job, own).unwrap();
    for left in ["work", "tables.db"] {
        let left = project.folder.join(left);
        let _ = fs::remove_dir_all(&left).or_else(|_| fs::remove_file(&left));
    }
    assert_eq!(&table(&job), expected);
    assert!(expected.1.as_u64().unwrap() > 50, "{expected:?}");
}

macro_rules! languages {
    ($($language:ident)*) => {$(
        #[test]
        fn $language() {
            it_says_what_the_declaration_says(stringify!($language));
        }
    )*};
}

languages! { rust python ts js go c }
