//! A file's bytes and their hash, read within limits.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// A file as it came in.
#[derive(Debug)]
pub struct Input {
    /// The path as it was given, or `-`.
    pub name: String,
    /// Its content, or what is wrong with it.
    pub content: Result<Content, String>,
}

/// Bytes and their hash.
#[derive(Debug)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

impl Input {
    /// The file at a path, of at most `limit` bytes.
    #[must_use]
    pub fn of_path(path: &Path, limit: u64) -> Self {
        let content = File::open(path).and_then(|file| {
            // Opening a folder succeeds and only reading it fails, with words that help nobody.
            if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
        });
        let content = content.map_err(|error| refusal(&error)).and_then(|file| bounded(file, limit));
        Self { name: path.display().to_string(), content }
    }

    /// Whatever comes on standard input, of at most `limit` bytes.
    #[must_use]
    pub fn of_stdin(limit: u64) -> Self {
        Self { name: STDIN.to_owned(), content: bounded(io::stdin().lock(), limit) }
    }
}

fn bounded(source: impl Read, limit: u64) -> Result<Content, String> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file of exactly the limit from a larger one.
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| refusal(&error))?;
    if bytes.len() as u64 > limit {
        return Err(format!("the file has more than the {limit} bytes allowed; send a single image"));
    }
    let sha256 = hexadecimal(&Sha256::digest(&bytes));
    Ok(Content { bytes, sha256 })
}

fn refusal(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        io::ErrorKind::PermissionDenied => "the file may not be read; check its permissions".to_owned(),
        io::ErrorKind::IsADirectory => "this is a folder that cannot be listed; check its permissions".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    }
}

fn hexadecimal(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(DIGITS[usize::from(half)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_the_limit_and_knows_the_hash() {
        let content = bounded(&b"abc"[..], 3).unwrap();
        assert_eq!(content.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let refused = bounded(io::repeat(0), 1000).unwrap_err();
        assert!(refused.contains("1000"), "{refused}");
    }

    #[test]
    fn says_what_is_wrong_with_a_path() {
        let missing = Input::of_path(Path::new("no/such/file.png"), 10);
        assert_eq!(missing.name, "no/such/file.png");
        assert!(missing.content.unwrap_err().contains("no such file"));
        let folder = tempfile::tempdir().unwrap();
        assert!(Input::of_path(folder.path(), 10).content.unwrap_err().contains("folder"));
    }
}
