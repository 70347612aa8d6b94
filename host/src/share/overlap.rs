//! Offsets that several units account for.
//!
//! Workers know nothing of each other, so a record that two units hold is folded twice at first. The rule is that of one
//! machine ([`Claims`](crate::fold::Claims)): the first one that reads a record keeps it, and the first one is that of the
//! first unit. Which offsets the units account for does not change when some of them are folded again without what earlier
//! ones hold, so there is nothing left after that.

use std::ops::Range;

use super::documents::{FoldAgain, Repeated};
use crate::fold::FoldedOffsets;
use crate::source::offsets::len;

/// The offsets of units, added one after another.
#[derive(Default)]
pub(super) struct Overlaps {
    earlier: FoldedOffsets,
}

impl Overlaps {
    /// Adds the offsets of the next unit; gives those that earlier units account for as well, where there are any.
    pub(super) fn add(&mut self, unit: u64, offsets: &FoldedOffsets) -> Option<FoldAgain> {
        let held = self.earlier.within(offsets);
        self.earlier.add(offsets);
        (!held.is_empty()).then_some(FoldAgain { unit, folded: held })
    }
}

/// The number of offsets in `held`, by partition: where the order of records matters they are folded twice.
pub(super) fn repeated(held: &FoldedOffsets) -> Vec<Repeated> {
    let offsets = |ranges: &mut dyn Iterator<Item = Range<i64>>| ranges.map(|one| len(&one)).sum();
    held.partitions()
        .map(|(partition, held)| Repeated {
            partition: partition.clone(),
            offsets: offsets(&mut held.covered.ranges()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offsets(partition: i32, covered: &[(i64, i64)], claimed: &[(i64, i64)]) -> FoldedOffsets {
        let one = json!([{"topic": "clicks", "partition": partition, "covered": covered, "claimed": claimed}]);
        serde_json::from_value(one).unwrap()
    }

    #[test]
    fn a_unit_is_told_what_earlier_ones_hold_of_its_own_offsets() {
        let mut overlaps = Overlaps::default();
        assert_eq!(overlaps.add(0, &offsets(0, &[(0, 100)], &[(0, 100)])), None);
        assert_eq!(
            overlaps.add(1, &offsets(0, &[(100, 200)], &[(100, 200)])),
            None
        );
        assert_eq!(overlaps.add(2, &offsets(1, &[(0, 100)], &[(0, 100)])), None);
        let again = overlaps.add(3, &offsets(0, &[(90, 110), (300, 310)], &[(95, 105)]));
        let folded = offsets(0, &[(90, 110)], &[(95, 105)]);
        assert_eq!(
            again,
            Some(FoldAgain {
                unit: 3,
                folded: folded.clone()
            })
        );
        assert_eq!(repeated(&folded)[0].offsets, 20);
        assert_eq!(overlaps.add(4, &FoldedOffsets::default()), None);
    }
}
