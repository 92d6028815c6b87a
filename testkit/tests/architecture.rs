//! The rules that hold the family together, checked against what the manifests and the sources say.
#![allow(clippy::arithmetic_side_effects)]

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Which crates of the family a published crate may depend on.
const SIBLINGS: [(&str, &[&str]); 10] = [
    ("mailproto-base", &[]),
    ("mailproto-spf", &["mailproto-base"]),
    ("mailproto-dkim", &["mailproto-base"]),
    ("mailproto-dmarc", &["mailproto-base"]),
    ("mailproto-auth-results", &["mailproto-base", "mailproto-spf", "mailproto-dkim", "mailproto-dmarc"]),
    ("mailproto-smtp", &["mailproto-base"]),
    ("mailproto-pop3", &["mailproto-base"]),
    ("mailproto-apop", &[]),
    ("mailproto-sasl", &[]),
    ("mailproto-hickory", &["mailproto-base"]),
];

/// The one published crate that needs std: it wraps a resolver that does.
const WITH_STD: &str = "mailproto-hickory";

/// The only files that may hold `async` code: the seam, the driver, the joining of inquiries, and the adapter.
const ASYNC_FILES: [&str; 3] = ["base/src/inquiry.rs", "base/src/dns.rs", "auth-results/src/evidence.rs"];

/// What would read a clock or a random number generator, or would log.
const AMBIENT: [&str; 12] = [
    "std::time",
    "SystemTime",
    "Instant::now",
    "thread_rng",
    "OsRng",
    "getrandom",
    "rand::rng",
    "SystemRandom",
    "println!",
    "eprintln!",
    "log::",
    "tracing::",
];

/// The backends over `ring` and `aws-lc-rs`, which sign with random numbers of their own (RSA blinding) and take
/// no others.
const OWN_RANDOM: [&str; 2] = ["dkim/src/backend/ring.rs", "dkim/src/backend/aws_lc.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// The published packages of the workspace by name.
fn published() -> BTreeMap<String, Value> {
    let metadata = metadata(&["--no-deps"]);
    let is_published = |package: &&Value| package["publish"].is_null();
    array(&metadata["packages"])
        .iter()
        .filter(is_published)
        .map(|package| (text(&package["name"]).to_owned(), package.clone()))
        .collect()
}

fn normal_dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    array(&package["dependencies"]).iter().filter(|dependency| dependency["kind"].is_null())
}

fn folder(package: &Value) -> PathBuf {
    Path::new(text(&package["manifest_path"])).parent().expect("a folder").to_owned()
}

/// The source files below `src`, with their paths from the root.
fn sources(package: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder(package).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name =
                    path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    found
}

/// The lines of code, with their numbers: no comments, and nothing from the module of tests on.
fn code(source: &str) -> impl Iterator<Item = (usize, &str)> {
    source
        .lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or("")))
}

#[test]
fn every_published_crate_is_one_of_the_family() {
    let known: BTreeSet<&str> = SIBLINGS.iter().map(|(name, _)| *name).collect();
    let published = published();
    assert!(published.len() >= 5, "{:?}", published.keys());
    for name in published.keys() {
        assert!(known.contains(name.as_str()), "{name} is not among the crates that this test knows");
    }
}

#[test]
fn base_depends_on_nothing_by_default() {
    let published = published();
    let base = &published["mailproto-base"];
    let needed: Vec<_> = normal_dependencies(base)
        .filter(|dependency| dependency["optional"] != true)
        .map(|dependency| text(&dependency["name"]))
        .collect();
    assert!(needed.is_empty(), "{needed:?}");
    assert_eq!(base["features"]["default"], serde_json::json!([]));
}

#[test]
fn crates_depend_on_no_other_siblings_than_the_design_says() {
    let allowed: BTreeMap<&str, &[&str]> = SIBLINGS.into_iter().collect();
    for (name, package) in published() {
        for dependency in normal_dependencies(&package) {
            let sibling = text(&dependency["name"]);
            if sibling.starts_with("mailproto-") {
                assert!(allowed[name.as_str()].contains(&sibling), "{name} depends on {sibling}");
            }
        }
    }
}

#[test]
fn no_published_crate_reads_a_clock_or_random_numbers_or_logs() {
    let no_std = published().into_iter().filter(|(name, _)| name != WITH_STD);
    for (_, package) in no_std {
        for (file, source) in sources(&package) {
            for (line, code) in code(&source) {
                let ambient = AMBIENT
                    .into_iter()
                    .filter(|it| *it != "SystemRandom" || !OWN_RANDOM.contains(&file.as_str()));
                for ambient in ambient {
                    assert!(!code.contains(ambient), "{file}:{line}: {ambient}");
                }
            }
        }
    }
}

#[test]
fn async_code_stays_where_it_belongs() {
    let mut seen = 0;
    for package in published().values() {
        for (file, source) in sources(package) {
            for (line, code) in code(&source) {
                let is_async = ["async fn", "async move", "async {", "Future<", ".await;", ".await?"]
                    .iter()
                    .any(|it| code.contains(it));
                if is_async && file != "base/src/zone/mod.rs" && !file.starts_with("hickory/") {
                    assert!(ASYNC_FILES.contains(&file.as_str()), "{file}:{line}: {code}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 0, "the search for async code finds nothing at all");
}

#[test]
fn published_crates_are_no_std_without_unsafe_and_documented() {
    for (name, package) in published() {
        let folder = folder(&package);
        let library = fs::read_to_string(folder.join("src/lib.rs")).expect("src/lib.rs");
        assert!(name == WITH_STD || library.contains("#![no_std]"), "{name} is not no_std");
        assert!(
            library.contains("#![doc = include_str!(\"../README.md\")]"),
            "{name}: the README is not the front page"
        );
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("Cargo.toml");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} does not take the workspace's lints");
        for key in ["description", "license", "readme", "rust_version"] {
            assert!(!text(&package[key]).is_empty(), "{name} has no {key}");
        }
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    assert!(workspace.contains("unsafe_code = \"forbid\"") && workspace.contains("missing_docs = \"deny\""));
}

/// Every package that a published crate pulls in, features and all, development dependencies left out.
fn pulled_in() -> Vec<Value> {
    let metadata = metadata(&["--all-features"]);
    let packages: BTreeMap<&str, &Value> =
        array(&metadata["packages"]).iter().map(|package| (text(&package["id"]), package)).collect();
    let nodes: BTreeMap<&str, &Value> =
        array(&metadata["resolve"]["nodes"]).iter().map(|node| (text(&node["id"]), node)).collect();
    let is_published = |package: &Value| package["source"].is_null() && package["publish"].is_null();
    let mut todo: Vec<&str> =
        packages.iter().filter(|(_, package)| is_published(package)).map(|(id, _)| *id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if seen.insert(id) {
            let is_normal =
                |dependency: &&Value| array(&dependency["dep_kinds"]).iter().any(|it| it["kind"].is_null());
            todo.extend(
                array(&nodes[id]["deps"]).iter().filter(is_normal).map(|dependency| text(&dependency["pkg"])),
            );
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
    seen.into_iter().map(|id| packages[id].clone()).collect()
}

#[test]
fn no_dependency_needs_a_newer_rust_than_we_say() {
    let version = |text: &str| -> Vec<u32> {
        text.split('.').map(|part| part.parse().expect("a number")).chain([0]).take(3).collect()
    };
    let stated = version(text(&published()["mailproto-base"]["rust_version"]));
    for package in pulled_in() {
        let needed = text(&package["rust_version"]);
        assert!(needed.is_empty() || version(needed) <= stated, "{} needs Rust {needed}", package["name"]);
    }
}

#[test]
fn dependencies_are_stable_permissive_and_of_one_digest_generation() {
    let mut digests = BTreeSet::new();
    for package in pulled_in() {
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        let release = version.split('+').next().unwrap_or("");
        assert!(!release.contains('-'), "{name} {version} is no stable release");
        let licence = text(&package["license"]);
        let is_permissive =
            ["MIT", "Apache-2.0", "BSD", "ISC", "Unicode", "Zlib", "Unlicense", "CC0", "MPL-2.0"];
        assert!(is_permissive.iter().any(|it| licence.contains(it)), "{name}: {licence:?}");
        if name == "digest" {
            digests.insert(version.to_owned());
        }
    }
    assert!(digests.len() <= 1, "{digests:?}");
}
