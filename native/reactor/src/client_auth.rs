use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

/// Which certificates are asked of clients. All PEM.
#[derive(Clone, Copy, Default)]
pub struct ClientAuth<'a> {
    /// Only certificates of these authorities are taken.
    pub authorities: Option<&'a [u8]>,
    /// Certificates that these authorities have revoked are not taken.
    pub revoked: Option<&'a [u8]>,
    /// A client may come without a certificate.
    pub is_optional: bool,
    /// Any certificate is taken: it proves that the client has its key, and nothing else. A client may come without one.
    pub takes_any: bool,
}

/// None: clients are asked for no certificate. An error is the cause as text.
pub fn verifier(auth: ClientAuth, provider: &Arc<CryptoProvider>) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    if auth.takes_any {
        return Ok(Some(Arc::new(AnyCertificate { provider: Arc::clone(provider) })));
    }
    let Some(pem) = auth.authorities else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for authority in certificates(pem).map_err(|cause| format!("cannot read the client CA: {cause}"))? {
        roots.add(authority).map_err(|error| format!("cannot use the client CA: {error}"))?;
    }
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    if let Some(pem) = auth.revoked {
        let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(pem).collect();
        let lists = lists.map_err(|error| format!("cannot read the revocation lists: {error}"))?;
        // An authority without a list has revoked nothing.
        builder = builder.with_crls(lists).allow_unknown_revocation_status();
    }
    if auth.is_optional {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map(|verifier| Some(verifier as Arc<dyn ClientCertVerifier>)).map_err(|error| match error {
        // Lists of version 1 have no extensions, and RFC 5280 §5.2 asks for a number and the key of the authority.
        VerifierBuilderError::InvalidCrl(cause) => {
            format!("cannot use the revocation lists: {cause:?}; a list has to be of version 2, with a CRL number")
        }
        other => format!("cannot use the client CA: {other}"),
    })
}

pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| error.to_string())?;
    if found.is_empty() { Err("it holds none in PEM".into()) } else { Ok(found) }
}

/// Takes any certificate whose key the client has: who that is, others say.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
