//! Buffers for reading files. A buffer is reused once nothing refers to it: otherwise the system would have to zero new
//! memory for every read.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// The size of a buffer.
const BUFFER_BYTES: usize = 256 << 10;

/// The largest number of free buffers that are kept: about as many as a window of batches refers to.
const KEPT_BUFFERS: usize = 64;

/// The buffers for all files of a driver.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    /// A stack, since the buffer that was released last is the most likely one to be in the cache.
    free: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A filled buffer. It is returned to its [`Buffers`] on drop.
struct Filled {
    bytes: Vec<u8>,
    buffers: Buffers,
}

impl Buffers {
    /// Reads the next bytes of a file that has `left` bytes left: a full buffer, or fewer bytes at the end of the file.
    pub(super) fn read(&self, file: impl Read, left: u64) -> io::Result<Bytes> {
        let mut bytes = self
            .lock()
            .pop()
            // The memory is not zeroed, since it is overwritten.
            .unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES));
        file.take(left.min(BUFFER_BYTES as u64))
            .read_to_end(&mut bytes)?;
        Ok(Bytes::from_owner(Filled {
            bytes,
            buffers: self.clone(),
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        let mut free = self.buffers.lock();
        if free.len() < KEPT_BUFFERS {
            free.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_reused_only_when_nothing_refers_to_it() {
        let buffers = Buffers::default();
        let first = buffers.read(&b"first"[..], 5).unwrap();
        let second = buffers.read(&b"second, and more"[..], 6).unwrap();
        assert_eq!((&first[..], &second[..]), (&b"first"[..], &b"second"[..]));
        let memory = first.as_ptr();
        let part = first.slice(1..3);
        drop(first);
        assert_ne!(buffers.read(&b"third"[..], 5).unwrap().as_ptr(), memory);
        assert_eq!(&part[..], b"ir");
        drop(part);
        assert_eq!(buffers.read(&b"fourth"[..], 9).unwrap().as_ptr(), memory);
    }
}
