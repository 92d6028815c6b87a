//! What is wrong with a report, and how much of one is read.

use alloc::string::String;
use thiserror::Error;

/// How large a report may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadLimits {
    /// The most octets of XML, after decompression, and of a mail. RFC 9990 §8.1 warns of reports that are
    /// attacks. Default: 64 MiB.
    pub octets: usize,
    /// The most rows. Default: 1,000,000. Each takes less than 200 octets of memory, and what its
    /// texts take.
    pub rows: usize,
    /// The deepest nesting of elements. Default: 32, where the schema has 5.
    pub depth: usize,
    /// The most defects that are listed; of more, only the number is told. Default: 1,000.
    pub defects: usize,
    /// The most [extensions](crate::report::AggregateReport::extensions) that are kept. Default: 1,000.
    pub extensions: usize,
    /// The most results and reasons that are kept, those of all rows together. Default: 1,000,000.
    pub results: usize,
    /// The most [errors](crate::report::Metadata::errors) that are kept. Default: 1,000.
    pub errors: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            octets: 64 << 20,
            rows: 1_000_000,
            depth: 32,
            defects: 1_000,
            extensions: 1_000,
            results: 1_000_000,
            errors: 1_000,
        }
    }
}

impl ReadLimits {
    /// The same with another limit for octets.
    #[must_use]
    pub fn with_octets(self, octets: usize) -> Self {
        Self { octets, ..self }
    }

    /// The same with another limit for rows.
    #[must_use]
    pub fn with_rows(self, rows: usize) -> Self {
        Self { rows, ..self }
    }

    /// The same with another limit for defects.
    #[must_use]
    pub fn with_defects(self, defects: usize) -> Self {
        Self { defects, ..self }
    }

    /// The same with another limit for extensions.
    #[must_use]
    pub fn with_extensions(self, extensions: usize) -> Self {
        Self { extensions, ..self }
    }

    /// The same with another limit for results and reasons.
    #[must_use]
    pub fn with_results(self, results: usize) -> Self {
        Self { results, ..self }
    }

    /// The same with another limit for errors.
    #[must_use]
    pub fn with_errors(self, errors: usize) -> Self {
        Self { errors, ..self }
    }
}

/// Why octets are no report that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct ReportError {
    /// What is wrong.
    pub kind: ReportErrorKind,
    /// The offset of the place: in the file, or in the mail.
    pub at: usize,
}

impl ReportError {
    pub(crate) fn new(kind: ReportErrorKind, at: usize) -> Self {
        Self { kind, at }
    }
}

/// What can be wrong with a report as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReportErrorKind {
    /// More octets than [`ReadLimits::octets`].
    #[error("the report has more than {limit} octets")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// More rows than [`ReadLimits::rows`].
    #[error("the report has more than {limit} rows")]
    TooManyRows {
        /// The limit.
        limit: usize,
    },
    /// Elements are nested deeper than [`ReadLimits::depth`].
    #[error("elements are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The GZIP file is broken.
    #[error("the GZIP file is broken")]
    Gzip,
    /// The ZIP file is broken, or holds no XML file.
    #[error("the ZIP file is broken, or holds no XML file")]
    Zip,
    /// The ZIP file holds more files than one with a report has.
    #[error("the ZIP file holds more than {limit} files")]
    TooManyFiles {
        /// The limit.
        limit: u64,
    },
    /// There is no `feedback` element, nor any part of one.
    #[error("this is no aggregate report")]
    NotAReport,
    /// The mail has no part that holds a report.
    #[error("the mail has no part that holds a report")]
    NoReportPart,
}

/// Something in a report that is not as it must be, and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct Defect {
    /// What is wrong.
    pub kind: DefectKind,
    /// The offset in the text of the report.
    pub at: usize,
}

/// What can be wrong inside a report.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DefectKind {
    /// The text is not UTF-8; it was read as UTF-16 or as Latin-1.
    #[error("the text is not UTF-8")]
    Encoding,
    /// The GZIP or ZIP file is broken, or something follows it; what could be read of it was.
    #[error("the compressed file is broken")]
    Compression,
    /// Another file of the ZIP file, which was not read.
    #[error("the file \"{0}\" of the ZIP file is not read")]
    File(String),
    /// The namespace is neither that of RFC 9990 nor that of RFC 7489.
    #[error("the namespace \"{0}\" is unknown")]
    Namespace(String),
    /// The XML is broken here; what can be read behind it is.
    #[error("the XML is broken: {0}")]
    Xml(String),
    /// The text ends in the middle of an element.
    #[error("the text ends in the middle of an element")]
    Truncated,
    /// An end tag closes no element, or not the last one.
    #[error("the end tag \"{0}\" has no start")]
    EndTag(String),
    /// An element begins where one before it must have ended.
    #[error("an element has no end tag")]
    Unclosed,
    /// A document type; it is passed over.
    #[error("a document type is declared")]
    DocumentType,
    /// An entity that XML does not have; it is kept as it stands.
    #[error("the entity \"{0}\" is unknown")]
    Entity(String),
    /// An element that the schema does not have here; it is kept among the
    /// [extensions](crate::report::AggregateReport::extensions).
    #[error("the element \"{0}\" has no place here")]
    Element(String),
    /// The value of an element is not one that the schema has.
    #[error("\"{text}\" is no value of \"{element}\"")]
    Value {
        /// The element.
        element: &'static str,
        /// The value.
        text: String,
    },
    /// An element that may stand there once stands there again. The first counts; elements within the other are
    /// taken as if they stood in the first.
    #[error("the element \"{element}\" is repeated: \"{text}\"")]
    Repeated {
        /// The element.
        element: &'static str,
        /// Its text, which is kept nowhere else; empty where elements stand in it.
        text: String,
    },
    /// Text that stands where the schema has elements only; it is kept nowhere else.
    #[error("the text \"{0}\" has no place here")]
    Text(String),
    /// An element that must be there is not.
    #[error("the element \"{0}\" is missing")]
    Missing(&'static str),
    /// A field of a failure report that must be there once is missing or stands there again.
    #[error("the field \"{0}\" must stand there once")]
    Field(&'static str),
    /// There is more of something than [`ReadLimits`] lets be kept; it was passed over.
    #[error("{count} more {what} are left out")]
    Omitted {
        /// Of what: `extensions`, `results` or `errors`.
        what: &'static str,
        /// How many more.
        count: usize,
    },
    /// There are more defects than [`ReadLimits::defects`].
    #[error("there are {0} more defects")]
    More(usize),
}
