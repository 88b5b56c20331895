/// Why a handshake has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A message that breaks a rule, or a signature or hash that is wrong.
    Malformed,
    /// No version or suite that both sides have.
    NothingInCommon,
    /// There is no key of the name that the client has given.
    IdentityUnknown,
    /// The client has another key than the one of its name.
    KeyWrong,
    /// The client's certificate is missing, not trusted, or of no device.
    CertificateRefused,
    /// The client did not answer in time.
    TimedOut,
    /// The client has ended it.
    EndedByClient,
    /// So many handshakes go on already, in all or of this address.
    Exhausted,
}

/// Alerts, RFC 5246 §7.2 and RFC 4279 §2.
pub const CLOSE_NOTIFY: u8 = 0;
const UNEXPECTED_MESSAGE: u8 = 10;
const HANDSHAKE_FAILURE: u8 = 40;
const BAD_CERTIFICATE: u8 = 42;
const CERTIFICATE_UNKNOWN: u8 = 46;
const DECODE_ERROR: u8 = 50;
const DECRYPT_ERROR: u8 = 51;
const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;

/// The end of a handshake: the alert for the client, and the reason for who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub alert: u8,
    pub reason: Reason,
}

impl Failure {
    pub const UNREADABLE: Failure = Failure { alert: DECODE_ERROR, reason: Reason::Malformed };
    pub const UNEXPECTED: Failure = Failure { alert: UNEXPECTED_MESSAGE, reason: Reason::Malformed };
    pub const NOT_SIGNED: Failure = Failure { alert: DECRYPT_ERROR, reason: Reason::Malformed };
    pub const INTERNAL: Failure = Failure { alert: INTERNAL_ERROR, reason: Reason::Malformed };
    pub const VERSION: Failure = Failure { alert: PROTOCOL_VERSION, reason: Reason::NothingInCommon };
    pub const SUITE: Failure = Failure { alert: HANDSHAKE_FAILURE, reason: Reason::NothingInCommon };
    /// The same alert as for a wrong key: who has none learns nothing about which names there are (RFC 4279 §2).
    pub const IDENTITY: Failure = Failure { alert: DECRYPT_ERROR, reason: Reason::IdentityUnknown };
    pub const KEY: Failure = Failure { alert: DECRYPT_ERROR, reason: Reason::KeyWrong };
    pub const NO_CERTIFICATE: Failure = Failure { alert: HANDSHAKE_FAILURE, reason: Reason::CertificateRefused };
    pub const CERTIFICATE: Failure = Failure { alert: BAD_CERTIFICATE, reason: Reason::CertificateRefused };
    pub const OF_NO_DEVICE: Failure = Failure { alert: CERTIFICATE_UNKNOWN, reason: Reason::CertificateRefused };
}
