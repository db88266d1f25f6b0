//! The rule language: text to tree to checked rules to program.
