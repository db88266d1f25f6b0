//! The op table: names, operand kinds, result kind, all from one list.

use core::fmt;

use crate::code::Kind;

/// What an instruction takes at one of its two operand places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: the place holds zero.
    Nothing,
    /// An index into the code's inputs.
    Input,
    /// A register or constant of this kind.
    Lane(Kind),
    /// A register of any kind.
    AnyRegister,
    /// A constant: a sorted set of values of this kind.
    Set(Kind),
    /// A constant: the names of an enum's variants, by code.
    Names,
    /// A constant: a table with keys of this kind.
    Table(Kind),
    /// A constant: a table's field with cells of this kind.
    Column(Kind),
    /// A constant: an int, the digits after a float's point.
    Digits,
    /// A constant: a pattern of texts.
    Pattern,
    /// A constant: ranges of addresses.
    Networks,
    /// An index into the code's calls.
    Call,
}

/// The kind of an instruction's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// This kind.
    Lane(Kind),
    /// The kind of the input that it loads.
    OfInput,
    /// The kind that the called function gives.
    OfCall,
}

macro_rules! takes {
    ($t:ident) => {
        Takes::$t
    };
    ($t:ident $k:ident) => {
        Takes::$t(Kind::$k)
    };
}

macro_rules! gives {
    (OfInput) => {
        Gives::OfInput
    };
    (OfCall) => {
        Gives::OfCall
    };
    ($k:ident) => {
        Gives::Lane(Kind::$k)
    };
}

macro_rules! ops {
    ($($(#[doc = $doc:literal])+ $name:ident = $mnemonic:literal ($($a:ident)+ ; $($b:ident)+) -> $result:ident;)+) => {
        /// An operation over columns. Each makes one register; null rules are the language's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Opcode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Opcode {
            /// Every opcode, by its number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name in listings.
            pub const fn mnemonic(self) -> &'static str {
                match self { $(Self::$name => $mnemonic,)+ }
            }

            /// What it takes at its two places.
            pub const fn operands(self) -> [Takes; 2] {
                match self { $(Self::$name => [takes!($($a)+), takes!($($b)+)],)+ }
            }

            /// What it makes.
            pub const fn result(self) -> Gives {
                match self { $(Self::$name => gives!($result),)+ }
            }
        }
    };
}

ops! {
    /// Reads an input column.
    Load = "load" (Input; Nothing) -> OfInput;

    /// Kleene negation.
    Not = "not" (Lane Bool; Nothing) -> Bool;
    /// Kleene conjunction: false wins over unknown.
    And = "and" (Lane Bool; Lane Bool) -> Bool;
    /// Kleene disjunction: true wins over unknown.
    Or = "or" (Lane Bool; Lane Bool) -> Bool;

    /// Equal bools.
    EqBool = "eq.bool" (Lane Bool; Lane Bool) -> Bool;
    /// Unequal bools.
    NeBool = "ne.bool" (Lane Bool; Lane Bool) -> Bool;
    /// Equal integers, times, durations or enum codes.
    EqInt = "eq.int" (Lane Int; Lane Int) -> Bool;
    /// Unequal integers.
    NeInt = "ne.int" (Lane Int; Lane Int) -> Bool;
    /// Less.
    LtInt = "lt.int" (Lane Int; Lane Int) -> Bool;
    /// Less or equal.
    LeInt = "le.int" (Lane Int; Lane Int) -> Bool;
    /// Greater.
    GtInt = "gt.int" (Lane Int; Lane Int) -> Bool;
    /// Greater or equal.
    GeInt = "ge.int" (Lane Int; Lane Int) -> Bool;
    /// Equal floats.
    EqFloat = "eq.float" (Lane Float; Lane Float) -> Bool;
    /// Unequal floats.
    NeFloat = "ne.float" (Lane Float; Lane Float) -> Bool;
    /// Less.
    LtFloat = "lt.float" (Lane Float; Lane Float) -> Bool;
    /// Less or equal.
    LeFloat = "le.float" (Lane Float; Lane Float) -> Bool;
    /// Greater.
    GtFloat = "gt.float" (Lane Float; Lane Float) -> Bool;
    /// Greater or equal.
    GeFloat = "ge.float" (Lane Float; Lane Float) -> Bool;
    /// Equal texts, by bytes.
    EqText = "eq.text" (Lane Text; Lane Text) -> Bool;
    /// Unequal texts.
    NeText = "ne.text" (Lane Text; Lane Text) -> Bool;
    /// Less, by bytes.
    LtText = "lt.text" (Lane Text; Lane Text) -> Bool;
    /// Less or equal.
    LeText = "le.text" (Lane Text; Lane Text) -> Bool;
    /// Greater.
    GtText = "gt.text" (Lane Text; Lane Text) -> Bool;
    /// Greater or equal.
    GeText = "ge.text" (Lane Text; Lane Text) -> Bool;
    /// Equal addresses.
    EqIp = "eq.ip" (Lane Ip; Lane Ip) -> Bool;
    /// Unequal addresses.
    NeIp = "ne.ip" (Lane Ip; Lane Ip) -> Bool;
    /// Less, by bytes.
    LtIp = "lt.ip" (Lane Ip; Lane Ip) -> Bool;
    /// Less or equal.
    LeIp = "le.ip" (Lane Ip; Lane Ip) -> Bool;
    /// Greater.
    GtIp = "gt.ip" (Lane Ip; Lane Ip) -> Bool;
    /// Greater or equal.
    GeIp = "ge.ip" (Lane Ip; Lane Ip) -> Bool;

    /// Sum; null on overflow.
    AddInt = "add.int" (Lane Int; Lane Int) -> Int;
    /// Difference; null on overflow.
    SubInt = "sub.int" (Lane Int; Lane Int) -> Int;
    /// Product; null on overflow.
    MulInt = "mul.int" (Lane Int; Lane Int) -> Int;
    /// Negation; null on overflow.
    NegInt = "neg.int" (Lane Int; Nothing) -> Int;
    /// Sum; null where it is NaN.
    AddFloat = "add.float" (Lane Float; Lane Float) -> Float;
    /// Difference; null where it is NaN.
    SubFloat = "sub.float" (Lane Float; Lane Float) -> Float;
    /// Product; null where it is NaN.
    MulFloat = "mul.float" (Lane Float; Lane Float) -> Float;
    /// Quotient; null where the divisor is zero or the result NaN.
    DivFloat = "div.float" (Lane Float; Lane Float) -> Float;
    /// Negation.
    NegFloat = "neg.float" (Lane Float; Nothing) -> Float;
    /// The nearest float of an integer.
    FloatOfInt = "float.int" (Lane Int; Nothing) -> Float;
    /// The nearest integer of a float, halves away from zero; null on overflow.
    IntOfFloat = "int.float" (Lane Float; Nothing) -> Int;

    /// The first that is not null.
    CoalesceBool = "coalesce.bool" (Lane Bool; Lane Bool) -> Bool;
    /// The first that is not null.
    CoalesceInt = "coalesce.int" (Lane Int; Lane Int) -> Int;
    /// The first that is not null.
    CoalesceFloat = "coalesce.float" (Lane Float; Lane Float) -> Float;
    /// The first that is not null.
    CoalesceText = "coalesce.text" (Lane Text; Lane Text) -> Text;
    /// The first that is not null.
    CoalesceIp = "coalesce.ip" (Lane Ip; Lane Ip) -> Ip;
    /// The second where the first is true, else null.
    WhenBool = "when.bool" (Lane Bool; Lane Bool) -> Bool;
    /// The second where the first is true, else null.
    WhenInt = "when.int" (Lane Bool; Lane Int) -> Int;
    /// The second where the first is true, else null.
    WhenFloat = "when.float" (Lane Bool; Lane Float) -> Float;
    /// The second where the first is true, else null.
    WhenText = "when.text" (Lane Bool; Lane Text) -> Text;
    /// The second where the first is true, else null.
    WhenIp = "when.ip" (Lane Bool; Lane Ip) -> Ip;
    /// Is it null? Never null itself.
    IsNull = "is_null" (AnyRegister; Nothing) -> Bool;

    /// Is it in the set?
    InInt = "in.int" (Lane Int; Set Int) -> Bool;
    /// Is it in the set?
    InFloat = "in.float" (Lane Float; Set Float) -> Bool;
    /// Is it in the set?
    InText = "in.text" (Lane Text; Set Text) -> Bool;
    /// Is it in the set?
    InIp = "in.ip" (Lane Ip; Set Ip) -> Bool;

    /// Is it in one of the ranges?
    InNetworks = "in.networks" (Lane Ip; Networks) -> Bool;

    /// Does the pattern match it?
    Matches = "matches" (Lane Text; Pattern) -> Bool;
    /// The text in Unicode's simple case folding.
    Fold = "fold" (Lane Text; Nothing) -> Text;
    /// Does the first contain the second, by bytes?
    Contains = "contains" (Lane Text; Lane Text) -> Bool;
    /// Does the first start with the second?
    StartsWith = "starts_with" (Lane Text; Lane Text) -> Bool;
    /// Does the first end with the second?
    EndsWith = "ends_with" (Lane Text; Lane Text) -> Bool;

    /// The row of a table whose key this is; null where there is none.
    RowInt = "row.int" (Lane Int; Table Int) -> Int;
    /// The row of a table whose key this is; null where there is none.
    RowText = "row.text" (Lane Text; Table Text) -> Int;
    /// The row of a table whose key this is; null where there is none.
    RowIp = "row.ip" (Lane Ip; Table Ip) -> Int;
    /// Is it a key of the table?
    HasInt = "has.int" (Lane Int; Table Int) -> Bool;
    /// Is it a key of the table?
    HasText = "has.text" (Lane Text; Table Text) -> Bool;
    /// Is it a key of the table?
    HasIp = "has.ip" (Lane Ip; Table Ip) -> Bool;
    /// The field's cell in this row; null where there is no such row.
    CellBool = "cell.bool" (Lane Int; Column Bool) -> Bool;
    /// The field's cell in this row; null where there is no such row.
    CellInt = "cell.int" (Lane Int; Column Int) -> Int;
    /// The field's cell in this row; null where there is no such row.
    CellFloat = "cell.float" (Lane Int; Column Float) -> Float;
    /// The field's cell in this row; null where there is no such row.
    CellText = "cell.text" (Lane Int; Column Text) -> Text;
    /// The field's cell in this row; null where there is no such row.
    CellIp = "cell.ip" (Lane Int; Column Ip) -> Ip;

    /// `true`, `false` or `null`.
    FormatBool = "format.bool" (Lane Bool; Nothing) -> Text;
    /// Decimal, or `null`.
    FormatInt = "format.int" (Lane Int; Nothing) -> Text;
    /// The shortest decimal that reads back as the float, or `null`.
    FormatFloat = "format.float" (Lane Float; Nothing) -> Text;
    /// With so many digits after the point, or `null`.
    FormatFixed = "format.fixed" (Lane Float; Digits) -> Text;
    /// The text, or `null`.
    FormatText = "format.text" (Lane Text; Nothing) -> Text;
    /// RFC 3339 in UTC, or `null`.
    FormatTime = "format.time" (Lane Int; Nothing) -> Text;
    /// Like `5m30s`, or `null`.
    FormatDuration = "format.duration" (Lane Int; Nothing) -> Text;
    /// RFC 5952 (IPv4 in dotted form), or `null`.
    FormatIp = "format.ip" (Lane Ip; Nothing) -> Text;
    /// The variant's name, or `null`.
    FormatEnum = "format.enum" (Lane Int; Names) -> Text;
    /// One text after the other.
    Concat = "concat" (Lane Text; Lane Text) -> Text;

    /// Calls a function of the library.
    Call = "call" (Call; Nothing) -> OfCall;
}

impl Opcode {
    /// The opcode with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The opcode with this mnemonic.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|op| op.mnemonic() == mnemonic)
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mnemonic())
    }
}
