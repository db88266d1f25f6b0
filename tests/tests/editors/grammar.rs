//! `TextMate` grammars, as far as ours needs them: patterns that match, or begin and end, tried in their order at each
//! place of a line; the first of those that begin earliest wins.

use fancy_regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How deep patterns are within one another, at most.
const MAX_DEPTH: usize = 64;

/// A grammar.
pub(super) struct Grammar {
    patterns: Vec<Rule>,
    repository: BTreeMap<String, Vec<Rule>>,
    sources: Vec<String>,
}

struct Rule {
    name: Option<String>,
    kind: Kind,
}

enum Kind {
    Include(String),
    Match(Regex, Captures),
    Block {
        begin: Regex,
        end: Regex,
        captures: [Captures; 2],
        content: Option<String>,
        patterns: Vec<Rule>,
    },
}

/// The scopes of the groups of an expression.
type Captures = BTreeMap<usize, String>;

impl Grammar {
    /// Reads a grammar; every expression in it has to be one.
    pub(super) fn new(json: &Value) -> Grammar {
        let mut sources = Vec::new();
        let patterns = rules(&json["patterns"], &mut sources);
        let repository = json["repository"].as_object().expect("a repository");
        let repository = repository
            .iter()
            .map(|(name, part)| (name.clone(), rules(&part["patterns"], &mut sources)));
        let repository = repository.collect();
        let grammar = Grammar {
            patterns,
            repository,
            sources,
        };
        assert!(grammar.sources.len() > 20, "a grammar has expressions");
        grammar
    }

    /// The words that stand in the alternatives of its expressions.
    pub(super) fn words(&self) -> BTreeSet<String> {
        let lists = self.sources.iter().filter_map(|source| {
            let list = source.split_once("\\w])(?:")?.1;
            Some(list.split_once(')')?.0)
        });
        let words = lists.flat_map(|list| list.split('|'));
        let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        words.filter(is_word).map(str::to_owned).collect()
    }

    /// The scopes of each byte of a text, outermost first.
    pub(super) fn scopes(&self, text: &str) -> Vec<Vec<String>> {
        let mut scopes = Vec::with_capacity(text.len());
        let mut open = Vec::new();
        for line in text.split_inclusive('\n') {
            self.line(line, &mut open, &mut scopes);
        }
        scopes
    }

    fn line<'g>(&'g self, line: &str, open: &mut Vec<&'g Rule>, scopes: &mut Vec<Vec<String>>) {
        let visible = line.trim_end_matches('\n');
        let base = scopes.len();
        scopes.resize(base + line.len(), Vec::new());
        let mut at = 0;
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 10_000, "the grammar stands still in {line:?}");
            let around = around(open);
            let next = self.next(visible, at, open);
            let until = next.as_ref().map_or(line.len(), Found::start);
            for place in at..until {
                scopes[base + place].clone_from(&around);
            }
            let Some(found) = next else { return };
            let (rule, groups, captures, ends) = match &found {
                Found::End(groups) => {
                    let rule = open.pop().expect("something is open");
                    let Kind::Block { captures, .. } = &rule.kind else {
                        unreachable!("only blocks are open")
                    };
                    (rule, groups, &captures[1], true)
                }
                Found::Rule(rule, groups) => match &rule.kind {
                    Kind::Match(_, captures) => (*rule, groups, captures, false),
                    Kind::Block { captures, .. } => (*rule, groups, &captures[0], false),
                    Kind::Include(_) => unreachable!("includes are followed"),
                },
            };
            let mut own = self::around(open);
            own.extend(rule.name.clone());
            let (start, end) = groups[0].expect("the whole is there");
            for place in start..end {
                scopes[base + place].clone_from(&own);
            }
            for (group, scope) in captures {
                if let Some(Some((from, to))) = groups.get(*group) {
                    for place in *from..*to {
                        scopes[base + place].push(scope.clone());
                    }
                }
            }
            if !ends && matches!(rule.kind, Kind::Block { .. }) {
                open.push(rule);
                assert!(open.len() < MAX_DEPTH, "too deep in {line:?}");
            }
            at = end;
            if start == end && ends && start == visible.len() && open.is_empty() {
                for place in at..line.len() {
                    scopes[base + place].clear();
                }
                return;
            }
        }
    }

    /// What comes next in a line: the end of what is open, or a pattern in it.
    fn next<'g>(&'g self, line: &str, at: usize, open: &[&'g Rule]) -> Option<Found<'g>> {
        let mut best: Option<Found<'g>> = None;
        let patterns = match open.last() {
            Some(Rule {
                kind: Kind::Block { end, patterns, .. },
                ..
            }) => {
                best = groups(end, line, at).map(Found::End);
                patterns
            }
            _ => &self.patterns,
        };
        self.try_all(patterns, line, at, &mut best, 0);
        best
    }

    fn try_all<'g>(
        &'g self,
        patterns: &'g [Rule],
        line: &str,
        at: usize,
        best: &mut Option<Found<'g>>,
        depth: usize,
    ) {
        assert!(depth < MAX_DEPTH, "includes go round in a circle");
        for rule in patterns {
            let regex = match &rule.kind {
                Kind::Include(name) => {
                    let included = self.repository.get(name);
                    let included = included.unwrap_or_else(|| panic!("there is no `#{name}`"));
                    self.try_all(included, line, at, best, depth + 1);
                    continue;
                }
                Kind::Match(regex, _) => regex,
                Kind::Block { begin, .. } => begin,
            };
            let Some(groups) = groups(regex, line, at) else {
                continue;
            };
            let found = Found::Rule(rule, groups);
            if found.length() == 0 && !matches!(rule.kind, Kind::Block { .. }) {
                continue;
            }
            if best
                .as_ref()
                .is_none_or(|best| found.start() < best.start())
            {
                *best = Some(found);
            }
        }
    }
}

/// The places of the groups of a match; the whole is the first.
type Groups = Vec<Option<(usize, usize)>>;

enum Found<'g> {
    End(Groups),
    Rule(&'g Rule, Groups),
}

impl Found<'_> {
    fn whole(&self) -> (usize, usize) {
        let (Found::End(groups) | Found::Rule(_, groups)) = self;
        groups[0].expect("the whole is there")
    }

    fn start(&self) -> usize {
        self.whole().0
    }

    fn length(&self) -> usize {
        self.whole().1 - self.whole().0
    }
}

fn groups(regex: &Regex, line: &str, at: usize) -> Option<Groups> {
    let found = regex
        .captures_from_pos(line, at)
        .expect("an expression that ends")?;
    let groups = found.iter();
    Some(
        groups
            .map(|group| group.map(|group| (group.start(), group.end())))
            .collect(),
    )
}

/// The scopes of what is open, outermost first.
fn around(open: &[&Rule]) -> Vec<String> {
    let mut scopes = Vec::new();
    for rule in open {
        scopes.extend(rule.name.clone());
        if let Kind::Block { content, .. } = &rule.kind {
            scopes.extend(content.clone());
        }
    }
    scopes
}

fn rules(json: &Value, sources: &mut Vec<String>) -> Vec<Rule> {
    let list = json.as_array().expect("a list of patterns");
    list.iter().map(|rule| read(rule, sources)).collect()
}

fn read(json: &Value, sources: &mut Vec<String>) -> Rule {
    let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut regex = |key: &str| {
        let source = text(key)?;
        let regex = Regex::new(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
        sources.push(source);
        Some(regex)
    };
    let (matched, begin, end) = (regex("match"), regex("begin"), regex("end"));
    let kind = if let Some(name) = text("include") {
        Kind::Include(
            name.strip_prefix('#')
                .expect("of the repository")
                .to_owned(),
        )
    } else if let Some(regex) = matched {
        Kind::Match(regex, captures(&json["captures"]))
    } else {
        Kind::Block {
            begin: begin.expect("a pattern matches or begins"),
            end: end.expect("what begins ends"),
            captures: [
                captures(&json["beginCaptures"]),
                captures(&json["endCaptures"]),
            ],
            content: text("contentName"),
            patterns: rules(&json["patterns"], sources),
        }
    };
    Rule {
        name: text("name"),
        kind,
    }
}

fn captures(json: &Value) -> Captures {
    let groups = json.as_object().into_iter().flatten();
    groups
        .map(|(group, scope)| {
            let group = group.parse().expect("a group's number");
            (group, scope["name"].as_str().expect("a scope").to_owned())
        })
        .collect()
}
