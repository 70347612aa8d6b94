//! The items with the highest scores.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::deferred::{Absorb, Deferred};
use super::{Fault, Monoid};
use crate::column::Malformed;
use crate::key::{decode_bytes, encode_bytes};
use crate::schema::Output;
use crate::value::{RowReader, RowWriter, output};

/// The `K` items with the highest scores, each with its highest score; of equal scores the item that is first in the order
/// of bytes.
///
/// A score has to be final as it stands in a record (the value of an order, a latency), not a count that adds up
/// over records: an item that is left out here, since `K` others have a higher score, is left out of any union,
/// where those others score no less. With counts that would be wrong, and which items remain would depend on
/// the order of merging; [`CountMin`](crate::CountMin) has no such flaw.
///
/// The state column holds, best first, each item's score (8 bytes, little-endian), its length (4 bytes) and its
/// UTF-8.
#[derive(Clone, Debug)]
pub struct TopK<const K: usize>(Deferred<Best<K>, (i64, Box<str>)>);

#[derive(Clone, Debug, Default)]
struct Best<const K: usize> {
    ranks: BTreeSet<(Reverse<i64>, Box<str>)>,
    scores: BTreeMap<Box<str>, i64>,
}

impl<const K: usize> Best<K> {
    /// Whether inserting this score changes nothing.
    fn has(&self, score: i64, item: &str) -> bool {
        if let Some(held) = self.scores.get(item) {
            return *held >= score;
        }
        let is_full = self.ranks.len() == K;
        is_full
            && self
                .ranks
                .last()
                .is_some_and(|(worst, last)| (Reverse(score), item) > (*worst, last))
    }
}

impl<const K: usize> Absorb<(i64, Box<str>)> for Best<K> {
    fn absorb(&mut self, (score, item): &(i64, Box<str>)) {
        if self.has(*score, item) {
            return;
        }
        if let Some(held) = self.scores.insert(item.clone(), *score) {
            self.ranks.remove(&(Reverse(held), item.clone()));
        }
        self.ranks.insert((Reverse(*score), item.clone()));
        if self.ranks.len() > K
            && let Some((_, worst)) = self.ranks.pop_last()
        {
            self.scores.remove(&worst);
        }
    }
}

impl<const K: usize> TopK<K> {
    /// Inserts an item with its score.
    pub fn insert(&mut self, score: i64, item: &str) {
        if !self.0.settled().has(score, item) {
            self.0.insert((score, item.into()));
        }
    }

    /// The items with their scores, best first.
    pub fn items(&self) -> Vec<(String, i64)> {
        self.0
            .get()
            .ranks
            .iter()
            .map(|(Reverse(score), item)| (item.to_string(), *score))
            .collect()
    }
}

impl<const K: usize> Monoid for TopK<K> {
    const COMMUTATIVE: bool = true;

    fn columns(name: &str) -> Vec<Output> {
        vec![output::<Vec<u8>>(name)]
    }

    fn identity() -> Self {
        const { assert!(K > 0, "a TopK holds at least one item") };
        TopK(Deferred::new(Best::default()))
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        let best = self.0.settle();
        for (Reverse(score), item) in &right.0.get().ranks {
            best.absorb(&(*score, item.clone()));
        }
        Ok(())
    }

    fn save(&self, row: &mut RowWriter<'_>) {
        let mut bytes = Vec::new();
        for (Reverse(score), item) in &self.0.get().ranks {
            bytes.extend_from_slice(&score.to_le_bytes());
            encode_bytes(item.as_bytes(), &mut bytes);
        }
        row.put(&bytes);
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("not the items of the highest scores");
        let mut rest = row.take_bytes()?;
        let mut best = Best::<K>::default();
        while !rest.is_empty() {
            let (score, after) = rest.split_first_chunk().ok_or_else(malformed)?;
            let (item, after) = decode_bytes(after).ok_or_else(malformed)?;
            let item: Box<str> = str::from_utf8(item).map_err(|_| malformed())?.into();
            let rank = (Reverse(i64::from_le_bytes(*score)), item.clone());
            let is_in_order = best.ranks.last().is_none_or(|last| *last < rank);
            let is_new = best.scores.insert(item, rank.0.0).is_none();
            if !is_in_order || !is_new || best.ranks.len() == K {
                return Err(malformed());
            }
            best.ranks.insert(rank);
            rest = after;
        }
        Ok(TopK(Deferred::new(best)))
    }

    type Mark = ();

    fn mark(&mut self) {
        self.0.settle();
    }

    fn restore(&mut self, (): ()) {
        self.0.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(scores: &[(i64, &str)]) -> TopK<2> {
        let mut top = TopK::identity();
        scores
            .iter()
            .for_each(|(score, item)| top.insert(*score, item));
        top
    }

    fn items(top: &TopK<2>) -> Vec<(String, i64)> {
        top.items()
    }

    #[test]
    fn an_item_counts_once_with_its_highest_score() {
        let top = top(&[(3, "a"), (5, "b"), (9, "a"), (4, "c"), (1, "b")]);
        assert_eq!(items(&top), [("a".to_string(), 9), ("b".to_string(), 5)]);
    }

    #[test]
    fn an_item_that_was_left_out_can_come_back_with_a_higher_score() {
        let mut left = top(&[(3, "a"), (5, "b"), (4, "c")]);
        left.combine(&top(&[(6, "a")])).unwrap();
        assert_eq!(items(&left), [("a".to_string(), 6), ("b".to_string(), 5)]);
    }

    #[test]
    fn equal_scores_rank_by_item() {
        assert_eq!(
            items(&top(&[(1, "c"), (1, "b"), (1, "a")])),
            items(&top(&[(1, "a"), (1, "b")]))
        );
    }

    #[test]
    fn what_was_inserted_since_the_mark_can_be_forgotten() {
        let mut top = top(&[(3, "a")]);
        top.mark();
        top.insert(9, "b");
        top.insert(8, "c");
        top.restore(());
        assert_eq!(items(&top), [("a".to_string(), 3)]);
    }
}
