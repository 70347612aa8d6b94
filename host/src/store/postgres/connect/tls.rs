//! TLS as the modes of libpq ask for it, by rustls.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::target::{Roots, TlsSettings};
use super::verifier::{Anyone, Verifier};
use crate::store::postgres::modes::{SslMode, TlsVersion};
use crate::trust;

/// The connector of a server whose mode is `mode`.
///
/// # Errors
/// A file that cannot be used, or settings that do not fit together.
pub(super) fn connector(tls: &TlsSettings, mode: SslMode) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let versions: &[_] = match tls.min_version {
        TlsVersion::V12 => &[&TLS13, &TLS12],
        TlsVersion::V13 => &[&TLS13],
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let algorithms = provider.signature_verification_algorithms;
    let verifier: Arc<dyn ServerCertVerifier> = match authorities(tls, mode)? {
        Some((roots, known)) => Arc::new(Verifier {
            roots,
            known,
            checks_host: mode == SslMode::VerifyFull,
            algorithms,
        }),
        None => Arc::new(Anyone { algorithms }),
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match &tls.client {
        Some((certificate, key)) if mode != SslMode::Disable => {
            let (chain, key) = (chain(certificate)?, private_key(key)?);
            let fits = builder.with_client_auth_cert(chain, key);
            fits.map_err(|error| format!("`sslcert` and `sslkey`: {error}"))?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

/// Checks that a mode and the authorities fit together.
///
/// # Errors
/// The reason why they do not.
pub(super) fn check(roots: Option<&Roots>, mode: SslMode) -> Result<(), String> {
    match (roots, mode) {
        (Some(Roots::System), SslMode::VerifyFull | SslMode::Disable) => Ok(()),
        (Some(Roots::System), mode) => Err(format!(
            "`sslrootcert` is `system`, and `sslmode` is `{mode}`: anyone can have a certificate of an authority that \
             the system trusts, so set `sslmode` to `verify-full`"
        )),
        (None, SslMode::VerifyCa) => Err(
            "`sslmode` is `verify-ca`, and there is no file with the authority: set `sslrootcert` to it, or `sslmode` to \
             `verify-full`"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

/// The authorities, and the certificates in their file; `None` where the server's certificate is not checked.
fn authorities(
    tls: &TlsSettings,
    mode: SslMode,
) -> Result<Option<(RootCertStore, Vec<CertificateDer<'static>>)>, String> {
    check(tls.roots.as_ref(), mode)?;
    match (&tls.roots, mode) {
        (_, SslMode::Disable) => Ok(None),
        (Some(Roots::File(path)), _) => of_file(path).map(Some),
        (Some(Roots::System), _) | (None, SslMode::VerifyFull) => {
            of_the_system().map(|roots| Some((roots, Vec::new())))
        }
        (None, _) => Ok(None),
    }
}

fn of_file(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let unfit = |error: String| format!("`sslrootcert` is {}: {error}", path.display());
    let pem = trust::certificates(path).map_err(unfit)?;
    let known: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(known.iter().cloned());
    Ok((roots, known))
}

fn of_the_system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})"));
        return Err(format!(
            "the system trusts no authority{}: set `sslrootcert` to the file of the one that signs the server's certificate",
            why.unwrap_or_default()
        ));
    }
    Ok(roots)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unfit = |error: &dyn std::fmt::Display| format!("`sslcert` is {}: {error}", path.display());
    let pem = fs::read(path).map_err(|error| unfit(&error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|error| unfit(&error))?;
    match chain.is_empty() {
        true => Err(unfit(&"it holds no certificate in PEM")),
        false => Ok(chain),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let unfit = |error: &dyn std::fmt::Display| format!("`sslkey` is {}: {error}", path.display());
    let found = fs::metadata(path).map_err(|error| unfit(&error))?;
    // The file of the superuser may be read by its group, as that of a system's own key is.
    let forbidden = if found.uid() == 0 { 0o037 } else { 0o077 };
    if found.mode() & forbidden != 0 {
        let mode = found.mode() & 0o777;
        return Err(unfit(&format!(
            "others may use it, its permissions are {mode:04o}: `chmod 0600` it"
        )));
    }
    let pem = fs::read(path).map_err(|error| unfit(&error))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        let is_encrypted = String::from_utf8_lossy(&pem).contains("ENCRYPTED");
        match is_encrypted {
            true => unfit(&"it is protected by a passphrase, for which a command cannot ask: `openssl pkey` takes it off"),
            false => unfit(&error),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NONE: TlsSettings = TlsSettings {
        roots: None,
        client: None,
        min_version: TlsVersion::V12,
    };

    #[test]
    fn weak_modes_are_refused_with_what_to_set() {
        let with = |roots, mode| check(Some(&roots), mode);
        for mode in [
            SslMode::Allow,
            SslMode::Prefer,
            SslMode::Require,
            SslMode::VerifyCa,
        ] {
            let problem = with(Roots::System, mode).unwrap_err();
            assert!(problem.contains("`verify-full`"), "{problem}");
        }
        assert_eq!(with(Roots::System, SslMode::VerifyFull), Ok(()));
        assert_eq!(with(Roots::File("a".into()), SslMode::VerifyCa), Ok(()));
        let problem = check(None, SslMode::VerifyCa).unwrap_err();
        assert!(problem.contains("set `sslrootcert`"), "{problem}");
        assert_eq!(check(None, SslMode::Prefer), Ok(()));
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("nothing.pem"), "no PEM").unwrap();
        let problem = |tls: TlsSettings, mode| connector(&tls, mode).err().unwrap();
        let roots = |name: &str| TlsSettings {
            roots: Some(Roots::File(path(name))),
            ..NONE
        };
        for mode in [SslMode::Prefer, SslMode::Require, SslMode::VerifyFull] {
            let missing = problem(roots("missing.pem"), mode);
            assert!(missing.contains("missing.pem") && missing.contains("`sslrootcert`"));
            let empty = problem(roots("nothing.pem"), mode);
            assert!(empty.contains("it holds no certificate in PEM"), "{empty}");
        }
        assert!(connector(&roots("missing.pem"), SslMode::Disable).is_ok());

        let client = |certificate: &str, key: &str| TlsSettings {
            client: Some((path(certificate), path(key))),
            ..NONE
        };
        let no_certificate = problem(client("missing.crt", "key"), SslMode::Require);
        assert!(no_certificate.contains("missing.crt"), "{no_certificate}");
    }

    #[test]
    fn a_key_that_others_may_read_or_with_a_passphrase_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        fs::write(
            &path,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        )
        .unwrap();
        let problem = |mode: u32| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            private_key(&path).unwrap_err()
        };
        let open = problem(0o644);
        assert!(
            open.contains("0644") && open.contains("chmod 0600"),
            "{open}"
        );
        let locked = problem(0o600);
        assert!(locked.contains("passphrase"), "{locked}");
        fs::write(&path, "nothing").unwrap();
        let nothing = problem(0o600);
        assert!(
            nothing.contains("key.pem") && !nothing.contains("passphrase"),
            "{nothing}"
        );
    }
}
