use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use super::suite::Exchange;
use crate::client_auth::{ClientAuth, certificates, verifier};

/// The certificate of a server of DTLS, and which ones are asked of its clients.
#[derive(Clone)]
pub struct Certificate(Arc<Material>);

pub struct Material {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: Arc<dyn SigningKey>,
    /// None: clients are asked for none.
    pub verifier: Option<Arc<dyn ClientCertVerifier>>,
    pub provider: Arc<CryptoProvider>,
}

impl Certificate {
    /// All PEM. An error is the cause as text.
    pub fn new(cert: &[u8], key: &[u8], clients: ClientAuth) -> Result<Certificate, String> {
        let chain = certificates(cert).map_err(|cause| format!("cannot read the certificate: {cause}"))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("cannot read the key: {error}"))?;
        let provider = Arc::new(default_provider());
        let verifier = verifier(clients, &provider)?;
        let key = provider.key_provider.load_private_key(key).map_err(|error| format!("cannot use the key: {error}"))?;
        CertifiedKey::new(chain.clone(), Arc::clone(&key))
            .keys_match()
            .map_err(|error| format!("cannot use the certificate with the key: {error}"))?;
        Ok(Certificate(Arc::new(Material { chain, key, verifier, provider })))
    }

    pub fn material(&self) -> &Arc<Material> {
        &self.0
    }
}

impl Material {
    /// The kind of suites that this certificate serves.
    pub fn exchange(&self) -> Exchange {
        if self.key.algorithm() == SignatureAlgorithm::RSA { Exchange::Rsa } else { Exchange::Ecdsa }
    }

    /// The kinds of signatures that a client may make.
    pub fn schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    /// Whether the key of the certificate, DER, has signed the message.
    pub fn is_signed(&self, certificate: &CertificateDer<'_>, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> bool {
        let Ok(certificate) = webpki::EndEntityCert::try_from(certificate) else { return false };
        let known = self.provider.signature_verification_algorithms.mapping;
        let Some((_, algorithms)) = known.iter().find(|(known, _)| *known == scheme) else { return false };
        algorithms.iter().any(|algorithm| certificate.verify_signature(*algorithm, message, signature).is_ok())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Certificate")
    }
}
