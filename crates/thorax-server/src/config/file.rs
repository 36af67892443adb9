//! The settings file: what it holds becomes the default of the option of the same name, so that options and variables go
//! before it and there is one list of settings.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;

/// Why a settings file is not followed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("the settings file {} cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// It is no TOML.
    #[error("the settings file {} is no TOML: {error}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: toml::de::Error,
    },
    /// There is no such setting.
    #[error("the settings file {} sets {key:?}, which is no setting; the long names of the options are", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// What it says.
        key: String,
    },
    /// The value is a table, a list or a date.
    #[error("the settings file {} gives {key} something that is neither text, a number nor true or false", path.display())]
    WrongValue {
        /// The file.
        path: PathBuf,
        /// The setting.
        key: String,
    },
}

/// The commands that follow a settings file.
const COMMANDS: [&str; 3] = ["serve", "work", "manage"];

/// Gives the options of the commands that follow a settings file the defaults that it holds. Without a file nothing changes.
///
/// # Errors
/// [`FileError`].
pub fn with_file(command: Command) -> Result<Command, FileError> {
    let arguments: Vec<OsString> = env::args_os().collect();
    match named(&arguments).or_else(|| env::var_os("THORAX_CONFIG")) {
        Some(path) if takes_file(&arguments) => apply(command, Path::new(&path)),
        _ => Ok(command),
    }
}

fn takes_file(arguments: &[OsString]) -> bool {
    arguments.get(1).is_some_and(|command| COMMANDS.iter().any(|one| command == one))
}

/// The file that the command line names.
fn named(arguments: &[OsString]) -> Option<OsString> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().cloned();
        }
        if let Some(path) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(path.into());
        }
    }
    None
}

fn apply(mut command: Command, path: &Path) -> Result<Command, FileError> {
    let text = fs::read_to_string(path).map_err(|error| FileError::Read { path: path.into(), error })?;
    let settings: toml::Table =
        toml::from_str(&text).map_err(|error| FileError::Syntax { path: path.into(), error })?;
    for (key, value) in settings {
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            _ => return Err(FileError::WrongValue { path: path.into(), key }),
        };
        let mut known = false;
        for name in COMMANDS {
            if has_option(&command, name, &key) {
                known = true;
                command = command.mut_subcommand(name, |sub| set(sub, &key, &value));
            }
        }
        if !known || key == "config" {
            return Err(FileError::UnknownKey { path: path.into(), key });
        }
    }
    Ok(command)
}

fn has_option(command: &Command, name: &str, key: &str) -> bool {
    let has = |command: &Command| command.get_arguments().any(|one| one.get_long() == Some(key));
    command.find_subcommand(name).is_some_and(|sub| has(sub) || sub.get_subcommands().any(has))
}

/// Sets the default where a command, or a command below it, has the option.
fn set(command: Command, key: &str, value: &str) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command =
        below.into_iter().fold(command, |command, name| command.mut_subcommand(name, |sub| set(sub, key, value)));
    let id = command.get_arguments().find(|one| one.get_long() == Some(key)).map(|one| one.get_id().clone());
    match id {
        Some(id) => command.mut_arg(id, |argument| argument.default_value(value.to_owned())),
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WebOptions;
    use clap::{Args, FromArgMatches};

    fn read(text: &str, arguments: &[&str]) -> Result<WebOptions, FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("thorax.toml");
        fs::write(&path, text).unwrap();
        let command = Command::new("thorax").subcommand(WebOptions::augment_args(Command::new("serve")));
        let matches = apply(command, &path)?.get_matches_from(arguments);
        Ok(WebOptions::from_arg_matches(matches.subcommand_matches("serve").unwrap()).unwrap())
    }

    #[test]
    fn the_file_gives_defaults_and_the_command_line_goes_before_it() {
        let text = "listen = \"0.0.0.0:9000\"\nqueue = 7\ndevelopment = true\n";
        let read = read(text, &["thorax", "serve", "--queue", "8"]).unwrap();
        assert_eq!((read.listen.port(), read.queue, read.development), (9000, 8, true));
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        let unknown = read("lisen = \"x\"", &["thorax", "serve"]).unwrap_err();
        assert!(unknown.to_string().contains("lisen"), "{unknown}");
        assert!(matches!(read("queue = [1]", &["thorax", "serve"]), Err(FileError::WrongValue { .. })));
        assert!(matches!(read("= 1", &["thorax", "serve"]), Err(FileError::Syntax { .. })));
    }

    #[test]
    fn the_command_line_names_the_file_in_two_ways() {
        let arguments = |all: &[&str]| all.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(named(&arguments(&["thorax", "serve", "--config", "a"])), Some("a".into()));
        assert_eq!(named(&arguments(&["thorax", "serve", "--config=b"])), Some("b".into()));
        assert_eq!(named(&arguments(&["thorax", "serve"])), None);
        assert!(!takes_file(&arguments(&["thorax", "predict"])) && takes_file(&arguments(&["thorax", "work"])));
    }
}
