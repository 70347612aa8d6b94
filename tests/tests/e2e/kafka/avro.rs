//! Avro messages of a topic, with their schemas in a real registry.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::PathBuf;

use backfold_tests::archive::{Tallies, Tally};
use backfold_tests::broker::{self, Record};
use backfold_tests::components::guest;
use backfold_tests::process::{self, Finished};
use backfold_tests::registry::Registry;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

const PARTITIONS: i32 = 2;

/// Three schemas of visits, of which the last is registered under another subject than the topic's.
struct Visits {
    bench: Workbench,
    registry: Option<Registry>,
    topic: String,
    ids: [u32; 3],
}

fn fields(order: [usize; 3], more: Option<Value>) -> String {
    let known = [
        json!({"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}}),
        json!({"name": "page_id", "type": "string"}),
        json!({"name": "duration_ms", "type": ["null", "long"]}),
    ];
    let fields = order.iter().map(|at| known[*at].clone()).chain(more);
    let fields: Vec<_> = fields.collect();
    json!({"type": "record", "name": "Visit", "namespace": "org", "fields": fields}).to_string()
}

impl Visits {
    fn new() -> Self {
        Self::over(Registry::start().unwrap())
    }

    fn over(registry: Registry) -> Self {
        let topic = broker::shared().create("visits", PARTITIONS, &[]).unwrap();
        let more = json!({"name": "agent", "type": "string", "default": ""});
        let schemas = [
            fields([0, 1, 2], None),
            fields([2, 0, 1], Some(more)),
            fields([1, 2, 0], None),
        ];
        let own = format!("{topic}-value");
        let register = |subject: &str, at: usize| {
            let schema: &String = &schemas[at];
            registry.register(subject, "AVRO", schema).unwrap()
        };
        let ids = [register(&own, 0), register(&own, 1), register("other", 2)];
        let bench = Workbench::new(&guest("page_days")).unwrap();
        let visits = Visits {
            topic,
            ids,
            bench,
            registry: Some(registry),
        };
        visits.write_job("");
        visits
    }

    /// Writes the job, with more lines below `[decode.registry]`.
    fn write_job(&self, more: &str) {
        let registry = self.registry.as_ref().unwrap();
        let settings = format!(
            "fold.workers = 2\ngate.max_quarantined = 100\n[source.kafka]\nbrokers = \"{}\"\ntopics = \"{}\"\n\
             [decode]\nformat = \"avro\"\n[decode.registry]\nurl = \"{}\"\n{more}",
            broker::shared().bootstrap(),
            self.topic,
            registry.url()
        );
        self.bench
            .write_job(&guest("page_days"), &settings)
            .unwrap();
    }

    /// A visit of a page for that long, by a schema.
    fn value(&self, schema: usize, page: &str, duration_ms: i64) -> Vec<u8> {
        let mut value = vec![0];
        value.extend(self.ids[schema].to_be_bytes());
        let parts = [
            zigzag(1_767_225_600_000),
            [zigzag(page.len() as i64), page.into()].concat(),
            [zigzag(1), zigzag(duration_ms)].concat(),
        ];
        let order = [[0, 1, 2], [2, 0, 1], [1, 2, 0]][schema];
        value.extend(order.into_iter().flat_map(|at| parts[at].clone()));
        if schema == 1 {
            value.extend([zigzag(3), b"cli".into()].concat());
        }
        value
    }

    fn produce(&self, values: impl IntoIterator<Item = Vec<u8>>) {
        let records = (0..).zip(values);
        let records = records.map(|(at, value)| Record::of(value).partition(at % PARTITIONS));
        broker::shared()
            .produce(&self.topic, "zstd", records)
            .unwrap();
    }

    fn run(&self, more: &str) -> Finished {
        let line = format!("run --swap --output json {more}");
        process::run(&mut self.bench.command(&line))
    }

    fn build(&self) -> PathBuf {
        self.bench.builds().pop().unwrap()
    }
}

fn zigzag(value: i64) -> Vec<u8> {
    let (mut rest, mut bytes) = (((value << 1) ^ (value >> 63)) as u64, Vec::new());
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn tallies(pages: &[(&str, i64, i64)]) -> Tallies {
    let tally = |(page, events, duration_ms): &(&str, i64, i64)| {
        let key = ((*page).to_owned(), "2026-01-01".to_owned());
        let (events, duration_ms) = (*events, *duration_ms);
        (
            key,
            Tally {
                events,
                duration_ms,
            },
        )
    };
    pages.iter().map(tally).collect()
}

#[test]
fn messages_of_all_versions_are_folded_and_bad_ones_kept() {
    let mut visits = Visits::new();
    let good = (0..3000).map(|at| visits.value(at / 7 % 3, ["/a", "/b"][at % 2], 1));
    let mut values: Vec<_> = good.collect();
    let garbage = [visits.value(0, "/c", 1)[..9].to_vec(), b"{}".to_vec()];
    values.splice(1000..1000, garbage);
    visits.produce(values);
    let finished = visits.run("").success();
    let counts = &finished.json()["result"]["counts"];
    assert_eq!(
        [&counts["records"], &counts["events"], &counts["rejected"]],
        [3002, 3000, 2]
    );
    let expected = tallies(&[("/a", 1500, 1500), ("/b", 1500, 1500)]);
    assert_eq!(visits.bench.tallies().unwrap(), expected);

    let build = visits.build();
    let manifest: Value =
        serde_json::from_slice(&fs::read(build.join("manifest.json")).unwrap()).unwrap();
    let planned: Vec<_> = manifest["input"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(
        planned,
        [&visits.ids[0].to_string(), &visits.ids[1].to_string()]
    );
    let met = fs::read_to_string(build.join("schemas.jsonl")).unwrap();
    let met: Value = serde_json::from_str(&met).unwrap();
    assert_eq!(met["id"], visits.ids[2]);

    let said = visits.bench.run("quarantine list --output json").success();
    let list = said.json();
    assert!(
        list.to_string().contains("not a record of schema"),
        "{list}"
    );
    // Without the registry too.
    visits.registry = None;
    let said = visits.bench.run("quarantine replay 1").success();
    assert!(said.stdout.contains("reject"), "{}", said.stdout);
    let finished = visits.run("--only-quarantined").success();
    let counts = &finished.json()["result"]["counts"];
    assert_eq!([&counts["records"], &counts["rejected"]], [2, 2]);
    assert_eq!(visits.bench.tallies().unwrap(), expected);
}

#[test]
fn an_unknown_schema_costs_its_records_until_it_is_registered() {
    let mut visits = Visits::new();
    let mut values: Vec<_> = (0..100).map(|_| visits.value(0, "/a", 1)).collect();
    let known = visits.ids;
    visits.ids[2] = known[2] + 1;
    values.push(visits.value(2, "/b", 1));
    visits.produce(values);
    visits.run("").success();
    assert_eq!(
        visits.bench.tallies().unwrap(),
        tallies(&[("/a", 100, 100)])
    );
    let said = visits.bench.run("quarantine list").success();
    assert!(
        said.stdout.contains("the registry has no schema"),
        "{}",
        said.stdout
    );
    let late = fields([1, 2, 0], Some(json!({"name": "none", "type": "null"})));
    let registry = visits.registry.as_ref().unwrap();
    assert_eq!(
        registry.register("late", "AVRO", &late).unwrap(),
        visits.ids[2]
    );
    visits.run("--only-quarantined").success();
    let expected = tallies(&[("/a", 100, 100), ("/b", 1, 1)]);
    assert_eq!(visits.bench.tallies().unwrap(), expected);

    // A new plan needs the registry.
    visits.registry = None;
    let said = visits.bench.refuses("run --fresh", 1, "BF0901");
    assert!(said.contains("does not answer"), "{said}");
}

#[test]
fn a_registry_with_tls_is_asked_where_its_authority_is_trusted() {
    let visits = Visits::over(Registry::start_with_tls().unwrap());
    visits.produce((0..100).map(|at| visits.value(at % 3, "/a", 1)));
    let said = visits.bench.refuses("run --swap", 2, "BF0905");
    let registry = visits.registry.as_ref().unwrap();
    let said = said.replace(&registry.url(), "URL");
    let said = said.replace(&visits.topic, "TOPIC");
    insta::assert_snapshot!(said, @"the certificate of the schema registry at `URL/subjects/TOPIC-value/versions` is not trusted: UnknownIssuer");

    let authority = registry.authority().unwrap();
    visits.write_job(&format!("ca_file = {authority:?}"));
    visits.run("").success();
    let expected = tallies(&[("/a", 100, 100)]);
    assert_eq!(visits.bench.tallies().unwrap(), expected);
}
