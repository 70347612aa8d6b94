//! The positions of the special bytes of a block: quotes, backslashes and control characters.
//!
//! The index has no meaning of the bytes: whether a quote opens or closes a string is known only during the walk. So a
//! broken record does not affect the next one.

use super::vector::{Processor, Task, Vector};

/// Bytes per step.
const STEP_BYTES: usize = 64;

/// The positions of the special bytes of one text, ascending.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The first `len` values are positions; the others are kept memory.
    positions: Vec<u32>,
    len: usize,
}

impl Index {
    /// Indexes `padded`: the text, and the padding as far as whole steps reach.
    pub(super) fn read(&mut self, processor: Processor, padded: &[u8]) {
        processor.run(Read {
            index: self,
            padded,
        });
    }

    /// The positions.
    #[inline(always)]
    pub(super) fn positions(&self) -> &[u32] {
        &self.positions[..self.len]
    }
}

struct Read<'a> {
    index: &'a mut Index,
    padded: &'a [u8],
}

impl Task for Read<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, vector: V) {
        let positions = &mut self.index.positions;
        let mut len = 0;
        let (steps, _) = self.padded.as_chunks::<STEP_BYTES>();
        for (step, bytes) in steps.iter().enumerate() {
            if positions.len() < len + ROOM {
                // Seldom: later blocks need as much.
                positions.resize((len + ROOM).max(positions.len() * 2), 0);
            }
            let Some(room) = positions[len..].first_chunk_mut() else {
                break;
            };
            // Blocks are far smaller than 4 GiB.
            let base = (step * STEP_BYTES) as u32;
            len += spread(vector.specials(bytes), base, room);
        }
        self.index.len = len;
    }
}

/// The most values that one step writes.
const ROOM: usize = STEP_BYTES + 8;

/// Writes the positions of the bits of `mask`, counted from `base`, and returns their number.
///
/// It always writes eight positions per byte of the mask, from a table: a branch per bit would be mispredicted too
/// often.
#[inline(always)]
fn spread(mask: u64, mut base: u32, out: &mut [u32; ROOM]) -> usize {
    let mut count = 0;
    for bits in mask.to_le_bytes() {
        // At most 56; the remainder lets the compiler know it.
        let at = count % STEP_BYTES;
        for (place, bit) in out[at..at + 8].iter_mut().zip(PLACES[usize::from(bits)]) {
            *place = base.wrapping_add(bit);
        }
        count += bits.count_ones() as usize;
        base = base.wrapping_add(8);
    }
    count
}

/// The positions of the bits of each byte, ascending, followed by zeros.
static PLACES: [[u32; 8]; 256] = {
    let mut places = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                places[byte][count] = bit;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    places
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::block::PADDING;
    use crate::decode::json::vector::is_special;
    use crate::decode::tests::support::Rng;

    #[test]
    fn all_special_bytes_are_found_however_close_they_stand() {
        let mut rng = Rng(0x5eed_0001);
        for processor in Processor::all() {
            // Used again and again, as by a parser.
            let mut index = Index::default();
            for round in 0..400 {
                let special = [0, 2, 30, 70, 98, 100][round % 6];
                let byte = |rng: &mut Rng| match rng.percent(special) {
                    true => b"\"\\\n\x00"[rng.below(4)],
                    false => b'x',
                };
                let length = rng.below(400);
                let mut text: Vec<u8> = (0..length).map(|_| byte(&mut rng)).collect();
                text.extend([0; PADDING]);
                index.read(processor, &text);
                let places = (0..text.len() as u32).filter(|at| is_special(text[*at as usize]));
                let expected: Vec<_> = places.collect();
                let found = index.positions();
                // And the zeros after the text, as far as whole steps reach.
                assert_eq!(found, &expected[..found.len()]);
                assert!(found.last().is_some_and(|last| *last as usize >= length));
            }
        }
    }
}
