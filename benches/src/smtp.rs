//! SMTP: commands and replies in the mix of a busy server, a body, and a session between our two machines.

/// The commands of a few sessions.
pub const COMMANDS: [&str; 20] = [
    "EHLO mail.example.org",
    "MAIL FROM:<alice@example.org> SIZE=12345 BODY=8BITMIME",
    "RCPT TO:<bob@example.com>",
    "DATA",
    "QUIT",
    "EHLO [192.0.2.1]",
    "MAIL FROM:<bounces+user=example.com@lists.example.net> SIZE=48213",
    "RCPT TO:<carol.long-name@sub.example.com>",
    "RCPT TO:<dave@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;dave@example.com",
    "RCPT TO:<erin@example.com>",
    "DATA",
    "RSET",
    "MAIL FROM:<>",
    "RCPT TO:<\"quoted local\"@example.com>",
    "BDAT 86492 LAST",
    "NOOP",
    "VRFY postmaster",
    "AUTH PLAIN AGFsaWNlAHNlY3JldA==",
    "STARTTLS",
    "QUIT",
];

/// The replies of a few sessions.
pub const REPLIES: [&str; 12] = [
    "220 mx.example.org ESMTP Postfix\r\n",
    "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n",
    "220 2.0.0 Ready to start TLS\r\n",
    "235 2.7.0 Authentication successful\r\n",
    "250 2.1.0 Ok\r\n",
    "250 2.1.5 Ok\r\n",
    "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown\r\n",
    "354 End data with <CR><LF>.<CR><LF>\r\n",
    "250 2.0.0 Ok: queued as 4F2A17B03C\r\n",
    "452-4.2.2 The email account that you tried to reach is over quota.\r\n452 4.2.2 Try again later\r\n",
    "250 2.0.0 Ok\r\n",
    "221 2.0.0 Bye\r\n",
];

/// A reply to EHLO with all that large servers offer.
pub const EHLO: &str = "250-mx.example.org at your service\r\n250-SIZE 157286400\r\n250-8BITMIME\r\n250-STARTTLS\r\n\
    250-AUTH LOGIN PLAIN XOAUTH2 OAUTHBEARER\r\n250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-CHUNKING\r\n\
    250-DSN\r\n250-LIMITS RCPTMAX=1000\r\n250 SMTPUTF8\r\n";

/// So many commands, each with its line end.
#[must_use]
pub fn commands(count: usize) -> Vec<u8> {
    COMMANDS.iter().cycle().take(count).flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
}

/// So many replies.
#[must_use]
pub fn replies(count: usize) -> Vec<u8> {
    REPLIES.iter().cycle().take(count).flat_map(|reply| reply.as_bytes().iter().copied()).collect()
}

/// A body of about so many octets, dots put on, with its end.
#[must_use]
pub fn body(octets: usize) -> Vec<u8> {
    let line = b"The quick brown fox jumps over the lazy dog, and so the line is seventy-two..\r\n";
    let mut body = Vec::with_capacity(octets + 100);
    while body.len() < octets {
        body.extend_from_slice(line);
    }
    body.extend_from_slice(b".\r\n");
    body
}
