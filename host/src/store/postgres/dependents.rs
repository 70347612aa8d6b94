//! Objects that other programs made on a view or a table, and that would have to go with it.

use super::connect::Session;
use super::fault::Fault;
use crate::store::StoreError;

/// Refuses a table or view that others use, if it is to be dropped.
///
/// # Errors
/// [`StoreError::InUse`] with the objects that depend on it or on its row type.
pub(super) async fn check_none(session: &Session, relation: u32, name: &str) -> Result<(), Fault> {
    let rows = session
        .rows(
            "WITH own AS (
                 SELECT 'pg_class'::regclass AS class, oid FROM pg_class WHERE oid = $1
                 UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type t JOIN pg_class c ON c.reltype IN (t.oid, t.typelem)
                 WHERE c.oid = $1)
             SELECT DISTINCT CASE WHEN r.oid IS NULL THEN pg_describe_object(d.classid, d.objid, 0)
                             ELSE pg_describe_object('pg_class'::regclass, r.ev_class, 0) END
             FROM pg_depend d JOIN own ON own.class = d.refclassid AND own.oid = d.refobjid
             LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
             LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
             LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
             WHERE d.deptype = 'n' AND $1 NOT IN (coalesce(r.ev_class, 0), coalesce(t.tgrelid, 0), coalesce(f.adrelid, 0))
             ORDER BY 1",
            &[&relation],
        )
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let by = rows.iter().map(|row| row.try_get(0));
    Err(StoreError::InUse {
        name: name.to_owned(),
        by: by.collect::<Result<_, _>>()?,
    }
    .into())
}
