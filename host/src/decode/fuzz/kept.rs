//! The seeds in `tests/fuzz/seeds`, and mutations of them.

use std::fs;
use std::path::{Path, PathBuf};

/// The seeds of `target`.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds");
    let files = fs::read_dir(folder.join(target)).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 5, "{target}");
    let read = |path: &PathBuf| {
        println!("{}", path.display());
        fs::read(path).unwrap()
    };
    paths.iter().map(read).collect()
}

/// Mutates a seed: changes a few bytes, cuts it, or doubles a part. The same number gives the same mutation.
pub(crate) fn mutated(seed: &[u8], number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % most.max(1)
    };
    let mut input = seed.to_vec();
    for _ in 0..=below(3) {
        let at = below(input.len());
        match below(6) {
            0 => input.truncate(at),
            1 if !input.is_empty() => {
                let end = at + below(input.len() - at);
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            2 if !input.is_empty() => input[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
            _ if !input.is_empty() => input[at] ^= 1 << below(8),
            _ => {}
        }
    }
    input
}
