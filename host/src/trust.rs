//! Certificates of authorities that a user adds to those of the system.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The certificates in a PEM file, each of them checked to be one that can be trusted.
///
/// # Errors
/// The problem with the file, as text.
pub(crate) fn certificates(path: &Path) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let unfit =
            |error: &dyn std::fmt::Display| format!("a certificate in it is damaged: {error}");
        let certificate = certificate.map_err(|error| unfit(&error))?;
        store.add(certificate).map_err(|error| unfit(&error))?;
    }
    match store.is_empty() {
        true => Err("it holds no certificate in PEM".to_owned()),
        false => Ok(pem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_certificate_or_a_damaged_one_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let problem = |content: &str| {
            std::fs::write(&file, content).unwrap();
            certificates(&file).unwrap_err()
        };
        assert_eq!(problem("nothing"), "it holds no certificate in PEM");
        let damaged =
            "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
        assert!(problem(damaged).starts_with("a certificate in it is damaged"));
        assert!(certificates(&folder.path().join("none")).is_err());
    }
}
