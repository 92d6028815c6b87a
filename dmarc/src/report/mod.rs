//! Reports: what receivers of mail tell the owners of domains (feature `report`).
//!
//! Once a day or so, a receiver that applied a policy sends an **aggregate report** (RFC 9990) to the addresses
//! in `rua`: an XML file, compressed, in a mail. An [`Aggregator`] takes evaluations in and gives such reports
//! out; an [`AggregateReport`] is written and read, and [`Summary`] shows it to a person. For a single message
//! that failed, a **failure report** (RFC 9991) may go to the addresses in `ruf`: a [`FailureReport`].
//!
//! Reading is lenient, because many reports that are really sent break the schema, and bounded, because they
//! come from anyone ([`ReadLimits`]). What was wrong is in [`AggregateReport::defects`]; nothing is dropped in
//! silence. Before sending, ask [`check_destination`](crate::check_destination) about every address.
//!
//! ```
//! use dmarc::{Discovery, Name, Request, Zone, evaluate};
//! use dmarc::report::{Aggregator, AggregateReport, Message, ReadLimits, Reporter, Summary};
//!
//! let zone = Zone::parse(r#"_dmarc.example.com. TXT "v=DMARC1; p=none; rua=mailto:d@example.com""#)?;
//! let report = evaluate(Request::new(Name::parse("example.com")?), Discovery::TreeWalk).run(&zone);
//!
//! let reporter = Reporter::new("Example Mail", "dmarc@mx.example.net", Name::parse("mx.example.net")?);
//! let mut aggregator = Aggregator::new(reporter);
//! let now = 1_790_000_000;
//! aggregator.add(now, &report, Message::from_ip([192, 0, 2, 1].into()));
//!
//! let due = aggregator.take_due(now + 86_400).remove(0);
//! assert_eq!(due.addresses, ["mailto:d@example.com"]);
//! let again = AggregateReport::read(&due.report.to_gzip(), &ReadLimits::default())?;
//! assert_eq!(again.rows[0].count, 1);
//! println!("{}", Summary::new(&again));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aggregate;
mod aggregator;
mod archive;
mod date;
mod draft;
mod element;
mod error;
mod failure;
mod mail;
mod mime;
mod plain;
mod read;
mod summary;
mod weight;
mod write;

pub use aggregate::{
    AggregateReport, AuthResult, DkimResult, Extension, Metadata, Namespace, PolicyPublished, Reason,
    ReasonKind, ReportRow, RowDisposition, SpfResult, SpfScope, Text,
};
pub use aggregator::{Added, Aggregator, Due, Message, Reporter};
pub use error::{Defect, DefectKind, ReadLimits, ReportError, ReportErrorKind};
pub use failure::{AuthFailure, DeliveryResult, FailureReport};
pub use mail::Mail;
pub use summary::Summary;
