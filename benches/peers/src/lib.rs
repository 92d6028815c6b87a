//! What the benchmarks beside mail-auth share: see `benches/`.

use mail_auth::dns::{DnsCache, NoCache, ResolverCache, TxtRecord};
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Instant,
};

/// mail-auth's cache, with records that were read before.
pub struct Cache(Texts);

impl Cache {
    /// The records by their names, each with a dot at its end.
    pub fn new<S: Into<Box<str>>>(records: impl IntoIterator<Item = (S, TxtRecord)>) -> Self {
        Self(Texts(records.into_iter().map(|(name, record)| (name.into(), record)).collect()))
    }
}

/// The TXT records of a [`Cache`].
pub struct Texts(HashMap<Box<str>, TxtRecord>);

impl ResolverCache<Box<str>, TxtRecord> for Texts {
    fn get<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
    {
        self.0.get(name).cloned()
    }

    fn remove<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
    {
        None
    }

    fn insert(&self, key: Box<str>, _: TxtRecord, _: Instant) {
        panic!("{key} is not in the cache");
    }
}

impl DnsCache for Cache {
    type Txt = Texts;
    type Mx = NoCache;
    type Ipv4 = NoCache;
    type Ipv6 = NoCache;
    type Ptr = NoCache;

    fn txt(&self) -> Option<&Texts> {
        Some(&self.0)
    }
    fn mx(&self) -> Option<&NoCache> {
        None
    }
    fn ipv4(&self) -> Option<&NoCache> {
        None
    }
    fn ipv6(&self) -> Option<&NoCache> {
        None
    }
    fn ptr(&self) -> Option<&NoCache> {
        None
    }
}

/// Runs a future that never has to wait.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("everything is in the cache"),
    }
}
