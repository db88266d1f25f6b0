//! The configuration: `trapjaw.toml`, and what overrides it.
//!
//! Nothing has to be configured. What may be, with its default:
//!
//! ```toml
//! rules = []                          # files and folders, relative to this file
//!
//! [server]
//! http = "127.0.0.1:7171"
//! binary = "127.0.0.1:7170"
//! token_env = "TRAPJAW_TOKEN"         # or token_file = "token"; without one there is no token
//! allow_remote = false                # listen elsewhere than on loopback without a token
//! connections = 256                   # HTTP
//!
//! [engine]
//! shards = 4                          # one a core
//! driver = "auto"                     # or "io_uring", "epoll"
//! max_keys = 1048576                  # live keys of one rule on one shard
//! max_window_bytes = 1073741824       # window rows of one rule on one shard
//! max_state_bytes = 2147483648        # all else that one rule on one shard remembers
//! max_held_bytes = 268435456          # events that wait on one shard for the watermark of one lateness
//! idle = "10s"                        # a stream without events does not hold watermarks back
//! idle_ttl = "24h"                    # state of a key without events is freed
//! max_ahead = "1m"                    # how far an event may be ahead of the wall clock
//!
//! [actions.page]
//! type = "webhook"
//! url = "https://example.com/hook"    # or url_env, url_file
//! headers = { Authorization = { env = "PAGE_TOKEN", prefix = "Bearer " }, X-Team = "sre" }
//! timeout = "10s"                     # of one attempt
//! retries = 4
//! backoff = "500ms"                   # before the first retry, at most; doubles
//! max_backoff = "30s"
//! concurrency = 16
//! queue = 1024
//! when_full = "block"                 # or "drop"
//!
//! [actions.scale_out]
//! type = "run"
//! argv = ["/usr/local/bin/scale", "out"]
//! cwd = "/var/lib/scale"              # where this process runs
//! env = ["PATH"]                      # variables that the program gets
//! timeout = "30s"
//! retries = 0
//! concurrency = 4
//!
//! [actions.log]                       # always there
//! type = "log"
//! when_full = "drop"
//! ```
//!
//! Keys that are not known are refused, with their place; everything that is wrong is told at once.

mod action;
mod error;
mod secret;
mod section;

use core::cell::RefCell;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;
use trapjaw_data::driver::Choice;

use crate::Secret;
use crate::limits::{CONNECTIONS, MAX_CONFIG, MAX_CONNECTIONS};

pub(crate) use action::advice;
pub use action::{ActionConfig, Effect, LOG, WhenFull};
pub use error::{ConfigError, ConfigFinding, Place};
pub use secret::Environment;
use section::{Input, Section};

/// What a server is told. [`Config::default`] is what it does untold.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HTTP is listened for.
    pub http: SocketAddr,
    /// Where the binary protocol is listened for.
    pub binary: SocketAddr,
    /// What clients have to present, if anything.
    pub token: Option<Secret>,
    /// Listens elsewhere than on loopback even without a token.
    pub allow_remote: bool,
    /// Most HTTP connections at one time.
    pub connections: usize,
    /// How many shards; `None`: one a core.
    pub shards: Option<usize>,
    /// What moves the bytes.
    pub driver: Choice,
    /// Limits of each shard's state.
    pub engine: trapjaw_engine::Config,
    /// Rule files, and folders of them.
    pub rules: Vec<PathBuf>,
    /// Actions by name; `log` is always among them.
    pub actions: BTreeMap<Box<str>, ActionConfig>,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        Self {
            http: loopback(7_171),
            binary: loopback(7_170),
            token: None,
            allow_remote: false,
            connections: CONNECTIONS,
            shards: None,
            driver: Choice::Auto,
            engine: trapjaw_engine::Config::default(),
            rules: Vec::new(),
            actions: BTreeMap::from([(LOG.into(), ActionConfig::log())]),
        }
    }
}

/// What stands above the file: flags, or the environment. `None` and empty leave what is below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// For [`Config::http`].
    pub http: Option<SocketAddr>,
    /// For [`Config::binary`].
    pub binary: Option<SocketAddr>,
    /// Where the token is, for [`Config::token`].
    pub token: Option<TokenPlace>,
    /// For [`Config::allow_remote`].
    pub allow_remote: Option<bool>,
    /// For [`Config::shards`].
    pub shards: Option<usize>,
    /// For [`Config::driver`].
    pub driver: Option<Choice>,
    /// For [`Config::rules`], all of them.
    pub rules: Vec<PathBuf>,
}

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    /// In this variable of the environment.
    Environment(String),
    /// In this file.
    File(PathBuf),
}

impl Overrides {
    /// These above others: flags over environment.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            http: self.http.or(lower.http),
            binary: self.binary.or(lower.binary),
            token: self.token.or(lower.token),
            allow_remote: self.allow_remote.or(lower.allow_remote),
            shards: self.shards.or(lower.shards),
            driver: self.driver.or(lower.driver),
            rules: if self.rules.is_empty() {
                lower.rules
            } else {
                self.rules
            },
        }
    }
}

impl Config {
    /// Reads the file, if one is named, puts `overrides` above it and checks the whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong; see [`ConfigError`].
    pub fn load(
        file: Option<&Path>,
        overrides: &Overrides,
        environment: &Environment<'_>,
    ) -> Result<Self, ConfigError> {
        let config = match file {
            Some(path) => {
                let text = text_of(path)?;
                let folder = path.parent().unwrap_or(Path::new(""));
                Self::read(&path.display().to_string(), &text, folder, environment)?
            }
            None => Self::default(),
        };
        let config = config.overridden(overrides, environment)?;
        config.check_exposure()?;
        Ok(config)
    }

    /// Reads a configuration's text. `file` is its name in errors, `folder` is where its relative paths begin.
    ///
    /// # Errors
    ///
    /// Everything that is wrong; see [`ConfigError`].
    pub fn read(
        file: &str,
        text: &str,
        folder: &Path,
        environment: &Environment<'_>,
    ) -> Result<Self, ConfigError> {
        let input = Input {
            file,
            text,
            folder,
            environment,
            findings: RefCell::default(),
        };
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let finding = ConfigFinding::new("E_CONFIG_SYNTAX", error.message());
                input.refuse_at(error.span().unwrap_or_default(), finding);
                return Err(ConfigError::new(input.findings.into_inner()));
            }
        };
        let config = Self::of(&input, table.get_ref());
        drop(table);
        let mut findings = input.findings.into_inner();
        if findings.is_empty() {
            return Ok(config);
        }
        hide_lines(&mut findings);
        findings.sort_by_key(|finding| {
            finding
                .place
                .as_ref()
                .map(|place| (place.line, place.column))
        });
        Err(ConfigError::new(findings))
    }

    fn of<'a>(input: &'a Input<'a>, table: &'a DeTable<'a>) -> Self {
        let mut config = Self::default();
        let mut root = Section::new(input, table, "the configuration".into());
        if let Some(rules) = root.texts("rules") {
            config.rules = rules.into_iter().map(|path| input.path(path)).collect();
        }
        if let Some(server) = root.table("server") {
            config.server(Section::new(input, server, "[server]".into()));
        }
        if let Some(engine) = root.table("engine") {
            config.engine(Section::new(input, engine, "[engine]".into()));
        }
        config.actions = action::read(input, root.table("actions"));
        root.finish();
        config
    }

    fn server(&mut self, mut section: Section<'_>) {
        let address = "an address and port such as \"127.0.0.1:7171\"";
        if let Some(http) = section.parsed("http", address) {
            self.http = http;
        }
        if let Some(binary) = section.parsed("binary", address) {
            self.binary = binary;
        }
        if let Some(token) = section.secret("token", "token_env", "token_file") {
            let place = section
                .peek("token_env")
                .or_else(|| section.peek("token_file"));
            self.token = place.and_then(|place| section.kept(place, secret::checked_token(token)));
        }
        if let Some(allow) = section.bool("allow_remote") {
            self.allow_remote = allow;
        }
        if let Some(most) = section.number("connections", 1..=MAX_CONNECTIONS as u64) {
            self.connections = most as usize;
        }
        section.finish();
    }

    fn engine(&mut self, mut section: Section<'_>) {
        let most = trapjaw_data::limits::SHARDS as u64;
        if let Some(shards) = section.number("shards", 1..=most) {
            self.shards = Some(shards as usize);
        }
        let drivers = [
            ("auto", Choice::Auto),
            ("io_uring", Choice::Uring),
            ("uring", Choice::Uring),
            ("epoll", Choice::Epoll),
        ];
        if let Some(driver) = section.word("driver", &drivers) {
            self.driver = driver;
        }
        if let Some(keys) = section.number("max_keys", 1..=u64::from(u32::MAX)) {
            self.engine.max_keys = keys as usize;
        }
        if let Some(bytes) = section.number("max_window_bytes", 1 << 20..=1 << 46) {
            self.engine.max_window_bytes = bytes as usize;
        }
        if let Some(bytes) = section.number("max_state_bytes", 1 << 20..=1 << 46) {
            self.engine.max_state_bytes = bytes as usize;
        }
        if let Some(bytes) = section.number("max_held_bytes", 1 << 20..=1 << 46) {
            self.engine.max_held_bytes = bytes as usize;
        }
        let day = Duration::from_hours(24);
        if let Some(idle) = section.duration("idle", Duration::from_millis(1)..=day) {
            self.engine.idle = idle.as_nanos() as i64;
        }
        if let Some(ttl) = section.duration("idle_ttl", Duration::from_secs(1)..=day * 3_650) {
            self.engine.idle_ttl = ttl.as_nanos() as i64;
        }
        if let Some(ahead) = section.duration("max_ahead", Duration::ZERO..=day * 3_650) {
            self.engine.max_ahead = ahead.as_nanos() as i64;
        }
        section.finish();
    }

    fn overridden(
        mut self,
        overrides: &Overrides,
        environment: &Environment<'_>,
    ) -> Result<Self, ConfigFinding> {
        let Overrides {
            http,
            binary,
            token,
            allow_remote,
            shards,
            driver,
            rules,
        } = overrides;
        self.http = http.unwrap_or(self.http);
        self.binary = binary.unwrap_or(self.binary);
        self.allow_remote = allow_remote.unwrap_or(self.allow_remote);
        self.shards = shards.or(self.shards);
        self.driver = driver.unwrap_or(self.driver);
        if let Some(place) = token {
            let token = match place {
                TokenPlace::Environment(name) => secret::from_environment(environment, name),
                TokenPlace::File(path) => secret::from_file(path),
            };
            self.token = Some(secret::checked_token(token?)?);
        }
        if !rules.is_empty() {
            self.rules.clone_from(rules);
        }
        Ok(self)
    }

    /// Whoever reaches a port without a token can feed events in and read matches: that stays on this machine unless
    /// somebody said otherwise.
    fn check_exposure(&self) -> Result<(), ConfigFinding> {
        if self.token.is_some() || self.allow_remote {
            return Ok(());
        }
        let exposed = [("http", self.http), ("binary", self.binary)]
            .into_iter()
            .find(|(_, address)| !address.ip().to_canonical().is_loopback());
        let Some((name, address)) = exposed else {
            return Ok(());
        };
        let message =
            format!("`{name}` would listen on {address}, beyond this machine, without a token");
        Err(ConfigFinding::new("E_CONFIG_EXPOSED", message).with_help(
            "set `token_env` or `token_file` (--token-file), or `allow_remote = true` (--allow-remote) if the network is trusted",
        ))
    }
}

/// A line that is hidden in one finding is not to be shown by another.
fn hide_lines(findings: &mut [ConfigFinding]) {
    let places = || findings.iter().flat_map(|finding| &finding.place);
    let hidden: Vec<usize> = places()
        .filter(|place| place.text.is_empty())
        .map(|place| place.line)
        .collect();
    for place in findings.iter_mut().flat_map(|finding| &mut finding.place) {
        if hidden.contains(&place.line) {
            place.text.clear();
        }
    }
}

fn text_of(path: &Path) -> Result<String, ConfigFinding> {
    let refuse = |what: String| {
        let message = format!("the configuration `{}` {what}", path.display());
        ConfigFinding::new("E_CONFIG_FILE", message)
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CONFIG as u64 + 1).read_to_string(&mut text))
        .map_err(|error| refuse(format!("can't be read: {error}")))?;
    if text.len() > MAX_CONFIG {
        return Err(refuse(format!("has more than {MAX_CONFIG} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
