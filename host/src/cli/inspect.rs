//! `backfold inspect`: shows the imports and the descriptor of a component.

use std::path::PathBuf;

use anyhow::Result;
use backfold::guest::{Cache, Language, Limits};
use backfold::job::{Job, Overrides};
use backfold::schema::{Condition, Descriptor, Encoding, Input, Origin, Output};
use backfold::steps::load_component;
use serde::Serialize;

use super::answer::Answer;
use super::arguments::ParamArguments;
use super::context::Context;
use super::human::plain;
use super::paint::Paint;
use super::table::{Fields, Side, Table};

/// Show the imports, inputs, keys, states and views of a component
///
/// The component is compiled, or taken from the cache of compiled components, and opened. It gets no data.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold inspect clicks.wasm
  backfold inspect clicks.wasm --job job.toml
  backfold inspect job.toml                     the component of a job, as the job opens it
  backfold inspect clicks.wasm -p floor=3 --output json")]
pub(crate) struct Inspect {
    /// The component's `.wasm` file, `aggregate`, or a job file (`*.toml`) for its component
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,

    /// Use the parameters and limits of this job
    #[arg(long, value_name = "JOB")]
    job: Option<PathBuf>,

    #[command(flatten)]
    params: ParamArguments,
}

/// The description of a component.
#[derive(Serialize)]
struct Inspected {
    digest: String,
    language: Language,
    imports: Vec<String>,
    descriptor: Descriptor,
}

impl Inspect {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let params = self.params.collect();
        let is_job = self.component.extension().is_some_and(|end| end == "toml");
        let job = self.job.as_ref().or(is_job.then_some(&self.component));
        let (component, limits, params) = match job {
            Some(job) => {
                let overrides = Overrides {
                    params,
                    ..Overrides::default()
                };
                let job = Job::load(job, &overrides)?;
                let params = job.component_params();
                match is_job {
                    true => (job.component, job.limits, params),
                    false => (self.component, job.limits, params),
                }
            }
            None => (
                self.component,
                Limits::default(),
                params.into_iter().collect(),
            ),
        };
        let (cache, progress) = (Cache::of_user(), &context.progress);
        let loaded = load_component(&component, &limits, &params, cache.as_ref(), progress);
        let loaded = context.watch_compiling(loaded).await;
        let (component, descriptor) = loaded.map_err(backfold::Error::from)?;
        let inspected = Inspected {
            digest: component.digest(),
            language: component.language(),
            imports: component.imports().to_vec(),
            descriptor,
        };
        Answer::new(describe(&inspected, context.paint), &inspected)
    }
}

fn describe(inspected: &Inspected, paint: Paint) -> String {
    let descriptor = &inspected.descriptor;
    let mut fields = Fields::default();
    fields.add(
        "component",
        format!(
            "{} {}",
            paint.bold(plain(&descriptor.name)),
            plain(&descriptor.version)
        ),
    );
    fields.add("digest", inspected.digest.as_str());
    fields.add(
        "imports",
        match inspected.imports.as_slice() {
            [] => "nothing".into(),
            imports => imports
                .iter()
                .map(|name| plain(name))
                .collect::<Vec<_>>()
                .join("\n"),
        },
    );
    for condition in &descriptor.only {
        fields.add("only where", condition_text(condition));
    }
    fields.add(
        "event time",
        descriptor
            .event_time
            .as_deref()
            .map_or("none: ranges of event time cannot be used".into(), plain),
    );
    fields.add(
        "combine",
        match descriptor.commutative {
            true => "in any order",
            false => "in the order of the source",
        },
    );

    format!(
        "{}\n{}\n{}",
        fields.render(paint),
        inputs(descriptor).render(0, paint),
        outputs(descriptor).render(0, paint)
    )
}

/// The inputs of a component: name, type and origin.
fn inputs(descriptor: &Descriptor) -> Table {
    let mut reads = Table::new(&[
        ("reads", Side::Left),
        ("type", Side::Left),
        ("from", Side::Left),
    ]);
    for input in &descriptor.inputs {
        reads.row([
            input.name.clone(),
            kind(input.kind.name(), input.nullable),
            origin(input),
        ]);
    }
    reads
}

/// The columns that a component returns: keys, states and views.
fn outputs(descriptor: &Descriptor) -> Table {
    let mut keeps = Table::new(&[
        ("keeps", Side::Left),
        ("type", Side::Left),
        ("as", Side::Left),
    ]);
    let columns = [
        ("key", &descriptor.keys),
        ("state", &descriptor.states),
        ("view", &descriptor.views),
    ];
    for (role, outputs) in columns {
        for Output {
            name,
            kind: of,
            nullable,
        } in outputs
        {
            keeps.row([name.clone(), kind(of.name(), *nullable), role.into()]);
        }
    }
    keeps
}

fn condition_text(condition: &Condition) -> String {
    let values: Vec<_> = condition
        .any_of
        .iter()
        .map(|value| format!("\"{}\"", plain(value)))
        .collect();
    format!("{} is {}", plain(&condition.path), values.join(" or "))
}

fn kind(name: &str, nullable: bool) -> String {
    format!("{name}{}", if nullable { "?" } else { "" })
}

fn origin(input: &Input) -> String {
    let origin = match &input.origin {
        Origin::Path(path) => path.clone(),
        Origin::Payload => "the record's bytes".into(),
        Origin::RecordKey => "the record's key".into(),
        Origin::RecordHeader(name) => format!("the record's header {name}"),
        Origin::RecordTime => "the record's time".into(),
        Origin::SourceName => "the object's key or the topic".into(),
        Origin::Partition => "the partition".into(),
        Origin::Offset => "the offset".into(),
    };
    let encoding = match input.encoding {
        Encoding::Standard => "",
        Encoding::EpochSeconds => ", seconds since 1970",
        Encoding::EpochMilliseconds => ", milliseconds since 1970",
        Encoding::EpochMicroseconds => ", microseconds since 1970",
        Encoding::EpochNanoseconds => ", nanoseconds since 1970",
        Encoding::Hex => ", in hexadecimal",
        Encoding::Text => ", as text",
    };
    origin + encoding
}

#[cfg(test)]
mod tests {
    use backfold::schema::Kind;

    use super::*;

    #[test]
    fn a_component_is_described_by_inputs_and_columns() {
        let input = |name: &str, path: &str, kind, encoding, nullable| Input {
            name: name.into(),
            origin: Origin::Path(path.into()),
            kind,
            encoding,
            nullable,
        };
        let output = |name: &str, kind| Output {
            name: name.into(),
            kind,
            nullable: false,
        };
        let descriptor = Descriptor {
            name: "clicks".into(),
            version: "0.1.0".into(),
            inputs: vec![
                input(
                    "at",
                    "ts",
                    Kind::Timestamp,
                    Encoding::EpochMilliseconds,
                    false,
                ),
                input(
                    "country",
                    "geo.country",
                    Kind::Utf8,
                    Encoding::Standard,
                    true,
                ),
            ],
            only: vec![Condition {
                path: "type".into(),
                any_of: vec!["page_view".into(), "\u{1b}[2J".into()],
            }],
            event_time: Some("at".into()),
            keys: vec![output("page", Kind::Utf8)],
            states: vec![output("views", Kind::Int64)],
            views: vec![],
            commutative: true,
        };
        let inspected = Inspected {
            digest: "3fa0".into(),
            language: Language::Other,
            imports: vec![],
            descriptor,
        };
        insta::assert_snapshot!(describe(&inspected, Paint::none()), @r#"
        component   clicks 0.1.0
        digest      3fa0
        imports     nothing
        only where  type is "page_view" or "\u{1b}[2J"
        event time  at
        combine     in any order

        reads    type       from
        at       timestamp  ts, milliseconds since 1970
        country  utf8?      geo.country

        keeps  type   as
        page   utf8   key
        views  int64  state
        "#);
    }
}
