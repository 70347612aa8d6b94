//! The memory of pieces, used again once nobody refers to them: fresh memory would have to be zeroed by the system
//! for every piece.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// How much is read at a time.
const PIECE_BYTES: usize = 256 << 10;

/// How many buffers are kept: about what a window of batches refers to.
const KEPT_BUFFERS: usize = 64;

/// Reads pieces, of all files of a driver.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    /// The buffer released last is likeliest to be in cache, so this is a stack.
    released: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A piece that was read. Gives its buffer back.
struct Piece {
    bytes: Vec<u8>,
    pieces: Pieces,
}

impl Pieces {
    /// Reads the next piece of a file of which so many bytes are left; it is shorter where the file ends.
    pub(super) fn read(&self, file: impl Read, left: u64) -> io::Result<Bytes> {
        let mut bytes = self
            .lock()
            .pop()
            // Never zeroed: it is read into as it is.
            .unwrap_or_else(|| Vec::with_capacity(PIECE_BYTES));
        file.take(left.min(PIECE_BYTES as u64))
            .read_to_end(&mut bytes)?;
        Ok(Bytes::from_owner(Piece {
            bytes,
            pieces: self.clone(),
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.released.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let mut released = self.pieces.lock();
        if released.len() < KEPT_BUFFERS {
            released.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_only_when_nobody_refers_to_it() {
        let pieces = Pieces::default();
        let first = pieces.read(&b"first"[..], 5).unwrap();
        let second = pieces.read(&b"second, and more"[..], 6).unwrap();
        assert_eq!((&first[..], &second[..]), (&b"first"[..], &b"second"[..]));
        let memory = first.as_ptr();
        let part = first.slice(1..3);
        drop(first);
        assert_ne!(pieces.read(&b"third"[..], 5).unwrap().as_ptr(), memory);
        assert_eq!(&part[..], b"ir");
        drop(part);
        assert_eq!(pieces.read(&b"fourth"[..], 9).unwrap().as_ptr(), memory);
    }
}
