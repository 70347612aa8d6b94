//! What the graph keeps, and what it prefers.

use super::*;
use crate::decode::block::PADDING;
use crate::decode::json::learn;

/// Learns from `record`.
fn learn(graph: &mut Graph, record: &str) {
    let text = [record.as_bytes(), &[0; PADDING]].concat();
    if let Some(steps) = learn::steps(&text, 0, record.len(), &Wanted::default()) {
        graph.learn(steps);
    }
}

/// Looks for the first edge of `record` among those that are not preferred.
fn pass(graph: &mut Graph, record: &str) -> bool {
    let text = [record.as_bytes(), &[0; PADDING]].concat();
    let found = graph.other(usize::from(BEGINNING), &text, 0).is_some();
    graph.finish_walk();
    found
}

#[test]
fn names_without_end_do_not_fill_the_memory() {
    let mut graph = Graph::default();
    for n in 0..2 * MAX_STATES {
        learn(&mut graph, &format!("{{\"first\":1,\"n{n}\":1}}"));
        // One state, left by ever new edges.
        learn(&mut graph, &format!("{{\"first\":1,\"n{n}\":{{}}}}"));
    }
    assert!(graph.states.len() < MAX_STATES);
    let others = graph.others.iter().map(|others| others.edges.len());
    assert_eq!(others.max(), Some(MAX_OTHERS));
    let long = format!("{{\"{}\":1}}", "x".repeat(2_000));
    let mut graph = Graph::default();
    learn(&mut graph, &long);
    assert_eq!(graph.states.len(), 0);
}

#[test]
fn a_state_is_the_path_of_a_value_whatever_came_before() {
    let mut graph = Graph::default();
    for record in [
        r#"{"a":1,"b":{"c":1},"d":1}"#,
        r#"{"d":1,"b":{"c":1},"a":1}"#,
        r#"{"b":{"c":1,"d":1},"a":1}"#,
    ] {
        learn(&mut graph, record);
    }
    assert_eq!(graph.states.len(), 4, "a, b.c, d and b.d");
}

#[test]
fn what_is_known_is_not_learned_again() {
    let mut graph = Graph::default();
    for _ in 0..10 {
        // The literals differ after their first 32 bytes alone.
        for end in ["\":", "\": ", "a\":", "a\": "] {
            let long = "x".repeat(40);
            learn(&mut graph, &format!("{{\"{long}{end}1}}"));
        }
    }
    assert_eq!(graph.others[usize::from(BEGINNING)].edges.len(), 3);
}

#[test]
fn the_edge_that_most_records_take_is_preferred() {
    let mut graph = Graph::default();
    for name in ["a", "b", "c"] {
        learn(&mut graph, &format!("{{\"{name}\":1}}"));
    }
    let is_preferred = |graph: &Graph, literal: &[u8]| graph.preferred[0].literal.is(literal);
    assert!(is_preferred(&graph, b"{\"a\":"));
    for record in 0..3 * JUDGED_RECORDS {
        let text = ["{\"b\":1}", "{\"c\":1}"][usize::from(record % 5 > 0)];
        assert!(pass(&mut graph, text));
        if is_preferred(&graph, b"{\"c\":") {
            let others = &graph.others[0].edges;
            assert!(others.iter().any(|edge| edge.literal.is(b"{\"a\":")));
            return;
        }
    }
    panic!("nothing else was preferred");
}
