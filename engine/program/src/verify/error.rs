//! Why a rule set is refused.

use core::fmt;

/// Why [`verify`](crate::verify) or [`verify_code`](crate::verify_code) refused: where, what is wrong there, and a
/// stable code for the kind of fault.
///
/// Compiled rules that are refused are a compiler's mistake or were damaged: text that a user can write wrongly is
/// judged by the language.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyError {
    fault: Fault,
    /// From the outermost to the innermost.
    place: Vec<String>,
    reason: String,
}

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        /// The kinds of faults, one for each rule of verification.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Fault {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Fault {
            const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }

        impl VerifyError {
            /// Every code that [`code`](Self::code) gives. None is ever given to another fault.
            pub const CODES: &'static [&'static str] = &[$($code,)+];
        }
    };
}

faults! {
    /// There is more of something than its limit allows.
    Limit = "limit";
    /// Two inputs are the same.
    InputRepeated = "input-repeated";
    /// An input is not one that code at this place may read.
    InputUnknown = "input-unknown";
    /// An input is declared with another kind than it has.
    InputKind = "input-kind";
    /// A float constant is NaN or -0.0.
    ConstantFloat = "constant-float";
    /// A set is not sorted, or repeats a value.
    ConstantOrder = "constant-order";
    /// An operand is a register that is not made before.
    OperandRegister = "operand-register";
    /// An operand is a constant that is not there.
    OperandConstant = "operand-constant";
    /// A load names an input that is not there.
    OperandInput = "operand-input";
    /// An instruction names a call that is not there.
    OperandCall = "operand-call";
    /// A call has not one argument for each parameter.
    CallArguments = "call-arguments";
    /// An operand is of another kind than its operation takes.
    OperandKind = "operand-kind";
    /// A place that takes no operand has one.
    OperandSpare = "operand-spare";
    /// An instruction has no register among its operands: its result is a constant.
    OperandFixed = "operand-fixed";
    /// The number of digits after the point is not in 0..=17.
    Digits = "digits";
    /// An enum has no names or too many.
    Enum = "enum";
    /// A constant output of an enum type is no variant.
    EnumCode = "enum-code";
    /// An output's operand is of another kind than its type.
    OutputKind = "output-kind";

    /// There is not one predicate program for each event type.
    Types = "types";
    /// An event type is not in the registry.
    TypeUnknown = "type-unknown";
    /// A name is empty.
    NameEmpty = "name-empty";
    /// Two things have one name.
    NameRepeated = "name-repeated";
    /// A calendar picks what there is not, or nothing that ever comes.
    Calendar = "calendar";
    /// A schedule has something of a rule that reads events.
    Schedule = "schedule";
    /// A rule reads no event type.
    SourceMissing = "source-missing";
    /// A rule reads an event type twice.
    SourceRepeated = "source-repeated";
    /// An output that something refers to is not there.
    OutputUnknown = "output-unknown";
    /// An output that something refers to is of another type than that needs.
    OutputType = "output-type";
    /// The fields behind a rule's kept fields are not one each, or not of their types.
    Kept = "kept";
    /// A key part is a float.
    KeyFloat = "key-float";
    /// A duration is not positive.
    Duration = "duration";
    /// A limit allows no firing.
    LimitCount = "limit-count";
    /// A rule without a window has aggregates or `having`.
    Window = "window";
    /// An aggregate lacks its argument, or its types are not those of its function.
    Aggregate = "aggregate";
    /// `having` has not exactly one output.
    Having = "having";
    /// A derived event has not one entry for each field of its type.
    EmitFields = "emit-fields";
    /// An action has not one output for each argument.
    ActionArguments = "action-arguments";
    /// A rule has `match` without a pattern, or a pattern without `match`.
    PatternMissing = "pattern-missing";
    /// A pattern names an element, a silence or a read that is not there, or has one twice.
    PatternElement = "pattern-element";
    /// A part of a pattern is empty, matches without an event, or has bounds that no number lies between.
    PatternPart = "pattern-part";
    /// An element's tests, or a pattern's lists by source or aggregate, are not one each.
    PatternLists = "pattern-lists";
    /// A rule that never clears reports it or acts on it.
    Clear = "clear";
    /// A rule's routing would split or lose its state.
    Routing = "routing";
    /// The order of evaluation does not hold each rule once.
    Order = "order";
    /// A rule stands before one that emits an event it reads; so each cycle is refused.
    OrderEmit = "order-emit";
    /// A table that something refers to is not there.
    TableUnknown = "table-unknown";
    /// A table has no such field.
    TableField = "table-field";
    /// A rule that expects the keys of a table has another key.
    TableKey = "table-key";
    /// A type's list of readers is not the list of the sources that read it.
    Readers = "readers";
}

impl VerifyError {
    pub(super) fn new(fault: Fault, reason: impl Into<String>) -> Self {
        Self {
            fault,
            place: Vec::new(),
            reason: reason.into(),
        }
    }

    /// A stable name of the kind of fault, one of [`CODES`](Self::CODES).
    pub fn code(&self) -> &'static str {
        self.fault.code()
    }
}

/// Says where a fault lies, from the inside out.
pub(super) trait Within {
    fn within(self, place: impl FnOnce() -> String) -> Self;
}

impl<T> Within for Result<T, VerifyError> {
    fn within(self, place: impl FnOnce() -> String) -> Self {
        self.map_err(|mut error| {
            error.place.insert(0, place());
            error
        })
    }
}

/// Refuses more than a limit.
pub(super) fn limited(what: &str, count: usize, limit: usize) -> Result<(), VerifyError> {
    if count <= limit {
        return Ok(());
    }
    Err(VerifyError::new(
        Fault::Limit,
        format!("{count} {what}, more than {limit}"),
    ))
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place.join(", "))?;
        }
        write!(f, "{} [{}]", self.reason, self.code())
    }
}

impl fmt::Debug for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyError({self})")
    }
}

impl core::error::Error for VerifyError {}
