//! Tests of the driver with a fake store, for answers that a real store does not give on demand. Tests with a real
//! store are in the package `tests`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod fake_bucket;
mod listing;
mod reading;
mod spelling;

use fake_bucket::FakeBucket;
use futures::future::try_join_all;

use crate::error::Coded;
use crate::source::conformance::{self, Record, deliver, plan};
use crate::source::{ReplayDriver, SourceError, Split, SplitInput};

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_conforms() {
    conformance::all(FakeBucket::new).await;
}

/// All records of a plan, in order. The splits are read concurrently, as by many workers.
async fn read_all(driver: &dyn ReplayDriver) -> Result<Vec<Record>, SourceError> {
    let (splits, _) = plan(driver).await;
    let splits = splits.iter().map(|split| deliver(driver, split));
    Ok(try_join_all(splits).await?.concat())
}

/// The keys of a plan.
fn keys(splits: &[Split]) -> Vec<&str> {
    let objects = splits.iter().flat_map(|split| match &split.input {
        SplitInput::Objects(objects) => objects.as_slice(),
        SplitInput::Offsets { .. } => &[],
    });
    objects.map(|object| object.key.as_str()).collect()
}

/// The error of a plan that fails.
async fn plan_error(driver: &dyn ReplayDriver) -> SourceError {
    let (splits, mut received) = tokio::sync::mpsc::channel(1);
    let receive = async { while received.recv().await.is_some() {} };
    let (planned, ()) = tokio::join!(driver.plan(splits), receive);
    planned.expect_err("planned")
}

/// An error with its code and its causes, without the port of the server.
fn shown(error: &SourceError) -> String {
    let mut text = format!("{}: {error}", error.code());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    let host = "127.0.0.1:";
    while let Some(begin) = text.find(host) {
        let port = text[begin + host.len()..].bytes();
        let digits = port.take_while(u8::is_ascii_digit).count();
        text.replace_range(begin..begin + host.len() + digits, "HOST");
    }
    text
}
