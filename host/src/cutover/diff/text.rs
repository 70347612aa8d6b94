//! A comparison as text of about 80 columns.

use std::fmt;

use super::drift;
use super::outcome::{Change, Diff};
use crate::units::{count, counted};

/// The longest value or key shown whole, in characters.
const LONGEST: usize = 48;

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_sides(f)?;
        self.write_rows(f)?;
        self.write_schema(f)?;
        self.write_indexes(f)?;
        self.write_columns(f)?;
        if self.old.is_some() {
            drift::write(f, &self.columns, plain)?;
        }
        self.write_samples(f)
    }
}

impl Diff {
    fn write_sides(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.table)?;
        let live = self
            .live_version
            .map(|version| format!(", live as version {version}"))
            .unwrap_or_default();
        match (&self.old, &self.lost) {
            (Some(old), _) => {
                writeln!(
                    f,
                    "  old  {}  {}{live}",
                    old.shadow,
                    counted(old.rows, "row")
                )?;
            }
            (None, Some(lost)) => {
                writeln!(f, "  old  {}{live}", lost.shadow)?;
                writeln!(
                    f,
                    "  ! its table is {}, so there is nothing to compare with",
                    lost.state
                )?;
            }
            (None, None) => writeln!(f, "  old  nothing is live yet")?,
        }
        writeln!(
            f,
            "  new  {}  {}",
            self.new.shadow,
            counted(self.new.rows, "row")
        )?;
        if !self.only.is_empty() {
            let only: Vec<_> = self.only.iter().map(|pair| plain(pair)).collect();
            writeln!(f, "  only rows with {}", only.join(", "))?;
        }
        if !self.tolerances.is_empty() {
            let tolerances = self.tolerances.iter();
            let tolerances =
                tolerances.map(|(name, most)| format!("{} within {most}", plain(name)));
            let tolerances: Vec<_> = tolerances.collect();
            writeln!(f, "  equal if {}", tolerances.join(", "))?;
        }
        Ok(())
    }

    fn write_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts;
        let all = counts.both + counts.only_old + counts.only_new;
        let lines = [
            ("equal", counts.equal),
            ("changed", counts.both - counts.equal),
            ("only in old", counts.only_old),
            ("only in new", counts.only_new),
        ];
        let width = lines
            .iter()
            .map(|(_, rows)| count(*rows).len())
            .max()
            .unwrap_or(0);
        writeln!(f, "\nrows")?;
        for (name, rows) in lines {
            writeln!(
                f,
                "  {name:<11}  {:>width$}  {:>7}",
                count(rows),
                percent(rows, all)
            )?;
        }
        Ok(())
    }

    fn write_schema(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.is_same() {
            return Ok(());
        }
        writeln!(f, "\nschema")?;
        if self.schema.keys_differ {
            writeln!(
                f,
                "  ! the keys are not the same columns, so no rows can be compared"
            )?;
        }
        for column in &self.schema.added {
            writeln!(f, "  + {} {}", plain(&column.name), column.kind.name())?;
        }
        for column in &self.schema.removed {
            writeln!(f, "  - {} {}", plain(&column.name), column.kind.name())?;
        }
        for (name, old, new) in &self.schema.retyped {
            writeln!(
                f,
                "  ~ {} {} -> {}, not compared",
                plain(name),
                old.name(),
                new.name()
            )?;
        }
        Ok(())
    }

    fn write_indexes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.indexes.is_same() {
            return Ok(());
        }
        writeln!(f, "\nindexes")?;
        for index in &self.indexes.added {
            writeln!(f, "  + {}", plain(&index.definition))?;
        }
        for index in &self.indexes.removed {
            let wanted = match index.index {
                Some(_) => "not in the job's [target] indexes",
                None => "made by hand, and not on the new table",
            };
            writeln!(f, "  - {}  ! {wanted}", plain(&index.definition))?;
        }
        Ok(())
    }

    fn write_columns(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.counts.both == 0 || self.columns.is_empty() {
            return Ok(());
        }
        let title = "columns";
        let names: Vec<_> = self
            .columns
            .iter()
            .map(|column| plain(&column.name))
            .collect();
        let width = names
            .iter()
            .map(|name| name.chars().count() + 2)
            .max()
            .unwrap_or(0)
            .max(title.len());
        let counts: Vec<_> = self
            .columns
            .iter()
            .map(|column| count(column.differ))
            .collect();
        let digits = counts
            .iter()
            .map(String::len)
            .max()
            .unwrap_or(0)
            .max("differ".len());
        let any = self.columns.iter().any(|column| column.largest.is_some());
        let heading = if any { "           largest change" } else { "" };
        writeln!(f, "\n{title:<width$}  {:>digits$}{heading}", "differ")?;
        let inner = width - 2;
        for ((column, name), count) in self.columns.iter().zip(names).zip(counts) {
            let share = if column.differ == 0 {
                String::new()
            } else {
                percent(column.differ, self.counts.both)
            };
            let change = column.largest.as_ref().map(change).unwrap_or_default();
            let line = format!("  {name:<inner$}  {count:>digits$}  {share:>7}  {change}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn write_samples(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (samples, counts) = (&self.samples, self.counts);
        let title = |f: &mut fmt::Formatter<'_>, name, shown: usize, all| match shown as u64 {
            0 => Ok(()),
            shown if shown == all => writeln!(f, "\n{name}"),
            shown => writeln!(f, "\n{name}, {shown} of {}", count(all)),
        };
        title(f, "only in old", samples.only_old.len(), counts.only_old)?;
        for key in &samples.only_old {
            writeln!(f, "  - {}", cut(key))?;
        }
        title(f, "only in new", samples.only_new.len(), counts.only_new)?;
        for key in &samples.only_new {
            writeln!(f, "  + {}", cut(key))?;
        }
        title(
            f,
            "changed",
            samples.changed.len(),
            counts.both - counts.equal,
        )?;
        for row in &samples.changed {
            writeln!(f, "  ~ {}", cut(&row.key))?;
            for (name, old, new) in &row.columns {
                writeln!(f, "      {} {} -> {}", plain(name), cut(old), cut(new))?;
            }
        }
        if let Some(written) = &self.keys {
            let path = written.path.display().to_string();
            let path = path.escape_debug();
            writeln!(f, "\n{} in {path}", counted(written.keys, "key"))?;
        }
        Ok(())
    }
}

fn change(change: &Change) -> String {
    format!(
        "{} ({} -> {}) at {}",
        change.by,
        change.old,
        change.new,
        cut(&change.key)
    )
}

/// A share, which is shown as nothing or all only if it is.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    match part as f64 / whole as f64 * 100.0 {
        share if part > 0 && share < 0.05 => "<0.1 %".to_owned(),
        share if part < whole && share >= 99.95 => ">99.9 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

/// A name without control characters.
fn plain(name: &str) -> String {
    cut(&name.escape_debug().to_string())
}

/// The text, cut to [`LONGEST`] characters.
fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_not_rounded_to_nothing_or_all() {
        assert_eq!(percent(0, 3), "0.0 %");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(1, 1_000_000), "<0.1 %");
        assert_eq!(percent(999_999, 1_000_000), ">99.9 %");
        assert_eq!(percent(3, 3), "100.0 %");
        assert_eq!(percent(0, 0), "");
    }
}
