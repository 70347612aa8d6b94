//! Properties that hold for any input: `tests/fuzz` generates inputs, and the tests here read the seeds kept there.
//!
//! The reference for records is the general parser with portable instructions on the whole text. Walks along the graph,
//! vector instructions and text in pieces have to give the same result.

mod avro;
mod inflate;
#[cfg(test)]
pub(crate) mod kept;
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
    use super::kept::{mutated, seeds};
    use super::*;

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
