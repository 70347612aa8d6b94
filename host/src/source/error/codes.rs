//! The error codes of sources.

use crate::error::{Class, Code};

pub(crate) const CANCELLED: Code = Code::new(
    201,
    Class::Interrupted,
    "Run the same command again: it continues from the last checkpoint.",
);
pub(crate) const NO_SUCH_PATH: Code = Code::new(
    202,
    Class::Usage,
    "Correct the `path` of the source: a folder, a file, or a pattern such as `clicks/**/*.gz`.",
);
pub(crate) const EMPTY: Code = Code::new(
    203,
    Class::Usage,
    "Correct the `path` of the source, or its `include` and `exclude`; names that start with `.` or `_` are skipped.",
);
pub(crate) const NOTHING_IN_RANGE: Code = Code::new(
    204,
    Class::Usage,
    "Correct `from` and `to` or the `layout`, or increase `lateness`.",
);
pub(crate) const DENIED: Code = Code::new(
    205,
    Class::Usage,
    "Grant the user that runs backfold the permission to read it, and run the same command again.",
);
pub(crate) const NAME: Code = Code::new(
    206,
    Class::Usage,
    "Rename it, or set a `path` that does not match it.",
);
pub(crate) const LOOP: Code = Code::new(
    207,
    Class::Usage,
    "Remove the symbolic link, or set a `path` that does not match it.",
);
pub(crate) const PATTERN: Code = Code::new(
    208,
    Class::Usage,
    "Correct the `path`: `*` and `?` match within a name, `**` across folders; each `[` and `{` must be closed.",
);
pub(crate) const BOUND: Code = Code::new(
    209,
    Class::Usage,
    "Write a date, a timestamp with a time zone, an age such as `-48h`, `now`, `earliest` or `latest`; for Kafka also an offset.",
);
pub(crate) const RANGE: Code = Code::new(
    210,
    Class::Usage,
    "Correct `from` and `to`: `from` is the first moment inside of the range, `to` the first one after it.",
);
pub(crate) const CHANGED: Code = Code::new(
    211,
    Class::Permanent,
    "Restore the object and run the same command again, or start a new build with `--fresh`.",
);
pub(crate) const VANISHED: Code = Code::new(
    212,
    Class::Permanent,
    "Restore the object and run the same command again, or start a new build with `--fresh`.",
);
pub(crate) const IO: Code = Code::new(
    213,
    Class::Retry,
    "Run the same command again; check the disk or the mount if it fails again.",
);
pub(crate) const FOREIGN_SPLIT: Code = Code::new(
    214,
    Class::Permanent,
    "The plan in the work folder was edited or belongs to another source: start a new build with `--fresh`.",
);

pub(crate) const DRIVER: Code = Code::new(
    215,
    Class::Retry,
    "Remove the cause, then run the same command again: it continues from the last checkpoint.",
);

pub(crate) const NO_SUCH_BUCKET: Code = Code::new(
    220,
    Class::Usage,
    "Correct the `bucket` of the source, or `endpoint` if the bucket is in another store.",
);
pub(crate) const NOT_ALLOWED: Code = Code::new(
    221,
    Class::Usage,
    "Grant the credentials the permissions to list the bucket and get its objects, or use others: `profile`, or the environment.",
);
pub(crate) const CREDENTIALS: Code = Code::new(
    222,
    Class::Usage,
    "Sign in (`aws sso login`), or set `AWS_PROFILE` or the AWS variables; for a public bucket set `anonymous = true`.",
);
pub(crate) const CUSTOMER_KEY: Code = Code::new(
    223,
    Class::Usage,
    "Put the 32 bytes of the key, or their base64, into `sse_c_key_file` or the variable BACKFOLD_SSE_C_KEY.",
);
pub(crate) const ARCHIVED: Code = Code::new(
    224,
    Class::Usage,
    "Restore the objects and plan again, or skip them with `--skip-archived` or `skip_archived = true`.",
);
pub(crate) const NO_VERSIONS: Code = Code::new(
    225,
    Class::Usage,
    "Remove `versions`, so that an object that is overwritten after the plan stops the run, or turn versioning on.",
);
pub(crate) const LISTING: Code = Code::new(
    226,
    Class::Retry,
    "Run the same command again. If the store never lists keys in ascending byte order, copy the archive to another one.",
);
pub(crate) const STORE: Code = Code::new(
    227,
    Class::Retry,
    "Remove the cause, then run the same command again: it continues from the last checkpoint.",
);
pub(crate) const UNREACHABLE: Code = Code::new(
    228,
    Class::Retry,
    "Correct the `endpoint` of the source, or the variable that sets it. If it is right, repair the network or start the store.",
);
pub(crate) const UNTRUSTED: Code = Code::new(
    229,
    Class::Usage,
    "Set `source.s3.ca_file` or AWS_CA_BUNDLE to a file with the certificate of its authority, or correct the `endpoint`.",
);
pub(crate) const NOT_A_STORE: Code = Code::new(
    232,
    Class::Usage,
    "Set `endpoint` to the API of the store, not to its web console; check for a proxy with a sign-in page.",
);
pub(crate) const CERTIFICATES: Code = Code::new(
    233,
    Class::Usage,
    "Put the certificates in PEM into a file that can be read, or remove the setting.",
);
pub(crate) const TRANSCODED: Code = Code::new(
    234,
    Class::Permanent,
    "Turn off compression in the store or the proxy in front of it, or copy the objects without `Content-Encoding`.",
);
pub(crate) const NO_RANGES: Code = Code::new(
    230,
    Class::Permanent,
    "Read the archive with a driver that can, such as `files` or `s3`, or exclude the object.",
);
pub(crate) const BEYOND_END: Code = Code::new(
    231,
    Class::Permanent,
    "If the plan in the work folder was edited, start a new build with `--fresh`; otherwise report this as a bug.",
);

pub(crate) const ALL: &[&Code] = &[
    &CANCELLED,
    &NO_SUCH_PATH,
    &EMPTY,
    &NOTHING_IN_RANGE,
    &DENIED,
    &NAME,
    &LOOP,
    &PATTERN,
    &BOUND,
    &RANGE,
    &CHANGED,
    &VANISHED,
    &IO,
    &NO_SUCH_BUCKET,
    &NOT_ALLOWED,
    &CREDENTIALS,
    &CUSTOMER_KEY,
    &ARCHIVED,
    &NO_VERSIONS,
    &LISTING,
    &STORE,
    &UNREACHABLE,
    &UNTRUSTED,
    &NOT_A_STORE,
    &CERTIFICATES,
    &TRANSCODED,
    &FOREIGN_SPLIT,
    &NO_RANGES,
    &BEYOND_END,
    &DRIVER,
];
