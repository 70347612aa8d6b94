//! Random numbers that are the same on every machine: integers only, no floating point, no crate to change.

use std::time::UNIX_EPOCH;

/// A seed that is always the same, and one that no test had before. `BACKFOLD_TEST_SEED` takes the place of both.
///
/// # Panics
/// If the variable is no number.
pub fn seeds() -> Vec<u64> {
    let given = std::env::var("BACKFOLD_TEST_SEED").ok();
    let given = given.map(|seed| vec![seed.parse().expect("BACKFOLD_TEST_SEED is a number")]);
    given.unwrap_or_else(|| {
        let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        vec![0x5eed_0001, now as u64]
    })
}

/// SplitMix64. Small and good enough to make up events; of no use for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of item `index` in `stream`, so that any item can be made without those before it.
    pub fn new(seed: u64, stream: u64, index: u64) -> Self {
        let mut rng = Rng(seed);
        for part in [stream, index] {
            rng.0 = rng.number().wrapping_add(part);
        }
        rng
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(bound)) >> 64) as u64
    }

    /// Something that looks like a UUID.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.number(), self.number());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// One of `choices`, each as likely as another.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}
