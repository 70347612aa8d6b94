//! The source of a pipeline in Go.

use backfold_declaration::{Aggregate, Column, Encoding, Input, Kept, Kind, Origin, Period};

use super::super::outline::{Outline, Refusal, encoding_name, float, indented, quoted};
use super::fold::Go;
use super::words::{FINITE, MONTH, OR_NULL, WEEK, YEAR, snake, type_of};

/// The file `main.go`.
///
/// # Errors
/// The entry that Go cannot say.
pub(in super::super) fn source(outline: &Outline<'_>) -> Result<String, Refusal> {
    Ok(Go::new(outline).source())
}

/// The tag of a column's field, where it has another name.
fn name_tag(field: &str, column: &str) -> String {
    match snake(field) == column {
        true => String::new(),
        false => written(column),
    }
}

/// The tag of an event's field.
fn tag(input: &Input, is_event_time: bool) -> String {
    let escaped = |text: &str| text.replace(',', "\\,");
    let mut text = match &input.origin {
        Origin::Path(path) => escaped(path),
        Origin::RecordKey => ",record-key".to_owned(),
        Origin::RecordHeader(name) => format!(",record-header={}", escaped(name)),
        Origin::RecordTime => ",record-time".to_owned(),
        Origin::SourceName => ",source-name".to_owned(),
        Origin::Partition => ",partition".to_owned(),
        Origin::Offset => ",offset".to_owned(),
    };
    if input.encoding != Encoding::Standard {
        text.push_str(&format!(",encoding={}", encoding_name(input.encoding)));
    }
    if is_event_time {
        text.push_str(",time");
    }
    written(&text)
}

/// A tag in Go: the text in quotes, within backticks or, where it has one, within quotes again.
fn written(text: &str) -> String {
    let tag = format!("backfold:{}", quoted(text));
    match tag.contains('`') {
        true => quoted(&tag),
        false => format!("`{tag}`"),
    }
}

/// A struct, whose comment begins with its name; nothing where it has no fields.
fn structure(about: &str, rows: Vec<[String; 4]>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let name = about.split(' ').next().unwrap_or_default();
    format!(
        "\n// {about}\ntype {name} struct {{\n{}}}\n",
        aligned(&rows)
    )
}

/// The fields of a struct, in columns as gofmt sets them: name, type, tag, comment. A column is as wide as it is in the lines
/// next to each other in which something follows it.
fn aligned(rows: &[[String; 4]]) -> String {
    let width = |at: usize, column: usize, counts: &dyn Fn(&[String; 4]) -> bool| {
        let after = rows[at..].iter().take_while(|row| counts(row));
        let before = rows[..at].iter().rev().take_while(|row| counts(row));
        let lengths = before.chain(after).map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let has_more = |row: &[String; 4]| !(row[2].is_empty() && row[3].is_empty());
    let has_both = |row: &[String; 4]| !(row[2].is_empty() || row[3].is_empty());
    let lines = rows.iter().enumerate().map(|(at, row)| {
        let [name, of, tag, comment] = row;
        let mut line = format!("\t{name:0$} ", width(at, 0, &|_| true));
        match has_more(row) {
            true => line.push_str(&format!("{of:0$}", width(at, 1, &has_more))),
            false => line.push_str(of),
        }
        match has_both(row) {
            true => line.push_str(&format!(" {tag:0$}", width(at, 2, &has_both))),
            false if tag.is_empty() => {}
            false => line.push_str(&format!(" {tag}")),
        }
        if !comment.is_empty() {
            line.push_str(&format!(" // {comment}"));
        }
        line + "\n"
    });
    lines.collect()
}

impl Go<'_> {
    pub(super) fn source(&self) -> String {
        let has_views = !self.views.is_empty();
        let mut body = self.types();
        body.push_str("\nfunc fold(e *Record, out *guest.Out[Group, Kept]) error {\n");
        body.push_str(&indented(&self.fold(), "\t"));
        body.push_str("\treturn nil\n}\n");
        if has_views {
            body.push_str(&self.present());
        }
        body.push_str(&self.helpers());
        body.push_str(&self.export());
        let imports = match body.contains("math.") {
            true => "import (\n\t\"math\"\n\n\t\"backfold.dev/guest\"\n)\n",
            false => "import \"backfold.dev/guest\"\n",
        };
        let about = self.outline.about();
        format!("// {about}\npackage main\n\n{imports}{body}")
    }

    /// The types of records, keys, states and views.
    fn types(&self) -> String {
        let (outline, declaration) = (self.outline, self.outline.declaration);
        let records = declaration
            .inputs
            .iter()
            .enumerate()
            .map(|(number, input)| {
                let tag = tag(input, declaration.event_time == Some(number));
                let of = type_of(input.kind, input.nullable);
                [self.fields[number].clone(), of, tag, String::new()]
            });
        let column = |name: &String, column: &Column, line: String| {
            let of = type_of(column.kind, column.nullable);
            [name.clone(), of, name_tag(name, &column.name), line]
        };
        let columns = declaration.key_columns();
        let keys = columns.iter().zip(&self.keys).enumerate();
        let keys = keys.map(|(number, (of, name))| column(name, of, outline.key_line(number)));
        let kept = declaration.keep.iter().zip(&self.kept).enumerate();
        let kept = kept.map(|(number, (kept, name))| {
            let (of, tag) = (self.monoid(kept), name_tag(name, &kept.name));
            [name.clone(), of, tag, outline.keep_line(number)]
        });
        let views = outline.views();
        let views = views.iter().zip(&self.views);
        let views = views.map(|((_, _, of), name)| column(name, of, String::new()));
        let records = structure("Record is what is read from a record.", records.collect());
        let keys = structure("Group is the key.", keys.collect());
        let kept = structure("Kept is what is kept for a key.", kept.collect());
        let about_views = "Shown is what readers of the table see beside the sketches.";
        records + &keys + &kept + &structure(about_views, views.collect())
    }

    fn export(&self) -> String {
        let declaration = self.outline.declaration;
        let mut text = format!(
            "\n// pipeline has the name and the version that go into the manifest of every build.\n\
             var pipeline = guest.New[Record, Group, Kept]({}, \"0.1.0\")\n\nfunc init() {{\n",
            quoted(self.outline.name)
        );
        for (number, only) in declaration.only.iter().enumerate() {
            let values: Vec<_> = only.any_of.iter().map(|value| quoted(value)).collect();
            let note = if number == 0 {
                " // other records are passed over"
            } else {
                ""
            };
            text.push_str(&format!(
                "\tpipeline.Only({}, {}){note}\n",
                quoted(&only.path),
                values.join(", ")
            ));
        }
        text.push_str("\tpipeline.Fold = fold\n");
        if !self.views.is_empty() {
            text.push_str("\tguest.Present(pipeline, present)\n");
        }
        text + "\tguest.Export(pipeline)\n}\n\nfunc main() {}\n"
    }

    fn helpers(&self) -> String {
        let outline = self.outline;
        let has_quantile = outline.views().iter().any(|(_, _, column)| column.nullable);
        let helpers = [
            (outline.has_period(Period::Week), WEEK),
            (outline.has_period(Period::Month), MONTH),
            (outline.has_period(Period::Year), YEAR),
            (!outline.finite().is_empty(), FINITE),
            (has_quantile, OR_NULL),
        ];
        let used = helpers.into_iter().filter(|(is_used, _)| *is_used);
        used.map(|(_, helper)| helper).collect()
    }

    fn present(&self) -> String {
        let fields = self.outline.views().into_iter().zip(&self.views);
        let rows: Vec<_> = fields
            .map(|((kept, number, _), name)| {
                let state = format!("s.{}", self.kept_name(kept));
                let value = match &kept.aggregate {
                    Aggregate::Distinct(_) => format!("int64(math.Round({state}.Estimate()))"),
                    Aggregate::Quantile { quantiles, .. } => {
                        format!("orNull({state}.Quantile({}))", float(quantiles[number]))
                    }
                    _ => format!("{state}.Value()"),
                };
                [
                    format!("{name}:"),
                    format!("{value},"),
                    String::new(),
                    String::new(),
                ]
            })
            .collect();
        let fields = aligned(&rows).replace("\n\t", "\n\t\t");
        format!("\nfunc present(s *Kept) Shown {{\n\treturn Shown{{\n\t{fields}\t}}\n}}\n")
    }

    fn kept_name(&self, kept: &Kept) -> &str {
        let mut all = self.outline.declaration.keep.iter().zip(&self.kept);
        let found = all.find(|(other, _)| other.name == kept.name);
        found.map_or("", |(_, name)| name)
    }

    fn monoid(&self, kept: &Kept) -> String {
        let of = |input: usize| type_of(self.outline.input(input).kind, false);
        match kept.aggregate {
            Aggregate::Count(_) => "guest.Sum".to_owned(),
            Aggregate::Sum(input) if self.outline.input(input).kind == Kind::Float64 => {
                "guest.FloatSum".to_owned()
            }
            Aggregate::Sum(_) => "guest.Sum".to_owned(),
            Aggregate::Min(input) => format!("guest.Min[{}]", of(input)),
            Aggregate::Max(input) => format!("guest.Max[{}]", of(input)),
            Aggregate::Any(_) => "guest.Any".to_owned(),
            Aggregate::All(_) => "guest.All".to_owned(),
            Aggregate::First { value, .. } => format!("guest.First[{}]", of(value)),
            Aggregate::Last { value, .. } => format!("guest.Last[{}]", of(value)),
            Aggregate::Distinct(_) => "guest.HLL".to_owned(),
            Aggregate::Quantile { .. } => "guest.DDSketch".to_owned(),
        }
    }
}
