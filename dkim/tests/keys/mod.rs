//! Keys that sign nothing but tests.
#![allow(dead_code, reason = "not every test needs every key")]

use dkim::SecretKey;

pub(crate) fn rsa_2048() -> SecretKey {
    SecretKey::from_pem(include_bytes!("rsa-2048.pem")).unwrap()
}

pub(crate) fn rsa_1024() -> SecretKey {
    SecretKey::from_pem(include_bytes!("rsa-1024.pem")).unwrap()
}

pub(crate) fn rsa_512() -> SecretKey {
    SecretKey::from_pem(include_bytes!("rsa-512.pem")).unwrap()
}

pub(crate) fn ed25519() -> SecretKey {
    SecretKey::from_ed25519_seed(&[7; 32])
}
