use alloc::vec::Vec;

/// What the exchange runs over, as the program knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// Everybody can listen.
    #[default]
    Clear,
    /// TLS, with the channel bindings that the TLS library can give: none, or the one preferred first.
    Tls(Vec<ChannelBinding>),
}

impl Channel {
    /// Whether it is TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The bindings, the preferred one first.
    #[must_use]
    pub fn bindings(&self) -> &[ChannelBinding] {
        match self {
            Self::Clear => &[],
            Self::Tls(bindings) => bindings,
        }
    }
}

/// Facts about one TLS connection that both of its ends know and no one in the middle can make equal
/// (RFC 5056). They are no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding {
    kind: BindingType,
    data: Vec<u8>,
}

/// The types of channel binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindingType {
    /// Keying material exported from the connection, RFC 9266: the one to use with TLS 1.3.
    TlsExporter,
    /// The hash of the server's certificate, RFC 5929 §4: works where TLS ends in front of the server.
    TlsServerEndPoint,
}

impl BindingType {
    /// The name, the `cb-name` of RFC 5802 §7.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
        }
    }
}

impl ChannelBinding {
    /// The label to give to the keying material exporter of the TLS library, with an empty context (RFC 9266
    /// §2).
    pub const EXPORTER_LABEL: &'static str = "EXPORTER-Channel-Binding";

    /// The 32 octets that came out of the exporter.
    ///
    /// Only for TLS 1.3, or TLS 1.2 with extended master secret and without renegotiation (RFC 9266 §2, §4.2).
    #[must_use]
    pub fn tls_exporter(keying_material: [u8; 32]) -> Self {
        Self { kind: BindingType::TlsExporter, data: keying_material.to_vec() }
    }

    /// The hash of the server's certificate in DER, made with the hash of the certificate's signature, or with
    /// SHA-256 where that is MD5 or SHA-1 (RFC 5929 §4.1).
    #[must_use]
    pub fn tls_server_end_point(certificate_hash: &[u8]) -> Self {
        Self { kind: BindingType::TlsServerEndPoint, data: certificate_hash.to_vec() }
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> BindingType {
        self.kind
    }

    /// `cbind-data`, RFC 5802 §7.
    pub(crate) fn data(&self) -> &[u8] {
        &self.data
    }
}
