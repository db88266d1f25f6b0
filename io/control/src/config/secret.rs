//! Where secrets come from: a file or the environment, never the configuration itself.

use core::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::error::ConfigFinding;
use super::section::{Input, Section, described};
use crate::Secret;
use crate::limits::{MAX_SECRET, MAX_TOKEN, MIN_TOKEN};

/// The process's environment, or what a test puts in its place.
pub struct Environment<'a>(Box<Lookup<'a>>);

/// Finds a variable's value.
type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

impl Environment<'static> {
    /// The environment of this process.
    pub fn process() -> Self {
        Self(Box::new(|name| std::env::var(name).ok()))
    }
}

impl<'a> Environment<'a> {
    /// An environment with these variables.
    pub fn of(lookup: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self(Box::new(lookup))
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment(..)")
    }
}

/// The value of a variable.
pub(super) fn from_environment(
    environment: &Environment<'_>,
    name: &str,
) -> Result<Secret, ConfigFinding> {
    let refuse = |what: &str| {
        let message = format!("the environment variable `{name}` {what}");
        Err(ConfigFinding::new("E_CONFIG_SECRET", message))
    };
    match (environment.0)(name) {
        None => refuse("is not set"),
        Some(value) if value.is_empty() => refuse("is empty"),
        Some(value) if value.len() > MAX_SECRET => refuse("is too long"),
        Some(value) => Ok(Secret::new(value)),
    }
}

/// The content of a file, without the line's end.
pub(super) fn from_file(path: &Path) -> Result<Secret, ConfigFinding> {
    let refuse = |what: &dyn fmt::Display| {
        let message = format!("the secret in `{}` {what}", path.display());
        ConfigFinding::new("E_CONFIG_SECRET", message)
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SECRET as u64 + 1).read_to_string(&mut text))
        .map_err(|error| refuse(&format_args!("can't be read: {error}")))?;
    if text.len() > MAX_SECRET {
        return Err(refuse(&"is too long"));
    }
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(refuse(&"is empty"));
    }
    Ok(Secret::new(text))
}

/// A token has to be long enough not to be guessed, and of characters that a header can hold.
pub(super) fn checked_token(token: Secret) -> Result<Secret, ConfigFinding> {
    let bytes = token.reveal().as_bytes();
    let problem = if bytes.len() < MIN_TOKEN || bytes.len() > MAX_TOKEN {
        format!(
            "{} bytes, {MIN_TOKEN} to {MAX_TOKEN} are needed",
            bytes.len()
        )
    } else if !bytes.iter().all(u8::is_ascii_graphic) {
        "characters other than visible ASCII".into()
    } else {
        return Ok(token);
    };
    let finding = ConfigFinding::new("E_CONFIG_TOKEN", format!("the token has {problem}"));
    Err(finding.with_help("make one with `openssl rand -hex 32`"))
}

impl<'a> Section<'a> {
    /// A secret under `KEY_env` or `KEY_file`. The key itself is refused with advice.
    pub(super) fn secret(
        &mut self,
        key: &'static str,
        env_key: &'static str,
        file_key: &'static str,
    ) -> Option<Secret> {
        if let Some(value) = self.value(key) {
            let message = format!("a secret does not belong into the configuration: `{key}`");
            let finding = ConfigFinding::new("E_CONFIG_SECRET", message)
                .with_help(format!("name its place with `{env_key}` or `{file_key}`"));
            self.input.refuse_hidden(value, finding);
        }
        self.secret_by_name(env_key, file_key)
    }

    /// A secret under `KEY_env` or `KEY_file`.
    pub(super) fn secret_by_name(
        &mut self,
        env_key: &'static str,
        file_key: &'static str,
    ) -> Option<Secret> {
        let (env, file) = (self.located(env_key), self.located(file_key));
        let (name, value, is_file) = match (env, file) {
            (Some((_, value)), Some(_)) => {
                let message = format!("`{env_key}` and `{file_key}` exclude each other");
                self.input
                    .refuse(value, ConfigFinding::new("E_CONFIG_VALUE", message));
                return None;
            }
            (Some((name, value)), None) => (name, value, false),
            (None, Some((name, value))) => (name, value, true),
            (None, None) => return None,
        };
        let secret = if is_file {
            from_file(&self.input.path(name))
        } else {
            from_environment(self.input.environment, name)
        };
        self.kept(value, secret)
    }

    /// A header's value: a text, or `{ env = "X" }` or `{ file = "F" }`, these with a `prefix` if wanted.
    pub(super) fn header_value(
        input: &'a Input<'a>,
        name: &str,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Option<Secret> {
        match value.get_ref() {
            DeValue::String(text) if !is_credential(name) => Some(Secret::new(text.as_ref())),
            DeValue::String(_) => {
                let message =
                    format!("a secret does not belong into the configuration: header `{name}`");
                let finding = ConfigFinding::new("E_CONFIG_SECRET", message).with_help(format!(
                    "name its place: {name} = {{ env = \"VARIABLE\", prefix = \"\" }}"
                ));
                input.refuse_hidden(value, finding);
                None
            }
            DeValue::Table(table) => {
                let mut section = Section::new(input, table, format!("header `{name}`"));
                let prefix = section.text("prefix").unwrap_or_default();
                let given = table.contains_key("env") || table.contains_key("file");
                let secret = section.secret_by_name("env", "file");
                section.finish();
                if !given {
                    let message = format!("header `{name}` has neither `env` nor `file`");
                    input.refuse(value, ConfigFinding::new("E_CONFIG_VALUE", message));
                }
                secret.map(|secret| Secret::new(format!("{prefix}{}", secret.reveal())))
            }
            other => {
                let message = format!(
                    "header `{name}` is a text or {{ env = \"VARIABLE\" }}, not {}",
                    described(other)
                );
                input.refuse(value, ConfigFinding::new("E_CONFIG_VALUE", message));
                None
            }
        }
    }

    /// A text with its place.
    fn located(&mut self, key: &'static str) -> Option<(&'a str, &'a Spanned<DeValue<'a>>)> {
        let text = self.text(key)?;
        Some((text, self.peek(key)?))
    }

    /// Notes why there is no value, and where.
    pub(super) fn kept<T>(
        &self,
        value: &Spanned<DeValue<'_>>,
        result: Result<T, ConfigFinding>,
    ) -> Option<T> {
        result
            .map_err(|finding| self.input.refuse(value, finding))
            .ok()
    }
}

/// Headers that hold nothing but a credential.
fn is_credential(header: &str) -> bool {
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "api-key",
        "x-auth-token",
    ]
    .iter()
    .any(|name| header.eq_ignore_ascii_case(name))
}
