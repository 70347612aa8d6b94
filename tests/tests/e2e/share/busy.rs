//! A store that answers some requests or all of them with 503: nothing is lost, and nothing counts twice.

use std::fs;

use backfold_tests::busy::BusyFront;
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::process;
use backfold_tests::units::Units;

use super::same_table::of_one_process;
use super::scene::{UNITS, bench};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_busy_now_and_then_changes_nothing() {
    let gateway = Gateway::start().await.unwrap();
    // Never all attempts at one request.
    let front = BusyFront::start(gateway.port().unwrap(), |number| number % 3 != 2).unwrap();
    let mut bench = bench();
    let expected = of_one_process(&bench);
    fs::remove_dir_all(bench.work()).unwrap();
    for (name, value) in gateway.environment() {
        bench.set_variable(name, value);
    }
    bench.set_variable("AWS_ENDPOINT_URL_S3", &front.url());
    let share = format!("s3://{BUCKET}/backfold");
    let units = Units::stage(&bench, &share, UNITS).unwrap();
    units.fold_all().unwrap();
    let report = units.run("--swap").success().json();
    assert_eq!(report["result"]["loaded"], expected["loaded"]);
    assert!(front.refused() > 20, "{}", front.refused());
    bench.run(&format!("gc --share {share}")).success();
    assert_eq!(gateway.keys("backfold/").await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stays_busy_is_a_reason_to_try_later() {
    let gateway = Gateway::start().await.unwrap();
    let front = BusyFront::start(gateway.port().unwrap(), |_| true).unwrap();
    let mut bench = bench();
    let expected = of_one_process(&bench);
    fs::remove_dir_all(bench.work()).unwrap();
    for (name, value) in gateway.environment() {
        bench.set_variable(name, value);
    }
    let share = format!("s3://{BUCKET}/backfold");
    let units = Units::stage(&bench, &share, UNITS).unwrap();
    let mut worker = units.worker(1, 0);
    let said = bench.refuses_as(worker.env("AWS_ENDPOINT_URL_S3", front.url()), 1, "BF1302");
    assert!(said.contains("503, SlowDown"), "{said}");
    units.fold_all().unwrap();
    let finished = process::run(
        bench
            .command(&format!("run --swap --share {share} --output json"))
            .env("AWS_ENDPOINT_URL_S3", front.url()),
    );
    assert_eq!(finished.code(), Some(1), "{finished:?}");
    let report = units.run("--swap").success().json();
    assert_eq!(report["result"]["loaded"], expected["loaded"]);
}
