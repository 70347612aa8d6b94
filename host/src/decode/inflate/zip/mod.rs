//! A zip archive with one entry, as Amazon Firehose writes it, read from front to end.
//!
//! The entry is stored or deflated. Its CRC and lengths are before it or after it (in a data descriptor), in 32 or 64
//! bits. The directory at the end has to exist and to agree with them: without it the archive is cut off.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::inflater::{Fault, Inflate, Step, copy, gather};

mod record;

use record::{Central, Directory, Local, Method};

/// Whether `head` begins an archive, or is one without entries.
pub(super) fn is_magic(head: &[u8]) -> bool {
    head.starts_with(record::LOCAL) || head.starts_with(record::END)
}

/// Reads one archive.
pub(super) struct Zip {
    at: At,
    /// The beginning of a record.
    gathered: Vec<u8>,
    /// The header of the entry.
    local: Local,
    deflate: Decompress,
    crc: Crc,
    /// Bytes read of the entry's data and written of its text.
    stored: u64,
    text: u64,
    /// Position and length of the directory, as far as the archive was read.
    directory: Directory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Local,
    Data,
    Descriptor,
    Central,
    /// Before the records at the end; those of 64 bits come before the last.
    End,
    Behind,
}

impl Zip {
    pub(super) fn new() -> Self {
        Zip {
            at: At::Local,
            gathered: Vec::new(),
            local: Local::default(),
            deflate: Decompress::new(false),
            crc: Crc::new(),
            stored: 0,
            text: 0,
            directory: Directory::default(),
        }
    }

    /// Inflates a part of the entry's data.
    fn data(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let (step, ended) = match self.local.method {
            Method::Stored => {
                let left = self.local.stored - self.stored;
                let len = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
                let step = copy(&input[..len], output);
                (step, step.read as u64 == left)
            }
            Method::Deflated => {
                let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
                let status = self
                    .deflate
                    .decompress(input, output, FlushDecompress::None)
                    .map_err(|error| Fault::Corrupt(error.to_string()))?;
                // Lossless: both differences are bounded by the lengths of the slices.
                let step = Step {
                    read: (self.deflate.total_in() - read) as usize,
                    written: (self.deflate.total_out() - written) as usize,
                };
                (step, status == Status::StreamEnd)
            }
        };
        self.crc.update(&output[..step.written]);
        self.stored += step.read as u64;
        self.text += step.written as u64;
        if ended {
            self.at = match self.local.has_descriptor {
                true => At::Descriptor,
                false => {
                    self.check(self.local.crc, self.local.stored, self.local.text)?;
                    At::Central
                }
            };
        }
        Ok(step)
    }

    /// Compares the entry as read with the values of a record.
    fn check(&self, crc: u32, stored: u64, text: u64) -> Result<(), Fault> {
        let what = if crc != self.crc.sum() {
            "the CRC of the entry does not match"
        } else if (stored, text) != (self.stored, self.text) {
            "the lengths of the entry do not match"
        } else {
            return Ok(());
        };
        Err(Fault::Corrupt(what.to_owned()))
    }

    /// Gathers the next record and moves to the state after it; returns the number of bytes of `input` read.
    fn record(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let mut read = 0;
        loop {
            let wanted = match self.at {
                At::Local => Local::len(&self.gathered)?,
                At::Descriptor => record::DESCRIPTOR_AND_NEXT_BYTES,
                At::Central => Central::len(&self.gathered)?,
                At::End => record::end_len(&self.gathered)?,
                At::Data | At::Behind => return Ok(read),
            };
            if self.gathered.len() >= wanted {
                self.go_on()?;
                return Ok(read);
            }
            let taken = gather(&mut self.gathered, wanted, &input[read..]);
            if taken == 0 {
                return Ok(read);
            }
            read += taken;
        }
    }

    /// Moves to the state after the record that was gathered.
    fn go_on(&mut self) -> Result<(), Fault> {
        let mut used = self.gathered.len();
        match self.at {
            At::Local => {
                self.local = Local::read(&self.gathered)?;
                self.directory.at = used as u64;
                self.at = At::Data;
            }
            At::Descriptor => {
                let Some(descriptor) =
                    record::descriptor(&self.gathered, self.crc.sum(), self.stored, self.text)
                else {
                    let detail = "the CRC or the lengths behind the entry do not match";
                    return Err(Fault::Corrupt(detail.to_owned()));
                };
                used = descriptor;
                self.directory.at += used as u64;
                self.at = At::Central;
            }
            At::Central => {
                let central = Central::read(&self.gathered)?;
                self.check(central.crc, central.stored, central.text)?;
                self.directory.at += self.stored;
                self.directory.len = used as u64;
                self.at = At::End;
            }
            At::End => {
                if record::end(&self.gathered, &mut self.directory)? {
                    self.at = At::Behind;
                }
            }
            At::Data | At::Behind => {}
        }
        self.gathered.drain(..used);
        Ok(())
    }
}

impl Inflate for Zip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        loop {
            let before = self.at;
            let step = match self.at {
                At::Data => self.data(input, output)?,
                At::Behind if input.is_empty() => Step::NONE,
                At::Behind => return Err(Fault::TrailingGarbage(0)),
                _ => Step {
                    read: self.record(input)?,
                    written: 0,
                },
            };
            if step != Step::NONE || self.at == before {
                return Ok(step);
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.at == At::Behind
    }
}

#[cfg(test)]
mod tests;
