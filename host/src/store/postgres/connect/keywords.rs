//! The keywords of libpq, the variables that stand for them, and what becomes of each.

/// What is made of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is heeded.
    Heeded,
    /// It asks for nothing that matters here.
    Ignored,
    /// Only these values ask for what is done anyway. Any other would have to be heeded, and cannot be.
    Only(&'static [&'static str]),
}

/// A keyword.
#[derive(Debug)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    /// The variable that sets it where nothing else does.
    pub(super) variable: Option<&'static str>,
    pub(super) becomes: Use,
}

const fn heeded(name: &'static str, variable: &'static str) -> Keyword {
    with(name, Some(variable), Use::Heeded)
}

const fn with(name: &'static str, variable: Option<&'static str>, becomes: Use) -> Keyword {
    Keyword {
        name,
        variable,
        becomes,
    }
}

/// All keywords of libpq 18. `service` is not among those that a service or a variable sets.
pub(super) const ALL: &[Keyword] = &[
    heeded("host", "PGHOST"),
    heeded("hostaddr", "PGHOSTADDR"),
    heeded("port", "PGPORT"),
    heeded("dbname", "PGDATABASE"),
    heeded("user", "PGUSER"),
    heeded("password", "PGPASSWORD"),
    heeded("passfile", "PGPASSFILE"),
    heeded("channel_binding", "PGCHANNELBINDING"),
    heeded("connect_timeout", "PGCONNECT_TIMEOUT"),
    heeded("application_name", "PGAPPNAME"),
    heeded("options", "PGOPTIONS"),
    heeded("sslmode", "PGSSLMODE"),
    heeded("sslrootcert", "PGSSLROOTCERT"),
    heeded("sslcert", "PGSSLCERT"),
    heeded("sslkey", "PGSSLKEY"),
    heeded("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    heeded("target_session_attrs", "PGTARGETSESSIONATTRS"),
    with("keepalives", None, Use::Heeded),
    with("keepalives_idle", None, Use::Heeded),
    with("keepalives_interval", None, Use::Heeded),
    with("keepalives_count", None, Use::Heeded),
    with("tcp_user_timeout", None, Use::Heeded),
    with("sslpassword", None, Use::Only(&[])),
    with("sslcrl", Some("PGSSLCRL"), Use::Only(&[])),
    with("sslcrldir", Some("PGSSLCRLDIR"), Use::Only(&[])),
    with(
        "sslcertmode",
        Some("PGSSLCERTMODE"),
        Use::Only(&["allow", "disable"]),
    ),
    with(
        "sslnegotiation",
        Some("PGSSLNEGOTIATION"),
        Use::Only(&["postgres"]),
    ),
    with(
        "ssl_max_protocol_version",
        Some("PGSSLMAXPROTOCOLVERSION"),
        Use::Only(&["TLSv1.3"]),
    ),
    with("requiressl", Some("PGREQUIRESSL"), Use::Only(&["0"])),
    with("requirepeer", Some("PGREQUIREPEER"), Use::Only(&[])),
    with("require_auth", Some("PGREQUIREAUTH"), Use::Only(&[])),
    with(
        "gssencmode",
        Some("PGGSSENCMODE"),
        Use::Only(&["disable", "prefer"]),
    ),
    with("replication", None, Use::Only(&["false", "off", "no", "0"])),
    with(
        "load_balance_hosts",
        Some("PGLOADBALANCEHOSTS"),
        Use::Only(&["disable"]),
    ),
    with("sslsni", Some("PGSSLSNI"), Use::Only(&["1"])),
    with("sslcompression", Some("PGSSLCOMPRESSION"), Use::Ignored),
    with("gssdelegation", Some("PGGSSDELEGATION"), Use::Ignored),
    with("gsslib", Some("PGGSSLIB"), Use::Ignored),
    with("krbsrvname", Some("PGKRBSRVNAME"), Use::Ignored),
    with("client_encoding", Some("PGCLIENTENCODING"), Use::Ignored),
    with("fallback_application_name", None, Use::Ignored),
    with(
        "min_protocol_version",
        Some("PGMINPROTOCOLVERSION"),
        Use::Only(&["3.0"]),
    ),
    with(
        "max_protocol_version",
        Some("PGMAXPROTOCOLVERSION"),
        Use::Ignored,
    ),
    with("sslkeylogfile", None, Use::Only(&[])),
    with("servicefile", None, Use::Only(&[])),
    with("scram_client_key", None, Use::Only(&[])),
    with("scram_server_key", None, Use::Only(&[])),
    with("oauth_issuer", None, Use::Ignored),
    with("oauth_client_id", None, Use::Ignored),
    with("oauth_client_secret", None, Use::Ignored),
    with("oauth_scope", None, Use::Ignored),
];

/// Keywords whose values are secrets.
const SECRETS: [&str; 4] = [
    "password",
    "sslpassword",
    "oauth_client_secret",
    "scram_client_key",
];

impl Keyword {
    /// Whether its value must not be shown, nor written into a job.
    pub(super) fn is_secret(&self) -> bool {
        SECRETS.contains(&self.name)
    }

    /// The problem with a value that would have to be heeded and cannot be.
    pub(super) fn check(&self, value: &str) -> Result<(), String> {
        let Use::Only(known) = self.becomes else {
            return Ok(());
        };
        if value.is_empty() || known.contains(&value) {
            return Ok(());
        }
        Err(match known {
            [] => "backfold does not support this setting: leave it out".to_owned(),
            known => format!("only {} is supported: leave it out", quoted(known)),
        })
    }
}

/// The keyword of this name.
pub(super) fn find(name: &str) -> Option<&'static Keyword> {
    ALL.iter().find(|keyword| keyword.name == name)
}

/// Names as an error lists them.
pub(super) fn quoted(names: &[&str]) -> String {
    let quoted = names.iter().map(|name| format!("`{name}`"));
    quoted.collect::<Vec<_>>().join(", ")
}
