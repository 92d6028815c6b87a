//! Reports come compressed: GZIP as RFC 9990 has it, ZIP as many senders do.

use super::error::{ReadLimits, ReportError, ReportErrorKind};
use alloc::{borrow::Cow, vec::Vec};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use std::io::{Cursor, Read, Write};
use zip::ZipArchive;

/// The most files of a ZIP file that are looked at for one of XML.
const MAX_FILES: usize = 100;

/// The text of a report: decompressed where it is compressed, by its first octets, whatever its name says.
pub(super) fn open<'a>(file: &'a [u8], limits: &ReadLimits) -> Result<Cow<'a, [u8]>, ReportError> {
    match file {
        [0x1f, 0x8b, ..] => bounded(MultiGzDecoder::new(file), limits, ReportErrorKind::Gzip).map(Cow::Owned),
        [b'P', b'K', 3, 4, ..] => unzip(file, limits).map(Cow::Owned),
        _ if file.len() > limits.octets => Err(too_large(limits)),
        _ => Ok(Cow::Borrowed(file)),
    }
}

fn too_large(limits: &ReadLimits) -> ReportError {
    ReportError::new(ReportErrorKind::TooLarge { limit: limits.octets }, limits.octets)
}

/// Reads to the end, or to the limit. Of a stream that breaks after its first octets, those are taken.
fn bounded(stream: impl Read, limits: &ReadLimits, broken: ReportErrorKind) -> Result<Vec<u8>, ReportError> {
    let limit = u64::try_from(limits.octets).unwrap_or(u64::MAX);
    let mut octets = Vec::new();
    let result = stream.take(limit.saturating_add(1)).read_to_end(&mut octets);
    if octets.len() > limits.octets {
        return Err(too_large(limits));
    }
    match result {
        Err(_) if octets.is_empty() => Err(ReportError::new(broken, 0)),
        _ => Ok(octets),
    }
}

/// The first file of a ZIP file that ends in `.xml`, or the only one.
fn unzip(file: &[u8], limits: &ReadLimits) -> Result<Vec<u8>, ReportError> {
    let broken = ReportError::new(ReportErrorKind::Zip, 0);
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| broken)?;
    let is_xml = |name: &str| name.to_ascii_lowercase().ends_with(".xml");
    let named = archive.file_names().take(MAX_FILES).position(|name| name.is_ok_and(|name| is_xml(&name)));
    let index = match (named, archive.len()) {
        (Some(index), _) => index,
        (None, 1) => 0,
        (None, _) => return Err(broken),
    };
    let entry = archive.by_index(index).map_err(|_| broken)?;
    bounded(entry, limits, ReportErrorKind::Zip)
}

/// Compresses with GZIP.
pub(super) fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // writing to a Vec does not fail
    let _ = encoder.write_all(octets);
    encoder.finish().unwrap_or_default()
}
