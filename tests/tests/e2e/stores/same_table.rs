//! The same archive gives the same table in every store.

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{clicks, guest};
use backfold_tests::workbench::Workbench;

use super::target::{Target, Texts};

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 6_000,
    objects: 12,
    days: 2,
    ..ArchiveSpec::SMALL
};

#[test]
fn an_archive_gives_one_table_in_all_stores() {
    let archive = Archive::new(&SPEC).unwrap();
    let expected: Texts = archive
        .expected()
        .into_iter()
        .map(|((page, day), tally)| {
            vec![
                page,
                day,
                tally.events.to_string(),
                tally.duration_ms.to_string(),
            ]
        })
        .collect();
    let mut digests = Vec::new();
    for target in Target::all() {
        let component = guest("page_days");
        let mut bench = Workbench::with_archive(&component, &archive).unwrap();
        bench.write_job(&component, &target.settings()).unwrap();
        target.set_variables(&mut bench, target.port());
        let run = bench.run("run --swap --output json").success().json();
        assert_eq!(run["result"]["outcome"], "live", "{run:#}");
        digests.push(run["result"]["loaded"]["digest"].clone());
        let rows = target.rows(&bench, "page_days", &["page", "day", "views", "total_ms"]);
        assert!(rows == expected, "{}: {rows:?}", target.name());
    }
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{digests:?}"
    );
}

/// Sketches and floats, as each store reads them back.
#[test]
fn all_kinds_of_columns_are_the_same_in_all_stores() {
    let archive = Archive::new(&SPEC).unwrap();
    let mut digests = Vec::new();
    for target in Target::all() {
        let mut bench = Workbench::with_archive(&clicks(), &archive).unwrap();
        bench.write_job(&clicks(), &target.settings()).unwrap();
        target.set_variables(&mut bench, target.port());
        let run = bench.run("run --swap --output json").success().json();
        digests.push(run["result"]["loaded"]["digest"].clone());
        // It reads all rows of both builds back.
        let again = bench.run("run --fresh --output json").success().json();
        let (counts, rows) = (
            &again["result"]["diff"]["counts"],
            &run["result"]["loaded"]["rows"],
        );
        assert_eq!(
            (&counts["both"], &counts["equal"]),
            (rows, rows),
            "{counts}"
        );
        assert_eq!(
            (&counts["only_old"], &counts["only_new"]),
            (&0.into(), &0.into())
        );
    }
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{digests:?}"
    );
}
