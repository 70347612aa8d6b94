//! Settings with a few named values.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Makes an enum whose values have names, which a job writes in the same way as libpq.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl $type {
            /// The value's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok($type::$variant),)+
                    other => Err(not_one_of(other, &[$($name),+])),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

fn not_one_of(text: &str, names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "`{}` is not one of {}",
        text.escape_debug(),
        quoted.join(", ")
    )
}

named! {
    /// Whether a connection is encrypted, and what is checked of the server's certificate; as `sslmode` of libpq.
    SslMode {
        /// Never encrypted.
        Disable = "disable",
        /// Encrypted if the server wants it.
        Allow = "allow",
        /// Encrypted if the server can.
        Prefer = "prefer",
        /// Encrypted; the certificate is checked as by `verify-ca` where there is a file with authorities.
        Require = "require",
        /// Encrypted; an authority of `sslrootcert` has signed the certificate.
        VerifyCa = "verify-ca",
        /// Encrypted; a trusted authority has signed the certificate, and it is for this host.
        VerifyFull = "verify-full",
    }
}

named! {
    /// The server that a connection needs, where several are named; as `target_session_attrs` of libpq.
    SessionAttrs {
        /// Any.
        Any = "any",
        /// One that takes writes.
        ReadWrite = "read-write",
        /// One that takes no writes.
        ReadOnly = "read-only",
        /// One that is not a standby.
        Primary = "primary",
        /// A standby.
        Standby = "standby",
    }
}

named! {
    /// Whether a login by password is bound to the server's certificate; as `channel_binding` of libpq.
    ChannelBinding {
        /// Never.
        Disable = "disable",
        /// Where the connection is encrypted and the server can.
        Prefer = "prefer",
        /// Always, or the login fails.
        Require = "require",
    }
}

named! {
    /// A version of TLS; as `ssl_min_protocol_version` of libpq.
    TlsVersion {
        /// TLS 1.2.
        V12 = "TLSv1.2",
        /// TLS 1.3.
        V13 = "TLSv1.3",
    }
}
