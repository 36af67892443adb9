//! Where the bundle and the engine's library are looked for when nobody says.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// How many folders above the program are searched for `models/`: enough for `target/release/` of a source tree.
const FOLDERS_ABOVE: usize = 3;

/// No bundle where one was looked for, or more than one.
#[derive(Debug, thiserror::Error)]
pub enum NoBundle {
    /// Nothing was found.
    #[error("no bundle was found; looked in {}. Give its folder with --bundle or THORAX_BUNDLE", list(searched))]
    None {
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// Which one is meant is for the operator to say.
    #[error("there are several bundles: {}. Choose one with --bundle or THORAX_BUNDLE", list(found))]
    Several {
        /// What was found.
        found: Vec<PathBuf>,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The folder of the bundle: the one given, or the only one in the first `models/` that holds any, looked for in the working
/// directory, beside the program and in the folders above it.
///
/// # Errors
/// [`NoBundle`] when there is none, or more than one to choose from.
pub fn find_bundle(given: Option<&Path>) -> Result<PathBuf, NoBundle> {
    if let Some(given) = given {
        return Ok(given.to_path_buf());
    }
    let mut searched = vec![PathBuf::from("models")];
    if let Some(folder) = program_folder() {
        searched.extend(folder.ancestors().take(FOLDERS_ABOVE).map(|above| above.join("models")));
    }
    only_bundle(searched)
}

fn only_bundle(searched: Vec<PathBuf>) -> Result<PathBuf, NoBundle> {
    for models in &searched {
        let mut found: Vec<PathBuf> = fs::read_dir(models)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.join("bundle.toml").is_file())
            .collect();
        found.sort();
        match found.len() {
            0 => {}
            1 => return Ok(found.remove(0)),
            _ => return Err(NoBundle::Several { found }),
        }
    }
    Err(NoBundle::None { searched })
}

/// The ONNX Runtime library: the one given, or the one beside the program.
pub fn find_onnxruntime(given: Option<&Path>) -> Option<PathBuf> {
    given.map(Path::to_path_buf).or_else(|| library_in(&program_folder()?, "onnxruntime"))
}

/// OpenVINO's C library: the one given, or the one in `openvino/` beside the program.
pub fn find_openvino(given: Option<&Path>) -> Option<PathBuf> {
    given.map(Path::to_path_buf).or_else(|| library_in(&program_folder()?.join("openvino"), "openvino_c"))
}

/// Where compiled networks are kept: the folder given, or `thorax/` in the user's cache folder; none for a user without one.
pub fn find_cache(given: Option<&Path>) -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let users = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let made = |path: &PathBuf| fs::create_dir_all(path).is_ok();
    given.map(Path::to_path_buf).or_else(|| users().map(|cache| cache.join("thorax")).filter(made))
}

fn library_in(folder: &Path, name: &str) -> Option<PathBuf> {
    let is_library = |file: &str| {
        file.starts_with(&format!("lib{name}.so"))
            || file == format!("lib{name}.dylib")
            || file == format!("{name}.dll")
    };
    fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && path.file_name().and_then(|name| name.to_str()).is_some_and(is_library))
        .max()
}

/// The running program, to be run again. Where the system names it by what runs and not by its path, an upgrade of the file
/// on disk changes nothing.
#[must_use]
pub fn program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { env::current_exe().unwrap_or_else(|_| PathBuf::from("thorax")) }
}

fn program_folder() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.parent()?.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn the_given_bundle_is_not_questioned_here() {
        assert_eq!(find_bundle(Some(Path::new("no/such"))).unwrap(), Path::new("no/such"));
    }

    #[test]
    fn the_only_bundle_is_taken_and_two_are_not() {
        let one = tree(&["models/a/bundle.toml", "models/README.md", "models/scrap/x"]);
        assert_eq!(
            only_bundle(vec![one.path().join("none"), one.path().join("models")]).unwrap(),
            one.path().join("models/a")
        );
        let two = tree(&["models/a/bundle.toml", "models/b/bundle.toml"]);
        let refused = only_bundle(vec![two.path().join("models")]).unwrap_err().to_string();
        assert!(refused.contains("several") && refused.contains("models/b"), "{refused}");
        let refused = only_bundle(vec![two.path().join("empty")]).unwrap_err().to_string();
        assert!(refused.contains("--bundle"), "{refused}");
    }

    #[test]
    fn the_library_lies_beside_and_its_helpers_are_not_it() {
        let folder = tree(&["libonnxruntime_providers_shared.so", "thorax"]);
        assert_eq!(library_in(folder.path(), "onnxruntime"), None);
        fs::write(folder.path().join("libonnxruntime.so.1.32.0"), "").unwrap();
        assert_eq!(library_in(folder.path(), "onnxruntime").unwrap(), folder.path().join("libonnxruntime.so.1.32.0"));
        assert_eq!(find_onnxruntime(Some(Path::new("x.so"))).unwrap(), Path::new("x.so"));
    }
}
