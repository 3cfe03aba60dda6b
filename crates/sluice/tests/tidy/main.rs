//! The rules of the house that a program can keep: the shape of the sources, the arrows between crates, rendered pages.
//!
//! Knows texts and Cargo's graph only, nothing of what the code does. `UPDATE_DOCS=1` rewrites the rendered pages.

mod arrows;
mod pages;
mod routes;
mod shape;
mod source;

use std::path::PathBuf;

/// The workspace's folder.
fn workspace() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().nth(2).expect("the package lies two folders deep");
    root.to_owned()
}

/// Fails with all the findings at once.
#[track_caller]
fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}: {} findings\n  {}", findings.len(), findings.join("\n  "));
}
