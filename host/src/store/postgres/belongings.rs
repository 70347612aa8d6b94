//! What belongs to a view and would go with it: owner, grants, comments, defaults, triggers and rules.

use super::connect::Session;
use super::fault::Fault;
use crate::store::{StoreError, TableColumns};

/// Statements in the order in which they are run. Each names the view by schema and name, and the column that it is about
/// by itself.
const PARTS: &str = "WITH v AS (
        SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1
    ), columns AS (
        SELECT a.*, v.name FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped
    ), grants AS (
        SELECT NULL::text AS of_column, '' AS columns, v.name, g.*
        FROM v, aclexplode(coalesce(v.relacl, acldefault('r', v.relowner))) g
        UNION ALL
        SELECT c.attname::text, format(' (%I)', c.attname), c.name, g.* FROM columns c, aclexplode(c.attacl) g
    )
    SELECT of_column, format('GRANT %s%s ON TABLE %s TO %s%s', privilege_type, columns, name,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM grants
    UNION ALL
    SELECT NULL, format('COMMENT ON VIEW %s IS %L', v.name, d.description)
    FROM v JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = v.oid AND d.objsubid = 0
    UNION ALL
    SELECT c.attname::text, format('COMMENT ON COLUMN %s.%I IS %L', c.name, c.attname, d.description)
    FROM columns c JOIN pg_description d
        ON d.classoid = 'pg_class'::regclass AND d.objoid = c.attrelid AND d.objsubid = c.attnum
    UNION ALL
    SELECT c.attname::text, format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', c.name, c.attname,
        pg_get_expr(f.adbin, f.adrelid))
    FROM columns c JOIN pg_attrdef f ON f.adrelid = c.attrelid AND f.adnum = c.attnum";

/// A statement that gives a view a part of what it had.
struct Part {
    /// The column that it is about: without it, it is left out.
    column: Option<String>,
    sql: String,
}

/// A trigger or a rule.
struct Reaction {
    name: String,
    sql: String,
}

/// All that belongs to a view.
pub(super) struct Belongings {
    owner: String,
    parts: Vec<Part>,
    reactions: Vec<Reaction>,
}

/// The options of a view, as they are written after its name; empty where it has none.
pub(super) async fn options(session: &Session, view: u32) -> Result<String, Fault> {
    let row = session
        .row(
            "SELECT (SELECT string_agg(format('%I = %L', o.option_name, o.option_value), ', ')
                     FROM pg_options_to_table(c.reloptions) o)
             FROM pg_class c WHERE c.oid = $1",
            &[&view],
        )
        .await?;
    let options: Option<String> = row.try_get(0)?;
    Ok(options.map_or_else(String::new, |options| format!(" WITH ({options})")))
}

/// Finds what belongs to a view.
pub(super) async fn of(session: &Session, view: u32) -> Result<Belongings, Fault> {
    let owner = session
        .row(
            "SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = $1",
            &[&view],
        )
        .await?;
    let parts = session.rows(PARTS, &[&view]).await?;
    let reactions = session
        .rows(
            "SELECT tgname::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
             UNION ALL
             SELECT rulename::text, pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = $1 AND rulename <> '_RETURN'
             ORDER BY 1",
            &[&view],
        )
        .await?;
    let part = |row: &tokio_postgres::Row| {
        Ok::<_, Fault>(Part {
            column: row.try_get(0)?,
            sql: row.try_get(1)?,
        })
    };
    let reaction = |row: &tokio_postgres::Row| {
        Ok::<_, Fault>(Reaction {
            name: row.try_get(0)?,
            sql: row.try_get(1)?,
        })
    };
    Ok(Belongings {
        owner: owner.try_get(0)?,
        parts: parts.iter().map(part).collect::<Result<_, _>>()?,
        reactions: reactions.iter().map(reaction).collect::<Result<_, _>>()?,
    })
}

impl Belongings {
    /// Gives all of it to the new view of the same name, whose columns are `columns`, but for what is of columns that it
    /// does not have.
    ///
    /// # Errors
    /// [`StoreError::Triggers`] with the triggers and rules that need such columns.
    pub(super) async fn give(
        &self,
        session: &Session,
        table: &str,
        view: u32,
        name: &str,
        columns: &TableColumns,
    ) -> Result<(), Fault> {
        session
            .run(&format!("ALTER VIEW {name} OWNER TO {}", self.owner))
            .await?;
        // A new view has what default privileges give; it shall have what the old one had.
        let given = session
            .rows(
                "SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
                 FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g WHERE c.oid = $1",
                &[&view],
            )
            .await?;
        let mut statements = Vec::new();
        for row in &given {
            let grantee: &str = row.try_get(0)?;
            statements.push(format!("REVOKE ALL ON TABLE {name} FROM {grantee}"));
        }
        let has = |wanted: &String| columns.iter().any(|column| column.name == *wanted);
        let parts = self.parts.iter();
        let parts = parts.filter(|part| part.column.as_ref().is_none_or(has));
        statements.extend(parts.map(|part| part.sql.clone()));
        session.run(&statements.join(";\n")).await?;
        self.give_reactions(session, table).await
    }

    async fn give_reactions(&self, session: &Session, table: &str) -> Result<(), Fault> {
        use tokio_postgres::error::SqlState;
        let mut broken = Vec::new();
        for reaction in &self.reactions {
            session.run("SAVEPOINT backfold_reaction").await?;
            match session.run(&reaction.sql).await {
                Ok(()) => session.run("RELEASE backfold_reaction").await?,
                Err(fault) if fault.code() == Some(&SqlState::UNDEFINED_COLUMN) => {
                    broken.push(reaction.name.clone());
                    let undo = "ROLLBACK TO backfold_reaction; RELEASE backfold_reaction";
                    session.run(undo).await?;
                }
                Err(fault) => return Err(fault),
            }
        }
        if broken.is_empty() {
            return Ok(());
        }
        Err(StoreError::Triggers {
            table: table.to_owned(),
            names: broken,
        }
        .into())
    }
}
