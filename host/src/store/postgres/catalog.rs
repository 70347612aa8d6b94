//! Tables, views and types that a schema has, by name.

use super::connect::Session;
use super::fault::Fault;

/// What has a name within a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// Its OID: of `pg_class`, or of `pg_type` for a type that is no relation's.
    pub(super) oid: u32,
    pub(super) kind: ObjectKind,
}

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Table,
    View,
    /// An index, a sequence, a type: anything that a table cannot share its name with.
    Other,
}

/// The object of this name, if there is one. The types of arrays are left out: they give way.
pub(super) async fn find(
    session: &Session,
    schema: &str,
    name: &str,
) -> Result<Option<Object>, Fault> {
    let row = session
        .maybe_row(
            "SELECT c.oid, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1::text AND c.relname = $2::text
             UNION ALL
             SELECT t.oid, 'type' FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
             WHERE n.nspname = $1::text AND t.typname = $2::text AND t.typrelid = 0 AND t.typcategory <> 'A'
             LIMIT 1",
            &[&schema, &name],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let kind = match row.try_get::<_, &str>(1)? {
        "r" => ObjectKind::Table,
        "v" => ObjectKind::View,
        _ => ObjectKind::Other,
    };
    Ok(Some(Object {
        oid: row.try_get(0)?,
        kind,
    }))
}
