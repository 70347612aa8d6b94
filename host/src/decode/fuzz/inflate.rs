//! Any bytes as a compressed object, and texts compressed and then damaged.

use crate::decode::inflate::support::{WAYS, inflate as read};
use crate::decode::inflate::{Compression, of_magic};
use crate::decode::{DecodeError, DecodeOptions, TextEncoding};
use crate::error::Coded;
use crate::units::ByteSize;

const LIMIT: ByteSize = ByteSize(1 << 20);

/// How to begin with the stored bytes: the second and third lowest bit of the first byte of the input choose this, the
/// lowest and the two above them the compression.
enum How {
    /// What follows is stored.
    Raw,
    /// What follows is text; compressed, it is stored.
    Whole,
    /// Two bytes of that are changed.
    Changed,
    /// It is cut off.
    Cut,
}

/// Reads what `input` describes.
///
/// # Panics
/// If damage is not noticed, or the result depends on the pieces.
pub fn inflate(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    let way = &WAYS[usize::from(choice & 1 | choice >> 2 & 0b110)];
    let object = way.object;
    let how = [How::Raw, How::Whole, How::Changed, How::Cut];
    let how = &how[usize::from(choice >> 1 & 3)];
    if matches!(how, How::Raw) {
        if let Ok(text) = all_pieces(object, rest) {
            assert!(text.len() as u64 <= LIMIT.0);
        }
        return;
    }
    let Some((places, text)) = rest.split_first_chunk::<6>() else {
        return;
    };
    if of_magic(text) != Compression::None {
        // Compressed text that begins so is a second level of compression.
        return;
    }
    // Two members or frames, where there can be.
    let half = if way.joins { text.len() / 2 } else { 0 };
    let mut stored = (way.compress)(&text[half..]);
    if way.joins {
        stored = [(way.compress)(&text[..half]), stored].concat();
    }
    let length = stored.len();
    let place = |at: usize| usize::from(u16::from_le_bytes([places[at], places[at + 1]])) % length;
    match how {
        How::Changed => {
            stored[place(0)] ^= places[4];
            stored[place(2)] ^= places[5];
        }
        How::Cut => stored.truncate(place(0)),
        How::Raw | How::Whole => {}
    }
    match (all_pieces(object, &stored), how) {
        (Ok(found), How::Cut) => {
            // A missing member is not noticed, nor a missing block of snappy in formats that do not mark the last one.
            let has_blocks = ["java.snappy", "framed.sz"].contains(&way.object);
            // One zero is what a bare block of nothing is.
            let is_whole = found == text[..half] || has_blocks || stored == [0];
            assert!(
                is_whole && text.starts_with(&found),
                "a cut was not noticed"
            );
        }
        (Ok(_), How::Changed) if !way.checks => {}
        (Ok(found), How::Changed) if way.object == "framed.sz" => {
            // No checksum covers the type of a chunk, and most types are those of chunks to skip.
            let (first, second) = text.split_at(half);
            let is_left = [text, first, second, &[]].contains(&&found[..]);
            assert!(is_left, "damage was not noticed");
        }
        (Ok(found), _) => assert!(found == text, "damage was not noticed"),
        (Err(error), How::Whole) => panic!("{error}"),
        (Err(_), _) => {}
    }
}

/// Reads `stored` whole and in pieces.
fn all_pieces(object: &str, stored: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let options = DecodeOptions {
        max_object: LIMIT,
        encoding: TextEncoding::Utf8,
        ..DecodeOptions::default()
    };
    let whole = read(object, stored, stored.len().max(1), &options);
    for piece in [1, 7] {
        match (&read(object, stored, piece, &options), &whole) {
            // Of an empty last block, libzstd checks less where it does not have all of the frame at once: neither
            // its kind nor the length that the header promises.
            (_, Err(DecodeError::Corrupt { .. })) if object.ends_with(".zst") => {}
            (Ok(pieces), Ok(whole)) => assert!(pieces == whole, "in pieces of {piece}"),
            (Err(pieces), Err(whole)) => {
                documented(pieces);
                // How far damaged data is read depends on the pieces, and so whether it is too much before.
                if !is_limit(pieces) && !is_limit(whole) {
                    assert_eq!(pieces.code(), whole.code(), "in pieces of {piece}");
                }
            }
            (Ok(_), Err(error)) => panic!("read in pieces of {piece}, but not whole: {error}"),
            (Err(error), Ok(_)) => panic!("read whole, but not in pieces of {piece}: {error}"),
        }
    }
    whole
}

fn is_limit(error: &DecodeError) -> bool {
    matches!(
        error,
        DecodeError::ObjectTooLarge { .. } | DecodeError::RatioTooHigh { .. }
    )
}

/// No other error comes of an object's bytes.
fn documented(error: &DecodeError) {
    let is_damage = matches!(
        error,
        DecodeError::Mislabelled { .. }
            | DecodeError::Truncated { .. }
            | DecodeError::Corrupt { .. }
            | DecodeError::WindowTooLarge { .. }
            | DecodeError::Unsupported { .. }
            | DecodeError::TrailingGarbage { .. }
    );
    assert!(is_damage || is_limit(error), "{error}");
}
