//! What holds for any input at all: `tests/fuzz` makes inputs up, and a test here reads the ones kept there.
//!
//! The measure of records is the general parser with the instructions that every processor has, on the text as a
//! whole. Whoever walks, looks at more bytes at once, or gets the text in pieces has to come to the same.

mod avro;
mod inflate;
mod messages;
mod objects;
mod parquet;
mod readers;

pub use avro::{avro, avro_messages};
pub use inflate::inflate;
pub use messages::MessageTarget;
pub use objects::ObjectTarget;
pub use parquet::{pages, parquet};

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The inputs kept for `target`.
    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds");
        let files = fs::read_dir(folder.join(target)).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        assert!(paths.len() > 5, "{target}");
        let read = |path: &std::path::PathBuf| {
            println!("{}", path.display());
            fs::read(path).unwrap()
        };
        paths.iter().map(read).collect()
    }

    #[test]
    fn objects_that_are_kept_are_read_alike_by_all() {
        let mut target = ObjectTarget::default();
        for seed in seeds("objects") {
            target.run(&seed);
        }
    }

    #[test]
    fn messages_that_are_kept_are_read_alike_by_all() {
        let mut target = MessageTarget::default();
        for seed in seeds("messages") {
            target.run(&seed);
        }
    }

    #[test]
    fn compressed_objects_that_are_kept_give_their_text_or_an_error() {
        seeds("inflate").iter().for_each(|seed| inflate(seed));
    }

    #[test]
    fn objects_of_columns_that_are_kept_are_read_within_bounds_or_refused() {
        seeds("parquet").iter().for_each(|seed| parquet(seed));
        seeds("pages").iter().for_each(|seed| pages(seed));
        seeds("avro").iter().for_each(|seed| avro(seed));
    }

    /// Changes a few bytes, cuts, or doubles a part; the same for the same number.
    fn mutated(seed: &[u8], number: u64) -> Vec<u8> {
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

    #[test]
    fn mutations_of_what_is_kept_are_read_within_bounds_or_refused() {
        const ROUNDS: u64 = 8;
        let mutate = |name: &str, target: fn(&[u8])| {
            for seed in seeds(name) {
                for number in 0..ROUNDS {
                    let input = mutated(&seed, number);
                    println!("{number}: {input:02x?}");
                    target(&input);
                }
            }
        };
        mutate("parquet", parquet);
        mutate("pages", pages);
        mutate("avro", avro);
        mutate("avro-messages", avro_messages);
    }

    #[test]
    fn avro_messages_that_are_kept_are_read_alike_in_any_company() {
        seeds("avro-messages")
            .iter()
            .for_each(|seed| avro_messages(seed));
    }
}
