//! The bookkeeping tables: where they are, and how they are made.

use super::connect::Session;
use super::fault::Fault;
use super::names::qualified;
use crate::store::StoreError;

/// The names of the bookkeeping tables.
pub(super) const NAMES: [&str; 3] = [BUILDS, POINTERS, POSITIONS];
/// Records of builds.
pub(super) const BUILDS: &str = "backfold_builds";
/// The pointers of each public name.
pub(super) const POINTERS: &str = "backfold_pointers";
/// The positions up to which the source of a build was folded.
pub(super) const POSITIONS: &str = "backfold_positions";

/// Two commands that make the tables at once wait for each other by this number.
const ADVISORY_KEY: i64 = 0x6261_636b_666f_6c64;

/// A bookkeeping table.
struct Table {
    name: &'static str,
    /// The names of its columns.
    columns: &'static str,
    /// What follows its name in the statement that makes it.
    definition: &'static str,
}

/// `seq` keeps the order in which builds were created.
const TABLES: [Table; 3] = [
    Table {
        name: BUILDS,
        columns: "seq table_name build manifest_digest columns state attempt row_count row_digest created_at loaded_at",
        definition: "(
            seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            table_name text NOT NULL,
            build text NOT NULL,
            manifest_digest text NOT NULL,
            columns json NOT NULL,
            state text NOT NULL CHECK (state IN ('loading', 'loaded', 'dropped')),
            attempt bigint NOT NULL,
            row_count bigint,
            row_digest text,
            created_at timestamptz NOT NULL,
            loaded_at timestamptz,
            PRIMARY KEY (table_name, build))",
    },
    Table {
        name: POINTERS,
        columns: "table_name version build previous swapped_by swapped_at",
        definition: "(
            table_name text NOT NULL,
            version bigint NOT NULL,
            build text NOT NULL,
            previous text,
            swapped_by text NOT NULL,
            swapped_at timestamptz NOT NULL,
            PRIMARY KEY (table_name, version))",
    },
    Table {
        name: POSITIONS,
        columns: "table_name build seq source topic partition next_offset until_us archive",
        definition: "(
            table_name text NOT NULL,
            build text NOT NULL,
            seq bigint NOT NULL,
            source text NOT NULL,
            topic text,
            partition integer,
            next_offset bigint,
            until_us bigint,
            archive json,
            PRIMARY KEY (table_name, build, seq),
            CHECK ((archive IS NULL) = (topic IS NOT NULL AND partition IS NOT NULL AND next_offset IS NOT NULL)))",
    },
];

/// Makes the tables that are missing, in the caller's transaction.
///
/// # Errors
/// [`StoreError::Foreign`] where a name belongs to anything with other columns.
pub(super) async fn ensure(session: &Session, schema: &str) -> Result<(), Fault> {
    if missing(session, schema).await?.is_empty() {
        return Ok(());
    }
    session
        .rows("SELECT pg_advisory_xact_lock($1)", &[&ADVISORY_KEY])
        .await?;
    for table in missing(session, schema).await? {
        let name = qualified(schema, table.name);
        session
            .run(&format!("CREATE TABLE {name} {}", table.definition))
            .await?;
    }
    Ok(())
}

/// Whether all tables are there: before the first build they are not.
///
/// # Errors
/// As [`ensure`].
pub(super) async fn is_there(session: &Session, schema: &str) -> Result<bool, Fault> {
    Ok(missing(session, schema).await?.is_empty())
}

async fn missing(session: &Session, schema: &str) -> Result<Vec<&'static Table>, Fault> {
    let rows = session
        .rows(
            "SELECT c.relname::text, c.relkind::text, (
                 SELECT string_agg(a.attname::text, ' ' ORDER BY a.attnum) FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1::text AND c.relname = ANY($2::text[])",
            &[&schema, &&NAMES[..]],
        )
        .await?;
    let mut missing: Vec<&Table> = TABLES.iter().collect();
    for row in rows {
        let (name, kind, columns): (String, String, Option<String>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let is_own = |table: &Table| {
            kind == "r" && columns.as_deref() == Some(table.columns) && table.name == name
        };
        if !TABLES.iter().any(is_own) {
            return Err(StoreError::Foreign { name }.into());
        }
        missing.retain(|table| table.name != name);
    }
    Ok(missing)
}
