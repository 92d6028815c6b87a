//! The replies that the machine gives by itself.

use crate::reply::Reply;

macro_rules! replies {
    ($($name:ident = $code:literal $text:literal;)*) => {
        $(pub(super) const $name: Reply<'static> =
            Reply::fixed($code, concat!(stringify!($code), " ", $text, "\r\n"));)*
    };
}

replies! {
    MAIL_OK = 250 "2.1.0 Sender ok";
    RCPT_OK = 250 "2.1.5 Recipient ok";
    CHUNK_OK = 250 "2.0.0 Octets received";
    BODY_OK = 250 "2.6.0 Message accepted";
    RESET_OK = 250 "2.0.0 Reset";
    OK = 250 "2.0.0 Ok";
    START_BODY = 354 "End data with <CR><LF>.<CR><LF>";
    START_TLS = 220 "2.0.0 Ready to start TLS";
    AUTH_OK = 235 "2.7.0 Authentication succeeded";
    BYE = 221 "2.0.0 Bye";
    HELP = 214 "2.0.0 See RFC 5321";
    CANNOT_VRFY = 252 "2.5.0 Cannot verify; send some mail and see";

    TIMEOUT = 421 "4.4.2 Timeout, closing";
    TOO_MANY_ERRORS = 421 "4.7.0 Too many errors, closing";
    TOO_MANY_COMMANDS = 421 "4.7.0 Too many commands, closing";
    TOO_MANY_RECIPIENTS = 452 "4.5.3 Too many recipients";
    TOO_MANY_MESSAGES = 452 "4.5.3 Too many messages in this session";

    LINE_TOO_LONG = 500 "5.5.2 Line too long";
    AUTH_LINE_TOO_LONG = 500 "5.5.6 Authentication exchange line is too long";
    NOT_KNOWN = 500 "5.5.1 Command not known";
    NOT_TEXT = 500 "5.5.2 Control characters or broken UTF-8 in a command";
    NO_COMMAND = 500 "5.5.2 No command";
    LINE_END = 500 "5.5.2 Lines must end in CRLF, closing";
    BODY_LINE_END = 550 "5.5.2 Lines must end in CRLF; message refused, closing";
    ARGUMENT = 501 "5.5.4 Syntax error in the argument";
    SENDER = 501 "5.1.7 Syntax error in the sender's address";
    RECIPIENT = 501 "5.1.3 Syntax error in the recipient's address";
    HOST = 501 "5.5.4 Say a domain or an address literal";
    BASE64 = 501 "5.5.2 Not base64";
    AUTH_CANCELLED = 501 "5.7.0 Authentication cancelled";
    TOO_LATE = 501 "5.5.4 Later than is offered";
    CHUNK = 501 "5.5.4 Size of the chunk not known, closing";
    INJECTED = 501 "5.5.1 Nothing may follow STARTTLS, closing";
    NOT_OFFERED = 502 "5.5.1 Command not offered";
    SEQUENCE = 503 "5.5.1 Bad sequence of commands";
    NO_RECIPIENTS = 554 "5.5.1 No valid recipients";
    NO_RECIPIENTS_LMTP = 503 "5.5.1 No valid recipients";
    HELLO_FIRST = 503 "5.5.1 Say hello first";
    MECHANISM = 504 "5.5.4 Mechanism not offered";
    TLS_FIRST = 530 "5.7.0 Must issue a STARTTLS command first";
    AUTH_FIRST = 530 "5.7.0 Authentication required";
    TOO_LARGE = 552 "5.3.4 Message too large";
    NOT_ASCII = 553 "5.6.7 Address needs SMTPUTF8";
    EARLY_INPUT = 554 "5.5.0 Protocol synchronisation error, closing";
    TOO_SOON = 555 "5.5.4 Sooner than is offered";
    PARAMETER = 555 "5.5.4 Parameter not offered";
}
