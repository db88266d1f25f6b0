//! An explanation for people.

use core::fmt::{self, Display, Formatter};

use trapjaw_event::format;

use super::account::{Account, Explanation, Outcome, RuleExplanation};

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (place, rule) in self.rules.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{rule}")?;
        }
        Ok(())
    }
}

impl Display for RuleExplanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "rule {} ({}), {}:{}",
            self.name, self.clause, self.file, self.line
        )?;
        let plural = if self.matches == 1 { "" } else { "es" };
        write!(f, "{} match{plural}", self.matches)?;
        if self.held_back > 0 {
            write!(f, ", {} held back by its limit", self.held_back)?;
        }
        writeln!(f)?;
        if self.left_out > 0 {
            writeln!(
                f,
                "its partial matches did more than is followed: {} steps are left out; over fewer events all are told",
                self.left_out
            )?;
        }
        for account in self.fired.iter().chain(&self.nearly) {
            write!(f, "\n{account}")?;
        }
        let told = self.fired.len() as u64;
        if self.matches > told && told > 0 {
            writeln!(f, "\n  and {} more matches", self.matches - told)?;
        }
        Ok(())
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let label = match self.outcome {
            Outcome::Fired => "fired",
            Outcome::Missed => "missed",
            Outcome::Open => "open",
        };
        write!(f, "  {label:<7}{}", format::Time(self.at))?;
        for (name, value) in &self.key {
            write!(f, "  {name}={value}")?;
        }
        writeln!(f, "\n         {}", self.says)?;
        for step in &self.steps {
            let event = step.event.as_deref().unwrap_or_default();
            let gap = if event.is_empty() { "" } else { "  " };
            // What is long stands below its event.
            if step.what.starts_with("not ") {
                writeln!(
                    f,
                    "    {}  {event}\n         {}",
                    format::Time(step.at),
                    step.what
                )?;
            } else {
                writeln!(
                    f,
                    "    {}  {}{gap}{event}",
                    format::Time(step.at),
                    step.what
                )?;
            }
        }
        for verdict in &self.conditions {
            let says = match verdict.holds {
                Some(true) => "true",
                Some(false) => "FALSE",
                None => "UNKNOWN",
            };
            write!(f, "    {says:<8} {}", verdict.condition)?;
            let values: Vec<String> = (verdict.values.iter())
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            if !values.is_empty() {
                write!(f, "    [{}]", values.join(", "))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
