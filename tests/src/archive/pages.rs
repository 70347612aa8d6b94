//! The pages of the site, and how often each is visited.

use crate::rng::Rng;

const SECTIONS: [&str; 6] = ["docs", "guides", "blog", "reference", "shop", "help"];

const FIRST: [&str; 32] = [
    "install",
    "deploy",
    "stream",
    "replay",
    "upgrade",
    "secure",
    "measure",
    "monitor",
    "backup",
    "restore",
    "migrate",
    "compare",
    "window",
    "cluster",
    "schema",
    "event",
    "batch",
    "index",
    "query",
    "ingest",
    "export",
    "archive",
    "partition",
    "balance",
    "größe",
    "compact",
    "encrypt",
    "verify",
    "observe",
    "schedule",
    "throttle",
    "design",
];

const SECOND: [&str; 32] = [
    "tables",
    "topics",
    "buckets",
    "streams",
    "pipelines",
    "workers",
    "states",
    "keys",
    "columns",
    "windows",
    "offsets",
    "records",
    "sketches",
    "snapshots",
    "clusters",
    "queues",
    "schemas",
    "brokers",
    "consumers",
    "producers",
    "indexes",
    "regions",
    "accounts",
    "café",
    "limits",
    "alerts",
    "tokens",
    "quotas",
    "builds",
    "merges",
    "swaps",
    "views",
];

const SLUGS: u64 = (FIRST.len() * SECOND.len()) as u64;

/// The path of the page of this rank; 0 is the most visited. No two ranks share a path.
pub(super) fn path(rank: u64) -> String {
    // An odd factor permutes the slugs, so that popularity says nothing about the order of the paths.
    let slug = rank % SLUGS * 421 % SLUGS;
    let section = SECTIONS[(Rng::new(0, 0, rank).number() % SECTIONS.len() as u64) as usize];
    let first = FIRST[(slug / SECOND.len() as u64) as usize];
    let second = SECOND[(slug % SECOND.len() as u64) as usize];
    match rank / SLUGS {
        0 => format!("/{section}/{first}-{second}"),
        edition => format!("/{section}/{first}-{second}-{edition}"),
    }
}

/// Draws ranks by Zipf's law: rank k is drawn in proportion to 1 / (k + 1).
pub(super) struct Zipf {
    /// The weights of the ranks up to each, added up.
    cumulative: Vec<u64>,
}

impl Zipf {
    /// A distribution over `ranks` ranks, at least one.
    pub(super) fn new(ranks: u64) -> Self {
        let cumulative = (1..=ranks)
            .scan(0, |total, rank| {
                *total += (1 << 32) / rank;
                Some(*total)
            })
            .collect();
        Zipf { cumulative }
    }

    /// A rank.
    pub(super) fn draw(&self, rng: &mut Rng) -> u64 {
        let total = self.cumulative.last().copied().unwrap_or(1);
        let mark = rng.below(total);
        self.cumulative.partition_point(|&upto| upto <= mark) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn paths_are_distinct() {
        let ranks = 5 * SLUGS;
        assert_eq!(
            (0..ranks).map(path).collect::<HashSet<_>>().len() as u64,
            ranks
        );
    }

    #[test]
    fn the_first_page_is_visited_twice_as_often_as_the_second() {
        let zipf = Zipf::new(1_000);
        let mut visits = [0_u32; 1_000];
        let mut rng = Rng::new(7, 0, 0);
        for _ in 0..100_000 {
            visits[zipf.draw(&mut rng) as usize] += 1;
        }
        let ratio = f64::from(visits[0]) / f64::from(visits[1]);
        assert!((1.9..2.1).contains(&ratio), "{ratio}");
        assert!(visits[999] > 0);
    }
}
