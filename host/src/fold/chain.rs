//! Runs whose keys do not overlap: a merge reads them one after another, as if they were one run.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;

use super::error::FoldError;
use super::index::KeyBounds;
use super::key_range::KeyRange;
use super::reader::RunReader;
use super::run::RunFile;

/// A run, and what a merge has to know of it before it reads it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) run: RunFile,
    /// The first and the last key, where the footer names them.
    pub(super) bounds: Option<KeyBounds>,
    pub(super) batches: usize,
    /// The memory of all batches, and of the largest, in bytes.
    pub(super) all_bytes: usize,
    pub(super) largest_bytes: usize,
}

impl Link {
    /// Reads the footer of a run.
    pub(super) fn of(folder: &Path, run: RunFile) -> Result<Self, FoldError> {
        let reader = RunReader::open(folder, &run)?;
        Ok(Link {
            bounds: reader.bounds().cloned(),
            batches: reader.batches(),
            all_bytes: reader.all_bytes(),
            largest_bytes: reader.largest_bytes(),
            run,
        })
    }

    fn first_key(&self) -> Option<&[u8]> {
        Some(&self.bounds.as_ref()?.first)
    }

    /// Whether some key may be in the range.
    pub(super) fn meets(&self, range: &KeyRange) -> bool {
        let Some(bounds) = &self.bounds else {
            return true;
        };
        let begins = range.until.as_ref().is_none_or(|end| bounds.first < *end);
        let ends = range.from.as_ref().is_none_or(|from| *from <= bounds.last);
        begins && ends
    }

    /// Whether all keys are in the range.
    pub(super) fn is_within(&self, range: &KeyRange) -> bool {
        let within = |bounds: &KeyBounds| {
            let begins = range.from.as_ref().is_none_or(|from| *from <= bounds.first);
            let ends = range.until.as_ref().is_none_or(|end| bounds.last < *end);
            begins && ends
        };
        range.holds_all() || self.bounds.as_ref().is_some_and(within)
    }
}

/// Runs in the order of their keys, each of which ends before the next begins; one at least.
#[derive(Clone, Debug)]
pub(super) struct Chain(Vec<Link>);

impl Chain {
    /// A chain of one run.
    pub(super) fn single(link: Link) -> Self {
        Chain(vec![link])
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.0
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = &RunFile> {
        self.0.iter().map(|link| &link.run)
    }

    /// The memory of all batches, in bytes.
    pub(super) fn all_bytes(&self) -> usize {
        self.0.iter().map(|link| link.all_bytes).sum()
    }

    /// The memory of the largest batch, in bytes.
    pub(super) fn largest_bytes(&self) -> usize {
        let largest = self.0.iter().map(|link| link.largest_bytes);
        largest.max().unwrap_or(0)
    }
}

/// Puts runs, which stand in the order of the source, into few chains. A run whose bounds are not known is a chain of its own.
///
/// Where the order of the source matters, only neighbours are in a chain, so that chains stand in that order too; otherwise
/// there are no fewer chains that hold all runs.
pub(super) fn chains(links: Vec<Link>, commutative: bool) -> Vec<Chain> {
    match commutative {
        true => fewest(links),
        false => of_neighbours(links),
    }
}

/// Each run, in the order of first keys, goes on the chain that ends first, if that ends before it.
fn fewest(mut links: Vec<Link>) -> Vec<Chain> {
    links.sort_by(|a, b| a.first_key().cmp(&b.first_key()));
    let mut chains: Vec<Chain> = Vec::new();
    // The last key of each chain, and its number.
    let mut ends: BinaryHeap<Reverse<(Vec<u8>, usize)>> = BinaryHeap::new();
    for link in links {
        let Some(KeyBounds { first, last }) = link.bounds.clone() else {
            chains.push(Chain::single(link));
            continue;
        };
        let number = match ends.peek_mut() {
            Some(end) if end.0.0 < first => {
                let Reverse((_, number)) = PeekMut::pop(end);
                chains[number].0.push(link);
                number
            }
            _ => {
                chains.push(Chain::single(link));
                chains.len() - 1
            }
        };
        ends.push(Reverse((last, number)));
    }
    chains
}

/// Each run goes into the chain of those right before it, if it overlaps with none of them.
fn of_neighbours(links: Vec<Link>) -> Vec<Chain> {
    let mut chains = Vec::new();
    // The chain that goes on, by first keys.
    let mut chain: BTreeMap<Vec<u8>, Link> = BTreeMap::new();
    for link in links {
        if !chain.is_empty() && !fits(&chain, &link) {
            chains.push(Chain(std::mem::take(&mut chain).into_values().collect()));
        }
        match link.first_key() {
            Some(first) => {
                chain.insert(first.to_vec(), link);
            }
            None => chains.push(Chain::single(link)),
        }
    }
    if !chain.is_empty() {
        chains.push(Chain(chain.into_values().collect()));
    }
    chains
}

/// Whether a run overlaps with none of a chain.
fn fits(chain: &BTreeMap<Vec<u8>, Link>, link: &Link) -> bool {
    let Some(KeyBounds { first, last }) = &link.bounds else {
        return false;
    };
    let before = chain.range(..=first.clone()).next_back();
    let after = chain.range(first.clone()..).next();
    let ends = |(_, before): (_, &Link)| {
        before
            .bounds
            .as_ref()
            .is_some_and(|before| before.last < *first)
    };
    before.is_none_or(ends) && after.is_none_or(|(after, _)| last < after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A run of these keys, named after its place.
    fn link(place: usize, bounds: Option<(u8, u8)>) -> Link {
        let run = RunFile {
            name: format!("{place}"),
            ..RunFile::default()
        };
        let bounds = bounds.map(|(a, b)| KeyBounds {
            first: vec![a.min(b)],
            last: vec![a.max(b)],
        });
        Link {
            run,
            bounds,
            batches: 1,
            all_bytes: 10,
            largest_bytes: 10,
        }
    }

    fn links(runs: &[Option<(u8, u8)>]) -> Vec<Link> {
        let runs = runs.iter().enumerate();
        runs.map(|(place, bounds)| link(place, *bounds)).collect()
    }

    /// The places of the runs in each chain.
    fn places(chains: &[Chain]) -> Vec<Vec<usize>> {
        let place = |run: &RunFile| run.name.parse().unwrap();
        let of_chain = |chain: &Chain| chain.runs().map(place).collect();
        chains.iter().map(of_chain).collect()
    }

    #[test]
    fn disjoint_runs_are_one_chain_in_the_order_of_keys() {
        let runs = links(&[Some((5, 6)), Some((1, 4)), Some((9, 9)), Some((7, 8))]);
        for commutative in [false, true] {
            let chains = chains(runs.clone(), commutative);
            assert_eq!(places(&chains), [[1, 0, 3, 2]]);
        }
    }

    #[test]
    fn where_the_order_matters_only_neighbours_are_in_a_chain() {
        let runs = links(&[Some((1, 2)), Some((2, 3)), Some((4, 5)), None, Some((6, 7))]);
        let ordered = chains(runs.clone(), false);
        assert_eq!(places(&ordered), [vec![0], vec![1, 2], vec![3], vec![4]]);
        let any = chains(runs, true);
        assert_eq!(places(&any), [vec![3], vec![0, 2], vec![1, 4]]);
    }

    #[test]
    fn ranges_are_told_from_bounds() {
        let range = |from: &[u8], until: &[u8]| KeyRange {
            from: Some(from.to_vec()),
            until: Some(until.to_vec()),
        };
        let (known, unknown) = (link(0, Some((3, 5))), link(0, None));
        for (range, meets, within) in [
            (range(&[1], &[3]), false, false),
            (range(&[1], &[3, 0]), true, false),
            (range(&[3], &[5]), true, false),
            (range(&[3], &[5, 0]), true, true),
            (range(&[5], &[9]), true, false),
            (range(&[5, 0], &[9]), false, false),
        ] {
            assert_eq!(
                (known.meets(&range), known.is_within(&range)),
                (meets, within)
            );
            assert!(unknown.meets(&range) && !unknown.is_within(&range));
        }
        assert!(unknown.is_within(&KeyRange::default()));
    }

    proptest! {
        #[test]
        fn chains_hold_each_run_once_and_do_not_overlap(
            runs in prop::collection::vec(prop::option::weighted(0.9, (0_u8..60, 0_u8..60)), 0..40),
            commutative in prop::bool::ANY,
        ) {
            let chains = chains(links(&runs), commutative);
            let of_chains = places(&chains);
            for chain in &of_chains {
                let bounds: Vec<_> = chain.iter().map(|place| runs[*place].map(|(a, b)| (a.min(b), a.max(b)))).collect();
                prop_assert!(chain.len() == 1 || bounds.iter().all(Option::is_some));
                prop_assert!(bounds.is_sorted_by(|a, b| a.unwrap().1 < b.unwrap().0));
            }
            let mut all: Vec<_> = of_chains.concat();
            if commutative {
                let known = runs.iter().flatten();
                let over = |key: u8| known.clone().filter(|(a, b)| (a.min(b)..=a.max(b)).contains(&&key)).count();
                let deepest = (0..60).map(over).max().unwrap_or(0);
                let unknown = runs.iter().filter(|run| run.is_none()).count();
                prop_assert_eq!(chains.len(), deepest + unknown);
            } else {
                let sorted = |chain: &Vec<usize>| { let mut chain = chain.clone(); chain.sort_unstable(); chain };
                prop_assert!(of_chains.iter().map(sorted).collect::<Vec<_>>().concat().is_sorted());
            }
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..runs.len()));
        }
    }
}
