//! The table of functions holds together.

use super::*;

#[test]
fn functions_are_in_order_and_say_what_they_do() {
    assert!(ALL.is_sorted_by_key(|function| function.name));
    for function in ALL {
        assert!(
            function.about.ends_with('.') || function.about.ends_with('?'),
            "{}",
            function.name
        );
        assert!(!function.examples.is_empty(), "{}", function.name);
    }
}

#[test]
fn signatures_are_told_apart_and_their_results_are_held_by_registers() {
    for function in ALL {
        let signatures: Vec<Vec<Type>> = (function.signatures.iter())
            .map(|signature| signature.types().collect())
            .collect();
        for (index, types) in signatures.iter().enumerate() {
            assert!(
                !signatures[..index].contains(types),
                "{} {types:?}",
                function.name
            );
            assert!((1..=crate::limits::MAX_PARAMETERS).contains(&types.len()));
            assert!(function.signatures[index].result.kind().is_some());
            assert_eq!(
                Callee::of(function.name, types),
                Callee::new(function.name, index)
            );
            if function.folds {
                assert!(types.len() == 2 && types[0] == types[1]);
                assert_eq!(function.signatures[index].result, types[0]);
            }
        }
    }
}
