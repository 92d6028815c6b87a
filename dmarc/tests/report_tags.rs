//! Plain tags are read without the XML reader: a report must be the same whether its tags are plain or not.
#![cfg(feature = "report")]
#![allow(clippy::unwrap_used)]

use dmarc::report::{AggregateReport, DefectKind, ReadLimits};
use proptest::{collection::vec, prelude::*, sample::select};

/// What reports, and broken reports, are made of.
const PIECES: [&str; 40] = [
    "<feedback>",
    "</feedback>",
    "<report_metadata>",
    "</report_metadata>",
    "<org_name>",
    "</org_name>",
    "<extra_contact_info>",
    "</extra_contact_info>",
    "<date_range>",
    "</date_range>",
    "<begin>",
    "</begin>",
    "<policy_published>",
    "</policy_published>",
    "<p>",
    "</p>",
    "<record>",
    "</record>",
    "<row>",
    "</row>",
    "<source_ip>",
    "</source_ip>",
    "<count>",
    "</count>",
    "<auth_results>",
    "</auth_results>",
    "<dkim>",
    "</dkim>",
    "<domain>",
    "</domain>",
    "<result>",
    "</result>",
    "<extension>",
    "</extension>",
    "<strange>",
    "</strange>",
    "1",
    "none",
    " \n",
    "&amp;",
];

/// What is read, but for places: with a space in each tag they are others.
fn read(xml: &str) -> Result<(AggregateReport, Vec<DefectKind>), String> {
    let limits = ReadLimits::default().with_rows(3).with_defects(20);
    let mut report =
        AggregateReport::read(xml.as_bytes(), &limits).map_err(|error| error.kind.to_string())?;
    let defects = report.defects.drain(..).map(|defect| defect.kind).collect();
    for extension in &mut report.extensions {
        extension.xml = extension.xml.replace(" >", ">");
    }
    Ok((report, defects))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn plain_tags_read_as_others(pieces in vec(select(PIECES.to_vec()), 0..60)) {
        let plain = pieces.concat();
        prop_assert_eq!(read(&plain), read(&plain.replace('>', " >")));
    }
}

#[test]
fn a_report_reads_the_same_with_and_without_spaces_in_its_tags() {
    let rows = "<record><row><source_ip>[2001:db8::1]</source_ip><count> 2\n</count><policy_evaluated>\
        <disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers>\
        <header_from>example.com</header_from></identifiers><auth_results><dkim><domain>example.com</domain>\
        <selector>s</selector><result>pass</result></dkim></auth_results></record>\n"
        .repeat(3);
    let plain = format!("<feedback>\n{rows}</feedback>");
    let (report, defects) = read(&plain).unwrap();
    assert_eq!((report.rows.len(), report.rows.iter().map(|row| row.count).sum::<u64>()), (3, 6));
    assert_eq!(report.rows[0].source_ip, Some("2001:db8::1".parse().unwrap()));
    assert_eq!(report.rows[0].dkim[0].selector.as_deref(), Some("s"));
    assert_eq!(read(&plain.replace('>', " >")).unwrap(), (report, defects));
    let error = read(&plain.replace("</feedback>", &rows)).unwrap_err();
    assert_eq!(error, "the report has more than 3 rows");
}
