//! Text in other encodings than UTF-8, as UTF-8.

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::inflater::{Fault, Inflate, Step};
use crate::decode::TextEncoding;

/// The first bytes of objects of columns, which are not text whatever the job says.
const COLUMNS: [&[u8]; 2] = [b"Obj\x01", b"PAR1"];

/// Output that is too small for the longest character, and for the byte that stands for none.
const LEAST_ROOM: usize = 16;

/// What is written for bytes that are no character. It is never part of UTF-8, so its record is rejected.
const NO_CHARACTER: u8 = 0xff;

/// Converts text to UTF-8, without its byte order mark.
pub(super) struct Transcoder {
    decoder: Decoder,
    /// Output for which there was no room.
    pending: Vec<u8>,
    has_ended: bool,
    is_done: bool,
}

impl Transcoder {
    /// A transcoder for a text that begins with `head`; `None` if it is to be read as it is.
    pub(super) fn of(setting: TextEncoding, head: &[u8]) -> Option<Self> {
        if COLUMNS.iter().any(|magic| head.starts_with(magic)) {
            return None;
        }
        let encoding = match setting {
            TextEncoding::Auto => match head {
                // The mark of UTF-32.
                [0xff, 0xfe, 0, 0, ..] => return None,
                [0xff, 0xfe, ..] => UTF_16LE,
                [0xfe, 0xff, ..] => UTF_16BE,
                _ => return None,
            },
            TextEncoding::Utf8 => return None,
            TextEncoding::Utf16Le => UTF_16LE,
            TextEncoding::Utf16Be => UTF_16BE,
            TextEncoding::Windows1252 => WINDOWS_1252,
        };
        Some(Transcoder {
            // A mark of another encoding takes precedence.
            decoder: encoding.new_decoder(),
            pending: Vec::new(),
            has_ended: false,
            is_done: false,
        })
    }
}

impl Inflate for Transcoder {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        let mut read = 0;
        loop {
            if !self.pending.is_empty() {
                let written = self.pending.len().min(output.len());
                output[..written].copy_from_slice(&self.pending[..written]);
                self.pending.drain(..written);
                return Ok(Step { read, written });
            }
            if self.is_done {
                return Ok(Step { read, written: 0 });
            }
            let mut room = [0; LEAST_ROOM];
            let is_small = output.len() < LEAST_ROOM;
            let to = if is_small {
                &mut room[..]
            } else {
                &mut output[..]
            };
            let (result, taken, written) =
                self.decoder
                    .decode_to_utf8_without_replacement(&input[read..], to, self.has_ended);
            read += taken;
            if is_small {
                self.pending.extend_from_slice(&room[..written]);
            }
            match result {
                DecoderResult::InputEmpty => self.is_done = self.has_ended,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.pending.push(NO_CHARACTER),
            }
            if !is_small && written > 0 {
                return Ok(Step { read, written });
            }
            if self.pending.is_empty() {
                return Ok(Step { read, written: 0 });
            }
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.has_ended = true;
        Ok(())
    }

    fn is_complete(&self) -> bool {
        true
    }
}
