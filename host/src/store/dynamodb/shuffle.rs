//! Items in random order.
//!
//! Rows come sorted by key. Those of one hash key, and on a table that is split by its range keys those of one partition,
//! would all go to the same partition at a time, which takes 1,000 write units a second.

use super::items::Encoded;
use crate::guest::laws::Random;

/// The most items of a request.
const REQUEST_ITEMS: usize = 25;
/// The most bytes of a request, which may have 16 MB: JSON writes one byte of text with up to six.
const REQUEST_BYTES: usize = 2_500_000;

/// The items among which the next ones are drawn.
const HELD_ITEMS: usize = 20_000;
const HELD_BYTES: usize = 32 << 20;

/// A bounded number of items, of which any may be drawn next.
pub(super) struct Shuffle {
    held: Vec<Encoded>,
    bytes: usize,
    random: Random,
}

impl Shuffle {
    /// An empty buffer.
    pub(super) fn new() -> Self {
        Shuffle {
            held: Vec::new(),
            bytes: 0,
            random: Random::new(0),
        }
    }

    /// Adds an item, and gives the items of a request where there are enough.
    pub(super) fn push(&mut self, item: Encoded) -> Option<Vec<Encoded>> {
        self.bytes += item.bytes;
        self.held.push(item);
        let is_full = self.held.len() >= HELD_ITEMS || self.bytes >= HELD_BYTES;
        is_full.then(|| self.draw()).flatten()
    }

    /// The items of a request; `None` where there are no more.
    pub(super) fn draw(&mut self) -> Option<Vec<Encoded>> {
        let (mut drawn, mut bytes) = (Vec::new(), 0);
        while drawn.len() < REQUEST_ITEMS && !self.held.is_empty() {
            let place = self.random.below(self.held.len() as u64) as usize;
            let length = self.held[place].bytes;
            if !drawn.is_empty() && bytes + length > REQUEST_BYTES {
                break;
            }
            bytes += length;
            drawn.push(self.held.swap_remove(place));
        }
        self.bytes -= bytes;
        (!drawn.is_empty()).then_some(drawn)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::super::items::Item;
    use super::*;

    fn item(number: usize, bytes: usize) -> Encoded {
        let key = AttributeValue::N(number.to_string());
        let item = Item::from([("n".to_owned(), key)]);
        Encoded { item, bytes }
    }

    fn number(item: &Encoded) -> usize {
        item.item["n"].as_n().unwrap().parse().unwrap()
    }

    #[test]
    fn neighbours_are_parted_and_none_is_lost() {
        const COUNT: usize = 120_000;
        let mut shuffle = Shuffle::new();
        let mut requests = Vec::new();
        for n in 0..COUNT {
            requests.extend(shuffle.push(item(n, 100)));
            assert!(shuffle.held.len() <= HELD_ITEMS);
        }
        requests.extend(std::iter::from_fn(|| shuffle.draw()));
        assert!(
            requests
                .iter()
                .all(|request| request.len() <= REQUEST_ITEMS)
        );
        let seen: HashSet<_> = requests.iter().flatten().map(number).collect();
        assert_eq!(seen.len(), COUNT);
        // A request of neighbours spans 25 numbers; one that is drawn from all that are held spans most of them.
        let spans = requests.iter().map(|request| {
            let numbers = || request.iter().map(number);
            numbers().max().unwrap() - numbers().min().unwrap()
        });
        let wide = spans.filter(|span| *span > HELD_ITEMS / 2).count();
        assert!(
            wide > requests.len() * 9 / 10,
            "{wide} of {}",
            requests.len()
        );
    }

    #[test]
    fn large_items_make_small_requests() {
        let mut shuffle = Shuffle::new();
        let mut requests = Vec::new();
        for n in 0..200 {
            requests.extend(shuffle.push(item(n, 400_000)));
            assert!(shuffle.bytes <= HELD_BYTES);
        }
        requests.extend(std::iter::from_fn(|| shuffle.draw()));
        assert!(
            requests
                .iter()
                .all(|request| request.len() == 6 || request.len() == 2)
        );
        assert_eq!(requests.iter().map(Vec::len).sum::<usize>(), 200);
        assert_eq!(shuffle.bytes, 0);
    }
}
