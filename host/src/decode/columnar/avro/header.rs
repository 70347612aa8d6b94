//! The header of an Avro object: a map of metadata, and the marker that ends each block.

/// The header of an Avro object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The writer's schema, as JSON.
    pub(super) schema: String,
    /// The name of the compression of blocks.
    pub(super) codec: String,
    pub(super) sync: [u8; SYNC_BYTES],
}

pub(super) const SYNC_BYTES: usize = 16;

const MAGIC: &[u8] = b"Obj\x01";

/// The reason for which a value could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// More bytes are needed.
    Short,
    /// The bytes are not valid.
    Damaged(&'static str),
}

impl Unread {
    /// The reason, for values whose bytes are all there.
    pub(super) fn detail(self) -> &'static str {
        match self {
            Unread::Short => "it is cut off",
            Unread::Damaged(detail) => detail,
        }
    }
}

/// Reads values from the front of `bytes`.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn header(&mut self) -> Result<Header, Unread> {
        if self.take(MAGIC.len())? != MAGIC {
            return Err(Unread::Damaged("it does not begin like Avro"));
        }
        let (mut schema, mut codec) = (None, None);
        loop {
            let mut entries = self.long()?;
            if entries == 0 {
                break;
            }
            if entries < 0 {
                // The length of the block in bytes, for readers that skip it.
                self.long()?;
                entries = entries
                    .checked_neg()
                    .ok_or(Unread::Damaged("too much metadata"))?;
            }
            for _ in 0..entries {
                let (key, value) = (self.bytes()?, self.bytes()?);
                match key {
                    b"avro.schema" => schema = Some(text(value)?),
                    b"avro.codec" => codec = Some(text(value)?),
                    _ => {}
                }
            }
        }
        let sync = self.sync()?;
        Ok(Header {
            schema: schema.ok_or(Unread::Damaged("it has no schema"))?,
            codec: codec.unwrap_or_else(|| "null".to_owned()),
            sync,
        })
    }

    pub(super) fn sync(&mut self) -> Result<[u8; SYNC_BYTES], Unread> {
        let mut sync = [0; SYNC_BYTES];
        sync.copy_from_slice(self.take(SYNC_BYTES)?);
        Ok(sync)
    }

    /// A zigzag number of seven bits per byte.
    pub(super) fn long(&mut self) -> Result<i64, Unread> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(Unread::Damaged("a number is longer than 64 bits"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Unread> {
        let length = usize::try_from(self.long()?);
        self.take(length.map_err(|_| Unread::Damaged("a negative length"))?)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Unread> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Unread::Short)?;
        self.bytes = rest;
        Ok(taken)
    }
}

fn text(bytes: &[u8]) -> Result<String, Unread> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Unread::Damaged("its metadata is not UTF-8"))
}
