//! The responses that the machine gives by itself.

use crate::response::Response;

macro_rules! responses {
    ($($name:ident = $is_ok:literal $text:literal;)*) => {
        $(pub(super) const $name: Response<'static> = Response::fixed($is_ok, $text);)*
    };
}

responses! {
    OK = true "";
    USER_OK = true "Send PASS";
    START_TLS = true "Begin TLS negotiation";
    CAPABILITIES = true "Capability list follows";
    LANGUAGES = true "Language list follows";
    IDS = true "Unique ids follow";
    TOP = true "Lines follow";
    MARKED = true "Marked as deleted";
    UTF8 = true "UTF-8 from now on";
    BYE = true "Bye";

    NO = false "No";
    LOGIN_FAILED = false "[AUTH] Login failed";
    NO_TLS = false "[SYS/TEMP] TLS cannot start now";
    NO_MAIL = false "[SYS/TEMP] The message cannot be had now";
    NOT_DELETED = false "[SYS/TEMP] Not all of the marked messages are deleted";
    NO_SERVICE = false "[SYS/TEMP] No service now";

    NOT_KNOWN = false "Command not known";
    NOT_OFFERED = false "Command not offered";
    SEQUENCE = false "Command not in its place";
    ARGUMENT = false "Syntax error";
    LINE_TOO_LONG = false "Line too long";
    LINE_END = false "Lines must end in CRLF, closing";
    TLS_FIRST = false "[AUTH] Say STLS first";
    MECHANISM = false "Mechanism not offered";
    BASE64 = false "Not base64";
    CANCELLED = false "Authentication cancelled";
    NOT_UTF8 = false "[AUTH] Not UTF-8";
    INJECTED = false "Nothing may follow STLS, closing";
    NO_MESSAGE = false "No such message";
    NO_LANGUAGE = false "No such language";
    TOO_MANY_COMMANDS = false "[SYS/TEMP] Too many commands, closing";
}
