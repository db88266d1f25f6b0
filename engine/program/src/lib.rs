//! Compiled rules: the op table, predicate code, windows and outputs, and the verifier.
