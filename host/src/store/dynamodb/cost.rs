//! The cost of a load.

use super::config::DynamoConfig;
use super::items::units_of;
use super::names::RANGE;
use crate::store::{Cost, TableColumns};

/// The write units of a new table on demand in a second.
const NEW_TABLE_UNITS: f64 = 4000.0;

/// The cost of writing `rows` rows whose values take `row_bytes` bytes each.
pub(super) fn of(config: &DynamoConfig, columns: &TableColumns, rows: u64, row_bytes: u64) -> Cost {
    let names: usize = columns.iter().map(|column| column.name.len()).sum();
    let range = match columns.keys.len() {
        0..=2 => 0,
        _ => RANGE.len(),
    };
    let write_units = rows.saturating_mul(units_of(row_bytes + (names + range) as u64));
    let limit = config.max_write_units_per_second.map(f64::from);
    let units_per_second = limit.unwrap_or(NEW_TABLE_UNITS);
    Cost {
        write_units,
        units_per_second,
        seconds: write_units as f64 / units_per_second,
        dollars: write_units as f64 / 1e6 * config.price_per_million_writes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Kind, Output};

    fn columns(keys: usize) -> TableColumns {
        let column = |n: usize| Output {
            name: format!("column{n}"),
            kind: Kind::Int64,
            nullable: false,
        };
        TableColumns {
            keys: (0..keys).map(column).collect(),
            values: vec![column(9)],
        }
    }

    #[test]
    fn a_million_small_rows_cost_a_million_units() {
        let cost = of(&DynamoConfig::default(), &columns(1), 1_000_000, 100);
        assert_eq!(
            (cost.write_units, cost.seconds, cost.dollars),
            (1_000_000, 250.0, 0.625)
        );
        let config = DynamoConfig {
            max_write_units_per_second: Some(500),
            price_per_million_writes: 1.25,
            ..DynamoConfig::default()
        };
        let cost = of(&config, &columns(1), 1_000_000, 100);
        assert_eq!(
            (cost.units_per_second, cost.seconds, cost.dollars),
            (500.0, 2000.0, 1.25)
        );
    }

    #[test]
    fn names_of_columns_count() {
        let units =
            |keys, bytes| of(&DynamoConfig::default(), &columns(keys), 1, bytes).write_units;
        assert_eq!((units(1, 1010), units(1, 1011)), (1, 2));
        // Two more names of 7 bytes, and the range key's of 14.
        assert_eq!((units(3, 982), units(3, 983)), (1, 2));
    }
}
