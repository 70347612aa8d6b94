//! What holds for any input at all: `tests/fuzz` makes inputs up, and a test here reads the ones kept there.
//!
//! The measure of records is the general parser with the instructions that every processor has, on the text as a
//! whole. Whoever walks, looks at more bytes at once, or gets the text in pieces has to come to the same.

mod inflate;
mod messages;
mod objects;
mod readers;

pub use inflate::inflate;
pub use messages::MessageTarget;
pub use objects::ObjectTarget;

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
        assert!(paths.len() > 20, "{target}");
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
}
