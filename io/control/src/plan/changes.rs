//! What becomes of the rules that run when others take their place.

use core::fmt::{self, Display, Formatter};

use serde::Serialize;
use trapjaw_event::{Field, format::Duration};
use trapjaw_program::{Change, Changes, Fate, FieldChange, RuleChange, RuleSet, TypeChange};

use super::layout::{count, grouped, paragraph};

/// What a reload does, or would do.
///
/// As text, what stays as it is is counted, and everything else is named.
#[derive(Clone, Debug, Serialize)]
pub struct ChangePlan {
    /// Rules by what becomes of them.
    summary: Summary,
    rules: Vec<RuleLine>,
    types: Vec<TypeLine>,
}

/// How many rules there are of each fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Summary {
    kept: usize,
    replaced: usize,
    added: usize,
    removed: usize,
}

#[derive(Clone, Debug, Serialize)]
struct RuleLine {
    name: Box<str>,
    /// `kept`, `replaced`, `added` or `removed`.
    change: &'static str,
    /// In what a replaced rule differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differs_in: Vec<&'static str>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct TypeLine {
    name: Box<str>,
    /// `changed`, `added` or `removed`.
    change: &'static str,
    /// Each difference, as people write it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
}

impl ChangePlan {
    /// What becomes of the rules of `old` when `new` takes its place.
    pub fn between(old: &RuleSet, new: &RuleSet) -> Self {
        let Changes { rules, types } = Changes::between(old, new);
        let rules: Vec<RuleLine> = rules.into_iter().map(RuleLine::of).collect();
        let number = |change| rules.iter().filter(|line| line.change == change).count();
        Self {
            summary: Summary {
                kept: number(KEPT),
                replaced: number(REPLACED),
                added: number(ADDED),
                removed: number(REMOVED),
            },
            types: types.into_iter().map(TypeLine::of).collect(),
            rules,
        }
    }

    /// How many rules are kept, replaced, added and removed, in a line.
    pub fn summary(&self) -> impl Display {
        let Summary {
            kept,
            replaced,
            added,
            removed,
        } = self.summary;
        fmt::from_fn(move |f| {
            write!(f, "{} kept, ", count(kept, "rule"))?;
            let [replaced, added, removed] = [replaced, added, removed].map(|n| grouped(n as u64));
            write!(f, "{replaced} replaced, {added} added, {removed} removed")
        })
    }

    /// Does nothing become different?
    pub fn is_empty(&self) -> bool {
        let is_kept = |line: &RuleLine| line.change == KEPT && line.note.is_none();
        self.types.is_empty() && self.rules.iter().all(is_kept)
    }
}

const KEPT: &str = "kept";
const REPLACED: &str = "replaced";
const ADDED: &str = "added";
const REMOVED: &str = "removed";
const CHANGED: &str = "changed";

impl RuleLine {
    fn of(RuleChange { name, fate }: RuleChange) -> Self {
        let line = |change, note: Option<String>| Self {
            name,
            change,
            differs_in: Vec::new(),
            note,
        };
        match fate {
            Fate::Kept { is_redescribed } => line(
                KEPT,
                is_redescribed.then(|| "says another thing of itself".to_owned()),
            ),
            Fate::Replaced { aspects } => Self {
                differs_in: aspects
                    .into_iter()
                    .map(trapjaw_program::Aspect::name)
                    .collect(),
                ..line(REPLACED, None)
            },
            Fate::Emptied => line(
                REPLACED,
                Some("it may remember events of types that are gone".to_owned()),
            ),
            Fate::Added { formerly } => line(
                ADDED,
                formerly.map(|former| {
                    format!(
                        "means what `{former}` meant, but takes no state over from another name"
                    )
                }),
            ),
            Fate::Removed => line(REMOVED, None),
        }
    }
}

impl TypeLine {
    fn of(TypeChange { wire_name, change }: TypeChange) -> Self {
        let (change, fields) = match change {
            Change::Added => (ADDED, Vec::new()),
            Change::Removed => (REMOVED, Vec::new()),
            Change::Changed { fields, lateness } => {
                let lateness = lateness.map(|(before, after)| {
                    format!("lateness {} -> {}", Duration(before), Duration(after))
                });
                let fields = fields.iter().map(field).chain(lateness);
                (CHANGED, fields.collect())
            }
        };
        Self {
            name: wire_name,
            change,
            fields,
        }
    }
}

fn field(
    FieldChange {
        name,
        before,
        after,
    }: &FieldChange,
) -> String {
    let declared = |field: &Field| {
        let optional = if field.optional { "?" } else { "" };
        let path = field.path.as_ref();
        let path = path.map_or_else(String::new, |path| format!(" at {}", path.join(".")));
        format!("{}{optional}{path}", field.ty)
    };
    match (before.as_ref().map(declared), after.as_ref().map(declared)) {
        (None, Some(after)) => format!("+ {name}: {after}"),
        (Some(before), None) => format!("- {name}: {before}"),
        (Some(before), Some(after)) => format!("{name}: {before} -> {after}"),
        (None, None) => name.to_string(),
    }
}

impl Display for ChangePlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary())?;
        let named = |line: &&RuleLine| line.change != KEPT || line.note.is_some();
        for line in self.rules.iter().filter(named) {
            let mut text = line.name.to_string();
            match line.change {
                REPLACED if line.differs_in.is_empty() => text.push_str(": begins anew"),
                REPLACED => {
                    text.push_str(": another ");
                    text.push_str(&line.differs_in.join(", "));
                    text.push_str("; begins anew");
                }
                REMOVED => text.push_str(": its state is dropped"),
                _ => {}
            }
            if let Some(note) = &line.note {
                text.push_str(if line.change == REPLACED { "; " } else { ": " });
                text.push_str(note);
            }
            paragraph(f, line.change, &text)?;
        }
        if !self.types.is_empty() {
            writeln!(f, "event types")?;
        }
        for line in &self.types {
            let mut text = line.name.to_string();
            if !line.fields.is_empty() {
                text.push_str(": ");
                text.push_str(&line.fields.join(", "));
            }
            paragraph(f, line.change, &text)?;
        }
        Ok(())
    }
}
