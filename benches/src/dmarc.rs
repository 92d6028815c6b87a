//! Records like those that are published, and a report like those of large receivers.

use std::fmt::Write as _;

/// A dozen records, from the shortest to those of organizations with several receivers of reports.
pub const RECORDS: [&str; 12] = [
    "v=DMARC1; p=none",
    "v=DMARC1; p=reject;",
    "v=DMARC1;p=quarantine;pct=100",
    "v=DMARC1; p=none; rua=mailto:dmarc@example.com",
    "v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.com; ruf=mailto:dmarc-failures@example.com",
    "v=DMARC1; p=quarantine; sp=none; rua=mailto:mailauth-reports@example.com",
    "v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s; fo=1; rua=mailto:d@example.com; ruf=mailto:f@example.com",
    "v=DMARC1; p=reject; pct=100; rua=mailto:rua@dmarc.reports.example, mailto:dmarc@example.com; fo=1;",
    "v=DMARC1; p=none; fo=0:d:s; ri=86400; rf=afrf; rua=mailto:a1b2c3d4@rua.reports.example; adkim=r; aspf=r",
    "v=DMARC1; p=reject; sp=quarantine; np=reject; psd=n; t=y; rua=mailto:dmarc@example.com",
    "v=DMARC1;  p=quarantine;  rua=mailto:x8k2@ag.eu.dmarc.reports.example,mailto:dmarc@example.com!10m;  ruf=mailto:x8k2@fr.eu.dmarc.reports.example;  fo=1;",
    "v = DMARC1 ; p = reject ; rua = mailto:reports@example.com",
];

/// An aggregate report of so many rows, written as large receivers write it.
pub fn report(rows: usize) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<feedback>\n  <report_metadata>\n    <org_name>receiver.example</org_name>\n    \
         <email>noreply-dmarc@receiver.example</email>\n    <report_id>1234567890</report_id>\n    <date_range>\n      \
         <begin>1789948800</begin>\n      <end>1790035199</end>\n    </date_range>\n  </report_metadata>\n  \
         <policy_published>\n    <domain>example.com</domain>\n    <adkim>r</adkim>\n    <aspf>r</aspf>\n    <p>reject</p>\n    \
         <sp>reject</sp>\n    <pct>100</pct>\n  </policy_published>\n",
    );
    for row in 0..rows {
        let (high, low) = (row / 250, row % 250);
        let (dkim, spf) = if row % 3 == 0 { ("fail", "fail") } else { ("pass", "pass") };
        let done = if row % 3 == 0 { "reject" } else { "none" };
        // writing to a String does not fail
        let _ = write!(
            xml,
            "  <record>\n    <row>\n      <source_ip>198.51.{high}.{low}</source_ip>\n      <count>{row}</count>\n      \
             <policy_evaluated>\n        <disposition>{done}</disposition>\n        <dkim>{dkim}</dkim>\n        \
             <spf>{spf}</spf>\n      </policy_evaluated>\n    </row>\n    <identifiers>\n      \
             <header_from>example.com</header_from>\n    </identifiers>\n    <auth_results>\n      <dkim>\n        \
             <domain>example.com</domain>\n        <result>{dkim}</result>\n        <selector>s2026</selector>\n      \
             </dkim>\n      <spf>\n        <domain>bounces.example.com</domain>\n        <result>{spf}</result>\n      \
             </spf>\n    </auth_results>\n  </record>\n"
        );
    }
    xml.push_str("</feedback>\n");
    xml
}
