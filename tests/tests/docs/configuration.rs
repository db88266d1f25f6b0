//! Configurations in the documentation are read as they stand.

use std::path::Path;

use trapjaw_control::config::{Config, Environment};

use crate::page::pages;

#[test]
fn configurations_are_read() {
    let variables = ["TRAPJAW_TOKEN", "PAGE_TOKEN"];
    let environment = Environment::of(|name| {
        let known = variables.contains(&name);
        known.then(|| "0123456789abcdef0123456789abcdef".to_owned())
    });
    let mut shown = 0;
    for page in pages() {
        for block in page.blocks() {
            if block.language != "toml" {
                continue;
            }
            let read = Config::read(&page.path, &block.text, Path::new("/"), &environment);
            let config =
                read.unwrap_or_else(|error| panic!("{}:{}\n{error}", page.path, block.line));
            assert!(config.actions.contains_key("log"));
            shown += 1;
        }
    }
    assert!(shown >= 1, "no configuration was found");
}
