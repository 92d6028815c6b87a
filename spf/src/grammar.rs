//! The grammar of RFC 7208 §12 in `nom`, rule by rule: what the tests compare the hand-written parser with.
