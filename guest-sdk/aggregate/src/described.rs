//! The descriptor of a declaration.

use backfold_declaration as declared;
use backfold_declaration::{Column, Declaration};
use backfold_guest::{Condition, Descriptor, Encoding, Input, Kind, Origin, Output};

/// The descriptor. Its names live as long as the instance, which is opened once.
pub(crate) fn descriptor(name: &str, version: &str, declaration: &Declaration) -> Descriptor {
    let inputs: Vec<Input> = declaration.inputs.iter().map(input).collect();
    let only = declaration.only.iter().map(|only| Condition {
        path: text(&only.path),
        any_of: only
            .any_of
            .iter()
            .map(|value| text(value))
            .collect::<Vec<_>>()
            .leak(),
    });
    let of_kept = |columns: fn(&Declaration, &declared::Kept) -> Vec<Column>| {
        let kept = declaration.keep.iter();
        outputs(kept.flat_map(|kept| columns(declaration, kept)))
    };
    Descriptor {
        name: name.to_string(),
        version: version.to_string(),
        event_time: declaration.event_time.map(|at| inputs[at].name),
        inputs: inputs.leak(),
        only: only.collect::<Vec<_>>().leak(),
        keys: outputs(declaration.key_columns()),
        states: of_kept(Declaration::state_columns),
        views: of_kept(Declaration::view_columns),
        commutative: true,
    }
}

fn text(text: &str) -> &'static str {
    text.to_string().leak()
}

fn input(input: &declared::Input) -> Input {
    let origin = match &input.origin {
        declared::Origin::Path(path) => Origin::Path(text(path)),
        declared::Origin::RecordKey => Origin::RecordKey,
        declared::Origin::RecordHeader(name) => Origin::RecordHeader(text(name)),
        declared::Origin::RecordTime => Origin::RecordTime,
        declared::Origin::SourceName => Origin::SourceName,
        declared::Origin::Partition => Origin::Partition,
        declared::Origin::Offset => Origin::Offset,
    };
    let encoding = match input.encoding {
        declared::Encoding::Standard => Encoding::Standard,
        declared::Encoding::EpochSeconds => Encoding::EpochSeconds,
        declared::Encoding::EpochMilliseconds => Encoding::EpochMilliseconds,
        declared::Encoding::EpochMicroseconds => Encoding::EpochMicroseconds,
        declared::Encoding::EpochNanoseconds => Encoding::EpochNanoseconds,
        declared::Encoding::Hex => Encoding::Hex,
    };
    Input::new(
        text(&input.name),
        origin,
        kind(input.kind),
        encoding,
        input.nullable,
    )
}

fn outputs(columns: impl IntoIterator<Item = Column>) -> Vec<Output> {
    let columns = columns.into_iter();
    columns
        .map(|column| Output {
            name: column.name,
            kind: kind(column.kind),
            nullable: column.nullable,
        })
        .collect()
}

fn kind(kind: declared::Kind) -> Kind {
    match kind {
        declared::Kind::Boolean => Kind::Boolean,
        declared::Kind::Int64 => Kind::Int64,
        declared::Kind::Float64 => Kind::Float64,
        declared::Kind::Timestamp => Kind::Timestamp,
        declared::Kind::Date => Kind::Date,
        declared::Kind::Utf8 => Kind::Utf8,
        declared::Kind::Binary => Kind::Binary,
        declared::Kind::Json => Kind::Json,
    }
}
