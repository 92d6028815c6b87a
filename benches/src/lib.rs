//! What the benchmarks measure: records and messages like those that are really out there.

pub mod dkim;
pub mod dmarc;
pub mod pairs;
pub mod pop3;
pub mod smtp;
pub mod spf;
