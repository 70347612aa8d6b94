//! What the benchmark `inflate` measures: one object through one library, in blocks as a worker reads it.

use bytes::Bytes;

use super::content::{Content, Filled};
use super::gzip;
use crate::decode::block::{BLOCK_BYTES, Blocks};
use crate::decode::{DecodeError, DecodeOptions};

/// The gzip libraries that were compiled in, the one first that is used.
pub fn libraries() -> impl Iterator<Item = &'static str> {
    gzip::LIBRARIES.iter().map(|library| library.name)
}

/// Inflates the gzip object that `pieces` are of by `library`, and shows each block to `see`.
///
/// # Errors
/// Where the object is damaged.
pub fn inflate(
    library: &str,
    pieces: &[Bytes],
    mut see: impl FnMut(&[u8]),
) -> Result<(), DecodeError> {
    let library = gzip::LIBRARIES
        .iter()
        .find(|known| known.name == library)
        .unwrap_or(&gzip::LIBRARIES[0]);
    let mut content = Content::with_gzip("measured.gz", &DecodeOptions::default(), *library);
    let mut pieces = pieces.iter();
    let mut blocks = Blocks::new(BLOCK_BYTES);
    let mut block = blocks.take(0);
    loop {
        match content.fill(&mut block)? {
            Filled::Hungry => match pieces.next() {
                Some(piece) => content.feed(piece.clone()),
                None => content.end(),
            },
            filled => {
                let sealed = block.seal();
                see(sealed.text());
                blocks.give(sealed);
                if filled == Filled::End {
                    return Ok(());
                }
                block = blocks.take(0);
            }
        }
    }
}
