//! The resolver whose answers are awaited.

use crate::{answer, blocking::BlockingResolver, error::SetupError};
use core::{fmt, net::SocketAddr, time::Duration};
use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
};
use mail_base::dns::{Answer, AsyncResolve, Question};
use tokio::{runtime::Handle, time};

/// How long a question may take unless [`Resolver::with_time_limit`] says otherwise: half of the 20 seconds that
/// RFC 7208 §4.6.4 wants to be given to a whole check at least.
pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(10);

/// A `hickory-resolver` that answers the questions of the family.
///
/// Its futures must be polled within a tokio runtime that has I/O and time enabled, as `hickory-resolver` wants
/// it; outside of any, every answer is [`Answer::Unavailable`]. For other executors, and for no executor, there is
/// [`blocking`](Self::blocking). Cloning is cheap, and the clones share one cache.
#[derive(Clone)]
pub struct Resolver {
    hickory: TokioResolver,
    time_limit: Duration,
}

impl Resolver {
    /// Asks these name servers, over UDP, and over TCP where an answer is too large for that. They must be
    /// resolvers: ones that find out answers of all the world for us.
    ///
    /// # Errors
    /// [`SetupError::NoServer`] where there is none.
    pub fn from_servers(servers: &[SocketAddr]) -> Result<Self, SetupError> {
        if servers.is_empty() {
            return Err(SetupError::NoServer);
        }
        let servers = servers.iter().copied().map(name_server).collect();
        let config = ResolverConfig::from_name_servers(servers);
        Self::build(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
    }

    /// Asks the name servers that the system is configured with, in `/etc/resolv.conf` or the registry of
    /// Windows, and takes time-outs and the number of attempts from there. The search list is not used, nor is the
    /// file of hosts: what a host calls its neighbours is not what the DNS says.
    ///
    /// # Errors
    /// [`SetupError::Configuration`] where the configuration cannot be read or names no server.
    #[cfg(all(feature = "system-config", any(unix, windows)))]
    pub fn from_system() -> Result<Self, SetupError> {
        Self::build(TokioResolver::builder_tokio().map_err(configuration)?)
    }

    fn build(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> Result<Self, SetupError> {
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        builder.build().map(Self::from).map_err(configuration)
    }

    /// The same with another limit of the time that a question may take, all attempts and aliases included. What
    /// is not answered by then is [`Answer::Unavailable`].
    #[must_use]
    pub fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// Starts a thread that drives this resolver, for programs without a tokio runtime.
    ///
    /// # Errors
    /// [`SetupError::Thread`] where the system gives us none.
    pub fn blocking(self) -> Result<BlockingResolver, SetupError> {
        BlockingResolver::start(self)
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let connections = [ProtocolConfig::Udp, ProtocolConfig::Tcp].map(|protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}

fn configuration(error: NetError) -> SetupError {
    SetupError::Configuration(error.to_string())
}

/// Takes a resolver as it is set up: name servers, transports, cache, file of hosts.
impl From<TokioResolver> for Resolver {
    fn from(hickory: TokioResolver) -> Self {
        Self { hickory, time_limit: DEFAULT_TIME_LIMIT }
    }
}

impl AsyncResolve for Resolver {
    async fn resolve(&self, question: &Question) -> Answer {
        if Handle::try_current().is_err() {
            // hickory would panic
            return Answer::Unavailable;
        }
        let answer = answer::ask(&self.hickory, question);
        time::timeout(self.time_limit, answer).await.unwrap_or(Answer::Unavailable)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("time_limit", &self.time_limit).finish_non_exhaustive()
    }
}
