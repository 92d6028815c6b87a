#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod base64;
mod capabilities;
pub mod client;
mod command;
mod enhanced;
mod error;
#[cfg(test)]
mod grammar;
mod mechanism;
mod octets;
mod params;
mod path;
mod received;
pub mod relay;
mod reply;
mod rules;
pub mod server;
mod text;
mod timestamp;
pub mod transaction;
mod transcript;
mod values;
mod xtext;

pub use base64::{Base64, SaslOctets};
pub use capabilities::{Capabilities, OfferedLimits};
pub use client::Client;
pub use command::{Attributes, Auth, Command, Host, Mail, Rcpt, Unknown};
pub use enhanced::EnhancedCode;
pub use error::{
    CommandError, CommandErrorKind, Misuse, PathError, PathErrorKind, ReplyError, ReplyErrorKind, TextError,
    TextErrorKind, UpgradeError,
};
pub use mail_base::{Name, Secret, lines::LineEndings, name};
pub use mechanism::Mechanism;
pub use params::{
    BodyType, MAX_PARAMETERS, MailOthers, MailParams, Others, Param, RcptOthers, RcptParams, Return,
};
pub use path::{Domain, Mailbox, Path};
pub use received::Received;
pub use reply::{Code, Reply, ReplyLine, ReplyReader};
pub use rules::Rules;
pub use server::Server;
pub use text::{Text, Word};
pub use timestamp::Timestamp;
pub use transaction::{Envelope, Outcome, Transaction};
pub use transcript::Transcript;
pub use values::{
    ByMode, DeliverBy, Hold, HoldSeconds, NoSupport, Notify, NotifyOn, OriginalRecipient, Priority, Rrvs,
};
pub use xtext::{Envid, Submitter, Xtext};
