//! `TJ08xx`: faults of the compiler.

codes! {
    NOT_VERIFIED = 801 {
        title: "the compiled rules were refused",
        explanation: "What the compiler makes of checked rules is verified before it runs. If it is refused, the compiler is wrong and not the rules: please report it with the rules.",
    }
}
