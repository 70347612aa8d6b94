//! What stops decoding altogether, as opposed to the records it rejects.

use super::columnar::ColumnType;
use crate::error::{Class, Code, Coded};
use crate::units::ByteSize;

/// A failure that condemns the object, not a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The name or the job promises a compression that the content is not in.
    #[error("`{object}` should be {compression} but does not begin like it")]
    Mislabelled {
        /// The object's key.
        object: String,
        /// What is promised.
        compression: &'static str,
    },
    /// The object ends within a gzip member or a zstd frame.
    #[error("`{object}` ends in the middle of its {compression} data, after {byte} bytes")]
    Truncated {
        /// The object's key.
        object: String,
        /// The compression.
        compression: &'static str,
        /// How many bytes it has, as stored.
        byte: u64,
    },
    /// The compressed data is damaged.
    #[error("`{object}` holds damaged {compression} data at or before byte {byte}: {detail}")]
    Corrupt {
        /// The object's key.
        object: String,
        /// The compression.
        compression: &'static str,
        /// How far it was read, as stored.
        byte: u64,
        /// What the inflater says.
        detail: String,
    },
    /// The data refers further back than what is kept of it.
    #[error("`{object}` can be inflated only with a window of more than {limit}, the limit")]
    WindowTooLarge {
        /// The object's key.
        object: String,
        /// The limit.
        limit: ByteSize,
    },
    /// The compressed data is of a kind that is not read.
    #[error("`{object}` is {compression} data that is not read: {detail}")]
    Unsupported {
        /// The object's key.
        object: String,
        /// The compression.
        compression: &'static str,
        /// What it has that is not read.
        detail: String,
    },
    /// Something else follows the compressed data.
    #[error(
        "`{object}` holds something that is not {compression} at byte {byte}, behind complete {compression} data"
    )]
    TrailingGarbage {
        /// The object's key.
        object: String,
        /// The compression.
        compression: &'static str,
        /// Where it begins, as stored.
        byte: u64,
    },
    /// The object inflates beyond the absolute limit.
    #[error("`{object}` inflates to more than {limit}, the limit `decode.max_object`")]
    ObjectTooLarge {
        /// The object's key.
        object: String,
        /// The limit.
        limit: ByteSize,
    },
    /// The object inflates out of proportion.
    #[error(
        "`{object}` inflates to {decoded} from {stored} bytes, more than the {limit} to 1 that `decode.max_ratio` allows"
    )]
    RatioTooHigh {
        /// The object's key.
        object: String,
        /// The limit.
        limit: u32,
        /// What came out, so far.
        decoded: ByteSize,
        /// What went in, so far, in bytes.
        stored: u64,
    },
    /// The chunks of an object stopped or others began before its end.
    #[error("`{object}` was not delivered to its end")]
    Unfinished {
        /// The object's key.
        object: String,
    },
    /// Bytes came outside of any object.
    #[error("bytes were delivered that belong to no object")]
    Stray,
    /// The object is in a format that is not read.
    #[error("`{object}` is {format}, which is not read")]
    Format {
        /// The object's key.
        object: String,
        /// The format, as its name or its first bytes tell.
        format: &'static str,
    },
    /// The columns of a CSV object are not known.
    #[error("the header of `{object}` is of no use: {detail}")]
    Header {
        /// The object's key.
        object: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A column does not become what the component wants.
    #[error(transparent)]
    ColumnType(Box<ColumnType>),
    /// The component wants the bytes of records where there are none.
    #[error("`{object}` holds columns, and the component wants the bytes of records")]
    Payload {
        /// The object's key.
        object: String,
    },
    /// What an object says of itself cannot be true.
    #[error("`{object}` holds damaged {format} data in {place}: {detail}")]
    Damaged {
        /// The object's key.
        object: String,
        /// Its format.
        format: &'static str,
        /// Where.
        place: String,
        /// What is wrong.
        detail: String,
    },
    /// A row group takes too much memory.
    #[error(
        "the wanted columns of row group {group} of `{object}` have {size}, more than {limit}, the limit \
         `decode.max_row_group`"
    )]
    RowGroupTooLarge {
        /// The object's key.
        object: String,
        /// The row group, from 0.
        group: usize,
        /// What they have, as stored or uncompressed.
        size: ByteSize,
        /// The limit.
        limit: ByteSize,
    },
    /// A block takes too much memory.
    #[error(
        "a block or the header of `{object}` has more than {limit}, the limit `decode.max_row_group`"
    )]
    BlockTooLarge {
        /// The object's key.
        object: String,
        /// The limit.
        limit: ByteSize,
    },
    /// A row takes too much memory.
    #[error(
        "{place} of `{object}`: a row may take {size} once decoded, more than {limit}, the limit `decode.max_row_group`"
    )]
    RowTooLarge {
        /// The object's key.
        object: String,
        /// The row group and the column that takes most, or the block.
        place: String,
        /// What the row may take.
        size: ByteSize,
        /// The limit.
        limit: ByteSize,
    },
    /// An input or a condition asks for what this format cannot give.
    #[error("`{input}` cannot be decoded: {detail}")]
    Input {
        /// The input's name or the condition's path.
        input: String,
        /// Why.
        detail: String,
    },
    /// A setting is out of its range.
    #[error("`decode.{setting}` is out of range: {detail}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it may be.
        detail: &'static str,
    },
}

impl Coded for DecodeError {
    fn code(&self) -> &'static Code {
        match self {
            DecodeError::Mislabelled { .. } => &codes::MISLABELLED,
            DecodeError::Truncated { .. } => &codes::TRUNCATED,
            DecodeError::Corrupt { .. } => &codes::CORRUPT,
            DecodeError::WindowTooLarge { .. } => &codes::WINDOW_TOO_LARGE,
            DecodeError::Unsupported { .. } => &codes::UNSUPPORTED,
            DecodeError::TrailingGarbage { .. } => &codes::TRAILING_GARBAGE,
            DecodeError::ObjectTooLarge { .. } => &codes::OBJECT_TOO_LARGE,
            DecodeError::RatioTooHigh { .. } => &codes::RATIO_TOO_HIGH,
            DecodeError::Unfinished { .. } => &codes::UNFINISHED,
            DecodeError::Stray => &codes::STRAY,
            DecodeError::Format { .. } => &codes::FORMAT,
            DecodeError::Header { .. } => &codes::HEADER,
            DecodeError::ColumnType(_) => &codes::COLUMN_TYPE,
            DecodeError::Payload { .. } => &codes::PAYLOAD,
            DecodeError::Damaged { .. } => &codes::DAMAGED,
            DecodeError::RowGroupTooLarge { .. } | DecodeError::BlockTooLarge { .. } => {
                &codes::ROW_GROUP_TOO_LARGE
            }
            DecodeError::RowTooLarge { .. } => &codes::ROW_TOO_LARGE,
            DecodeError::Input { .. } => &codes::INPUT,
            DecodeError::Setting { .. } => &codes::SETTING,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const MISLABELLED: Code = Code::new(
        301,
        Class::Permanent,
        "Set `decode.compression`; or rename the object, or restore it (an empty `.gz` is a cut-off one), and plan again with `run --fresh`.",
    );
    pub(crate) const TRUNCATED: Code = Code::new(
        302,
        Class::Permanent,
        "Restore the object from its origin, or leave it out of the input; either way plan again with `run --fresh`.",
    );
    pub(crate) const CORRUPT: Code = Code::new(
        303,
        Class::Permanent,
        "Restore the object from its origin, or leave it out of the input; either way plan again with `run --fresh`.",
    );
    pub(crate) const TRAILING_GARBAGE: Code = Code::new(
        304,
        Class::Permanent,
        "Find out what was appended; cut it off or leave the object out, and plan again with `run --fresh`.",
    );
    pub(crate) const OBJECT_TOO_LARGE: Code = Code::new(
        305,
        Class::Permanent,
        "Raise `decode.max_object` if the object is what it should be.",
    );
    pub(crate) const RATIO_TOO_HIGH: Code = Code::new(
        306,
        Class::Permanent,
        "Raise `decode.max_ratio` if the object is what it should be.",
    );
    pub(crate) const UNFINISHED: Code = Code::new(
        307,
        Class::Retry,
        "Run the same command again: the split is read from its beginning.",
    );
    pub(crate) const STRAY: Code = Code::new(
        310,
        Class::Permanent,
        "Report it: the driver breaks the contract of `ReplayDriver`.",
    );
    pub(crate) const INPUT: Code = Code::new(
        308,
        Class::Usage,
        "Change the component's inputs, which `backfold inspect` shows, or `decode.format`.",
    );
    pub(crate) const SETTING: Code =
        Code::new(309, Class::Usage, "Change the setting in the job file.");

    pub(crate) const WINDOW_TOO_LARGE: Code = Code::new(
        311,
        Class::Permanent,
        "Compress the object anew with `zstd --long=27` or without `--long`, and plan again with `run --fresh`.",
    );

    pub(crate) const FORMAT: Code = Code::new(
        312,
        Class::Permanent,
        "Set `decode.format` if it is another one, or leave the object out of the input and plan again with `run --fresh`.",
    );

    pub(crate) const UNSUPPORTED: Code = Code::new(
        313,
        Class::Permanent,
        "Compress the object anew with gzip or zstd, and plan again with `run --fresh`.",
    );
    pub(crate) const HEADER: Code = Code::new(
        314,
        Class::Permanent,
        "Set `delimiter`, or `header = false` and `columns`, below `[decode.csv]`; or leave the object out and plan again with `run --fresh`.",
    );
    pub(crate) const COLUMN_TYPE: Code = Code::new(
        350,
        Class::Permanent,
        "Change the component's input to what the column is, or leave the object out and plan again with `run --fresh`.",
    );
    pub(crate) const PAYLOAD: Code = Code::new(
        351,
        Class::Usage,
        "Let the component ask for the columns that it needs, by their paths.",
    );
    pub(crate) const DAMAGED: Code = Code::new(
        352,
        Class::Permanent,
        "Restore the object from its origin, or leave it out of the input; either way plan again with `run --fresh`.",
    );
    pub(crate) const ROW_GROUP_TOO_LARGE: Code = Code::new(
        353,
        Class::Permanent,
        "Raise `decode.max_row_group` if the workers have memory for it; or write smaller ones, and plan again with `run --fresh`.",
    );

    pub(crate) const ROW_TOO_LARGE: Code = Code::new(
        354,
        Class::Permanent,
        "Find out what wrote it: a few bytes of it stand for very many. If it is what it should be, raise \
         `decode.max_row_group`; otherwise leave the object out of the input and plan again with `run --fresh`.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &MISLABELLED,
        &TRUNCATED,
        &CORRUPT,
        &TRAILING_GARBAGE,
        &OBJECT_TOO_LARGE,
        &RATIO_TOO_HIGH,
        &UNFINISHED,
        &STRAY,
        &WINDOW_TOO_LARGE,
        &FORMAT,
        &UNSUPPORTED,
        &HEADER,
        &COLUMN_TYPE,
        &PAYLOAD,
        &DAMAGED,
        &ROW_GROUP_TOO_LARGE,
        &ROW_TOO_LARGE,
        &INPUT,
        &SETTING,
    ];
}
