//! A plan for people.

use core::fmt::{self, Display, Formatter};

use trapjaw_event::format::Duration;
use trapjaw_program::limits::MAX_DERIVATION_DEPTH;

use super::derivations::Derivation;
use super::layout::{WIDTH, bytes, count, ends, grouped, paragraph, some};
use super::sharing::{Sharing, Windows};
use super::state::{Part, State};
use super::{Call, Limits, Matching, Plan, RulePlan};

/// Rules, types and actions that are named in one place; of more the rest is counted.
const NAMED: usize = 5;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let counts = [
            count(self.rules.len(), "rule"),
            count(self.types, "event type"),
            count(self.derivations.len(), "derivation"),
        ];
        writeln!(f, "{}", counts.join(", "))?;
        for rule in &self.rules {
            write!(f, "\n{rule}")?;
        }
        if !self.derivations.is_empty() {
            writeln!(f)?;
            derivations(f, &self.derivations)?;
        }
        if self.rules.iter().any(|rule| rule.state.is_some()) {
            write!(f, "\n{}", self.limits)?;
        }
        if let Some(listing) = &self.disassembly {
            write!(f, "\n{}\n\n{listing}", "-".repeat(WIDTH))?;
        }
        Ok(())
    }
}

impl Display for RulePlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let place = format!("{}:{}", self.file, self.line);
        ends(f, &format!("rule {}", self.name), &place)?;
        if let Some(about) = &self.about {
            paragraph(f, "about", about)?;
        }
        let events = if self.any {
            format!("any ({})", count(self.events.len(), "event type"))
        } else {
            self.events.join(" | ")
        };
        // A schedule's clause says what starts it.
        if !self.events.is_empty() || self.any {
            // A pattern's elements have names of their own.
            let of = match &*self.alias {
                "" => events,
                alias => format!("{alias}: {events}"),
            };
            paragraph(f, "on", &of)?;
        }
        if let Some(condition) = &self.condition {
            paragraph(f, "where", condition)?;
        }
        if let Some(sharing) = &self.sharing {
            paragraph(f, "", &sharing.to_string())?;
        }
        if let Some(found) = &self.found {
            paragraph(f, "found by", &found.to_string())?;
        }
        if !self.key.is_empty() {
            let parts = self.key.iter();
            let parts = parts.map(|part| format!("{} ({})", part.name, part.ty));
            paragraph(f, "by", &parts.collect::<Vec<_>>().join(", "))?;
        }
        if let Some((word, rest)) = self.clause.split_once(' ') {
            paragraph(f, word, rest)?;
        }
        if let Some(windows) = &self.windows {
            paragraph(f, "", &windows.to_string())?;
        }
        if let Some(having) = &self.having {
            paragraph(f, "having", having)?;
        }
        if let Some(limit) = &self.limit {
            paragraph(f, "limit", limit)?;
        }
        if let Some(emits) = &self.emits {
            paragraph(f, "emit", emits)?;
        }
        calls(f, "do", self.actions.iter().filter(|call| !call.on_clear))?;
        calls(
            f,
            "on clear",
            self.actions.iter().filter(|call| call.on_clear),
        )?;
        let home = match self.routing {
            "local" => "whatever shard an event is on",
            "keyed" => "the shard that owns the key",
            _ => "the one shard that owns the rule's name",
        };
        paragraph(f, "runs on", home)?;
        match self.matching {
            None => {}
            Some(Matching::Stand { stands }) => {
                let ways = match stands {
                    1 => "one way".to_owned(),
                    stands => format!("{} ways", grouped(stands as u64)),
                };
                let told = format!(
                    "together: partial matches that stand alike ({ways}) move as one; \
                     an event's cost does not grow with their number"
                );
                paragraph(f, "matches", &told)?;
            }
            Some(Matching::Run) => paragraph(
                f,
                "matches",
                "run by run: an event's cost grows with the partial matches of its key that wait for it",
            )?,
        }
        match &self.state {
            None => paragraph(f, "state", "none"),
            Some(state) => state.fmt(f),
        }?;
        paragraph(f, "version", &self.version)
    }
}

fn calls<'c>(
    f: &mut Formatter<'_>,
    label: &str,
    calls: impl Iterator<Item = &'c Call>,
) -> fmt::Result {
    let names: Vec<&str> = calls.map(|call| &*call.name).collect();
    if names.is_empty() {
        return Ok(());
    }
    paragraph(f, label, &some(names.into_iter(), NAMED))
}

impl Display for Sharing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let instructions = count(self.instructions, "instruction");
        if self.shared == 0 {
            return write!(f, "({instructions}, none shared)");
        }
        let shared = if self.shared == self.instructions {
            "all".to_owned()
        } else {
            grouped(self.shared as u64)
        };
        let with = some(self.with.iter().map(|name| &**name), NAMED);
        write!(f, "({instructions}, {shared} shared with {with})")
    }
}

impl Display for Windows {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let with = self.with.iter().map(|name| &**name);
        let rest = self.rules - 1 - self.with.len();
        let with: Vec<&str> = with.chain(core::iter::repeat_n("", rest)).collect();
        let with = some(with.into_iter(), NAMED);
        let at = if self.by_name {
            ", where one shard owns their names"
        } else {
            ""
        };
        write!(f, "(windows shared with {with}{at})")
    }
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        amount(f, "state", &bytes(self.key_bytes as u64), "a key")?;
        for part in &self.growth {
            amount(f, "", &part.amount(), &part.to_string())?;
        }
        if let Some(most) = self.most_key_bytes.filter(|_| !self.growth.is_empty()) {
            amount(f, "", &format!("= {}", bytes(most)), "a key at most")?;
        }
        let timers = match (self.timers_a_key, self.timers_of_all) {
            (0, 0) => "none".to_owned(),
            (keys, 0) => format!("{keys} a key"),
            (0, all) => format!("{all} for all keys"),
            (keys, all) => format!("{keys} a key, {all} for all keys"),
        };
        paragraph(f, "timers", &timers)?;
        let keys = match self.keys {
            1 => "one".to_owned(),
            keys => format!("at most {} on a shard", grouped(keys as u64)),
        };
        paragraph(f, "keys", &keys)
    }
}

impl Part {
    /// How much one takes.
    fn amount(&self) -> String {
        match (self.bytes, self.text_bytes) {
            (0, texts) => format!("+ {}", bytes(texts as u64)),
            (own, 0) => format!("+ {}", bytes(own as u64)),
            (own, _) => format!("+ {}, texts", bytes(own as u64)),
        }
    }
}

/// What takes it.
impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { what, .. } = self;
        match (self.count, self.within) {
            (Some(1), _) => write!(f, "the {what}"),
            (Some(most), _) => write!(f, "a {what}, {} at most", grouped(most)),
            (None, Some(span)) => write!(f, "a {what}, for {}", Duration(span)),
            (None, None) => write!(f, "a {what}"),
        }
    }
}

/// A line with a number of bytes and what takes them, in a column of its own.
fn amount(f: &mut Formatter<'_>, label: &str, amount: &str, what: &str) -> fmt::Result {
    writeln!(f, "  {label:<10}{amount:<16}{what}")
}

/// A derivation a line: how deep, who, of what, what, and who reads it.
fn derivations(f: &mut Formatter<'_>, all: &[Derivation]) -> fmt::Result {
    let depth = all.iter().map(|it| it.depth).max().unwrap_or_default();
    writeln!(
        f,
        "derived events, {depth} deep (at most {MAX_DERIVATION_DEPTH})"
    )?;
    for Derivation {
        rule,
        from,
        to,
        readers,
        depth,
    } in all
    {
        let from = some(from.iter().map(|name| &**name), NAMED);
        let readers = if readers.is_empty() {
            "no rule reads it".to_owned()
        } else {
            format!(
                "read by {}",
                some(readers.iter().map(|name| &**name), NAMED)
            )
        };
        let text = format!("{from} -> {rule} -> {to}, {readers}");
        paragraph(f, &depth.to_string(), &text)?;
    }
    Ok(())
}

impl Display for Limits {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "for all keys of a rule on a shard; keys that were not seen lately make room"
        )?;
        let rows = [
            ("max_keys", grouped(self.keys as u64)),
            ("max_window_bytes", bytes(self.window_bytes as u64)),
            ("max_state_bytes", bytes(self.state_bytes as u64)),
        ];
        for (name, limit) in rows {
            writeln!(f, "  {name:<18}{limit}")?;
        }
        Ok(())
    }
}
