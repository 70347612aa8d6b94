//! The codes of [`StoreError`](super::StoreError).

use crate::error::{Class, Code};

pub(crate) const FOREIGN: Code = Code::new(
    601,
    Class::Usage,
    "Choose another `table` in the job, or rename what has the name now: backfold does not touch it.",
);
pub(crate) const UNFINISHED: Code = Code::new(
    602,
    Class::Retry,
    "Run the same command again: the table is loaded from the beginning.",
);
pub(crate) const CONFLICT: Code = Code::new(
    603,
    Class::Conflict,
    "Look at `backfold log` and `backfold diff`, and swap again if this build is still wanted.",
);
pub(crate) const NAME: Code = Code::new(
    604,
    Class::Usage,
    "Choose another name: `table` in the job, or the column's name in the component.",
);
pub(crate) const UNKNOWN_BUILD: Code = Code::new(
    605,
    Class::Usage,
    "Take the ID of a build that `backfold status` shows as ready; `backfold run` completes one that is not loaded yet.",
);
pub(crate) const WRONG_STATE: Code = Code::new(
    606,
    Class::Usage,
    "Run `backfold run` again to load a build that is not complete or whose table is gone; one that was dropped must be built anew.",
);
pub(crate) const LIVE: Code = Code::new(
    607,
    Class::Usage,
    "Swap to another build first, or leave this one alone: readers use it.",
);
pub(crate) const SUPERSEDED: Code = Code::new(
    608,
    Class::Conflict,
    "Let the other process finish; it loads the same rows. Look for it with `backfold status`.",
);
pub(crate) const UNSTORABLE: Code = Code::new(
    609,
    Class::Permanent,
    "Let the component give another value (null, a bounded number, text) or declare another kind for the column.",
);
pub(crate) const DISAGREES: Code = Code::new(
    610,
    Class::Permanent,
    "This is a fault in backfold or in the machine's memory: run again, and report it if it stays.",
);
pub(crate) const UNSORTED: Code = Code::new(
    611,
    Class::Permanent,
    "This is a fault in backfold: please report it with the key.",
);
pub(crate) const SHAPE: Code = Code::new(
    612,
    Class::Permanent,
    "This is a fault in backfold: please report it with the component's schema.",
);
pub(crate) const BUSY: Code = Code::new(
    613,
    Class::Retry,
    "Look for a program that holds a transaction open in this database and end it, or raise `busy_timeout` in `[target.sqlite]`, `lock_timeout` in `[target.postgres]`; then run the same command again.",
);
pub(crate) const NO_SPACE: Code = Code::new(
    614,
    Class::Retry,
    "Make room on the disk of the database, which may be a server's, then run the same command again.",
);
pub(crate) const UNREACHABLE: Code = Code::new(
    615,
    Class::Usage,
    "Check `path` in `[target.sqlite]`: its folder must exist, the file must be a SQLite database or not there yet, and both must be writable.",
);
pub(crate) const DAMAGED: Code = Code::new(
    616,
    Class::Permanent,
    "Restore the database from a backup, or give the job a new one and run `backfold run` again: it loads the table there.",
);
pub(crate) const IO: Code = Code::new(
    618,
    Class::Retry,
    "Look at the disk of the database and its quotas, then run the same command again: it resumes.",
);
pub(crate) const FAILED: Code = Code::new(
    617,
    Class::Permanent,
    "See what the database said; if it is not clear, please report it.",
);
pub(crate) const MISSING: Code = Code::new(
    619,
    Class::Usage,
    "Check `path` in `[target.sqlite]` (`backfold run` makes what is not there yet), or `dbname` in `[target.postgres]` (backfold makes no database there).",
);
pub(crate) const UNRECOVERED: Code = Code::new(
    620,
    Class::Usage,
    "Run the command once as a user who may write into the database's folder, or point `path` at a copy of the database and of the file named.",
);
pub(crate) const CANCELLED: Code = Code::new(
    621,
    Class::Interrupted,
    "Run the same command again: nothing that readers see was changed.",
);
pub(crate) const INDEX_COLUMN: Code = Code::new(
    622,
    Class::Usage,
    "Name columns of the table in `indexes` of `[target]`; `backfold inspect` lists them.",
);
pub(crate) const TRIGGERS: Code = Code::new(
    623,
    Class::Usage,
    "Drop these triggers (`DROP TRIGGER name`), make them anew after the swap, and run the same command again.",
);
pub(crate) const COLUMN: Code = Code::new(
    624,
    Class::Usage,
    "Let the component declare the column otherwise, or choose a target that can store it; a table of `host/docs/stores.md` compares them.",
);
pub(crate) const LOCKED: Code = Code::new(
    625,
    Class::Conflict,
    "End the sessions that are named or wait until they are done, then run the same command again; `patience` of the target says how long a swap waits.",
);
pub(crate) const IN_USE: Code = Code::new(
    630,
    Class::Usage,
    "Drop the objects that are named, run the same command again, and make them anew: the columns of a view that others use can only be added to, at its end.",
);
pub(crate) const SETTINGS: Code = Code::new(
    631,
    Class::Usage,
    "Correct the setting where the error says that it was made: in `[target.postgres]`, in the service file, or in a variable.",
);
pub(crate) const CONNECTION: Code = Code::new(
    632,
    Class::Retry,
    "Check that the server runs and that host and port are right, then run the same command again: it resumes.",
);
pub(crate) const UNTRUSTED: Code = Code::new(
    633,
    Class::Usage,
    "Set `sslrootcert` in `[target.postgres]` to the authority of the server's certificate, and connect by the host in it.",
);
pub(crate) const LOGIN: Code = Code::new(
    634,
    Class::Usage,
    "Check `user` and `dbname` in `[target.postgres]`, and the password in PGPASSWORD or `~/.pgpass`; then the server's `pg_hba.conf`.",
);
pub(crate) const DENIED: Code = Code::new(
    635,
    Class::Usage,
    "Grant the right to the role: `backfold explain BF0635` has the SQL.",
);
pub(crate) const READ_ONLY: Code = Code::new(
    636,
    Class::Usage,
    "Name the primary server in `[target.postgres]`, or all of them: the first that takes writes is used.",
);
pub(crate) const UNSUPPORTED: Code = Code::new(
    637,
    Class::Usage,
    "Use another database: PostgreSQL 14 or newer, with the encoding UTF8.",
);
pub(crate) const NO_SCHEMA: Code = Code::new(
    638,
    Class::Usage,
    "Check `schema` in `[target.postgres]`, or make it: `CREATE SCHEMA name AUTHORIZATION role`.",
);
pub(crate) const STOPPED: Code = Code::new(
    639,
    Class::Retry,
    "Raise `statement_timeout` in `[target.postgres]` or ask who cancels statements on the server; then run the same command again.",
);
pub(crate) const NOT_CONFIGURED: Code = Code::new(
    640,
    Class::Usage,
    "Correct the setting in `[target.dynamodb]`, in the environment or in the AWS profile, as the error says.",
);
pub(crate) const SERVICE: Code = Code::new(
    641,
    Class::Retry,
    "Check the network, `endpoint` and `region`, and the status of the service; then run the same command again: it resumes.",
);
pub(crate) const THROTTLED: Code = Code::new(
    642,
    Class::Retry,
    "Look at the write quotas of the account and the table, set `max_write_units_per_second` below them, and run the same command again.",
);
pub(crate) const NOT_ALLOWED: Code = Code::new(
    643,
    Class::Usage,
    "Give credentials by the environment, a profile or a role, and allow them the actions that `backfold explain BF0643` lists.",
);
pub(crate) const CONTENDED: Code = Code::new(
    644,
    Class::Conflict,
    "Let the other commands on this table finish, then run the same command again.",
);
pub(crate) const STILL_READ: Code = Code::new(
    645,
    Class::Retry,
    "Run the same command again after that time; `pointer_cache` in `[target.dynamodb]` sets it.",
);

pub(crate) const ALL: &[&Code] = &[
    &FOREIGN,
    &UNFINISHED,
    &CONFLICT,
    &NAME,
    &UNKNOWN_BUILD,
    &WRONG_STATE,
    &LIVE,
    &SUPERSEDED,
    &UNSTORABLE,
    &DISAGREES,
    &UNSORTED,
    &SHAPE,
    &BUSY,
    &NO_SPACE,
    &UNREACHABLE,
    &DAMAGED,
    &FAILED,
    &IO,
    &MISSING,
    &UNRECOVERED,
    &CANCELLED,
    &INDEX_COLUMN,
    &TRIGGERS,
    &COLUMN,
    &LOCKED,
    &IN_USE,
    &SETTINGS,
    &CONNECTION,
    &UNTRUSTED,
    &LOGIN,
    &DENIED,
    &READ_ONLY,
    &UNSUPPORTED,
    &NO_SCHEMA,
    &STOPPED,
    &NOT_CONFIGURED,
    &SERVICE,
    &THROTTLED,
    &NOT_ALLOWED,
    &CONTENDED,
    &STILL_READ,
];
