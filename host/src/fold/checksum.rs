//! What a run says of its own bytes: a checksum of each batch, in the footer, and a digest of all that is in no batch.
//!
//! The digest of the footer and the size tell whether a file is complete; the bytes of a batch are checked when they are
//! read. So a resume need not read terabytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The CRC-32C of each batch of a run: of its message and its body, as they are in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checksums(Vec<u32>);

/// A batch is not what was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Differs {
    pub(super) found: u32,
    pub(super) expected: u32,
}

impl Checksums {
    /// Checks the bytes of a batch.
    pub(super) fn check(&self, batch: usize, bytes: &[u8]) -> Result<(), Differs> {
        let Some(&expected) = self.0.get(batch) else {
            return Ok(());
        };
        match crc32c::crc32c(bytes) {
            found if found == expected => Ok(()),
            found => Err(Differs { found, expected }),
        }
    }

    /// The checksums as text: base64 of four bytes each, little-endian.
    pub(super) fn to_text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().flat_map(|sum| sum.to_le_bytes()).collect();
        BASE64.encode(bytes)
    }

    /// Reads checksums; `None` where they are not those of as many batches.
    pub(super) fn from_text(text: &str, batches: usize) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        let (sums, rest) = bytes.as_chunks::<4>();
        let sums: Vec<u32> = sums.iter().map(|sum| u32::from_le_bytes(*sum)).collect();
        (rest.is_empty() && sums.len() == batches).then_some(Checksums(sums))
    }
}

/// Where the bytes of a run pass on their way to its file.
pub(super) struct Summing<W> {
    inner: W,
    /// The checksum of the batch that is being written.
    batch: Option<u32>,
    checksums: Checksums,
    outside: blake3::Hasher,
}

impl<W> Summing<W> {
    pub(super) fn new(inner: W) -> Self {
        Summing {
            inner,
            batch: None,
            checksums: Checksums::default(),
            outside: blake3::Hasher::new(),
        }
    }

    /// The bytes from here on are those of a batch.
    pub(super) fn begin_batch(&mut self) {
        self.batch = Some(0);
    }

    /// The bytes from here on are in no batch.
    pub(super) fn end_batch(&mut self) {
        self.checksums.0.extend(self.batch.take());
    }

    /// The checksums of the batches so far.
    pub(super) fn checksums(&self) -> &Checksums {
        &self.checksums
    }

    /// The file, and the digest of its footer.
    pub(super) fn finish(self) -> (W, String) {
        (self.inner, hex(&self.outside))
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        let bytes = &bytes[..written];
        match &mut self.batch {
            Some(sum) => *sum = crc32c::crc32c_append(*sum, bytes),
            None => {
                self.outside.update(bytes);
            }
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The digest of the footer of a file whose batches begin and end there: BLAKE3 of all bytes before and after, in
/// hexadecimal.
pub(super) fn footer_digest(mut file: &File, begin: u64, end: u64) -> io::Result<String> {
    let mut outside = blake3::Hasher::new();
    file.seek(SeekFrom::Start(0))?;
    outside.update_reader(file.take(begin))?;
    file.seek(SeekFrom::Start(end))?;
    outside.update_reader(file)?;
    Ok(hex(&outside))
}

fn hex(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_read_has_the_digest_and_the_checksums_that_were_written() {
        let mut summing = Summing::new(tempfile::tempfile().unwrap());
        summing.write_all(b"head").unwrap();
        for batch in [&b"first"[..], b"", b"third"] {
            summing.begin_batch();
            // Bytes come in pieces.
            for byte in batch {
                summing.write_all(&[*byte]).unwrap();
            }
            summing.end_batch();
        }
        summing.write_all(b"footer").unwrap();
        let checksums = summing.checksums().clone();
        for (number, batch) in [&b"first"[..], b"", b"third"].into_iter().enumerate() {
            assert_eq!(checksums.check(number, batch), Ok(()));
            assert!(checksums.check(number, b"other").is_err());
        }
        let (file, digest) = summing.finish();
        assert_eq!(footer_digest(&file, 4, 14).unwrap(), digest);
        assert_eq!(digest, blake3::hash(b"headfooter").to_hex().as_str());
        assert_ne!(footer_digest(&file, 4, 13).unwrap(), digest);

        let text = checksums.to_text();
        assert_eq!(Checksums::from_text(&text, 3), Some(checksums));
        for (text, batches) in [(&*text, 2), (&text, 4), ("AAAA", 1), ("?", 0), ("", 1)] {
            assert_eq!(Checksums::from_text(text, batches), None, "{text}");
        }
    }
}
