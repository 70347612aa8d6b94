//! The three roles of `host/docs/stores.md`, made by the SQL that stands there: each does its part and no more.

use std::fs;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{guest, root};
use backfold_tests::postgres::{self, Database, Release, Role, database::quoted};
use backfold_tests::workbench::Workbench;

use super::target::Target;

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 600,
    objects: 2,
    ..ArchiveSpec::SMALL
};

/// The schema and the table of the page.
const SCHEMA: &str = "stats";
const TABLE: &str = "clicks";

struct Roles {
    database: Database,
    builder: Role,
    swapper: Role,
    reader: Role,
}

impl Roles {
    /// Runs the statements that the page has under a comment, as `role`, or as the superuser.
    fn run(&self, comment: &str, role: Option<&Role>) {
        let page = fs::read_to_string(root().join("host/docs/stores.md")).unwrap();
        let blocks = page.split("```sql\n").skip(1);
        let mut sections = blocks.flat_map(|block| {
            let block = block.split("```").next().unwrap_or_default();
            block.split("-- ").collect::<Vec<_>>()
        });
        let section = sections.find_map(|section| section.strip_prefix(comment));
        let mut sql = section.expect("the page has this comment").to_owned();
        let names = [
            ("builder", &self.builder),
            ("swapper", &self.swapper),
            ("reader", &self.reader),
        ];
        for (name, role) in names {
            sql = sql.replace(name, &quoted(&role.name));
        }
        let session = match role {
            Some(role) => self.database.session_of(role),
            None => self.database.superuser(),
        };
        session
            .unwrap()
            .run(&sql)
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Writes `NAME.toml`, a job whose store is opened by a role.
    fn write_job(&self, bench: &Workbench, name: &str, role: &Role) {
        let target = Target::Postgres {
            database: self.database.clone(),
            role: role.clone(),
            schema: SCHEMA.to_owned(),
        };
        let settings = format!("table = \"{TABLE}\"\n{}", target.settings());
        bench.write_job(&guest("page_days"), &settings).unwrap();
        fs::rename(bench.job(), bench.path().join(format!("{name}.toml"))).unwrap();
    }

    /// How many rows the reader sees.
    fn rows(&self) -> Option<String> {
        let session = self.database.session_of(&self.reader).unwrap();
        let query = format!("SELECT count(*) FROM {SCHEMA}.{TABLE}");
        session.rows(&query).unwrap()[0][0].clone()
    }
}

#[test]
fn builder_swapper_and_reader_do_their_part_and_no_more() {
    let database = postgres::shared(Release::Packaged)
        .database("roles")
        .unwrap();
    let [builder, swapper, reader] =
        ["builder", "swapper", "reader"].map(|name| database.role(name).unwrap());
    let make = format!("CREATE SCHEMA {SCHEMA}");
    database.superuser().unwrap().run(&make).unwrap();
    let roles = Roles {
        database,
        builder,
        swapper,
        reader,
    };
    let archive = Archive::new(&SPEC).unwrap();
    let mut bench = Workbench::with_archive(&guest("page_days"), &archive).unwrap();
    for (name, value) in roles.database.environment() {
        bench.set_variable(name, value);
    }
    roles.write_job(&bench, "builder", &roles.builder);
    roles.write_job(&bench, "swapper", &roles.swapper);
    roles.write_job(&bench, "reader", &roles.reader);

    roles.run("as the owner of the schema", None);
    roles.run("as builder, before the first build", Some(&roles.builder));
    bench.run("run builder.toml").success();
    roles.run("as builder, after the first build", Some(&roles.builder));
    bench.run("swap swapper.toml").success();
    roles.run("as swapper, after the first swap", Some(&roles.swapper));
    let rows = Some(archive.expected().len().to_string());
    assert_eq!(roles.rows(), rows);

    // The builder builds and does not swap, the swapper does not build.
    bench.run("run builder.toml --fresh").success();
    bench.refuses("swap builder.toml", 2, "BF0635");
    bench.refuses("run swapper.toml --fresh", 2, "BF0635");
    bench.refuses("gc swapper.toml --keep 0", 2, "BF0635");
    bench.run("swap swapper.toml").success();
    assert_eq!(roles.rows(), rows);
    bench.run("rollback swapper.toml").success();
    bench.run("gc builder.toml --keep 0").success();
    assert_eq!(roles.rows(), rows);

    // The reader reads the table under its public name, and nothing else.
    for line in ["run reader.toml", "swap reader.toml", "gc reader.toml"] {
        bench.refuses(line, 2, "BF0635");
    }
    let session = roles.database.session_of(&roles.reader).unwrap();
    let tables = format!("SELECT tablename FROM pg_tables WHERE schemaname = '{SCHEMA}'");
    let tables = session.rows(&tables).unwrap().concat();
    assert!(tables.len() >= 4, "{tables:?}");
    for table in tables.into_iter().flatten() {
        let all = format!("TABLE {SCHEMA}.{}", quoted(&table));
        let refused = session.rows(&all).unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "{table}");
    }
}
