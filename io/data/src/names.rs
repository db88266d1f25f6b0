//! The names that a rule's matches are told with.

use trapjaw_program::{Action, Rule};
use trapjaw_wire::json::{ActionNames, NamedType, RuleNames};

/// The version of a rule as text: the first half of its meaning's hash, 16 hexadecimal digits.
pub fn version(rule: &Rule) -> String {
    format!("{:016x}", (rule.meaning >> 64) as u64)
}

/// What a rule's matches do not say of themselves.
pub fn rule_names(rule: &Rule) -> RuleNames {
    RuleNames {
        rule: rule.name.clone(),
        version: version(rule).into(),
        key: rule
            .key
            .iter()
            .map(|part| NamedType {
                name: part.name.clone(),
                ty: part.ty.clone(),
            })
            .collect(),
        values: rule
            .aggregates
            .iter()
            .map(|aggregate| NamedType {
                name: aggregate.name.clone(),
                ty: aggregate.ty.clone(),
            })
            .collect(),
        actions: rule.actions.iter().map(action_names).collect(),
    }
}

fn action_names(action: &Action) -> ActionNames {
    let arguments = action
        .arguments
        .iter()
        .zip(&action.outputs)
        .map(|(name, &output)| NamedType {
            name: name.clone(),
            ty: action.code.outputs[output as usize].ty.clone(),
        });
    ActionNames {
        name: action.name.clone(),
        arguments: arguments.collect(),
    }
}
