//! Errors that stop decoding, as opposed to the rejection of one record.

use crate::error::{Class, Code, Coded};
use crate::units::ByteSize;

/// An error of a whole object, or of the projection or a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The content does not have the compression that the object's name or the job says.
    #[error("`{object}` should be {compression}, but its first bytes are not")]
    Mislabelled {
        /// The object's key.
        object: String,
        /// The compression by name or job.
        compression: &'static str,
    },
    /// The object ends within its compressed data, or within a JSON array or document.
    #[error("`{object}` ends in the middle of its {compression} data, after {byte} bytes")]
    Truncated {
        /// The object's key.
        object: String,
        /// The compression, or `JSON`.
        compression: &'static str,
        /// Stored bytes of the object; decompressed ones of JSON.
        byte: u64,
    },
    /// The compressed data is damaged.
    #[error("`{object}` holds damaged {compression} data at or before byte {byte}: {detail}")]
    Corrupt {
        /// The object's key.
        object: String,
        /// The compression.
        compression: &'static str,
        /// Stored bytes up to which it was read.
        byte: u64,
        /// The message of the library.
        detail: String,
    },
    /// The data needs a larger window than is kept in memory.
    #[error("`{object}` can be inflated only with a window of more than {limit}, the limit")]
    WindowTooLarge {
        /// The object's key.
        object: String,
        /// The limit.
        limit: ByteSize,
    },
    /// The compressed data is of an unsupported kind.
    #[error("`{object}` is {compression} data of a kind that is not supported: {detail}")]
    Unsupported {
        /// The object's key.
        object: String,
        /// The compression.
        compression: &'static str,
        /// The unsupported part.
        detail: String,
    },
    /// Other data follows the compressed data.
    #[error(
        "`{object}` has data that is not {compression} at byte {byte}, after complete {compression} data"
    )]
    TrailingGarbage {
        /// The object's key.
        object: String,
        /// The compression.
        compression: &'static str,
        /// Stored offset in bytes of the other data.
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
        /// Decompressed size so far.
        decoded: ByteSize,
        /// Stored bytes read so far.
        stored: u64,
    },
    /// The driver sent the end of the split, or another object, before the end of this object.
    #[error("the driver did not deliver `{object}` to its end")]
    Unfinished {
        /// The object's key.
        object: String,
    },
    /// The driver sent bytes outside of any object.
    #[error("the driver delivered bytes that belong to no object")]
    Stray,
    /// The object has a format that is not read.
    #[error("`{object}` is {format}, which is not read")]
    Format {
        /// The object's key.
        object: String,
        /// The format by name or first bytes.
        format: &'static str,
    },
    /// The object is not text, though its name or the job says so.
    #[error("`{object}` should be {format}, but its first bytes are {found}: {remedy}")]
    Foreign {
        /// The object's key.
        object: String,
        /// The format by name or job.
        format: &'static str,
        /// What the first bytes are.
        found: &'static str,
        /// The setting that reads it.
        remedy: &'static str,
    },
    /// The header of a CSV object is unusable.
    #[error("the header of `{object}` is unusable: {detail}")]
    Header {
        /// The object's key.
        object: String,
        /// The reason.
        detail: String,
    },
    /// A column does not convert to the input of the component.
    #[error(transparent)]
    ColumnType(Box<ColumnType>),
    /// The component has the input `payload`, and records of the format have no bytes.
    #[error("`{object}` holds columns, and the component wants the bytes of records (`payload`)")]
    Payload {
        /// The object's key.
        object: String,
    },
    /// The object contains invalid data.
    #[error("`{object}` holds damaged {format} data in {place}: {detail}")]
    Damaged {
        /// The object's key.
        object: String,
        /// Its format.
        format: &'static str,
        /// The part of the object.
        place: String,
        /// The reason.
        detail: String,
    },
    /// The object is valid, but uses a part of its format that is not read.
    #[error("`{object}` is {format} that cannot be read: {situation}")]
    NotRead {
        /// The object's key.
        object: String,
        /// Its format.
        format: &'static str,
        /// The part that is not read, and the way out of it, if there is one.
        situation: String,
    },
    /// A row group needs too much memory.
    #[error(
        "the wanted columns of row group {group} of `{object}` have {size}, more than {limit}, the limit \
         `decode.max_row_group`"
    )]
    RowGroupTooLarge {
        /// The object's key.
        object: String,
        /// The row group, from 0.
        group: usize,
        /// Size of the columns, stored or uncompressed.
        size: ByteSize,
        /// The limit.
        limit: ByteSize,
    },
    /// A block needs too much memory.
    #[error(
        "a block or the header of `{object}` has more than {limit}, the limit `decode.max_row_group`"
    )]
    BlockTooLarge {
        /// The object's key.
        object: String,
        /// The limit.
        limit: ByteSize,
    },
    /// A row needs too much memory.
    #[error(
        "{place} of `{object}`: a row may take {size} once decoded, more than {limit}, the limit `decode.max_row_group`"
    )]
    RowTooLarge {
        /// The object's key.
        object: String,
        /// The row group and its largest column, or the block.
        place: String,
        /// Size that the row may have.
        size: ByteSize,
        /// The limit.
        limit: ByteSize,
    },
    /// The format cannot have the values of an input or a condition.
    #[error("`{input}` cannot be decoded: {detail}")]
    Input {
        /// The input's name or the condition's path.
        input: String,
        /// The reason.
        detail: String,
    },
    /// A setting is out of its range.
    #[error("`decode.{setting}` is out of range: {detail}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The valid range.
        detail: &'static str,
    },
}

/// A column of a type that does not convert to the input of the component.
#[derive(Debug, thiserror::Error)]
#[error("column `{column}` of `{object}` is of type {found}, which does not become {wanted}")]
pub struct ColumnType {
    /// The object's key.
    pub object: String,
    /// The path to the column.
    pub column: String,
    /// Type of the column, as Arrow names it.
    pub found: String,
    /// Kind and encoding of the input.
    pub wanted: String,
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
            DecodeError::Format { .. } | DecodeError::Foreign { .. } => &codes::FORMAT,
            DecodeError::Header { .. } => &codes::HEADER,
            DecodeError::ColumnType(_) => &codes::COLUMN_TYPE,
            DecodeError::Payload { .. } => &codes::PAYLOAD,
            DecodeError::Damaged { .. } => &codes::DAMAGED,
            DecodeError::NotRead { .. } => &codes::NOT_READ,
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
        "Change the component to read the columns that it needs, by their paths, instead of `payload`.",
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
        "A few stored bytes of the object become very many in memory: check the program that wrote it. If the object is what \
         it should be, raise `decode.max_row_group`; otherwise leave the object out of the input and plan again with `run --fresh`.",
    );

    pub(crate) const NOT_READ: Code = Code::new(
        355,
        Class::Permanent,
        "Write the object anew without what the error names, or let the component read other columns; or leave the object \
         out of the input. In each case plan again with `run --fresh`.",
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
        &NOT_READ,
        &INPUT,
        &SETTING,
    ];
}
