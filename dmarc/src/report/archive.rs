//! Reports come compressed: GZIP as RFC 9990 has it, ZIP as many senders do.

use super::error::{DefectKind, ReadLimits, ReportError, ReportErrorKind};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::ops::Range;
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use memchr::memmem;
use std::io::{Cursor, Read, Write};
use zip::ZipArchive;

/// The most files in a ZIP file. Each takes memory before it is known what it is; that of a report holds one or
/// two, and a few that a system adds.
const MAX_FILES: u64 = 100;

/// The text of a report.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) octets: Cow<'a, [u8]>,
    /// What is wrong with the file in which it came.
    pub(super) defects: Vec<DefectKind>,
}

/// The text of a report: decompressed where it is compressed, by its first octets, whatever its name says.
pub(super) fn open<'a>(file: &'a [u8], limits: &ReadLimits) -> Result<Opened<'a>, ReportError> {
    match file {
        [b'P', b'K', 3, 4, ..] => unzip(file, limits),
        _ => gunzip(file, limits),
    }
}

fn gunzip<'a>(file: &'a [u8], limits: &ReadLimits) -> Result<Opened<'a>, ReportError> {
    match file {
        [0x1f, 0x8b, ..] => {
            unpack_again(bounded(MultiGzDecoder::new(file), limits, ReportErrorKind::Gzip)?, limits)
        }
        _ if file.len() > limits.octets => Err(too_large(limits)),
        _ => Ok(Opened { octets: Cow::Borrowed(file), defects: Vec::new() }),
    }
}

fn too_large(limits: &ReadLimits) -> ReportError {
    ReportError::new(ReportErrorKind::TooLarge { limit: limits.octets }, limits.octets)
}

/// Reads to the end, or to the limit. Of a stream that breaks after its first octets, those are taken.
fn bounded<'a>(
    stream: impl Read,
    limits: &ReadLimits,
    broken: ReportErrorKind,
) -> Result<Opened<'a>, ReportError> {
    let limit = u64::try_from(limits.octets).unwrap_or(u64::MAX);
    let mut octets = Vec::new();
    let result = stream.take(limit.saturating_add(1)).read_to_end(&mut octets);
    if octets.len() > limits.octets {
        return Err(too_large(limits));
    }
    let defects = match result {
        Err(_) if octets.is_empty() => return Err(ReportError::new(broken, 0)),
        Err(_) => Vec::from([DefectKind::Compression]),
        Ok(_) => Vec::new(),
    };
    Ok(Opened { octets: Cow::Owned(octets), defects })
}

/// The first file of a ZIP file that is a report by its name and its content; if there is none, the first by its
/// name, or the only one.
fn unzip<'a>(file: &[u8], limits: &ReadLimits) -> Result<Opened<'a>, ReportError> {
    if counts_too_many(file) {
        return Err(ReportError::new(ReportErrorKind::TooManyFiles { limit: MAX_FILES }, 0));
    }
    let broken = ReportError::new(ReportErrorKind::Zip, 0);
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| broken)?;
    let names = archive.file_names().map(|name| name.map(Cow::into_owned).unwrap_or_default());
    let mut files: Vec<(usize, String)> = names.enumerate().collect();
    // folders, and what macOS adds to each file
    files.retain(|(_, name)| !name.ends_with('/') && !name.starts_with("__MACOSX/"));
    let is_xml = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.ends_with(".xml") || name.ends_with(".xml.gz")
    };
    let candidates = files.iter().filter(|(_, name)| files.len() == 1 || is_xml(name));
    let mut found: Result<(usize, Opened<'_>), ReportError> = Err(broken);
    let mut left = *limits;
    for (index, _) in candidates {
        let file = archive.by_index(*index).map_err(|_| broken);
        let opened = match file.and_then(|file| unpack(file, &left)) {
            Ok(opened) => opened,
            // not the next one: a hundred that are each too large take long
            Err(error) => {
                found = found.or(Err(error));
                break;
            }
        };
        left.octets = left.octets.saturating_sub(opened.octets.len());
        let is_report = memmem::find(&opened.octets, b"feedback").is_some();
        if is_report || found.is_err() {
            found = Ok((*index, opened));
        }
        if is_report {
            break;
        }
    }
    let (read, mut opened) = found?;
    let others = files.into_iter().filter(|(index, _)| *index != read);
    opened.defects.extend(others.map(|(_, name)| DefectKind::File(name)));
    Ok(opened)
}

/// Whether an end record of a ZIP file counts more files than are read: the reader of such files takes room for
/// as many as are counted.
///
/// An end record has the number of files twice, those on this disk and all of them: two octets each, and eight in
/// that of ZIP64. One with 0xffff, which leaves the number to ZIP64, counts too many as well: no file of so few needs
/// it, and the reader may take it at its word. The reader passes over one in which they differ, and so do octets that look
/// like a record.
fn counts_too_many(file: &[u8]) -> bool {
    let number = |octets: &[u8]| octets.iter().rfold(0_u64, |number, octet| number << 8 | u64::from(*octet));
    let any = |signature: &[u8], counts: Range<usize>| {
        memmem::find_iter(file, signature).any(|at| {
            let record = file.get(at..).unwrap_or_default();
            let Some(counts) = record.get(counts.clone()) else { return false };
            let (here, all) = counts.split_at(counts.len() / 2);
            here == all && number(all) > MAX_FILES
        })
    };
    any(b"PK\x05\x06", 8..12) || any(b"PK\x06\x06", 24..40)
}

/// A file of a ZIP file.
fn unpack<'a>(file: impl Read, limits: &ReadLimits) -> Result<Opened<'a>, ReportError> {
    unpack_again(bounded(file, limits, ReportErrorKind::Zip)?, limits)
}

/// What was compressed may be compressed with GZIP once more: there are hosts that do so with what is sent.
fn unpack_again<'a>(mut outer: Opened<'a>, limits: &ReadLimits) -> Result<Opened<'a>, ReportError> {
    if outer.octets.starts_with(b"\x1f\x8b") {
        let inner = bounded(MultiGzDecoder::new(&*outer.octets), limits, ReportErrorKind::Gzip)?;
        outer.defects.extend(inner.defects);
        outer.octets = inner.octets;
    }
    Ok(outer)
}

/// Compresses with GZIP.
pub(super) fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // writing to a Vec does not fail
    let _ = encoder.write_all(octets);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_twice_is_opened() {
        let text = [b'x'; 100].as_slice();
        let twice = gzip(&gzip(text));
        let limits = ReadLimits::default();
        assert_eq!(&*open(&twice, &limits).unwrap().octets, text);
        // no more often, and the limit holds for what comes out last
        assert_ne!(&*open(&gzip(&twice), &limits).unwrap().octets, text);
        let kind = open(&twice, &limits.with_octets(99)).unwrap_err().kind;
        assert_eq!(kind, ReportErrorKind::TooLarge { limit: 99 });
        // what breaks inside is told
        let cut = gzip(text);
        let cut = gzip(&cut[..cut.len() - 1]);
        assert_eq!(open(&cut, &limits).unwrap().defects, [DefectKind::Compression]);
        let broken = gzip(&[0x1f, 0x8b, 0, 0]);
        assert_eq!(open(&broken, &limits).unwrap_err().kind, ReportErrorKind::Gzip);
    }
}
