//! What an X.509 certificate says of itself.

use jiff::Timestamp;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use x509_cert::der::{Decode as _, Error};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::fleet::text::one_line;

/// The names that a certificate is good for, and its end.
///
/// # Errors
/// When it is no certificate.
pub fn read(der: &[u8]) -> Result<(Vec<String>, Option<Timestamp>), Error> {
    let certificate = x509_cert::Certificate::from_der(der)?.tbs_certificate;
    let mut names = Vec::new();
    if let Some((_, all)) = certificate.get::<SubjectAltName>()? {
        names.extend(all.0.iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(one_line(name.as_str())),
            _ => None,
        }));
    }
    let end = certificate.validity.not_after.to_unix_duration().as_secs();
    let end = i64::try_from(end).ok().and_then(|end| Timestamp::from_second(end).ok());
    Ok((names, end))
}

/// The names of the first certificate in a text of PEM; none where that cannot be read.
#[must_use]
pub fn names_in_pem(pem: &str) -> Option<Vec<String>> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    read(&der).ok().map(|(names, _)| names).filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_a_text_as_it_is_uploaded() {
        let pem = include_str!("../../../tests/fixtures/served/certificate.pem");
        assert_eq!(names_in_pem(pem).unwrap(), ["staging.example.com", "*.example.org"]);
        assert_eq!(names_in_pem("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n"), None);
        assert_eq!(names_in_pem(""), None);
    }
}
