//! The source of a job: whether it can be reached with the credentials that are there, and a first sample of its events.

use chrono::Utc;
use tokio::sync::mpsc::channel;
use tokio_util::sync::CancellationToken;

use super::{Finding, Report};
use crate::aws::{Look, look as look_at_aws};
use crate::decode::EventRange;
use crate::job::Job;
use crate::replay::{Error, schemas_of_job};
use crate::scan::{wanted_parts, wanted_projection};
use crate::schema::Descriptor;
use crate::source::kafka::{KafkaConfig, secrets_and_places};
use crate::source::{Parts, ReplayDriver, SourceConfig, SourceError, Split};
use crate::steps::{Picked, Sampling};

/// How many splits of the plan are looked at.
const SPLITS: usize = 4;

/// How many events are decoded.
const EVENTS: usize = 100;

/// Looks at the source of a job.
pub(super) async fn look(
    job: &Job,
    descriptor: Option<&Descriptor>,
    cancel: &CancellationToken,
    report: &mut Report,
) {
    credentials(job, report).await;
    let range = match job.range.resolve(Utc::now()) {
        Ok(range) => range,
        Err(error) => return report.add(Finding::error("range", error)),
    };
    let parts = descriptor.map_or(Parts::ALL, wanted_parts);
    let driver = match job.driver(range, parts) {
        Ok(driver) => driver,
        Err(error) => return report.add(Finding::error("source", error)),
    };
    if let Some(picked) = reach(&*driver, report).await {
        match descriptor {
            Some(descriptor) => {
                decode(job, &*driver, range, descriptor, picked, cancel, report).await
            }
            None => report.add(Finding::note(
                "first records",
                "not decoded: without the component nobody knows the columns",
                "correct the component first",
            )),
        }
    }
    if let Err(error) = driver.close().await {
        tracing::debug!(%error, "closing the source");
    }
}

/// Where the credentials of the source come from.
async fn credentials(job: &Job, report: &mut Report) {
    match &job.source {
        SourceConfig::Files(_) => {}
        SourceConfig::S3(s3) if s3.anonymous => {
            report.add(Finding::fine(
                "source: credentials",
                "none are used: `anonymous` is set",
            ));
        }
        SourceConfig::S3(s3) => {
            let setting = "`source.s3.ca_file`";
            let look = look_at_aws(s3.profile.as_deref(), s3.ca_file.as_deref(), setting).await;
            let region = s3.region.as_deref();
            add_aws(&look, "source", region, s3.endpoint.as_deref(), report);
        }
        SourceConfig::Kafka(kafka) => of_kafka(kafka, report),
    }
}

/// What the default chain of AWS found, for the source or the target.
pub(super) fn add_aws(
    look: &Look,
    part: &str,
    region: Option<&str>,
    endpoint: Option<&str>,
    report: &mut Report,
) {
    let about = format!("{part}: credentials");
    report.add(match &look.credentials {
        Ok(place) => Finding::fine(about, format!("found: {place}")),
        Err(why) => Finding::problem(
            about,
            format!("none found: {why}"),
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in with `aws sso login`",
        ),
    });
    let about = format!("{part}: region");
    let endpoint = endpoint.map(|endpoint| format!(", endpoint {endpoint}"));
    let endpoint = endpoint.unwrap_or_default();
    report.add(match look.region.as_deref().or(region) {
        Some(region) => Finding::fine(about, format!("{region}{endpoint}")),
        None => Finding::fine(
            about,
            format!("none is set; a bucket tells its own{endpoint}"),
        ),
    });
}

fn of_kafka(kafka: &KafkaConfig, report: &mut Report) {
    let about = "source: credentials";
    if let Some(file) = &kafka.properties_file
        && let Err(error) = std::fs::File::open(file)
    {
        let found = format!("`properties_file` {}: {error}", file.display());
        let remedy = "correct `source.kafka.properties_file`, or the file's permissions";
        return report.add(Finding::problem(about, found, remedy));
    }
    report.add(match secrets_and_places(kafka) {
        Ok(found) if found.is_empty() => Finding::fine(about, "none are set"),
        Ok(found) => {
            let found = found
                .iter()
                .map(|(name, place)| format!("{name} from {place}"));
            Finding::fine(about, found.collect::<Vec<_>>().join(", "))
        }
        Err(error) => Finding::error(about, SourceError::Kafka(Box::new(error))),
    });
}

/// Plans the beginning of the input, and picks some of its splits.
async fn reach(driver: &dyn ReplayDriver, report: &mut Report) -> Option<Picked> {
    let (send, mut receive) = channel::<Split>(1);
    let pick = async move {
        let mut picked = Picked::new(SPLITS);
        let (mut splits, mut bytes) = (0, 0_u64);
        while splits < SPLITS
            && let Some(split) = receive.recv().await
        {
            splits += 1;
            bytes += split.size_bytes;
            picked.offer(split);
        }
        // Without a receiver the driver stops planning.
        (picked, splits, bytes)
    };
    let (planned, (picked, splits, bytes)) = futures::join!(driver.plan(send), pick);
    let found = match planned {
        Ok(frozen) => format!(
            "reachable: {} splits, {} objects, {}",
            frozen.splits,
            frozen.objects,
            crate::units::ByteSize(frozen.size_bytes)
        ),
        Err(SourceError::Cancelled) if splits == SPLITS => format!(
            "reachable: the first {SPLITS} splits hold {}",
            crate::units::ByteSize(bytes)
        ),
        Err(error) => {
            report.add(Finding::error("source", error));
            return None;
        }
    };
    if splits == 0 {
        let remedy = "look at the source's path or topics, its `layout` and the job's `[range]`";
        report.add(Finding::note(
            "source",
            "reachable, but there is nothing to read",
            remedy,
        ));
        return None;
    }
    report.add(Finding::fine("source", found));
    Some(picked)
}

/// Decodes the first records of some objects or partitions.
async fn decode(
    job: &Job,
    driver: &dyn ReplayDriver,
    range: EventRange,
    descriptor: &Descriptor,
    picked: Picked,
    cancel: &CancellationToken,
    report: &mut Report,
) {
    let schemas = schemas_of_job(job);
    let sampling = Sampling {
        driver,
        projection: wanted_projection(descriptor, range),
        decode: &job.decode,
        schemas: schemas.as_ref(),
        events: EVENTS,
        lenient: false,
        cancel,
    };
    let about = "first records";
    report.add(match sampling.sample(&descriptor.input_schema(), picked).await {
        Ok(sample) if sample.is_empty() => Finding::note(
            about,
            "none of them is an event that the component wants and can read",
            "`backfold test COMPONENT --input FILE` on one object shows why each was rejected; look at `[decode]`",
        ),
        Ok(sample) => Finding::fine(about, format!("{} events decoded", sample.len())),
        Err(error) => Finding::error(about, Error::from(error)),
    });
    if let Some(registry) = &job.decode.registry {
        let url = registry.url.as_str();
        let last = report.findings.last();
        let is_of_registry = last.and_then(|last| last.code.as_deref());
        if is_of_registry.is_none_or(|code| !code.starts_with("BF09")) {
            report.add(Finding::fine(
                "schema registry",
                format!("asked where messages need it: {url}"),
            ));
        }
    }
}
