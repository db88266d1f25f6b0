//! The actions of a configuration: `[actions.NAME]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trapjaw_dsl::diagnostic::did_you_mean;

use super::error::ConfigFinding;
use super::section::{Input, Section};
use crate::Secret;
use crate::limits::{
    MAX_ACTION_NAME, MAX_ACTIONS, MAX_CONCURRENCY, MAX_QUEUE, MAX_RETRIES, MAX_TIMEOUT,
    MAX_WEBHOOK_HEADERS,
};

/// The name of the action that is always there.
pub const LOG: &str = "log";

/// A configured action.
#[derive(Clone, Debug)]
pub struct ActionConfig {
    /// What it does.
    pub effect: Effect,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often a call is tried again after a failure that may pass.
    pub retries: u32,
    /// How long to wait before the first retry, at most; it doubles with each retry. The wait is drawn evenly from 0 to
    /// this (full jitter), so that what failed together does not come back together.
    pub backoff: Duration,
    /// Where the doubling ends.
    pub max_backoff: Duration,
    /// Calls at one time.
    pub concurrency: usize,
    /// Calls that wait.
    pub queue: usize,
    /// What happens to a call that finds the queue full.
    pub when_full: WhenFull,
}

/// What happens when an action's queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// Matches wait, then shards, then clients: credit is withdrawn at the door.
    Block,
    /// The call is dropped and counted.
    Drop,
}

/// What an action does.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Writes a line to the log.
    Log,
    /// Posts the match's context as JSON.
    Webhook {
        /// Where to. Secret, as many services put their credential into it.
        url: Secret,
        /// What to send with it.
        headers: Vec<(HeaderName, Secret)>,
    },
    /// Runs a program, with the match's context as JSON on its input.
    Run {
        /// The program and its arguments. No shell reads them.
        argv: Vec<String>,
        /// Where it runs; `None`: where this process does.
        cwd: Option<PathBuf>,
        /// The variables of this process that it gets.
        env: Vec<String>,
    },
}

impl ActionConfig {
    /// The action `log` as it is without a configuration.
    pub fn log() -> Self {
        Self::defaults(Kind::Log, Effect::Log)
    }

    fn defaults(kind: Kind, effect: Effect) -> Self {
        let (timeout, retries, concurrency) = match kind {
            Kind::Log => (10, 0, 1),
            Kind::Webhook => (10, 4, 16),
            Kind::Run => (30, 0, 4),
        };
        Self {
            effect,
            timeout: Duration::from_secs(timeout),
            retries,
            backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            concurrency,
            queue: 1_024,
            when_full: match kind {
                Kind::Log => WhenFull::Drop,
                Kind::Webhook | Kind::Run => WhenFull::Block,
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Log,
    Webhook,
    Run,
}

/// Reads the table `actions`. `log` is there in any case.
pub(super) fn read<'a>(
    input: &'a Input<'a>,
    table: Option<&'a DeTable<'a>>,
) -> BTreeMap<Box<str>, ActionConfig> {
    let mut actions = BTreeMap::from([(Box::from(LOG), ActionConfig::log())]);
    for (index, (name, value)) in table.into_iter().flatten().enumerate() {
        if index == MAX_ACTIONS {
            let message = format!("more than {MAX_ACTIONS} actions");
            input.refuse_at(name.span(), ConfigFinding::new("E_CONFIG_VALUE", message));
            break;
        }
        let span = name.span();
        let name = name.get_ref().as_ref();
        if !is_name(name) {
            let message = "an action's name is a word as rules write it: letters, digits and `_`";
            input.refuse_at(span, ConfigFinding::new("E_CONFIG_VALUE", message));
        } else if let Some(action) = one(input, name, value) {
            actions.insert(name.into(), action);
        }
    }
    actions
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    name.len() <= MAX_ACTION_NAME
        && letters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn one<'a>(
    input: &'a Input<'a>,
    name: &str,
    value: &'a Spanned<DeValue<'a>>,
) -> Option<ActionConfig> {
    let Some(table) = value.get_ref().as_table() else {
        let message = format!("action `{name}` is a table");
        input.refuse(value, ConfigFinding::new("E_CONFIG_VALUE", message));
        return None;
    };
    let mut section = Section::new(input, table, format!("action `{name}`"));
    let kinds = [
        ("log", Kind::Log),
        ("webhook", Kind::Webhook),
        ("run", Kind::Run),
    ];
    if section.peek("type").is_none() {
        let finding = ConfigFinding::new("E_CONFIG_VALUE", format!("action `{name}` has no type"))
            .with_help("add `type = \"webhook\"`, `type = \"run\"` or `type = \"log\"`");
        input.refuse(value, finding);
    }
    // Without a type nobody knows which keys there are.
    let kind = section.word("type", &kinds)?;
    if name == LOG && kind != Kind::Log {
        let message = "the action `log` is always of type \"log\"";
        let finding = ConfigFinding::new("E_CONFIG_VALUE", message);
        section.input.refuse(section.peek("type")?, finding);
    }
    let effect = match kind {
        Kind::Log => Some(Effect::Log),
        Kind::Webhook => webhook(&mut section, name, value),
        Kind::Run => run(&mut section, name, value),
    };
    // The keys are read even if there is no effect, so that all that is wrong is told at once.
    let mut action = ActionConfig::defaults(kind, Effect::Log);
    common(&mut section, &mut action);
    section.finish();
    Some(ActionConfig {
        effect: effect?,
        ..action
    })
}

fn common(section: &mut Section<'_>, action: &mut ActionConfig) {
    let short = Duration::from_millis(1);
    let set = |place: &mut Duration, value: Option<Duration>| {
        if let Some(value) = value {
            *place = value;
        }
    };
    set(
        &mut action.timeout,
        section.duration("timeout", short..=MAX_TIMEOUT),
    );
    set(
        &mut action.backoff,
        section.duration("backoff", short..=MAX_TIMEOUT),
    );
    set(
        &mut action.max_backoff,
        section.duration("max_backoff", short..=MAX_TIMEOUT),
    );
    if let Some(retries) = section.number("retries", 0..=u64::from(MAX_RETRIES)) {
        action.retries = retries as u32;
    }
    if let Some(concurrency) = section.number("concurrency", 1..=MAX_CONCURRENCY as u64) {
        action.concurrency = concurrency as usize;
    }
    if let Some(queue) = section.number("queue", 1..=MAX_QUEUE as u64) {
        action.queue = queue as usize;
    }
    let policies = [("block", WhenFull::Block), ("drop", WhenFull::Drop)];
    if let Some(when_full) = section.word("when_full", &policies) {
        action.when_full = when_full;
    }
}

fn webhook<'a>(
    section: &mut Section<'a>,
    name: &str,
    value: &'a Spanned<DeValue<'a>>,
) -> Option<Effect> {
    let headers = headers(section);
    let input = section.input;
    let inline = section.text("url");
    let hidden = section.secret_by_name("url_env", "url_file");
    let url = match (inline, hidden) {
        (Some(url), None) => Secret::new(url),
        (None, Some(url)) => url,
        (Some(_), Some(_)) => {
            let message = "`url` and its place elsewhere exclude each other";
            input.refuse(
                section.peek("url")?,
                ConfigFinding::new("E_CONFIG_VALUE", message),
            );
            return None;
        }
        (None, None) => {
            if section.peek("url_env").is_none() && section.peek("url_file").is_none() {
                let message = format!("webhook `{name}` has no `url`, `url_env` or `url_file`");
                input.refuse(value, ConfigFinding::new("E_CONFIG_VALUE", message));
            }
            return None;
        }
    };
    let place = ["url", "url_env", "url_file"]
        .into_iter()
        .find_map(|key| section.peek(key))?;
    let problem = match Url::parse(url.reveal()) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => "is neither http nor https",
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            "has a user or password in it: send a header instead"
        }
        Ok(_) => return Some(Effect::Webhook { url, headers }),
        Err(_) => "is not a URL",
    };
    let message = format!("the address of webhook `{name}` {problem}");
    input.refuse_hidden(place, ConfigFinding::new("E_CONFIG_VALUE", message));
    None
}

/// Headers that the webhook sets itself.
const OWN_HEADERS: [&str; 6] = [
    "content-type",
    "content-length",
    "transfer-encoding",
    "host",
    "connection",
    "idempotency-key",
];

fn headers(section: &mut Section<'_>) -> Vec<(HeaderName, Secret)> {
    let Some(table) = section.table("headers") else {
        return Vec::new();
    };
    let input = section.input;
    let mut headers = Vec::new();
    for (name, value) in table {
        let refuse = |message: String| {
            input.refuse_at(name.span(), ConfigFinding::new("E_CONFIG_VALUE", message));
        };
        let text = name.get_ref().as_ref();
        if headers.len() == MAX_WEBHOOK_HEADERS {
            refuse(format!("more than {MAX_WEBHOOK_HEADERS} headers"));
            break;
        }
        let Ok(header) = HeaderName::from_bytes(text.as_bytes()) else {
            refuse(format!("`{text}` is not the name of a header"));
            continue;
        };
        if OWN_HEADERS.contains(&header.as_str()) {
            refuse(format!("the webhook sets header `{header}` itself"));
            continue;
        }
        let Some(value) = Section::header_value(input, text, value) else {
            continue;
        };
        if HeaderValue::from_str(value.reveal()).is_err() {
            refuse(format!(
                "header `{header}` has a value that no header can have"
            ));
            continue;
        }
        headers.push((header, value));
    }
    headers
}

fn run<'a>(
    section: &mut Section<'a>,
    name: &str,
    value: &'a Spanned<DeValue<'a>>,
) -> Option<Effect> {
    let input = section.input;
    let given = section.peek("argv").is_some();
    let argv = section.texts("argv");
    let cwd = section.text("cwd").map(|cwd| input.path(cwd));
    let env = match section.texts("env") {
        Some(names) => names.into_iter().map(str::to_owned).collect(),
        None => vec!["PATH".to_owned()],
    };
    let refuse = |message: String| {
        let finding = ConfigFinding::new("E_CONFIG_VALUE", message)
            .with_help("argv = [\"/usr/local/bin/page\", \"--team\", \"sre\"]");
        input.refuse(section.peek("argv").unwrap_or(value), finding);
    };
    match argv {
        None if given => None,
        None => {
            refuse(format!("action `{name}` has no `argv`"));
            None
        }
        Some(argv) if argv.first().is_none_or(|program| program.is_empty()) => {
            refuse(format!("action `{name}` names no program"));
            None
        }
        Some(argv) if argv.iter().any(|argument| argument.contains('\0')) => {
            refuse(format!("action `{name}` has an argument with a zero byte"));
            None
        }
        Some(argv) => {
            let argv = argv.into_iter().map(str::to_owned).collect();
            Some(Effect::Run { argv, cwd, env })
        }
    }
}

/// What to tell somebody whose rules call an action that there is not.
pub(crate) fn advice<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let meant = match did_you_mean(name, known) {
        Some(known) => format!("did you mean `{known}`? Otherwise add"),
        None => "add".to_owned(),
    };
    format!(
        "{meant} it to trapjaw.toml:\n\n    [actions.{name}]\n    type = \"webhook\"\n    url = \"http://127.0.0.1:8080/{name}\"\n"
    )
}
