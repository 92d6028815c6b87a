//! Each extension: its line in the reply to EHLO, and what it adds to commands, which is taken where it is offered and
//! refused, or ignored, where it is not.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

mod common;

use common::Session;
use smtp_proto::{
    HoldSeconds, Name, Timestamp,
    server::{Config, Profile, UnofferedParameters},
};

/// An extension.
struct Extension {
    /// Its line in the reply to EHLO.
    line: &'static str,
    offer: fn(&mut Config),
    /// What it adds to MAIL and to RCPT.
    mail: &'static [&'static str],
    rcpt: &'static [&'static str],
    /// The commands that it adds, the code where it is not offered, and the code where it is.
    commands: &'static [(&'static str, u16, u16)],
}

const NONE: Extension = Extension { line: "", offer: |_| {}, mail: &[], rcpt: &[], commands: &[] };

fn until() -> Timestamp {
    Timestamp::parse("2027-01-01T00:00:00Z").unwrap()
}

const EXTENSIONS: [Extension; 18] = [
    Extension { line: "PIPELINING", offer: |config| config.pipelining = true, ..NONE },
    Extension {
        line: "8BITMIME",
        offer: |config| config.eightbitmime = true,
        mail: &["BODY=8BITMIME", "body=7bit"],
        ..NONE
    },
    Extension {
        line: "CHUNKING",
        offer: |config| config.chunking = true,
        commands: &[("BDAT 0 LAST", 502, 250)],
        ..NONE
    },
    Extension {
        line: "BINARYMIME",
        offer: |config| (config.chunking, config.binarymime) = (true, true),
        mail: &["BODY=BINARYMIME"],
        ..NONE
    },
    Extension {
        line: "SMTPUTF8",
        offer: |config| (config.eightbitmime, config.smtputf8) = (true, true),
        mail: &["SMTPUTF8"],
        ..NONE
    },
    Extension {
        line: "DSN",
        offer: |config| config.dsn = true,
        mail: &["RET=FULL", "ret=hdrs", "ENVID=a+2Bb"],
        rcpt: &["NOTIFY=NEVER", "NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;a+40b"],
        ..NONE
    },
    Extension { line: "REQUIRETLS", offer: |config| config.requiretls = true, mail: &["REQUIRETLS"], ..NONE },
    Extension {
        line: "MT-PRIORITY",
        offer: |config| config.mt_priority = true,
        mail: &["MT-PRIORITY=-9", "mt-priority=3"],
        ..NONE
    },
    Extension {
        line: "RRVS",
        offer: |config| config.rrvs = true,
        rcpt: &["RRVS=2014-04-03T23:01:00Z", "RRVS=2014-04-03T23:01:00Z;C"],
        ..NONE
    },
    Extension {
        line: "ETRN",
        offer: |config| config.etrn = true,
        commands: &[("RSET", 250, 250), ("ETRN example.com", 502, 250)],
        ..NONE
    },
    Extension {
        line: "ATRN",
        offer: |config| config.atrn = true,
        commands: &[("RSET", 250, 250), ("ATRN example.com", 502, 530)],
        ..NONE
    },
    Extension {
        line: "BURL",
        offer: |config| config.burl = true,
        commands: &[("BURL imap://x", 502, 250), ("BURL imap://y LAST", 502, 250)],
        ..NONE
    },
    Extension {
        line: "STARTTLS",
        offer: |config| config.starttls = true,
        commands: &[("RSET", 250, 250), ("STARTTLS", 502, 220)],
        ..NONE
    },
    Extension {
        line: "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT",
        offer: |config| config.trusted_proxy = true,
        commands: &[("RSET", 250, 250), ("XCLIENT NAME=x", 502, 220)],
        ..NONE
    },
    Extension {
        line: "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE",
        offer: |config| config.trusted_proxy = true,
        commands: &[("XFORWARD NAME=x", 502, 250)],
        ..NONE
    },
    Extension {
        line: "DELIVERBY 240",
        offer: |config| config.deliver_by = Some(240),
        mail: &["BY=240;R", "BY=-5;nt"],
        ..NONE
    },
    Extension {
        line: "FUTURERELEASE 60 2027-01-01T00:00:00Z",
        offer: |config| config.future_release = Some((HoldSeconds::new(60).unwrap(), until())),
        mail: &["HOLDFOR=60", "HOLDUNTIL=2026-12-31T23:59:59Z"],
        ..NONE
    },
    Extension {
        line: "AUTH PLAIN SCRAM-SHA-256",
        offer: |config| {
            *config = config.clone().with_mechanisms(["PLAIN", "scram-sha-256"]);
            config.auth_in_clear = true;
        },
        mail: &["AUTH=<>", "AUTH=e+3Dmc2@example.com"],
        rcpt: &[],
        commands: &[("RSET", 250, 250), ("AUTH PLAIN AGEAYg==", 502, 235)],
    },
];

/// What is offered in any case.
const ALWAYS: [&str; 3] = ["SIZE 1000", "LIMITS MAILMAX=7 RCPTMAX=9", "ENHANCEDSTATUSCODES"];

fn bare() -> Config {
    let mut config = Config::new(Profile::Relay, Name::parse("mx.example").unwrap());
    (config.pipelining, config.chunking, config.eightbitmime) = (false, false, false);
    (config.limits.message, config.limits.messages, config.limits.recipients) = (1000, 7, 9);
    config
}

/// A session under TLS, where an extension asks for that.
fn session(config: &Config, line: &str) -> Session {
    let mut config = config.clone();
    if line == "REQUIRETLS" {
        config.profile = Profile::Submissions;
    }
    Session::new(config)
}

fn offered(session: &mut Session) -> Vec<String> {
    let reply = session.send(b"EHLO a\r\n");
    assert!(reply.starts_with("250-mx.example\r\n"), "{reply}");
    reply.lines().skip(1).map(|line| line[4..].to_owned()).collect()
}

#[test]
fn each_has_its_line() {
    assert_eq!(offered(&mut Session::new(bare())), ALWAYS);
    for Extension { line, offer, .. } in EXTENSIONS {
        let mut config = bare();
        offer(&mut config);
        let lines = offered(&mut session(&config, line));
        assert!(lines.iter().any(|offered| offered == line), "{line} in {lines:?}");
        let keywords = ["8BITMIME", "CHUNKING", "BINARYMIME", "XCLIENT", "XFORWARD"];
        let is_told = |offered: &&String| {
            *offered != line
                && !ALWAYS.contains(&offered.as_str())
                && !keywords.iter().any(|word| offered.starts_with(word))
        };
        assert_eq!(lines.iter().find(is_told), None, "nothing else is offered with {line}");
    }
}

#[test]
fn some_lines_depend_on_others_and_on_tls() {
    let mut config = bare();
    (config.binarymime, config.requiretls, config.starttls, config.smtputf8) = (true, true, true, true);
    config = config.with_mechanisms(["PLAIN"]);
    let lines = offered(&mut Session::new(config.clone()));
    assert_eq!(
        lines[0], "STARTTLS",
        "BINARYMIME needs CHUNKING, SMTPUTF8 8BITMIME, REQUIRETLS and AUTH TLS: {lines:?}"
    );
    config.profile = Profile::Submissions;
    let lines = offered(&mut Session::new(config));
    assert_eq!(lines[..2], ["REQUIRETLS", "AUTH PLAIN"]);
}

/// The codes of MAIL with the parameter, and of RCPT with it.
fn codes(config: &Config, hello: &str, line: &str, mail: &str, rcpt: &str) -> [u16; 2] {
    let mut session = session(config, line);
    session.send(format!("{hello} a\r\n").as_bytes());
    let mut code = |text: String| match session.codes(text.as_bytes())[..] {
        [code] => code,
        _ => panic!("{text}"),
    };
    let first = code(format!("MAIL FROM:<a@b>{mail}\r\n"));
    if first != 250 {
        return [first, 0];
    }
    [250, code(format!("RCPT TO:<c@d>{rcpt}\r\n"))]
}

#[test]
fn parameters_are_taken_where_they_are_offered() {
    for Extension { line, offer, mail, rcpt, .. } in EXTENSIONS {
        let without = bare();
        let mut with = bare();
        offer(&mut with);
        let mut ignoring = bare();
        ignoring.unoffered_parameters = UnofferedParameters::Ignore;
        for param in mail {
            let param = format!(" {param}");
            assert_eq!(codes(&with, "EHLO", line, &param, "")[0], 250, "{param}");
            assert_eq!(codes(&without, "EHLO", line, &param, "")[0], 555, "{param}");
            assert_eq!(codes(&with, "HELO", line, &param, "")[0], 555, "{param} behind HELO");
            assert_eq!(codes(&ignoring, "EHLO", line, &param, "")[0], 250, "{param}, ignored");
        }
        for param in rcpt {
            let param = format!(" {param}");
            assert_eq!(codes(&with, "EHLO", line, "", &param), [250, 250], "{param}");
            assert_eq!(codes(&without, "EHLO", line, "", &param), [250, 555], "{param}");
            assert_eq!(codes(&with, "HELO", line, "", &param), [250, 555], "{param} behind HELO");
            assert_eq!(codes(&ignoring, "EHLO", line, "", &param), [250, 250], "{param}, ignored");
        }
    }
    assert_eq!(codes(&bare(), "EHLO", "", " SIZE=1000", ""), [250, 250]);
    assert_eq!(codes(&bare(), "EHLO", "", " SIZE=1001", ""), [552, 0]);
}

/// A value that is not of its grammar is a syntax error, whether its parameter is offered or not.
#[test]
fn broken_values_are_refused_under_every_policy() {
    let mut ignoring = bare();
    ignoring.unoffered_parameters = UnofferedParameters::Ignore;
    for param in [
        "SIZE=x",
        "BODY=9BIT",
        "SMTPUTF8=1",
        "REQUIRETLS=1",
        "RET=SOME",
        "ENVID=a+0Ab",
        "AUTH=nobody",
        "BY=1",
        "MT-PRIORITY=10",
        "HOLDFOR=1234567890",
        "HOLDUNTIL=tomorrow",
        "SIZE=1 SIZE=1",
    ] {
        assert_eq!(codes(&ignoring, "EHLO", "", &format!(" {param}"), "")[0], 501, "{param}");
    }
    for param in
        ["NOTIFY=ALWAYS", "NOTIFY=NEVER,DELAY", "ORCPT=a@b", "RRVS=soon", "NOTIFY=NEVER NOTIFY=NEVER"]
    {
        assert_eq!(codes(&ignoring, "EHLO", "", "", &format!(" {param}")), [250, 501], "{param}");
    }
}

#[test]
fn commands_are_taken_where_they_are_offered() {
    for Extension { line, offer, commands, .. } in EXTENSIONS {
        for is_offered in [false, true] {
            let mut config = bare();
            if is_offered {
                offer(&mut config);
            }
            let mut session = session(&config, line);
            session.send(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
            for (command, without, with) in commands {
                let expected = if is_offered { *with } else { *without };
                let codes = session.codes(format!("{command}\r\n").as_bytes());
                assert_eq!(codes, [expected], "{command}, offered: {is_offered}");
            }
        }
    }
}
