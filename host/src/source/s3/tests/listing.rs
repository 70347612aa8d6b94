//! Every object of the range once, in order, and nothing that is not asked for.

use std::sync::Mutex;

use super::scripted::{Ends, Reply, Request};
use super::shelf::{Shelf, error, xml};
use super::{keys, plan_error, told};
use crate::source::conformance::plan;
use crate::source::layout::Layout;
use crate::source::range::RangeConfig;
use crate::source::s3::{S3Config, Versions};
use crate::source::{EventRange, Frozen, Split};

fn is_list(request: &Request) -> bool {
    request.query.contains_key("prefix")
}

async fn planned(shelf: &Shelf, config: S3Config, range: EventRange) -> (Vec<Split>, Frozen) {
    plan(&shelf.driver_of(config, range)).await
}

fn range(from: &str, to: &str) -> EventRange {
    RangeConfig {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
    .resolve(chrono::DateTime::UNIX_EPOCH)
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_folders_of_the_range_are_listed() {
    let shelf = Shelf::new().await;
    for day in 1..=28 {
        for hour in 0..24 {
            for number in 0..2 {
                let key = format!("raw/clicks/2026/02/{day:02}/{hour:02}/c-{number}.json");
                shelf.put(&key, b"{}");
            }
        }
    }
    let config = S3Config {
        prefix: "raw/clicks/".to_owned(),
        layout: Layout::firehose(),
        lateness: std::time::Duration::from_secs(3600),
        ..shelf.config()
    };
    let (splits, frozen) = planned(
        &shelf,
        config,
        range("2026-02-10T22:30Z", "2026-02-11T01:00Z"),
    )
    .await;
    let hours = ["10/21", "10/22", "10/23", "11/00", "11/01"];
    let expected: Vec<String> = hours
        .iter()
        .flat_map(|hour| (0..2).map(move |n| format!("raw/clicks/2026/02/{hour}/c-{n}.json")))
        .collect();
    assert_eq!(keys(&splits), expected);
    assert_eq!(frozen.objects, 10);
    let mut listed: Vec<String> = shelf
        .server
        .take_requests()
        .iter()
        .filter(|request| is_list(request))
        .map(|request| request.query["prefix"].clone())
        .collect();
    listed.sort();
    listed.dedup();
    insta::assert_snapshot!(listed.join("\n"), @r"
    raw/clicks/
    raw/clicks/2026/
    raw/clicks/2026/02/
    raw/clicks/2026/02/01/
    raw/clicks/2026/02/01/00/
    raw/clicks/2026/02/01/01/
    raw/clicks/2026/02/01/02/
    raw/clicks/2026/02/01/03/
    raw/clicks/2026/02/01/04/
    raw/clicks/2026/02/01/05/
    raw/clicks/2026/02/01/06/
    raw/clicks/2026/02/01/07/
    raw/clicks/2026/02/01/08/
    raw/clicks/2026/02/01/09/
    raw/clicks/2026/02/01/10/
    raw/clicks/2026/02/01/11/
    raw/clicks/2026/02/01/12/
    raw/clicks/2026/02/01/13/
    raw/clicks/2026/02/01/14/
    raw/clicks/2026/02/01/15/
    raw/clicks/2026/02/01/16/
    raw/clicks/2026/02/01/17/
    raw/clicks/2026/02/01/18/
    raw/clicks/2026/02/01/19/
    raw/clicks/2026/02/01/20/
    raw/clicks/2026/02/01/21/
    raw/clicks/2026/02/01/22/
    raw/clicks/2026/02/01/23/
    raw/clicks/2026/02/02/
    raw/clicks/2026/02/02/00/
    raw/clicks/2026/02/02/01/
    raw/clicks/2026/02/02/02/
    raw/clicks/2026/02/02/03/
    raw/clicks/2026/02/02/04/
    raw/clicks/2026/02/02/05/
    raw/clicks/2026/02/02/06/
    raw/clicks/2026/02/02/07/
    raw/clicks/2026/02/02/08/
    raw/clicks/2026/02/02/09/
    raw/clicks/2026/02/02/10/
    raw/clicks/2026/02/02/11/
    raw/clicks/2026/02/02/12/
    raw/clicks/2026/02/02/13/
    raw/clicks/2026/02/02/14/
    raw/clicks/2026/02/02/15/
    raw/clicks/2026/02/02/16/
    raw/clicks/2026/02/02/17/
    raw/clicks/2026/02/02/18/
    raw/clicks/2026/02/02/19/
    raw/clicks/2026/02/02/20/
    raw/clicks/2026/02/02/21/
    raw/clicks/2026/02/02/22/
    raw/clicks/2026/02/02/23/
    raw/clicks/2026/02/03/
    raw/clicks/2026/02/03/00/
    raw/clicks/2026/02/03/01/
    raw/clicks/2026/02/03/02/
    raw/clicks/2026/02/03/03/
    raw/clicks/2026/02/03/04/
    raw/clicks/2026/02/03/05/
    raw/clicks/2026/02/03/06/
    raw/clicks/2026/02/03/07/
    raw/clicks/2026/02/03/08/
    raw/clicks/2026/02/03/09/
    raw/clicks/2026/02/03/10/
    raw/clicks/2026/02/03/11/
    raw/clicks/2026/02/03/12/
    raw/clicks/2026/02/03/13/
    raw/clicks/2026/02/03/14/
    raw/clicks/2026/02/03/15/
    raw/clicks/2026/02/03/16/
    raw/clicks/2026/02/03/17/
    raw/clicks/2026/02/03/18/
    raw/clicks/2026/02/03/19/
    raw/clicks/2026/02/03/20/
    raw/clicks/2026/02/03/21/
    raw/clicks/2026/02/03/22/
    raw/clicks/2026/02/03/23/
    raw/clicks/2026/02/04/
    raw/clicks/2026/02/04/00/
    raw/clicks/2026/02/04/01/
    raw/clicks/2026/02/04/02/
    raw/clicks/2026/02/04/03/
    raw/clicks/2026/02/04/04/
    raw/clicks/2026/02/04/05/
    raw/clicks/2026/02/04/06/
    raw/clicks/2026/02/04/07/
    raw/clicks/2026/02/04/08/
    raw/clicks/2026/02/04/09/
    raw/clicks/2026/02/04/10/
    raw/clicks/2026/02/04/11/
    raw/clicks/2026/02/04/12/
    raw/clicks/2026/02/04/13/
    raw/clicks/2026/02/04/14/
    raw/clicks/2026/02/04/15/
    raw/clicks/2026/02/04/16/
    raw/clicks/2026/02/04/17/
    raw/clicks/2026/02/04/18/
    raw/clicks/2026/02/04/19/
    raw/clicks/2026/02/04/20/
    raw/clicks/2026/02/04/21/
    raw/clicks/2026/02/04/22/
    raw/clicks/2026/02/04/23/
    raw/clicks/2026/02/05/
    raw/clicks/2026/02/05/00/
    raw/clicks/2026/02/05/01/
    raw/clicks/2026/02/05/02/
    raw/clicks/2026/02/05/03/
    raw/clicks/2026/02/05/04/
    raw/clicks/2026/02/05/05/
    raw/clicks/2026/02/05/06/
    raw/clicks/2026/02/05/07/
    raw/clicks/2026/02/05/08/
    raw/clicks/2026/02/05/09/
    raw/clicks/2026/02/05/10/
    raw/clicks/2026/02/05/11/
    raw/clicks/2026/02/05/12/
    raw/clicks/2026/02/05/13/
    raw/clicks/2026/02/05/14/
    raw/clicks/2026/02/05/15/
    raw/clicks/2026/02/05/16/
    raw/clicks/2026/02/05/17/
    raw/clicks/2026/02/05/18/
    raw/clicks/2026/02/05/19/
    raw/clicks/2026/02/05/20/
    raw/clicks/2026/02/05/21/
    raw/clicks/2026/02/05/22/
    raw/clicks/2026/02/05/23/
    raw/clicks/2026/02/06/
    raw/clicks/2026/02/06/00/
    raw/clicks/2026/02/06/01/
    raw/clicks/2026/02/06/02/
    raw/clicks/2026/02/06/03/
    raw/clicks/2026/02/06/04/
    raw/clicks/2026/02/06/05/
    raw/clicks/2026/02/06/06/
    raw/clicks/2026/02/06/07/
    raw/clicks/2026/02/06/08/
    raw/clicks/2026/02/06/09/
    raw/clicks/2026/02/06/10/
    raw/clicks/2026/02/06/11/
    raw/clicks/2026/02/06/12/
    raw/clicks/2026/02/06/13/
    raw/clicks/2026/02/06/14/
    raw/clicks/2026/02/06/15/
    raw/clicks/2026/02/06/16/
    raw/clicks/2026/02/06/17/
    raw/clicks/2026/02/06/18/
    raw/clicks/2026/02/06/19/
    raw/clicks/2026/02/06/20/
    raw/clicks/2026/02/06/21/
    raw/clicks/2026/02/06/22/
    raw/clicks/2026/02/06/23/
    raw/clicks/2026/02/07/
    raw/clicks/2026/02/07/00/
    raw/clicks/2026/02/07/01/
    raw/clicks/2026/02/07/02/
    raw/clicks/2026/02/07/03/
    raw/clicks/2026/02/07/04/
    raw/clicks/2026/02/07/05/
    raw/clicks/2026/02/07/06/
    raw/clicks/2026/02/07/07/
    raw/clicks/2026/02/07/08/
    raw/clicks/2026/02/07/09/
    raw/clicks/2026/02/07/10/
    raw/clicks/2026/02/07/11/
    raw/clicks/2026/02/07/12/
    raw/clicks/2026/02/07/13/
    raw/clicks/2026/02/07/14/
    raw/clicks/2026/02/07/15/
    raw/clicks/2026/02/07/16/
    raw/clicks/2026/02/07/17/
    raw/clicks/2026/02/07/18/
    raw/clicks/2026/02/07/19/
    raw/clicks/2026/02/07/20/
    raw/clicks/2026/02/07/21/
    raw/clicks/2026/02/07/22/
    raw/clicks/2026/02/07/23/
    raw/clicks/2026/02/08/
    raw/clicks/2026/02/08/00/
    raw/clicks/2026/02/08/01/
    raw/clicks/2026/02/08/02/
    raw/clicks/2026/02/08/03/
    raw/clicks/2026/02/08/04/
    raw/clicks/2026/02/08/05/
    raw/clicks/2026/02/08/06/
    raw/clicks/2026/02/08/07/
    raw/clicks/2026/02/08/08/
    raw/clicks/2026/02/08/09/
    raw/clicks/2026/02/08/10/
    raw/clicks/2026/02/08/11/
    raw/clicks/2026/02/08/12/
    raw/clicks/2026/02/08/13/
    raw/clicks/2026/02/08/14/
    raw/clicks/2026/02/08/15/
    raw/clicks/2026/02/08/16/
    raw/clicks/2026/02/08/17/
    raw/clicks/2026/02/08/18/
    raw/clicks/2026/02/08/19/
    raw/clicks/2026/02/08/20/
    raw/clicks/2026/02/08/21/
    raw/clicks/2026/02/08/22/
    raw/clicks/2026/02/08/23/
    raw/clicks/2026/02/09/
    raw/clicks/2026/02/09/00/
    raw/clicks/2026/02/09/01/
    raw/clicks/2026/02/09/02/
    raw/clicks/2026/02/09/03/
    raw/clicks/2026/02/09/04/
    raw/clicks/2026/02/09/05/
    raw/clicks/2026/02/09/06/
    raw/clicks/2026/02/09/07/
    raw/clicks/2026/02/09/08/
    raw/clicks/2026/02/09/09/
    raw/clicks/2026/02/09/10/
    raw/clicks/2026/02/09/11/
    raw/clicks/2026/02/09/12/
    raw/clicks/2026/02/09/13/
    raw/clicks/2026/02/09/14/
    raw/clicks/2026/02/09/15/
    raw/clicks/2026/02/09/16/
    raw/clicks/2026/02/09/17/
    raw/clicks/2026/02/09/18/
    raw/clicks/2026/02/09/19/
    raw/clicks/2026/02/09/20/
    raw/clicks/2026/02/09/21/
    raw/clicks/2026/02/09/22/
    raw/clicks/2026/02/09/23/
    raw/clicks/2026/02/10/
    raw/clicks/2026/02/10/00/
    raw/clicks/2026/02/10/01/
    raw/clicks/2026/02/10/02/
    raw/clicks/2026/02/10/03/
    raw/clicks/2026/02/10/04/
    raw/clicks/2026/02/10/05/
    raw/clicks/2026/02/10/06/
    raw/clicks/2026/02/10/07/
    raw/clicks/2026/02/10/08/
    raw/clicks/2026/02/10/09/
    raw/clicks/2026/02/10/10/
    raw/clicks/2026/02/10/11/
    raw/clicks/2026/02/10/12/
    raw/clicks/2026/02/10/13/
    raw/clicks/2026/02/10/14/
    raw/clicks/2026/02/10/15/
    raw/clicks/2026/02/10/16/
    raw/clicks/2026/02/10/17/
    raw/clicks/2026/02/10/18/
    raw/clicks/2026/02/10/19/
    raw/clicks/2026/02/10/20/
    raw/clicks/2026/02/10/21/
    raw/clicks/2026/02/10/22/
    raw/clicks/2026/02/10/23/
    raw/clicks/2026/02/11/
    raw/clicks/2026/02/11/00/
    raw/clicks/2026/02/11/01/
    raw/clicks/2026/02/11/02/
    raw/clicks/2026/02/11/03/
    raw/clicks/2026/02/11/04/
    raw/clicks/2026/02/11/05/
    raw/clicks/2026/02/11/06/
    raw/clicks/2026/02/11/07/
    raw/clicks/2026/02/11/08/
    raw/clicks/2026/02/11/09/
    raw/clicks/2026/02/11/10/
    raw/clicks/2026/02/11/11/
    raw/clicks/2026/02/11/12/
    raw/clicks/2026/02/11/13/
    raw/clicks/2026/02/11/14/
    raw/clicks/2026/02/11/15/
    raw/clicks/2026/02/11/16/
    raw/clicks/2026/02/11/17/
    raw/clicks/2026/02/11/18/
    raw/clicks/2026/02/11/19/
    raw/clicks/2026/02/11/20/
    raw/clicks/2026/02/11/21/
    raw/clicks/2026/02/11/22/
    raw/clicks/2026/02/11/23/
    raw/clicks/2026/02/12/
    raw/clicks/2026/02/12/00/
    raw/clicks/2026/02/12/01/
    raw/clicks/2026/02/12/02/
    raw/clicks/2026/02/12/03/
    raw/clicks/2026/02/12/04/
    raw/clicks/2026/02/12/05/
    raw/clicks/2026/02/12/06/
    raw/clicks/2026/02/12/07/
    raw/clicks/2026/02/12/08/
    raw/clicks/2026/02/12/09/
    raw/clicks/2026/02/12/10/
    raw/clicks/2026/02/12/11/
    raw/clicks/2026/02/12/12/
    raw/clicks/2026/02/12/13/
    raw/clicks/2026/02/12/14/
    raw/clicks/2026/02/12/15/
    raw/clicks/2026/02/12/16/
    raw/clicks/2026/02/12/17/
    raw/clicks/2026/02/12/18/
    raw/clicks/2026/02/12/19/
    raw/clicks/2026/02/12/20/
    raw/clicks/2026/02/12/21/
    raw/clicks/2026/02/12/22/
    raw/clicks/2026/02/12/23/
    raw/clicks/2026/02/13/
    raw/clicks/2026/02/13/00/
    raw/clicks/2026/02/13/01/
    raw/clicks/2026/02/13/02/
    raw/clicks/2026/02/13/03/
    raw/clicks/2026/02/13/04/
    raw/clicks/2026/02/13/05/
    raw/clicks/2026/02/13/06/
    raw/clicks/2026/02/13/07/
    raw/clicks/2026/02/13/08/
    raw/clicks/2026/02/13/09/
    raw/clicks/2026/02/13/10/
    raw/clicks/2026/02/13/11/
    raw/clicks/2026/02/13/12/
    raw/clicks/2026/02/13/13/
    raw/clicks/2026/02/13/14/
    raw/clicks/2026/02/13/15/
    raw/clicks/2026/02/13/16/
    raw/clicks/2026/02/13/17/
    raw/clicks/2026/02/13/18/
    raw/clicks/2026/02/13/19/
    raw/clicks/2026/02/13/20/
    raw/clicks/2026/02/13/21/
    raw/clicks/2026/02/13/22/
    raw/clicks/2026/02/13/23/
    raw/clicks/2026/02/14/
    raw/clicks/2026/02/14/00/
    raw/clicks/2026/02/14/01/
    raw/clicks/2026/02/14/02/
    raw/clicks/2026/02/14/03/
    raw/clicks/2026/02/14/04/
    raw/clicks/2026/02/14/05/
    raw/clicks/2026/02/14/06/
    raw/clicks/2026/02/14/07/
    raw/clicks/2026/02/14/08/
    raw/clicks/2026/02/14/09/
    raw/clicks/2026/02/14/10/
    raw/clicks/2026/02/14/11/
    raw/clicks/2026/02/14/12/
    raw/clicks/2026/02/14/13/
    raw/clicks/2026/02/14/14/
    raw/clicks/2026/02/14/15/
    raw/clicks/2026/02/14/16/
    raw/clicks/2026/02/14/17/
    raw/clicks/2026/02/14/18/
    raw/clicks/2026/02/14/19/
    raw/clicks/2026/02/14/20/
    raw/clicks/2026/02/14/21/
    raw/clicks/2026/02/14/22/
    raw/clicks/2026/02/14/23/
    raw/clicks/2026/02/15/
    raw/clicks/2026/02/15/00/
    raw/clicks/2026/02/15/01/
    raw/clicks/2026/02/15/02/
    raw/clicks/2026/02/15/03/
    raw/clicks/2026/02/15/04/
    raw/clicks/2026/02/15/05/
    raw/clicks/2026/02/15/06/
    raw/clicks/2026/02/15/07/
    raw/clicks/2026/02/15/08/
    raw/clicks/2026/02/15/09/
    raw/clicks/2026/02/15/10/
    raw/clicks/2026/02/15/11/
    raw/clicks/2026/02/15/12/
    raw/clicks/2026/02/15/13/
    raw/clicks/2026/02/15/14/
    raw/clicks/2026/02/15/15/
    raw/clicks/2026/02/15/16/
    raw/clicks/2026/02/15/17/
    raw/clicks/2026/02/15/18/
    raw/clicks/2026/02/15/19/
    raw/clicks/2026/02/15/20/
    raw/clicks/2026/02/15/21/
    raw/clicks/2026/02/15/22/
    raw/clicks/2026/02/15/23/
    raw/clicks/2026/02/16/
    raw/clicks/2026/02/16/00/
    raw/clicks/2026/02/16/01/
    raw/clicks/2026/02/16/02/
    raw/clicks/2026/02/16/03/
    raw/clicks/2026/02/16/04/
    raw/clicks/2026/02/16/05/
    raw/clicks/2026/02/16/06/
    raw/clicks/2026/02/16/07/
    raw/clicks/2026/02/16/08/
    raw/clicks/2026/02/16/09/
    raw/clicks/2026/02/16/10/
    raw/clicks/2026/02/16/11/
    raw/clicks/2026/02/16/12/
    raw/clicks/2026/02/16/13/
    raw/clicks/2026/02/16/14/
    raw/clicks/2026/02/16/15/
    raw/clicks/2026/02/16/16/
    raw/clicks/2026/02/16/17/
    raw/clicks/2026/02/16/18/
    raw/clicks/2026/02/16/19/
    raw/clicks/2026/02/16/20/
    raw/clicks/2026/02/16/21/
    raw/clicks/2026/02/16/22/
    raw/clicks/2026/02/16/23/
    raw/clicks/2026/02/17/
    raw/clicks/2026/02/17/00/
    raw/clicks/2026/02/17/01/
    raw/clicks/2026/02/17/02/
    raw/clicks/2026/02/17/03/
    raw/clicks/2026/02/17/04/
    raw/clicks/2026/02/17/05/
    raw/clicks/2026/02/17/06/
    raw/clicks/2026/02/17/07/
    raw/clicks/2026/02/17/08/
    raw/clicks/2026/02/17/09/
    raw/clicks/2026/02/17/10/
    raw/clicks/2026/02/17/11/
    raw/clicks/2026/02/17/12/
    raw/clicks/2026/02/17/13/
    raw/clicks/2026/02/17/14/
    raw/clicks/2026/02/17/15/
    raw/clicks/2026/02/17/16/
    raw/clicks/2026/02/17/17/
    raw/clicks/2026/02/17/18/
    raw/clicks/2026/02/17/19/
    raw/clicks/2026/02/17/20/
    raw/clicks/2026/02/17/21/
    raw/clicks/2026/02/17/22/
    raw/clicks/2026/02/17/23/
    raw/clicks/2026/02/18/
    raw/clicks/2026/02/18/00/
    raw/clicks/2026/02/18/01/
    raw/clicks/2026/02/18/02/
    raw/clicks/2026/02/18/03/
    raw/clicks/2026/02/18/04/
    raw/clicks/2026/02/18/05/
    raw/clicks/2026/02/18/06/
    raw/clicks/2026/02/18/07/
    raw/clicks/2026/02/18/08/
    raw/clicks/2026/02/18/09/
    raw/clicks/2026/02/18/10/
    raw/clicks/2026/02/18/11/
    raw/clicks/2026/02/18/12/
    raw/clicks/2026/02/18/13/
    raw/clicks/2026/02/18/14/
    raw/clicks/2026/02/18/15/
    raw/clicks/2026/02/18/16/
    raw/clicks/2026/02/18/17/
    raw/clicks/2026/02/18/18/
    raw/clicks/2026/02/18/19/
    raw/clicks/2026/02/18/20/
    raw/clicks/2026/02/18/21/
    raw/clicks/2026/02/18/22/
    raw/clicks/2026/02/18/23/
    raw/clicks/2026/02/19/
    raw/clicks/2026/02/19/00/
    raw/clicks/2026/02/19/01/
    raw/clicks/2026/02/19/02/
    raw/clicks/2026/02/19/03/
    raw/clicks/2026/02/19/04/
    raw/clicks/2026/02/19/05/
    raw/clicks/2026/02/19/06/
    raw/clicks/2026/02/19/07/
    raw/clicks/2026/02/19/08/
    raw/clicks/2026/02/19/09/
    raw/clicks/2026/02/19/10/
    raw/clicks/2026/02/19/11/
    raw/clicks/2026/02/19/12/
    raw/clicks/2026/02/19/13/
    raw/clicks/2026/02/19/14/
    raw/clicks/2026/02/19/15/
    raw/clicks/2026/02/19/16/
    raw/clicks/2026/02/19/17/
    raw/clicks/2026/02/19/18/
    raw/clicks/2026/02/19/19/
    raw/clicks/2026/02/19/20/
    raw/clicks/2026/02/19/21/
    raw/clicks/2026/02/19/22/
    raw/clicks/2026/02/19/23/
    raw/clicks/2026/02/20/
    raw/clicks/2026/02/20/00/
    raw/clicks/2026/02/20/01/
    raw/clicks/2026/02/20/02/
    raw/clicks/2026/02/20/03/
    raw/clicks/2026/02/20/04/
    raw/clicks/2026/02/20/05/
    raw/clicks/2026/02/20/06/
    raw/clicks/2026/02/20/07/
    raw/clicks/2026/02/20/08/
    raw/clicks/2026/02/20/09/
    raw/clicks/2026/02/20/10/
    raw/clicks/2026/02/20/11/
    raw/clicks/2026/02/20/12/
    raw/clicks/2026/02/20/13/
    raw/clicks/2026/02/20/14/
    raw/clicks/2026/02/20/15/
    raw/clicks/2026/02/20/16/
    raw/clicks/2026/02/20/17/
    raw/clicks/2026/02/20/18/
    raw/clicks/2026/02/20/19/
    raw/clicks/2026/02/20/20/
    raw/clicks/2026/02/20/21/
    raw/clicks/2026/02/20/22/
    raw/clicks/2026/02/20/23/
    raw/clicks/2026/02/21/
    raw/clicks/2026/02/21/00/
    raw/clicks/2026/02/21/01/
    raw/clicks/2026/02/21/02/
    raw/clicks/2026/02/21/03/
    raw/clicks/2026/02/21/04/
    raw/clicks/2026/02/21/05/
    raw/clicks/2026/02/21/06/
    raw/clicks/2026/02/21/07/
    raw/clicks/2026/02/21/08/
    raw/clicks/2026/02/21/09/
    raw/clicks/2026/02/21/10/
    raw/clicks/2026/02/21/11/
    raw/clicks/2026/02/21/12/
    raw/clicks/2026/02/21/13/
    raw/clicks/2026/02/21/14/
    raw/clicks/2026/02/21/15/
    raw/clicks/2026/02/21/16/
    raw/clicks/2026/02/21/17/
    raw/clicks/2026/02/21/18/
    raw/clicks/2026/02/21/19/
    raw/clicks/2026/02/21/20/
    raw/clicks/2026/02/21/21/
    raw/clicks/2026/02/21/22/
    raw/clicks/2026/02/21/23/
    raw/clicks/2026/02/22/
    raw/clicks/2026/02/22/00/
    raw/clicks/2026/02/22/01/
    raw/clicks/2026/02/22/02/
    raw/clicks/2026/02/22/03/
    raw/clicks/2026/02/22/04/
    raw/clicks/2026/02/22/05/
    raw/clicks/2026/02/22/06/
    raw/clicks/2026/02/22/07/
    raw/clicks/2026/02/22/08/
    raw/clicks/2026/02/22/09/
    raw/clicks/2026/02/22/10/
    raw/clicks/2026/02/22/11/
    raw/clicks/2026/02/22/12/
    raw/clicks/2026/02/22/13/
    raw/clicks/2026/02/22/14/
    raw/clicks/2026/02/22/15/
    raw/clicks/2026/02/22/16/
    raw/clicks/2026/02/22/17/
    raw/clicks/2026/02/22/18/
    raw/clicks/2026/02/22/19/
    raw/clicks/2026/02/22/20/
    raw/clicks/2026/02/22/21/
    raw/clicks/2026/02/22/22/
    raw/clicks/2026/02/22/23/
    raw/clicks/2026/02/23/
    raw/clicks/2026/02/23/00/
    raw/clicks/2026/02/23/01/
    raw/clicks/2026/02/23/02/
    raw/clicks/2026/02/23/03/
    raw/clicks/2026/02/23/04/
    raw/clicks/2026/02/23/05/
    raw/clicks/2026/02/23/06/
    raw/clicks/2026/02/23/07/
    raw/clicks/2026/02/23/08/
    raw/clicks/2026/02/23/09/
    raw/clicks/2026/02/23/10/
    raw/clicks/2026/02/23/11/
    raw/clicks/2026/02/23/12/
    raw/clicks/2026/02/23/13/
    raw/clicks/2026/02/23/14/
    raw/clicks/2026/02/23/15/
    raw/clicks/2026/02/23/16/
    raw/clicks/2026/02/23/17/
    raw/clicks/2026/02/23/18/
    raw/clicks/2026/02/23/19/
    raw/clicks/2026/02/23/20/
    raw/clicks/2026/02/23/21/
    raw/clicks/2026/02/23/22/
    raw/clicks/2026/02/23/23/
    raw/clicks/2026/02/24/
    raw/clicks/2026/02/24/00/
    raw/clicks/2026/02/24/01/
    raw/clicks/2026/02/24/02/
    raw/clicks/2026/02/24/03/
    raw/clicks/2026/02/24/04/
    raw/clicks/2026/02/24/05/
    raw/clicks/2026/02/24/06/
    raw/clicks/2026/02/24/07/
    raw/clicks/2026/02/24/08/
    raw/clicks/2026/02/24/09/
    raw/clicks/2026/02/24/10/
    raw/clicks/2026/02/24/11/
    raw/clicks/2026/02/24/12/
    raw/clicks/2026/02/24/13/
    raw/clicks/2026/02/24/14/
    raw/clicks/2026/02/24/15/
    raw/clicks/2026/02/24/16/
    raw/clicks/2026/02/24/17/
    raw/clicks/2026/02/24/18/
    raw/clicks/2026/02/24/19/
    raw/clicks/2026/02/24/20/
    raw/clicks/2026/02/24/21/
    raw/clicks/2026/02/24/22/
    raw/clicks/2026/02/24/23/
    raw/clicks/2026/02/25/
    raw/clicks/2026/02/25/00/
    raw/clicks/2026/02/25/01/
    raw/clicks/2026/02/25/02/
    raw/clicks/2026/02/25/03/
    raw/clicks/2026/02/25/04/
    raw/clicks/2026/02/25/05/
    raw/clicks/2026/02/25/06/
    raw/clicks/2026/02/25/07/
    raw/clicks/2026/02/25/08/
    raw/clicks/2026/02/25/09/
    raw/clicks/2026/02/25/10/
    raw/clicks/2026/02/25/11/
    raw/clicks/2026/02/25/12/
    raw/clicks/2026/02/25/13/
    raw/clicks/2026/02/25/14/
    raw/clicks/2026/02/25/15/
    raw/clicks/2026/02/25/16/
    raw/clicks/2026/02/25/17/
    raw/clicks/2026/02/25/18/
    raw/clicks/2026/02/25/19/
    raw/clicks/2026/02/25/20/
    raw/clicks/2026/02/25/21/
    raw/clicks/2026/02/25/22/
    raw/clicks/2026/02/25/23/
    raw/clicks/2026/02/26/
    raw/clicks/2026/02/26/00/
    raw/clicks/2026/02/26/01/
    raw/clicks/2026/02/26/02/
    raw/clicks/2026/02/26/03/
    raw/clicks/2026/02/26/04/
    raw/clicks/2026/02/26/05/
    raw/clicks/2026/02/26/06/
    raw/clicks/2026/02/26/07/
    raw/clicks/2026/02/26/08/
    raw/clicks/2026/02/26/09/
    raw/clicks/2026/02/26/10/
    raw/clicks/2026/02/26/11/
    raw/clicks/2026/02/26/12/
    raw/clicks/2026/02/26/13/
    raw/clicks/2026/02/26/14/
    raw/clicks/2026/02/26/15/
    raw/clicks/2026/02/26/16/
    raw/clicks/2026/02/26/17/
    raw/clicks/2026/02/26/18/
    raw/clicks/2026/02/26/19/
    raw/clicks/2026/02/26/20/
    raw/clicks/2026/02/26/21/
    raw/clicks/2026/02/26/22/
    raw/clicks/2026/02/26/23/
    raw/clicks/2026/02/27/
    raw/clicks/2026/02/27/00/
    raw/clicks/2026/02/27/01/
    raw/clicks/2026/02/27/02/
    raw/clicks/2026/02/27/03/
    raw/clicks/2026/02/27/04/
    raw/clicks/2026/02/27/05/
    raw/clicks/2026/02/27/06/
    raw/clicks/2026/02/27/07/
    raw/clicks/2026/02/27/08/
    raw/clicks/2026/02/27/09/
    raw/clicks/2026/02/27/10/
    raw/clicks/2026/02/27/11/
    raw/clicks/2026/02/27/12/
    raw/clicks/2026/02/27/13/
    raw/clicks/2026/02/27/14/
    raw/clicks/2026/02/27/15/
    raw/clicks/2026/02/27/16/
    raw/clicks/2026/02/27/17/
    raw/clicks/2026/02/27/18/
    raw/clicks/2026/02/27/19/
    raw/clicks/2026/02/27/20/
    raw/clicks/2026/02/27/21/
    raw/clicks/2026/02/27/22/
    raw/clicks/2026/02/27/23/
    raw/clicks/2026/02/28/
    raw/clicks/2026/02/28/00/
    raw/clicks/2026/02/28/01/
    raw/clicks/2026/02/28/02/
    raw/clicks/2026/02/28/03/
    raw/clicks/2026/02/28/04/
    raw/clicks/2026/02/28/05/
    raw/clicks/2026/02/28/06/
    raw/clicks/2026/02/28/07/
    raw/clicks/2026/02/28/08/
    raw/clicks/2026/02/28/09/
    raw/clicks/2026/02/28/10/
    raw/clicks/2026/02/28/11/
    raw/clicks/2026/02/28/12/
    raw/clicks/2026/02/28/13/
    raw/clicks/2026/02/28/14/
    raw/clicks/2026/02/28/15/
    raw/clicks/2026/02/28/16/
    raw/clicks/2026/02/28/17/
    raw/clicks/2026/02/28/18/
    raw/clicks/2026/02/28/19/
    raw/clicks/2026/02/28/20/
    raw/clicks/2026/02/28/21/
    raw/clicks/2026/02/28/22/
    raw/clicks/2026/02/28/23/
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_kind_come_in_the_order_of_their_bytes() {
    let shelf = Shelf::new().await;
    let mut put = vec![
        "a", "a b", "a+b", "a%20b", "a&b", "a.b/c", "a/b", "a/b/c", "a0", "größe", "λ", "日本", "\u{1}x", "z\u{10ffff}",
    ];
    for key in &put {
        shelf.put(key, b"content");
    }
    put.sort_unstable();
    for versions in [Versions::Never, Versions::Auto] {
        if versions == Versions::Auto {
            shelf.keep_versions();
        }
        let config = S3Config {
            versions,
            ..shelf.config()
        };
        let (splits, _) = planned(&shelf, config, EventRange::default()).await;
        assert_eq!(keys(&splits), put, "{versions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_object_of_the_archive_is_passed_over_and_told() {
    let shelf = Shelf::new().await;
    shelf.put("raw/", b"");
    shelf.put("raw/day/", b"");
    shelf.put("raw/day/a", b"content");
    shelf.put("raw/day/_SUCCESS", b"");
    shelf.put("raw/_temporary/b", b"content");
    shelf.put("raw/.part/b", b"content");
    shelf.put("raw2/a", b"another archive");
    let config = S3Config {
        prefix: "raw/".to_owned(),
        ..shelf.config()
    };
    let (splits, frozen) = planned(&shelf, config, EventRange::default()).await;
    assert_eq!(keys(&splits), ["raw/day/a"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects passed over because a name in their key begins with `.` or `_`: 3.");
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_objects_are_found_before_anything_is_read() {
    let shelf = Shelf::new().await;
    let restored = "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>\
                    <RestoreExpiryDate>2027-01-01T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>";
    let restoring = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
    shelf.put("a", b"content");
    shelf.put_as("b", b"cold", "GLACIER", "");
    shelf.put_as("c", b"colder", "DEEP_ARCHIVE", restoring);
    shelf.put_as("d", b"warm", "GLACIER", restored);
    shelf.put_as("e", b"instant", "GLACIER_IR", "");
    let error = plan_error(&shelf.s3_driver()).await;
    insta::assert_snapshot!(told(&error), @r"BF0224: 2 objects of `s3://clicks/` (10 B) are archived and not restored: b c");
    let config = S3Config {
        skip_archived: true,
        ..shelf.config()
    };
    let (splits, frozen) = planned(&shelf, config, EventRange::default()).await;
    assert_eq!(keys(&splits), ["a", "d", "e"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @"");
}

/// What a store may do to a page.
#[derive(Clone, Copy, Debug)]
enum Page {
    Busy,
    CutOff,
    CutXml,
    InDisguise,
    NoToken,
    WrongCount,
    NoEtag,
}

impl Page {
    fn strike(self, reply: Reply) -> Reply {
        let text = String::from_utf8(reply.body.clone()).unwrap();
        match self {
            Page::Busy => error(503, "SlowDown"),
            Page::CutOff => reply.ending(Ends::Closed(100)),
            Page::CutXml => xml(text[..text.len() - 40].replace("<?xml version=\"1.0\"?>", "")),
            Page::InDisguise => error(200, "InternalError"),
            Page::NoToken => Reply::new(200, text.replace("NextContinuationToken", "Nothing")),
            Page::WrongCount => Reply::new(200, text.replacen("<KeyCount>", "<KeyCount>1", 1)),
            Page::NoEtag => Reply::new(200, text.replacen("ETag", "Tag", 2)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_makes_no_sense_is_asked_for_again_and_then_named() {
    let mut all = String::new();
    for page in [
        Page::Busy,
        Page::CutOff,
        Page::CutXml,
        Page::InDisguise,
        Page::NoToken,
        Page::WrongCount,
        Page::NoEtag,
    ] {
        for times in [2, usize::MAX] {
            let left = Mutex::new(times);
            let shelf = Shelf::with(move |request, _, reply| {
                let mut left = left.lock().unwrap();
                let is_first_page = !request.query.contains_key("continuation-token");
                if is_list(request) && is_first_page && *left > 0 {
                    *left -= 1;
                    return page.strike(reply);
                }
                reply
            })
            .await;
            for key in ["a", "b", "c", "d", "e"] {
                shelf.put(key, b"content");
            }
            if times == 2 {
                let (splits, _) = planned(&shelf, shelf.config(), EventRange::default()).await;
                assert_eq!(keys(&splits), ["a", "b", "c", "d", "e"], "{page:?}");
            } else {
                let error = plan_error(&shelf.s3_driver()).await;
                all += &format!("{page:?}: {}\n", told(&error));
            }
        }
    }
    insta::assert_snapshot!(all, @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_out_of_order_is_refused() {
    // The second page is the first once more; then one whose keys fall.
    let twice = Shelf::with(|request, _, reply| {
        if request.query.contains_key("continuation-token") {
            let line = "<Contents><Key>c</Key><Size>7</Size><ETag>1</ETag></Contents>";
            return xml(format!("<ListBucketResult><IsTruncated>false</IsTruncated>{line}</ListBucketResult>"));
        }
        reply
    })
    .await;
    let falling = Shelf::with(|request, _, reply| {
        let text = String::from_utf8(reply.body.clone()).unwrap();
        match is_list(request) {
            true => Reply::new(200, text.replace("<Key>b<", "<Key>d<")),
            false => reply,
        }
    })
    .await;
    let mut all = String::new();
    for shelf in [twice, falling] {
        for key in ["a", "b", "c", "e"] {
            shelf.put(key, b"content");
        }
        all += &format!("{}\n", told(&plan_error(&shelf.s3_driver()).await));
    }
    insta::assert_snapshot!(all, @r"
    BF0226: the listing of the store is out of order at `s3://clicks/c`: it is listed twice
    BF0226: the listing of the store is out of order at `s3://clicks/c`: it is listed behind `d`, but keys have to rise
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_listed_says_why() {
    let mut all = String::new();
    for (status, code) in [
        (404, "NoSuchBucket"),
        (403, "AccessDenied"),
        (301, "PermanentRedirect"),
    ] {
        let shelf = Shelf::with(move |_, _, _| error(status, code)).await;
        all += &format!("{}\n", told(&plan_error(&shelf.s3_driver()).await));
    }
    let shelf = Shelf::new().await;
    all += &format!("{}\n", told(&plan_error(&shelf.s3_driver()).await));
    let config = S3Config {
        versions: Versions::Always,
        ..shelf.config()
    };
    shelf.put("a", b"content");
    let driver = shelf.driver_of(config, EventRange::default());
    all += &format!("{}\n", told(&plan_error(&driver).await));
    insta::assert_snapshot!(all, @r"
    BF0220: there is no bucket for `s3://clicks/`
    BF0221: the store does not let us list `s3://clicks/`: HTTP 403, AccessDenied: As the script says
    BF0221: the store does not let us list `s3://clicks/`: the bucket is in another region
    BF0203: `s3://clicks/` holds no objects
    BF0225: the bucket of `s3://clicks/` keeps no versions
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_tell_of_versions_is_read_without() {
    let shelf = Shelf::with(|request, _, reply| {
        if request.query.contains_key("versioning") {
            return error(403, "AccessDenied");
        }
        reply
    })
    .await;
    shelf.put("a", b"content");
    let (splits, frozen) = planned(&shelf, shelf.config(), EventRange::default()).await;
    assert_eq!(keys(&splits), ["a"]);
    insta::assert_snapshot!(frozen.notes.join("\n"), @r"Objects are read without their versions, since the store does not tell whether the bucket keeps them: one that is overwritten stops the run.");
}
