//! The subject of the benchmark `inflate`: one object through one library, in the blocks of a worker.

use bytes::Bytes;

use super::content::{Content, Filled};
use super::gzip;
use crate::decode::block::{BLOCK_BYTES, Blocks};
use crate::decode::{DecodeError, DecodeOptions};

/// The gzip libraries that were compiled in. The first is the one in use.
pub fn libraries() -> impl Iterator<Item = &'static str> {
    gzip::LIBRARIES.iter().map(|library| library.name)
}

/// Inflates the gzip object `pieces` with `library`, and calls `see` with each block.
///
/// # Errors
/// If the object is damaged.
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
