//! The source of a pipeline in C.

use backfold_declaration::{
    Aggregate, Column, Condition, Encoding, Entry, Input, Kept, Kind, Origin, Period, Test,
};

use super::super::outline::{Outline, Refusal, float, indented};
use super::fold::C;
use super::words::{MONTH, MOST, OR_NULL, WEEK, WORDS, YEAR, YEAR_AT, comment, quoted};

/// The file `pipeline.c`.
///
/// # Errors
/// The entry that C cannot say.
pub(in super::super) fn source(outline: &Outline<'_>) -> Result<String, Refusal> {
    refuse(outline)?;
    Ok(C::new(outline).source())
}

/// Refuses what C cannot say.
fn refuse(outline: &Outline<'_>) -> Result<(), Refusal> {
    let declaration = outline.declaration;
    outline.refuse_names(|name| {
        let lower = name.to_ascii_lowercase();
        (WORDS.contains(&name) || lower.starts_with("bf_") || name.starts_with("__"))
            .then(|| format!("`{name}` has a meaning of its own in C or in its SDK, and is no name of a column there"))
    })?;
    let inputs = declaration.inputs.len() + declaration.only.len();
    for (what, number) in [
        (
            "an event has at most 64 fields and conditions of `where`",
            inputs,
        ),
        ("a state has at most 64 parts", declaration.keep.len()),
        ("a view has at most 64 columns", outline.views().len()),
    ] {
        if number > MOST {
            let problem = format!("in the SDK of C, {what}, and this declaration has {number}");
            return Err(Refusal::new(Entry::Whole, problem));
        }
    }
    let unfit = |text: &str| text.contains('\0');
    let no_nul = "a text of C ends with its first character 0, which this one contains";
    for only in &declaration.only {
        if unfit(&only.path) || only.any_of.iter().any(|value| unfit(value)) {
            return Err(Refusal::new(Entry::Where(only.path.clone()), no_nul));
        }
    }
    let has_unfit = |when: &Condition| matches!(&when.test, Test::Text { any_of, .. } if any_of.iter().any(|text| unfit(text)));
    for (reject, (condition, _)) in declaration.reject.iter().zip(&outline.source.reject) {
        if has_unfit(&reject.when) || unfit(&reject.reason) {
            return Err(Refusal::new(Entry::Reject(condition.clone()), no_nul));
        }
    }
    for kept in &declaration.keep {
        if kept.when.as_ref().is_some_and(has_unfit) {
            return Err(Refusal::new(Entry::Keep(kept.name.clone()), no_nul));
        }
    }
    for input in &declaration.inputs {
        let (Origin::Path(text) | Origin::RecordHeader(text)) = &input.origin else {
            continue;
        };
        // A path with one of these characters first stands for another origin.
        if unfit(text) || text.starts_with(|c: char| c < '\u{8}') {
            let problem = format!("a path of the SDK of C cannot be {text:?}");
            return Err(Refusal::new(Entry::Whole, problem));
        }
    }
    Ok(())
}

/// The arguments of a macro, each on a line with its comment.
fn list(head: &str, items: &[(String, String)]) -> String {
    let mut text = head.to_owned();
    let mut comment_before = String::new();
    for (item, about) in items {
        text.push(',');
        text.push_str(&comment_before);
        text.push_str(&format!("\n  {item}"));
        comment_before = match about.as_str() {
            "" => String::new(),
            about => format!("  // {}", comment(about)),
        };
    }
    text + ")" + &comment_before + "\n"
}

/// The input that is read from a record.
fn read(name: &str, input: &Input, is_event_time: bool) -> String {
    let origin = match &input.origin {
        Origin::Path(path) => quoted(path),
        Origin::RecordKey => "BF_RECORD_KEY".to_owned(),
        Origin::RecordHeader(name) => format!("BF_RECORD_HEADER({})", quoted(name)),
        Origin::RecordTime => "BF_RECORD_TIME".to_owned(),
        Origin::SourceName => "BF_SOURCE_NAME".to_owned(),
        Origin::Partition => "BF_PARTITION".to_owned(),
        Origin::Offset => "BF_OFFSET".to_owned(),
    };
    let encoding = match input.encoding {
        Encoding::Standard => "",
        Encoding::EpochSeconds => ", BF_EPOCH_SECONDS",
        Encoding::EpochMilliseconds => ", BF_EPOCH_MILLISECONDS",
        Encoding::EpochMicroseconds => ", BF_EPOCH_MICROSECONDS",
        Encoding::EpochNanoseconds => ", BF_EPOCH_NANOSECONDS",
        Encoding::Hex => ", BF_HEX",
    };
    let kind = input.kind;
    match (is_event_time, input.nullable) {
        (true, _) => format!("BF_EVENT_TIME({name}, {origin}{encoding})"),
        (false, true) => format!("BF_IN_OR_NULL({kind}, {name}, {origin}{encoding})"),
        (false, false) => format!("BF_IN({kind}, {name}, {origin}{encoding})"),
    }
}

fn column_of(name: &str, kind: Kind, nullable: bool) -> String {
    match nullable {
        true => format!("BF_COLUMN_OR_NULL({kind}, {name})"),
        false => format!("BF_COLUMN({kind}, {name})"),
    }
}

fn view(kept: &Kept, number: usize) -> String {
    let name = &kept.name;
    match &kept.aggregate {
        Aggregate::Distinct(_) => format!("llround(bf_hll_estimate(&s->{name}))"),
        Aggregate::Quantile { quantiles, .. } => {
            format!("quantile_of(&s->{name}, {})", float(quantiles[number]))
        }
        _ => format!("bf_sum_float64_value(&s->{name})"),
    }
}

impl C<'_> {
    pub(super) fn source(&self) -> String {
        let (outline, declaration) = (self.outline, self.outline.declaration);
        let mut items = Vec::new();
        for only in &declaration.only {
            let texts = std::iter::once(&only.path).chain(&only.any_of);
            let texts: Vec<_> = texts.map(|text| quoted(text)).collect();
            items.push((format!("BF_ONLY({})", texts.join(", ")), String::new()));
        }
        for (number, input) in declaration.inputs.iter().enumerate() {
            let is_event_time = declaration.event_time == Some(number);
            items.push((
                read(&self.fields[number], input, is_event_time),
                String::new(),
            ));
        }
        let mut text = format!(
            "// {}\n#include \"backfold/backfold.h\"\n\n// What is read from a record.\n{}",
            comment(&outline.about()),
            list("BF_EVENT(record", &items)
        );
        let keys = declaration.key_columns();
        let keys = keys.iter().enumerate().map(|(number, column)| {
            (
                column_of(&column.name, column.kind, column.nullable),
                outline.key_line(number),
            )
        });
        text.push_str(&format!(
            "\n// The key.\n{}",
            list("BF_KEY(group", &keys.collect::<Vec<_>>())
        ));
        let kept = declaration.keep.iter().enumerate();
        let kept = kept.map(|(number, kept)| (self.monoid(kept), outline.keep_line(number)));
        text.push_str(&format!(
            "\n// What is kept for a key.\n{}",
            list("BF_STATE(kept", &kept.collect::<Vec<_>>())
        ));
        let views = outline.views();
        text.push_str(&match views.as_slice() {
            [] => "\nBF_NO_VIEW\n".to_owned(),
            views => {
                let columns = views.iter().map(|(_, _, column)| {
                    let column = column_of(&column.name, column.kind, column.nullable);
                    (column, String::new())
                });
                let columns = list("BF_VIEW(shown", &columns.collect::<Vec<_>>());
                format!("\n// What readers of the table see beside the sketches.\n{columns}")
            }
        });
        text + &self.functions(&views)
    }

    /// All functions, and the declaration of the pipeline.
    fn functions(&self, views: &[(&Kept, usize, Column)]) -> String {
        let has = |period| self.outline.has_period(period);
        let helpers = [
            (has(Period::Week), WEEK),
            (has(Period::Month) || has(Period::Year), YEAR_AT),
            (has(Period::Month), MONTH),
            (has(Period::Year), YEAR),
            (views.iter().any(|(_, _, column)| column.nullable), OR_NULL),
        ];
        let used = helpers.into_iter().filter(|(is_used, _)| *is_used);
        let mut text: String = used.map(|(_, helper)| helper).collect();
        text.push_str("\nstatic const char *fold(const record *e) {\n");
        text.push_str(&indented(&self.fold(), "  "));
        text.push_str("  return NULL;\n}\n");
        let mut present = "";
        if !views.is_empty() {
            present = ", .present = show";
            text.push_str("\nstatic void show(const kept *s, shown *out) {\n");
            for (kept, number, column) in views {
                let value = view(kept, *number);
                text.push_str(&format!("  out->{} = {value};\n", column.name));
            }
            text.push_str("}\n");
        }
        let name = quoted(self.outline.name);
        text + &format!(
            "\nBF_PIPELINE(.name = {name}, .version = \"0.1.0\", .fold = fold{present})\n"
        )
    }

    fn monoid(&self, kept: &Kept) -> String {
        let name = &kept.name;
        let of = |input: usize| self.outline.input(input).kind.name();
        match kept.aggregate {
            Aggregate::Count(_) => format!("BF_SUM({name})"),
            Aggregate::Sum(input) if self.outline.input(input).kind == Kind::Float64 => {
                format!("BF_SUM_FLOAT64({name})")
            }
            Aggregate::Sum(_) => format!("BF_SUM({name})"),
            Aggregate::Min(input) => format!("BF_MIN({}, {name})", of(input)),
            Aggregate::Max(input) => format!("BF_MAX({}, {name})", of(input)),
            Aggregate::Any(_) => format!("BF_ANY({name})"),
            Aggregate::All(_) => format!("BF_ALL({name})"),
            Aggregate::First { value, .. } => format!("BF_FIRST({}, {name})", of(value)),
            Aggregate::Last { value, .. } => format!("BF_LAST({}, {name})", of(value)),
            Aggregate::Distinct(_) => format!("BF_HLL({name})"),
            Aggregate::Quantile { .. } => format!("BF_DD_SKETCH({name}, 10)"),
        }
    }
}
