//! What zip archives may hold.

use super::super::support::zipped;
use super::super::tests::all_pieces;
use crate::decode::DecodeError;

/// What is wrong with an archive that was changed.
fn wrong(change: impl Fn(&mut Vec<u8>)) -> String {
    let mut stored = zipped(b"{}");
    change(&mut stored);
    match all_pieces("a.zip", &stored).unwrap_err() {
        DecodeError::Unsupported { detail, .. } => format!("not read: {detail}\n"),
        DecodeError::Corrupt { detail, .. } => format!("damaged: {detail}\n"),
        error => format!("{error}\n"),
    }
}

#[test]
fn archives_that_are_not_read_say_why() {
    let whole = zipped(b"{}");
    let find = |signature: &[u8]| whole.windows(4).position(|at| at == signature).unwrap();
    let (central, end) = (find(b"PK\x01\x02"), find(b"PK\x05\x06"));
    let reasons = [
        wrong(|stored| stored[6] |= 1),
        wrong(|stored| stored[8] = 93),
        wrong(|stored| stored[8] = 0),
        wrong(|stored| drop(stored.drain(..end))),
        wrong(|stored| drop(stored.splice(central..central, whole.clone()))),
        wrong(|stored| drop(stored.splice(end..end, whole[central..end].to_vec()))),
        wrong(|stored| stored[central - 12] ^= 1),
        wrong(|stored| stored[central + 16] ^= 1),
        wrong(|stored| stored[central + 42] = 1),
        wrong(|stored| stored[end + 10] = 2),
        wrong(|stored| stored[end + 16] ^= 1),
        wrong(|stored| stored[end] = b'Q'),
    ];
    insta::assert_snapshot!(reasons.concat(), @"
    not read: an entry that is encrypted
    not read: an entry compressed by method 93, not stored or deflated
    not read: a stored entry whose length stands behind it
    not read: an archive without entries
    not read: an archive of more than one entry
    not read: an archive of more than one entry
    damaged: the CRC or the lengths behind the entry do not match
    damaged: the CRC of the entry does not match
    damaged: the directory puts the entry elsewhere
    damaged: the end of the directory does not fit the directory
    damaged: the end of the directory does not fit the directory
    damaged: a record that does not belong there
    ");
}

#[test]
fn a_comment_belongs_to_the_archive() {
    let mut stored = zipped(b"{}");
    let length = stored.len() - 2;
    stored[length] = 5;
    stored.extend(b"hello");
    assert_eq!(all_pieces("a.zip", &stored).unwrap(), b"{}");
}
