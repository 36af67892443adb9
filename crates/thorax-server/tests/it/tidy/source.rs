//! The Rust files of the workspace, with their tests cut off.

use std::fs;
use std::path::Path;

use crate::program::root;

/// A Rust file.
pub struct File {
    /// From the root of the source tree, with `/`.
    pub path: String,
    /// Its lines up to the unit tests.
    pub lines: Vec<String>,
    /// Whether it is only compiled for tests, benchmarks or examples.
    pub is_test: bool,
}

impl File {
    /// Lines of code, comments left out, that hold one of the words, as `path:line: text`.
    pub fn lines_holding(&self, words: &[&str]) -> Vec<String> {
        let is_code = |line: &str| !line.trim_start().starts_with("//");
        self.lines
            .iter()
            .enumerate()
            .filter(|(_, line)| is_code(line) && words.iter().any(|word| line.contains(word)))
            .map(|(index, line)| format!("{}:{}: {}", self.path, index + 1, line.trim()))
            .collect()
    }
}

/// Every Rust file under `crates/`.
pub fn files() -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    walk(&root.join("crates"), &root, &mut found);
    assert!(found.len() > 30, "the walk found only {} files", found.len());
    found
}

fn walk(folder: &Path, root: &Path, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap();
            let is_test = ["/tests/", "/benches/", "/examples/"].iter().any(|part| name.contains(part))
                || name.ends_with("/tests.rs");
            let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").map(str::to_owned).collect();
            found.push(File { path: name, lines, is_test });
        }
    }
}
