//! Shows a DMARC aggregate report as a table: who sent for the domain, what passed, what failed and why.
//!
//! ```text
//! cargo run --example report                       # a report that ships with this
//! cargo run --example report -- file.xml.gz        # yours: XML, GZIP, ZIP, or a mail that carries one
//! cargo run --example report -- -                  # from standard input
//! ```
#![allow(clippy::print_stderr, reason = "it is a program")]

use dmarc::report::{AggregateReport, ReadLimits, ReportErrorKind, Summary};
use std::{
    env, fs,
    io::{self, Read, Write},
    process::ExitCode,
};

/// A report like those that large receivers send.
const SAMPLE: &[u8] = include_bytes!("sample-report.xml");

const USAGE: &str =
    "usage: report [FILE | -]   (an aggregate report: XML, GZIP, ZIP, or a mail that carries one)";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [] => show(SAMPLE),
        [option] if option == "-h" || option == "--help" => print(&format!("{USAGE}\n")),
        [dash] if dash == "-" => read_input().and_then(|octets| show(&octets)),
        [file] => fs::read(file).map_err(|error| format!("{file}: {error}")).and_then(|octets| show(&octets)),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn read_input() -> Result<Vec<u8>, String> {
    // one octet more than is allowed is enough to be told so
    let limit = ReadLimits::default().octets.saturating_add(1);
    let mut octets = Vec::new();
    let input = io::stdin().take(u64::try_from(limit).unwrap_or(u64::MAX));
    { input }.read_to_end(&mut octets).map_err(|error| format!("standard input: {error}"))?;
    Ok(octets)
}

fn show(octets: &[u8]) -> Result<(), String> {
    let limits = ReadLimits::default();
    let report = match AggregateReport::read(octets, &limits) {
        // not a report itself: perhaps a mail with one in it
        Err(error) if error.kind == ReportErrorKind::NotAReport => {
            AggregateReport::read_mail(octets, &limits)
        }
        result => result,
    };
    let report = report.map_err(|error| error.to_string())?;
    print(&Summary::new(&report).to_string())
}

/// Writes to standard output. Who reads no further, as `head` does, has seen enough.
fn print(text: &str) -> Result<(), String> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}
