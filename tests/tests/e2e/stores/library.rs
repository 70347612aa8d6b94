//! The stores through the library.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use backfold::fold::RowsDigest;
use backfold::schema::{Kind, Output};
use backfold::source::Handoff;
use backfold::store::dynamodb::{DynamoConfig, DynamoStore};
use backfold::store::postgres::{PostgresConfig, PostgresStore};
use backfold::store::sqlite::{SqliteConfig, SqliteStore};
use backfold::store::{Access, BuildInfo, Rows, StateStore, StoreContext, TableColumns};
use backfold_tests::dynamodb;
use backfold_tests::postgres::PASSWORD;
use tokio::sync::mpsc::channel;

use super::target::Target;

/// Opens the store of a target, with `folder` for its files, which are those of a bench if it is the bench's.
pub(super) async fn open(target: &Target, folder: &Path) -> Arc<dyn StateStore> {
    let context = StoreContext::default();
    match target {
        Target::Sqlite => {
            let path = folder.join("tables.db");
            let config = format!("path = {}", toml::Value::from(path.to_str().unwrap()));
            let config: SqliteConfig = toml::from_str(&config).unwrap();
            Arc::new(SqliteStore::open(&config, Access::Build, context).unwrap())
        }
        Target::Postgres { .. } => {
            let settings: toml::Table = target.settings().parse().unwrap();
            let config = settings["target"]["postgres"].clone();
            let mut config: PostgresConfig = config.try_into().unwrap();
            // A test does not change the environment of its process.
            let passfile = folder.join("pgpass");
            let password = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
            fs::write(&passfile, format!("*:*:*:*:{password}\n")).unwrap();
            fs::set_permissions(&passfile, Permissions::from_mode(0o600)).unwrap();
            config.passfile = Some(passfile);
            let store = PostgresStore::open(&config, Access::Build, context).await;
            Arc::new(store.unwrap())
        }
        Target::DynamoDb { prefix } => {
            let config = DynamoConfig {
                table_prefix: prefix.clone(),
                ..DynamoConfig::default()
            };
            let client = dynamodb::shared().client();
            let store = DynamoStore::with_client(&client, &config, Access::Build, context).await;
            Arc::new(store.unwrap())
        }
    }
}

/// A column that is never null.
pub(super) fn column(name: &str, kind: Kind) -> Output {
    Output {
        name: name.to_owned(),
        kind,
        nullable: false,
    }
}

/// Makes and loads a build of these rows, which are sorted by key.
pub(super) async fn build(
    store: &dyn StateStore,
    info: &BuildInfo,
    columns: &TableColumns,
    rows: RecordBatch,
) {
    store.prepare(&info.table, columns, &[]).await.unwrap();
    store.create(info, columns).await.unwrap();
    let mut digest = RowsDigest::new(&columns.schema()).unwrap();
    digest.update(&rows).unwrap();
    let (sender, receiver) = channel(2);
    let end = Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    };
    for part in [Rows::Batch(rows), end] {
        sender.send(part).await.unwrap();
    }
    let handoff = Handoff::default();
    store.load(info, columns, &handoff, receiver).await.unwrap();
}
