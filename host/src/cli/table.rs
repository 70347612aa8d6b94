//! Aligned text: tables with a header, and lists of names and values.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::human::plain;
use super::paint::Paint;

/// The largest width of tables.
pub(crate) const WIDTH: usize = 100;

/// The text between two columns.
const GAP: &str = "  ";

/// The alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
    /// On the left, and never shortened, because all of the text is needed.
    Whole,
}

/// Rows with a header. If they are too wide, the widest columns are shortened.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<(Cow<'static, str>, Side)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(header: &[(&'static str, Side)]) -> Self {
        let named = header
            .iter()
            .map(|(name, side)| (Cow::Borrowed(*name), *side));
        Table {
            header: named.collect(),
            rows: Vec::new(),
        }
    }

    /// A table whose column names come from data. The names are escaped.
    pub(crate) fn of(header: Vec<(String, Side)>) -> Self {
        let named = header
            .into_iter()
            .map(|(name, side)| (Cow::Owned(plain(&name).into_owned()), side));
        Table {
            header: named.collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with a cell for each column. Cells are escaped.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows
            .push(cells.iter().map(|cell| plain(cell).into_owned()).collect());
    }

    /// [`row`](Table::row) for a number of columns that is not known at compile time.
    pub(crate) fn push(&mut self, cells: Vec<String>) {
        let mut cells = cells;
        cells.resize(self.header.len(), String::new());
        self.rows
            .push(cells.iter().map(|cell| plain(cell).into_owned()).collect());
    }

    /// The lines of the table, each with `indent` spaces before it.
    pub(crate) fn render(&self, indent: usize, paint: Paint) -> String {
        let widths = self.widths(WIDTH.saturating_sub(indent));
        let header = self
            .header
            .iter()
            .map(|(name, _)| Cow::Borrowed(name.as_ref()));
        let mut text = format!("{:indent$}{}\n", "", paint.dim(self.line(header, &widths)));
        for row in &self.rows {
            let cells = row.iter().map(|cell| Cow::Borrowed(cell.as_str()));
            text.push_str(&format!("{:indent$}{}\n", "", self.line(cells, &widths)));
        }
        text
    }

    fn line<'a>(&self, cells: impl Iterator<Item = Cow<'a, str>>, widths: &[usize]) -> String {
        let cells = cells
            .zip(&self.header)
            .zip(widths)
            .map(|((cell, (_, side)), &width)| {
                let cell = cut(&cell, width);
                let space = " ".repeat(width - cell.width());
                match side {
                    Side::Left | Side::Whole => format!("{cell}{space}"),
                    Side::Right => format!("{space}{cell}"),
                }
            });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    }

    /// The width of each column, so that all columns fit into `limit`.
    fn widths(&self, limit: usize) -> Vec<usize> {
        let mut widths: Vec<_> = self.header.iter().map(|(name, _)| name.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let room = limit
            .saturating_sub(GAP.len() * widths.len().saturating_sub(1))
            .max(widths.len());
        // A last column of whole texts runs over the limit, instead of taking room from the others.
        let fitted = match self.header.last() {
            Some((_, Side::Whole)) => widths.len() - 1,
            _ => widths.len(),
        };
        while widths[..fitted].iter().sum::<usize>() > room {
            let cuttable = widths[..fitted].iter_mut().zip(&self.header);
            let cuttable =
                cuttable.filter(|(width, (_, side))| *side != Side::Whole && **width > 1);
            match cuttable.map(|(width, _)| width).max() {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        widths
    }
}

/// A list of names with values.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    fields: Vec<(&'static str, String)>,
}

impl Fields {
    /// Adds a field. The value is printed unchanged: text from data must be escaped before.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.fields.push((name, value.into()));
    }

    /// One line for each field, and one more for each further line of its value.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let width = self
            .fields
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (name, value) in &self.fields {
            let mut name = *name;
            for line in value.lines() {
                text.push_str(&format!(
                    "{}{GAP}{line}\n",
                    paint.dim(format_args!("{name:width$}"))
                ));
                name = "";
            }
        }
        text
    }
}

/// `text` in at most `width` columns; shortened text ends with `…`.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&[
            ("build", Side::Left),
            ("rows", Side::Right),
            ("note", Side::Left),
        ]);
        table.row(["a".into(), "1,000".into(), "first".into()]);
        table.row(["größer".into(), "7".into(), "東京\u{1b}[1m".into()]);
        insta::assert_snapshot!(table.render(2, Paint::none()), @r#"
        build    rows  note
        a       1,000  first
        größer      7  東京\u{1b}[1m
        "#);
    }

    #[test]
    fn wide_tables_are_shortened_to_the_width() {
        let mut table = Table::new(&[
            ("key", Side::Left),
            ("value", Side::Left),
            ("n", Side::Right),
        ]);
        table.row(["k".repeat(300), "v".repeat(80), "1".into()]);
        let text = table.render(2, Paint::none());
        assert!(text.lines().all(|line| line.width() <= WIDTH), "{text}");
        assert!(text.lines().nth(1).unwrap().ends_with("…  1"), "{text}");
    }

    #[test]
    fn a_last_column_of_whole_texts_takes_no_room_from_others() {
        let mut table = Table::new(&[("where", Side::Left), ("reason", Side::Whole)]);
        table.row(["a.csv record 1".into(), "r".repeat(200)]);
        let text = table.render(0, Paint::none());
        let row = text.lines().nth(1).unwrap();
        assert!(row.starts_with("a.csv record 1  rrr"), "{text}");
        assert_eq!(row.width(), 14 + GAP.len() + 200);
    }

    #[test]
    fn fields_are_aligned() {
        let mut fields = Fields::default();
        fields.add("table", "page_stats");
        fields.add("reads", "a\nb");
        insta::assert_snapshot!(fields.render(Paint::none()), @r"
        table  page_stats
        reads  a
               b
        ");
    }
}
