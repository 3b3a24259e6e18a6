//! What the load balancers really show those who connect: a TLS handshake with the site's domain as the name that is
//! asked for. Nothing is sent in it, and nothing is trusted: the certificate is only looked at.

#[cfg(not(feature = "aws"))]
use crate::doctor::Served;
use crate::fleet::{EnvironmentPlace, Snapshot};

/// The most handshakes for an environment.
const MOST: usize = 20;

/// What is to be asked: each load balancer that has a listener on 443, for each plain domain.
fn asked(snapshot: &Snapshot, place: &EnvironmentPlace) -> Vec<(String, String)> {
    let balancers = place.load_balancers.iter().filter_map(|name| snapshot.load_balancer(name));
    let encrypted = balancers.filter(|one| one.listeners.iter().any(|listener| listener.port == 443));
    let names: Vec<&String> = encrypted.filter_map(|one| one.dns_name.as_ref()).collect();
    let plain = place.domains.iter().filter(|domain| !domain.starts_with('.') && !domain.contains('*'));
    let pairs = plain.flat_map(|domain| names.iter().map(move |by| ((*by).clone(), domain.clone())));
    pairs.take(MOST).collect()
}

#[cfg(not(feature = "aws"))]
#[allow(clippy::unused_async, reason = "where there is TLS it waits")]
pub(super) async fn look(snapshot: &Snapshot, place: &EnvironmentPlace) -> Vec<Served> {
    let why = "this build of Quarterdeck has no TLS: the feature `aws` brings it";
    let told = |(by, domain)| Served { domain, by, told: Err(why.to_owned()) };
    asked(snapshot, place).into_iter().map(told).collect()
}

#[cfg(feature = "aws")]
pub(super) use handshake::look;

#[cfg(feature = "aws")]
pub(crate) mod handshake {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::net::TcpStream;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::client::danger::{
        HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
    };
    use tokio_rustls::rustls::crypto::{
        self, CryptoProvider, verify_tls12_signature, verify_tls13_signature,
    };
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

    use super::asked;
    use crate::doctor::{Served, Shown};
    use crate::fleet::text::one_line;
    use crate::fleet::{EnvironmentPlace, Snapshot};

    /// A load balancer that has not shown its certificate by then will not.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Takes whatever is shown: it is looked at, and nothing is told to whoever shows it.
    #[derive(Debug)]
    struct Anybody(Arc<CryptoProvider>);

    impl ServerCertVerifier for Anybody {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }

    /// Asks all of them, side by side.
    pub(crate) async fn look(snapshot: &Snapshot, place: &EnvironmentPlace) -> Vec<Served> {
        join_all(asked(snapshot, place).into_iter().map(|(by, domain)| one(by, 443, domain))).await
    }

    /// Asks one, on a port.
    pub(crate) async fn one(by: String, port: u16, domain: String) -> Served {
        let told = match tokio::time::timeout(PATIENCE, shown(&by, port, &domain)).await {
            Ok(told) => told,
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        Served { domain, by, told }
    }

    async fn shown(by: &str, port: u16, domain: &str) -> Result<Shown, String> {
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| one_line(&error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        let name = ServerName::try_from(domain.to_owned())
            .map_err(|_| format!("{} is no name that TLS can ask for", one_line(domain)))?;
        let stream = TcpStream::connect((by, port)).await;
        let stream = stream.map_err(|error| one_line(&format!("no connection: {error}")))?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let stream = stream.map_err(|error| one_line(&format!("no TLS there: {error}")))?;
        let chain = stream.get_ref().1.peer_certificates();
        let first = chain.and_then(|chain| chain.first()).ok_or("it shows no certificate")?;
        read(first).map_err(|error| one_line(&format!("its certificate cannot be read: {error}")))
    }

    /// Names and end of a certificate.
    pub(crate) fn read(der: &[u8]) -> Result<Shown, x509_cert::der::Error> {
        let (names, expires_at) = crate::cloud::aws::x509::read(der)?;
        Ok(Shown { names, expires_at })
    }
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use std::sync::Arc;

    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::handshake::{one, read};

    /// Made for this test, good for a hundred years, and trusted by nobody.
    const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/served/certificate.der");
    const KEY: &[u8] = include_bytes!("../../../tests/fixtures/served/key.der");

    #[test]
    fn names_and_end_are_read_from_a_certificate() {
        let shown = read(CERTIFICATE).unwrap();
        assert_eq!(shown.names, ["staging.example.com", "*.example.org"]);
        assert!(shown.expires_at.unwrap().to_string().starts_with("2126-"), "{shown:?}");
        assert!(read(b"nothing of the kind").is_err());
        assert!(read(&CERTIFICATE[..200]).is_err());
    }

    #[tokio::test]
    async fn whoever_answers_shows_its_certificate_whether_or_not_anybody_trusts_it() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(CERTIFICATE)],
                PrivateKeyDer::try_from(KEY.to_vec()).unwrap(),
            )
            .unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
            stream.map(|stream| stream.get_ref().1.server_name().map(str::to_owned))
        });
        let shown = one("127.0.0.1".into(), port, "staging.example.com".into()).await;
        assert_eq!(shown.told.unwrap().names[0], "staging.example.com");
        assert_eq!(
            server.await.unwrap().unwrap().as_deref(),
            Some("staging.example.com"),
            "the name asked for"
        );
    }

    #[tokio::test]
    async fn where_nobody_answers_or_nobody_speaks_tls_it_is_said_why() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let plain = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        });
        let asked = |port| one("127.0.0.1".into(), port, "staging.example.com".into());
        assert!(asked(port).await.told.unwrap_err().starts_with("no TLS there"));
        plain.await.unwrap().unwrap();
        assert!(asked(port).await.told.unwrap_err().starts_with("no connection"), "it has gone");
    }
}
