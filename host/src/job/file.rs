//! Parsing of the job file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::check;
use super::error::{JobError, Place};
use super::locate::Text;
use super::{Job, TargetConfig, pipeline};
use crate::cutover::{GateOptions, HookOptions};
use crate::decode::DecodeOptions;
use crate::fold::{FoldOptions, QuarantineOptions};
use crate::guest::Limits;
use crate::source::SourceConfig;
use crate::source::files::FilesConfig;
use crate::source::kafka::KafkaConfig;
use crate::source::range::RangeConfig;
use crate::source::s3::S3Config;
use crate::store::Index;
use crate::store::dynamodb::DynamoConfig;
use crate::store::postgres::PostgresConfig;
use crate::store::sqlite::SqliteConfig;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobFile {
    table: Spanned<String>,
    component: Spanned<PathBuf>,
    work: Option<PathBuf>,
    params: Option<Spanned<BTreeMap<String, Scalar>>>,
    pipeline: Option<Spanned<toml::Table>>,
    range: Option<Spanned<RangeConfig>>,
    source: Spanned<Sources>,
    target: Spanned<Targets>,
    decode: Option<Spanned<DecodeOptions>>,
    fold: Option<Spanned<FoldOptions>>,
    #[serde(default)]
    quarantine: QuarantineOptions,
    limits: Option<Spanned<Limits>>,
    gate: Option<Spanned<GateOptions>>,
    hooks: Option<Spanned<HookOptions>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    files: Option<FilesConfig>,
    s3: Option<S3Config>,
    kafka: Option<KafkaConfig>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Targets {
    indexes: Option<Spanned<Vec<Index>>>,
    sqlite: Option<SqliteConfig>,
    dynamodb: Option<DynamoConfig>,
    postgres: Option<Spanned<PostgresConfig>>,
}

/// A value that can be written with or without quotes: a number, a date, a boolean.
#[derive(Deserialize)]
#[serde(try_from = "toml::Value")]
struct Scalar(String);

impl TryFrom<toml::Value> for Scalar {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        match value {
            toml::Value::String(text) => Ok(Scalar(text)),
            toml::Value::Table(_) | toml::Value::Array(_) => {
                Err("expected a single value, not a list or a table")
            }
            scalar => Ok(Scalar(scalar.to_string())),
        }
    }
}

/// Parses a job from `text`, the content of the file `path`.
pub(super) fn read(path: &Path, text: &str) -> Result<Job, JobError> {
    let at = Text { path, text };
    let file: JobFile = at.parse()?;

    check::table(file.table.get_ref()).map_err(|problem| JobError::TableName {
        place: at.place(Some(file.table.span())),
        problem,
    })?;
    let fold = section(file.fold, |fold, span| {
        check::fold(fold, || at.origin(span.clone()))
    })?;
    let limits = section(file.limits, |limits, span| {
        check::limits(limits, || at.origin(span.clone()))
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let table = file.table.into_inner();
    let source_span = file.source.span();
    let source_place = at.place(Some(source_span.clone()));
    let source = source(file.source.into_inner(), folder, source_place)?;
    let range = section(file.range, |range, span| {
        check::range(range, &source, || at.origin(span.clone()))
    })?;
    let target_span = file.target.span();
    let mut targets = file.target.into_inner();
    let indexes = section(targets.indexes.take(), |indexes, span| {
        check::indexes(indexes, || at.origin(span.clone()))
    })?;
    let decode_span = file.decode.as_ref().map(Spanned::span);
    let mut decode = section(file.decode, |decode, span| {
        check::decode(decode, || at.origin(span.clone()))
    })?;
    let decode_origin = || at.origin(decode_span.clone().unwrap_or(source_span.clone()));
    check::records(&decode, source.is_log(), decode_origin)?;
    check::registry(&decode, source.is_log(), decode_origin)?;
    if let Some(registry) = &mut decode.registry {
        registry.locate(folder);
    }
    let target = target(targets, folder, &at, target_span)?;
    let gate = section(file.gate, |gate, span| {
        check::gate(gate, &target, || at.origin(span.clone()))
    })?;
    let hooks = section(file.hooks, |hooks, span| {
        check::hooks(hooks, || at.origin(span.clone()))
    })?;
    let (component, params) = component(&at, folder, file.component, file.params, file.pipeline)?;
    Ok(Job {
        component,
        work: folder.join(
            file.work
                .unwrap_or_else(|| Path::new(".backfold").join(&table)),
        ),
        table,
        params,
        range,
        source,
        target,
        indexes,
        decode,
        fold,
        quarantine: file.quarantine,
        limits,
        gate,
        hooks,
        file: path.to_owned(),
    })
}

/// The component and its parameters: those of `[params]`, or for the component `aggregate` those of `[pipeline]`.
fn component(
    at: &Text<'_>,
    folder: &Path,
    component: Spanned<PathBuf>,
    params: Option<Spanned<BTreeMap<String, Scalar>>>,
    pipeline: Option<Spanned<toml::Table>>,
) -> Result<(PathBuf, BTreeMap<String, String>), JobError> {
    let component_span = component.span();
    let component = component.into_inner();
    let refused = |span, problem: &str| JobError::Value {
        origin: at.origin(span),
        key: "component".to_owned(),
        problem: problem.to_owned(),
    };
    if component != Path::new(pipeline::COMPONENT) {
        if let Some(written) = pipeline {
            let problem = "`[pipeline]` declares what the component `aggregate` does, but this job has another \
                           component; set `component = \"aggregate\"`, or remove `[pipeline]`";
            return Err(refused(written.span(), problem));
        }
        let params = params.map_or_else(BTreeMap::new, Spanned::into_inner);
        let params = params.into_iter().map(|(key, Scalar(value))| (key, value));
        return Ok((folder.join(component), params.collect()));
    }
    if let Some(written) = params {
        let problem = "the component `aggregate` is declared in `[pipeline]`, not by `[params]`";
        return Err(refused(written.span(), problem));
    }
    if pipeline.is_none() {
        return Err(JobError::Missing {
            place: at.place(Some(component_span)),
            key: "pipeline".to_owned(),
            section: String::new(),
        });
    }
    Ok((component, pipeline::read(at)?.into_iter().collect()))
}

/// The value of a section, which `check` is given with the place where it stands; the default where the section is left
/// out.
fn section<T: Default>(
    written: Option<Spanned<T>>,
    check: impl FnOnce(&T, Range<usize>) -> Result<(), JobError>,
) -> Result<T, JobError> {
    let Some(written) = written else {
        return Ok(T::default());
    };
    check(written.get_ref(), written.span())?;
    Ok(written.into_inner())
}

fn source(sources: Sources, folder: &Path, place: Place) -> Result<SourceConfig, JobError> {
    let one_of = |has| JobError::OneOf {
        place,
        what: "source",
        has,
        known: &["[source.files]", "[source.s3]", "[source.kafka]"],
    };
    match (sources.files, sources.s3, sources.kafka) {
        (Some(mut files), None, None) => {
            files.path = folder.join(&files.path);
            Ok(SourceConfig::Files(Box::new(files)))
        }
        (None, Some(mut s3), None) => {
            s3.sse_c_key_file = s3.sse_c_key_file.map(|file| folder.join(file));
            s3.ca_file = s3.ca_file.map(|file| folder.join(file));
            Ok(SourceConfig::S3(Box::new(s3)))
        }
        (None, None, Some(mut kafka)) => {
            kafka.properties_file = kafka.properties_file.map(|file| folder.join(file));
            Ok(SourceConfig::Kafka(Box::new(kafka)))
        }
        (None, None, None) => Err(one_of("none")),
        _ => Err(one_of("several")),
    }
}

fn target(
    targets: Targets,
    folder: &Path,
    at: &Text<'_>,
    span: Range<usize>,
) -> Result<TargetConfig, JobError> {
    let one_of = |has| JobError::OneOf {
        place: at.place(Some(span)),
        what: "target",
        has,
        known: &["[target.sqlite]", "[target.postgres]", "[target.dynamodb]"],
    };
    match (targets.sqlite, targets.postgres, targets.dynamodb) {
        (Some(mut sqlite), None, None) => {
            sqlite.path = folder.join(&sqlite.path);
            Ok(TargetConfig::Sqlite(sqlite))
        }
        (None, Some(written), None) => {
            let span = written.span();
            let mut postgres = written.into_inner();
            check::postgres(&postgres, || at.origin(span))?;
            postgres.folder = folder.to_owned();
            Ok(TargetConfig::Postgres(Box::new(postgres)))
        }
        (None, None, Some(mut dynamodb)) => {
            dynamodb.ca_file = dynamodb.ca_file.map(|file| folder.join(file));
            Ok(TargetConfig::DynamoDb(Box::new(dynamodb)))
        }
        (None, None, None) => Err(one_of("none")),
        _ => Err(one_of("several")),
    }
}
