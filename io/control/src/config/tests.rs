use insta::assert_snapshot;

use super::*;

fn environment() -> Environment<'static> {
    Environment::of(|name| match name {
        "TOKEN" => Some("0123456789abcdef0123456789abcdef".into()),
        "SHORT" => Some("hunter2".into()),
        "EMPTY" => Some(String::new()),
        "HOOK" => Some("https://hooks.example.com/T0/secret-path".into()),
        _ => None,
    })
}

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(
        "trapjaw.toml",
        text,
        Path::new("/etc/trapjaw"),
        &environment(),
    )
}

/// What is wrong with a text.
fn wrong(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn nothing_has_to_be_configured() {
    let config = Config::load(None, &Overrides::default(), &environment()).unwrap();
    assert_eq!(config.http.to_string(), "127.0.0.1:7171");
    assert_eq!(config.binary.to_string(), "127.0.0.1:7170");
    assert!(config.token.is_none() && !config.allow_remote);
    assert_eq!((config.shards, config.driver), (None, Choice::Auto));
    assert_eq!(config.engine, trapjaw_engine::Config::default());
    assert_eq!(
        config
            .actions
            .keys()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["log"]
    );
    assert!(read("").is_ok());
}

#[test]
fn everything_may_be_configured() {
    let config = read(
        r#"
        rules = ["rules", "/srv/more.trap"]
        [server]
        http = "0.0.0.0:80"
        binary = "[::1]:81"
        token_env = "TOKEN"
        allow_remote = true
        connections = 12
        [engine]
        shards = 3
        driver = "epoll"
        max_keys = 1_000
        max_window_bytes = 0x100000
        max_state_bytes = 0x200000
        max_held_bytes = 2_097_152
        idle = "2s"
        idle_ttl = "1d12h"
        max_ahead = "0s"
        [actions.page]
        type = "webhook"
        url_env = "HOOK"
        headers = { X-Team = "sre", Authorization = { env = "TOKEN", prefix = "Bearer " } }
        timeout = "2s"
        retries = 7
        backoff = "10ms"
        max_backoff = "1s"
        concurrency = 2
        queue = 9
        when_full = "drop"
        [actions.scale]
        type = "run"
        argv = ["./scale", "$(x)"]
        cwd = "bin"
        env = ["HOME"]
        "#,
    )
    .unwrap();
    let paths: Vec<_> = config
        .rules
        .iter()
        .map(|path| path.to_str().unwrap())
        .collect();
    assert_eq!(paths, ["/etc/trapjaw/rules", "/srv/more.trap"]);
    assert_eq!(config.http.to_string(), "0.0.0.0:80");
    assert_eq!(config.binary.to_string(), "[::1]:81");
    assert!(
        config
            .token
            .as_ref()
            .unwrap()
            .is(b"0123456789abcdef0123456789abcdef")
    );
    assert_eq!((config.connections, config.shards), (12, Some(3)));
    assert_eq!(config.driver, Choice::Epoll);
    assert_eq!(config.engine.max_keys, 1_000);
    assert_eq!(config.engine.max_window_bytes, 1 << 20);
    assert_eq!(config.engine.max_state_bytes, 1 << 21);
    assert_eq!(config.engine.max_held_bytes, 2 << 20);
    assert_eq!(config.engine.idle, 2_000_000_000);
    assert_eq!(config.engine.idle_ttl, 36 * 3_600 * 1_000_000_000);
    assert_eq!(config.engine.max_ahead, 0);
    let page = &config.actions["page"];
    assert_eq!(page.timeout, Duration::from_secs(2));
    assert_eq!((page.retries, page.concurrency, page.queue), (7, 2, 9));
    assert_eq!(page.backoff, Duration::from_millis(10));
    assert_eq!(page.max_backoff, Duration::from_secs(1));
    assert_eq!(page.when_full, WhenFull::Drop);
    let Effect::Webhook { url, headers } = &page.effect else {
        panic!("{page:?}");
    };
    assert_eq!(url.reveal(), "https://hooks.example.com/T0/secret-path");
    let sent: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.reveal()))
        .collect();
    assert_eq!(
        sent,
        [
            ("authorization", "Bearer 0123456789abcdef0123456789abcdef"),
            ("x-team", "sre")
        ]
    );
    let scale = &config.actions["scale"];
    assert_eq!((scale.retries, scale.when_full), (0, WhenFull::Block));
    let Effect::Run { argv, cwd, env } = &scale.effect else {
        panic!("{scale:?}");
    };
    assert_eq!(argv, &["./scale", "$(x)"]);
    assert_eq!(cwd.as_deref(), Some(Path::new("/etc/trapjaw/bin")));
    assert_eq!(env, &["HOME"]);
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("0123456789abcdef") && !shown.contains("secret-path"),
        "{shown}"
    );
}

#[test]
fn unknown_keys_are_refused_with_what_was_meant() {
    assert_snapshot!(
        wrong("[server]\nhtpp = \"127.0.0.1:1\"\n[engien]\n[actions.a]\ntype = \"log\"\nargv = []\n"),
        @r#"
    error[E_CONFIG_KEY]: unknown key `htpp` in [server]
     --> trapjaw.toml:2:1
      |
    2 | htpp = "127.0.0.1:1"
      | ^^^^
    help: did you mean `http`?

    error[E_CONFIG_KEY]: unknown key `engien` in the configuration
     --> trapjaw.toml:3:2
      |
    3 | [engien]
      |  ^^^^^^
    help: did you mean `engine`?

    error[E_CONFIG_KEY]: unknown key `argv` in action `a`
     --> trapjaw.toml:6:1
      |
    6 | argv = []
      | ^^^^
    help: known keys: type, timeout, backoff, max_backoff, retries, concurrency, queue, when_full
    "#
    );
}

#[test]
fn values_are_checked_and_all_that_is_wrong_is_told() {
    assert_snapshot!(
        wrong(
            r#"
rules = "rules"
[server]
http = "localhost"
connections = 0
allow_remote = "yes"
[engine]
shards = 9999
driver = "iouring"
idle_ttl = "5"
"#
        ),
        @r#"
    error[E_CONFIG_VALUE]: `rules` is a list of texts, not this text
     --> trapjaw.toml:2:9
      |
    2 | rules = "rules"
      |         ^^^^^^^

    error[E_CONFIG_VALUE]: `http` is an address and port such as "127.0.0.1:7171", not this text
     --> trapjaw.toml:4:8
      |
    4 | http = "localhost"
      |        ^^^^^^^^^^^

    error[E_CONFIG_VALUE]: `connections` is a whole number from 1 to 65536, not 0
     --> trapjaw.toml:5:15
      |
    5 | connections = 0
      |               ^

    error[E_CONFIG_VALUE]: `allow_remote` is true or false, not this text
     --> trapjaw.toml:6:16
      |
    6 | allow_remote = "yes"
      |                ^^^^^

    error[E_CONFIG_VALUE]: `shards` is a whole number from 1 to 256, not 9999
     --> trapjaw.toml:8:10
      |
    8 | shards = 9999
      |          ^^^^

    error[E_CONFIG_VALUE]: `driver` is "auto" or "io_uring" or "uring" or "epoll", not this text
     --> trapjaw.toml:9:10
      |
    9 | driver = "iouring"
      |          ^^^^^^^^^
    help: did you mean "io_uring"?

    error[E_CONFIG_VALUE]: `idle_ttl` is a duration such as "1m30s" from 1s to 3650d, not this text
      --> trapjaw.toml:10:12
       |
    10 | idle_ttl = "5"
       |            ^^^
    "#
    );
}

#[test]
fn secrets_stay_out_of_the_file_and_of_what_is_said_about_it() {
    let text = r#"
[server]
token = "correct horse battery staple"
[actions.page]
type = "webhook"
url = "http://user:swordfish@example.com/"
headers = { Authorization = "Bearer open sesame", X-Two = { env = "TOKEN", file = "x" }, X-None = {} }
[actions.empty]
type = "webhook"
url_env = "EMPTY"
"#;
    let message = wrong(text);
    for secret in ["correct horse", "swordfish", "open sesame"] {
        assert!(!message.contains(secret), "{message}");
    }
    let told: Vec<&str> = message
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert_snapshot!(told.join("\n"), @"
    error[E_CONFIG_SECRET]: a secret does not belong into the configuration: `token`
    error[E_CONFIG_VALUE]: the address of webhook `page` has a user or password in it: send a header instead
    error[E_CONFIG_SECRET]: a secret does not belong into the configuration: header `Authorization`
    error[E_CONFIG_VALUE]: `env` and `file` exclude each other
    error[E_CONFIG_VALUE]: header `X-None` has neither `env` nor `file`
    error[E_CONFIG_SECRET]: the environment variable `EMPTY` is empty
    ");
}

#[test]
fn a_token_is_long_and_can_stand_in_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let in_file = |content: &str| {
        std::fs::write(folder.path().join("token"), content).unwrap();
        let text = "[server]\ntoken_file = \"token\"";
        Config::read("trapjaw.toml", text, folder.path(), &environment())
            .map(|config| config.token.unwrap().reveal().to_owned())
            .map_err(|error| error.findings()[0].message.clone())
    };
    assert_eq!(
        in_file("0123456789abcdef\n").as_deref(),
        Ok("0123456789abcdef")
    );
    assert_eq!(
        in_file("hunter2\n").unwrap_err(),
        "the token has 7 bytes, 16 to 4096 are needed"
    );
    assert_eq!(
        in_file("0123456789 abcdef").unwrap_err(),
        "the token has characters other than visible ASCII"
    );
    assert!(in_file("\n").unwrap_err().ends_with("is empty"));
    let both = "[server]\ntoken_file = \"a\"\ntoken_env = \"TOKEN\"";
    assert!(wrong(both).contains("exclude each other"));
    assert!(wrong("[server]\ntoken_env = \"SHORT\"").contains("7 bytes"));
    assert!(wrong("[server]\ntoken_env = \"NONE\"").contains("`NONE` is not set"));
}

#[test]
fn actions_are_whole() {
    assert_snapshot!(
        wrong(
            r#"
[actions]
flat = 1
none = {}
odd = { type = "webhok" }
log = { type = "run", argv = ["x"] }
"two words" = { type = "log" }
noargv = { type = "run" }
noprogram = { type = "run", argv = [""] }
nourl = { type = "webhook" }
ftp = { type = "webhook", url = "ftp://example.com" }
own = { type = "webhook", url = "http://a", headers = { Idempotency-Key = "1", "a b" = "c" } }
"#
        )
        .lines()
        .filter(|line| line.starts_with("error") || line.contains("-->"))
        .collect::<Vec<_>>()
        .join("\n"),
        @r#"
    error[E_CONFIG_VALUE]: action `flat` is a table
     --> trapjaw.toml:3:8
    error[E_CONFIG_VALUE]: action `none` has no type
     --> trapjaw.toml:4:8
    error[E_CONFIG_VALUE]: `type` is "log" or "webhook" or "run", not this text
     --> trapjaw.toml:5:16
    error[E_CONFIG_VALUE]: the action `log` is always of type "log"
     --> trapjaw.toml:6:16
    error[E_CONFIG_VALUE]: an action's name is a word as rules write it: letters, digits and `_`
     --> trapjaw.toml:7:1
    error[E_CONFIG_VALUE]: action `noargv` has no `argv`
     --> trapjaw.toml:8:10
    error[E_CONFIG_VALUE]: action `noprogram` names no program
     --> trapjaw.toml:9:36
    error[E_CONFIG_VALUE]: webhook `nourl` has no `url`, `url_env` or `url_file`
      --> trapjaw.toml:10:9
    error[E_CONFIG_VALUE]: the address of webhook `ftp` is neither http nor https
      --> trapjaw.toml:11:33
    error[E_CONFIG_VALUE]: the webhook sets header `idempotency-key` itself
      --> trapjaw.toml:12:57
    error[E_CONFIG_VALUE]: `a b` is not the name of a header
      --> trapjaw.toml:12:80
    "#
    );
}

#[test]
fn machines_are_told_the_same() {
    let told = read("[serverr]\n").unwrap_err().to_json();
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            r#"{"code":"E_CONFIG_KEY","file":"trapjaw.toml","help":["did you mean `server`?"],"message":"unknown key `serverr` in the configuration","severity":"error","start":{"column":2,"line":1}}"#
        ]
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let error = read("[server]\nhttp = \n").unwrap_err();
    let finding = &error.findings()[0];
    assert_eq!(finding.code, "E_CONFIG_SYNTAX");
    assert_eq!(finding.place.as_ref().unwrap().line, 2);
    assert!(read("[server]\n[server]\n").is_err());
    assert!(read("\u{0}").is_err());
}

#[test]
fn flags_are_above_the_environment_above_the_file() {
    let address = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
    let environment_says = Overrides {
        http: address(2),
        binary: address(2),
        shards: Some(2),
        rules: vec!["environment".into()],
        ..Overrides::default()
    };
    let flags = Overrides {
        http: address(3),
        token: Some(TokenPlace::Environment("TOKEN".into())),
        rules: vec!["flag".into()],
        ..Overrides::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trapjaw.toml");
    let text = "rules = [\"file\"]\n[server]\nhttp = \"127.0.0.1:1\"\n[engine]\nshards = 1\ndriver = \"epoll\"\nmax_keys = 5";
    std::fs::write(&file, text).unwrap();
    let overrides = flags.over(environment_says);
    let config = Config::load(Some(&file), &overrides, &environment()).unwrap();
    assert_eq!(Some(config.http), address(3));
    assert_eq!(Some(config.binary), address(2));
    assert_eq!(config.shards, Some(2));
    assert_eq!(config.driver, Choice::Epoll);
    assert_eq!(config.engine.max_keys, 5);
    assert_eq!(config.rules, [PathBuf::from("flag")]);
    assert!(config.token.is_some());
    let missing = Config::load(Some(&folder.path().join("x")), &overrides, &environment());
    assert_eq!(missing.unwrap_err().findings()[0].code, "E_CONFIG_FILE");
}

#[test]
fn nothing_listens_beyond_the_machine_without_a_token_or_a_word() {
    let load = |address: &str, token: bool, allow: bool| {
        let overrides = Overrides {
            binary: Some(address.parse().unwrap()),
            token: token.then(|| TokenPlace::Environment("TOKEN".into())),
            allow_remote: Some(allow),
            ..Overrides::default()
        };
        Config::load(None, &overrides, &environment()).map_err(|error| error.findings()[0].code)
    };
    for local in [
        "127.0.0.1:0",
        "127.9.9.9:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
    ] {
        assert!(load(local, false, false).is_ok(), "{local}");
    }
    for remote in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[::ffff:192.0.2.1]:1"] {
        assert_eq!(
            load(remote, false, false).err(),
            Some("E_CONFIG_EXPOSED"),
            "{remote}"
        );
        assert!(load(remote, true, false).is_ok(), "{remote}");
        assert!(load(remote, false, true).is_ok(), "{remote}");
    }
}
