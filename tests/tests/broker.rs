#[test]
fn x() {
    let _ = backfold_tests::broker::shared();
}
