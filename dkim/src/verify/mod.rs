//! Verification in one pass.
//!
//! ```text
//!  write(piece)…                          finish()                          answer(TXT)
//!  ┌────────────────────┐  empty line  ┌──────────────┐  one Step for   ┌─────────────┐
//!  │ header: kept whole │ ───────────► │ body: hashed │ ──────────────► │ KeyInquiry  │ ──► reports
//!  └────────────────────┘  signatures  └──────────────┘  each key name  └─────────────┘
//!                          are read here
//! ```
//!
//! What can be told without a key is told first: a signature that cannot be read, has expired or is of a
//! refused algorithm asks for nothing. Signatures that want the same canonical body share it, and its hash.

mod inquiry;
mod keys;
mod prefix;
mod verifier;

pub use inquiry::KeyInquiry;
pub use keys::Keys;
pub use verifier::Verifier;
