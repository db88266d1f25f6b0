//! `TJ00xx`: lexing and parsing.

codes! {
    UNEXPECTED_TOKEN = 1 {
        title: "something else is expected here",
        explanation: "The text up to here can only go on in certain ways, and this is none of them.",
        wrong: "const LIMIT 5",
        right: "const LIMIT = 5",
    }
}
