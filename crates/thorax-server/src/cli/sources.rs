//! Which files are meant: files as they are named, folders with everything in them, `-` for standard input.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workflow::input::{Input, STDIN};

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// Named by the user: it always gets a record.
    Named(PathBuf),
    /// Found in a folder: passed over when it is no picture.
    Found(PathBuf),
}

impl Source {
    /// Reads it.
    pub fn open(&self, limit: u64) -> Input {
        match self {
            Self::Stdin => Input::of_stdin(limit),
            Self::Named(path) | Self::Found(path) => Input::of_path(path, limit),
        }
    }
}

/// The files that the paths mean, folders in the order of their names.
pub fn expand(paths: &[PathBuf]) -> Vec<Source> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == STDIN {
            sources.push(Source::Stdin);
        } else if path.is_dir() {
            walk(&path.components().collect::<PathBuf>(), &mut sources);
        } else {
            sources.push(Source::Named(path.clone()));
        }
    }
    sources
}

/// Adds the files of a folder and those below it. Hidden entries are left out; linked files are read, linked folders are not
/// entered, so that no loop can be.
fn walk(folder: &Path, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        // Reading it as a file gives a record that says what is wrong.
        sources.push(Source::Named(folder.to_path_buf()));
        return;
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            if !path.is_symlink() {
                walk(&path, sources);
            }
        } else if path.is_file() {
            sources.push(Source::Found(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_order_without_hidden_files_and_loops() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        for file in ["c.png", "a.png", ".hidden.png", ".git/x.png", "b/deep/z.png", "b/y.png"] {
            fs::write(root.join(file), "").unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
            std::os::unix::fs::symlink(root.join("a.png"), root.join("link.png")).unwrap();
            std::os::unix::fs::symlink(root.join("nowhere"), root.join("dangling.png")).unwrap();
        }
        let found: Vec<String> = expand(&[root.to_path_buf()])
            .into_iter()
            .map(|source| match source {
                Source::Found(path) => path.strip_prefix(root).unwrap().display().to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, ["a.png", "b/deep/z.png", "b/y.png", "c.png", "link.png"]);
    }

    #[test]
    fn names_stay_as_they_were_given() {
        let paths = [PathBuf::from("-"), PathBuf::from("no/such.png")];
        assert_eq!(expand(&paths), [Source::Stdin, Source::Named("no/such.png".into())]);
    }

    #[test]
    fn a_folder_is_spelt_in_one_way() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        let with_slashes = PathBuf::from(format!("{}//./", folder.path().display()));
        assert_eq!(expand(&[with_slashes]), expand(&[folder.path().to_path_buf()]));
    }
}
