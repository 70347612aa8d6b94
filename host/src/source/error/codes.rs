//! The codes of a source's failures.

use crate::error::{Class, Code};

pub(crate) const CANCELLED: Code = Code::new(
    201,
    Class::Interrupted,
    "Run the same command again: it goes on from the last checkpoint.",
);
pub(crate) const NO_SUCH_PATH: Code = Code::new(
    202,
    Class::Usage,
    "Correct the `path` of the source: a folder, a file, or a pattern such as `clicks/**/*.gz`.",
);
pub(crate) const EMPTY: Code = Code::new(
    203,
    Class::Usage,
    "Correct the `path` of the source; names that begin with `.` or `_` are passed over.",
);
pub(crate) const NOTHING_IN_RANGE: Code = Code::new(
    204,
    Class::Usage,
    "Correct `from` and `to`, or the `layout` by which the keys were read, or raise `lateness`.",
);
pub(crate) const DENIED: Code = Code::new(
    205,
    Class::Usage,
    "Let the user that runs backfold read it, and run the same command again.",
);
pub(crate) const NAME: Code = Code::new(
    206,
    Class::Usage,
    "Rename it, or give a `path` that leaves it out.",
);
pub(crate) const LOOP: Code = Code::new(
    207,
    Class::Usage,
    "Remove the symbolic link, or give a `path` that leaves it out.",
);
pub(crate) const PATTERN: Code = Code::new(
    208,
    Class::Usage,
    "Correct the `path`: `*` and `?` stay within a name, `**` crosses folders, `[` and `{` are closed.",
);
pub(crate) const BOUND: Code = Code::new(
    209,
    Class::Usage,
    "Write a date, a timestamp with its zone, an age such as `-48h`, `now`, `earliest` or `latest`; for Kafka also an offset.",
);
pub(crate) const RANGE: Code = Code::new(
    210,
    Class::Usage,
    "Correct `from` and `to`: `from` is the first moment inside, `to` the first behind.",
);
pub(crate) const CHANGED: Code = Code::new(
    211,
    Class::Permanent,
    "Put it back as it was and run the same command again, or begin a new build with `--fresh`.",
);
pub(crate) const VANISHED: Code = Code::new(
    212,
    Class::Permanent,
    "Put it back as it was and run the same command again, or begin a new build with `--fresh`.",
);
pub(crate) const IO: Code = Code::new(
    213,
    Class::Retry,
    "Run the same command again; look at the disk or the mount if it fails once more.",
);
pub(crate) const FOREIGN_SPLIT: Code = Code::new(
    214,
    Class::Permanent,
    "The plan in the work folder was altered or belongs to another source: start a new build.",
);

pub(crate) const DRIVER: Code = Code::new(
    215,
    Class::Retry,
    "Look at the cause, then run the same command again: it goes on from the last checkpoint.",
);

pub(crate) const NO_SUCH_BUCKET: Code = Code::new(
    220,
    Class::Usage,
    "Correct the `bucket` of the source, or its `endpoint` if it is in another store.",
);
pub(crate) const NOT_ALLOWED: Code = Code::new(
    221,
    Class::Usage,
    "Let the credentials list the bucket and get its objects, or choose others: `profile`, or the environment.",
);
pub(crate) const CREDENTIALS: Code = Code::new(
    222,
    Class::Usage,
    "Sign in (`aws sso login`), set `AWS_PROFILE` or the AWS variables; `anonymous = true` is for public buckets.",
);
pub(crate) const CUSTOMER_KEY: Code = Code::new(
    223,
    Class::Usage,
    "Put the 32 bytes of the key, or their base64, into `sse_c_key_file` or the variable BACKFOLD_SSE_C_KEY.",
);
pub(crate) const ARCHIVED: Code = Code::new(
    224,
    Class::Usage,
    "Restore them and plan again, or go on without them: `--skip-archived`, or `skip_archived = true`.",
);
pub(crate) const NO_VERSIONS: Code = Code::new(
    225,
    Class::Usage,
    "Leave `versions` out: then an object that is overwritten after the plan stops the run.",
);
pub(crate) const LISTING: Code = Code::new(
    226,
    Class::Retry,
    "Run the same command again. A store that never lists keys by rising bytes cannot be planned from.",
);
pub(crate) const STORE: Code = Code::new(
    227,
    Class::Retry,
    "Look at the cause, then run the same command again: it goes on from the last checkpoint.",
);
pub(crate) const UNREACHABLE: Code = Code::new(
    228,
    Class::Retry,
    "Correct the `endpoint` of the source, or the variable that gives it; where it is right, mend the network or the store.",
);
pub(crate) const UNTRUSTED: Code = Code::new(
    229,
    Class::Usage,
    "Name the certificate of its authority in `source.s3.ca_file` or AWS_CA_BUNDLE, or correct the `endpoint`.",
);
pub(crate) const NOT_A_STORE: Code = Code::new(
    232,
    Class::Usage,
    "Set `endpoint` to where the store's API is, not its web console; look for a proxy that asks to sign in.",
);
pub(crate) const CERTIFICATES: Code = Code::new(
    233,
    Class::Usage,
    "Let it be a file of certificates in PEM that can be read.",
);
pub(crate) const TRANSCODED: Code = Code::new(
    234,
    Class::Permanent,
    "Let the store, or the proxy in front of it, pass objects on as they are; or copy them without `Content-Encoding`.",
);
pub(crate) const NO_RANGES: Code = Code::new(
    230,
    Class::Permanent,
    "Read the archive by a driver that can, such as `files` or `s3`, or leave the object out.",
);
pub(crate) const BEYOND_END: Code = Code::new(
    231,
    Class::Permanent,
    "Report it, unless the plan in the work folder was altered: then start a new build.",
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
