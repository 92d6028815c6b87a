# What a developer says; `just ci` is what decides whether a change lands.

# everything that CI does
ci:
    .ci/run

# the README's two commands
try:
    cargo run --example authenticate
    cargo test

# format, lint, test, document: the quick round before a commit
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-features -- -D warnings
    cargo test --workspace --all-features
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps

# the conformance data, from the folder that holds it
conformance corpora="../shared/corpora":
    MAILPROTO_CORPORA="$(realpath {{corpora}})" cargo test --workspace --all-features --test conformance -- --include-ignored

# each fuzz target for a minute
fuzz seconds="60":
    .ci/fuzz {{seconds}}

# our benchmarks, beside the physical limits
bench:
    cargo bench -p mailproto-benches

# and beside the peers
bench-peers:
    cd benches/peers && cargo bench --ignore-rust-version
