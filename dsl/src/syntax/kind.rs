//! The kinds of tokens and nodes, and with them the lexical grammar.

use logos::Logos;

/// Declares the kinds once: the enum, and the table that leads back from a raw number.
macro_rules! syntax_kinds {
    ($( $(#[$attribute:meta])* $kind:ident, )*) => {
        /// What a token or node of the tree is. Tokens come first; the patterns on them are the lexical grammar.
        ///
        /// Words are lexed as [`SyntaxKind::Ident`]; the parser turns those that it reads as keywords into
        /// [`SyntaxKind::Keyword`], because most keywords are names elsewhere.
        #[derive(Logos, Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum SyntaxKind {
            $( $(#[$attribute])* $kind, )*
        }

        impl SyntaxKind {
            /// Every kind, in the order of its number.
            pub(crate) const ALL: &'static [SyntaxKind] = &[$( SyntaxKind::$kind, )*];
        }
    };
}

syntax_kinds! {
    // Trivia.
    /// Blanks and line ends (and a byte order mark).
    #[regex(r"[ \t\r\n\f\u{FEFF}]+")]
    Whitespace,
    /// `# ...` or `// ...` to the end of the line.
    #[regex(r"(#|//)[^\n]*", allow_greedy = true)]
    Comment,

    // Words.
    /// A name.
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Ident,
    /// A name in backticks, which may be any text.
    #[regex(r"`[^`\n]+`")]
    QuotedIdent,
    /// A word that the parser has read as a keyword.
    Keyword,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,

    // Literals.
    /// `1_000`.
    #[regex(r"[0-9][0-9_]*", priority = 20)]
    Int,
    /// `0.9`, `1e-3`.
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*([eE][+-]?[0-9]+)?", priority = 20)]
    #[regex(r"[0-9][0-9_]*[eE][+-]?[0-9]+", priority = 20)]
    Float,
    /// `90%`, `99.9%`.
    #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?%", priority = 20)]
    Percent,
    /// `5m30s`.
    #[regex(r"([0-9][0-9_]*(ns|us|ms|s|m|h|d))+", priority = 20)]
    Duration,
    /// `2026-01-31T12:00:00Z`.
    #[regex(r"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9:.]*(Z|[+-][0-9][0-9]:[0-9][0-9])?", priority = 20)]
    Time,
    /// `10.0.0.0/8`, `10.0.0.1`, `ip"2001:db8::/32"`.
    #[regex(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/[0-9]+)?", priority = 20)]
    #[regex(r#"ip"[^"\n]*""#)]
    Ip,
    /// A word that starts with a digit and is none of the above; the lexer reports it.
    #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?[A-Za-z][A-Za-z0-9_]*", priority = 5)]
    #[regex(r"[0-9]+\.[0-9]+\.[0-9]+", priority = 5)]
    BadNumber,
    /// `/regex/i`, lexed only after `~`.
    Regex,
    /// `r"..."`.
    #[regex(r#"r"[^"\n]*""#)]
    RawString,
    /// `"`, where a string begins.
    #[token("\"")]
    StringOpen,
    /// `"`, where a string ends.
    StringClose,
    /// A run of characters and escapes inside a string.
    StringText,
    /// `{` inside a string.
    InterpolationOpen,
    /// `:.2`, the format of an interpolated value.
    Format,
    /// `}` inside a string, after an interpolated value.
    InterpolationClose,
    /// From a quote or a regex's slash to the end of a line on which it isn't closed; the lexer reports it.
    Unclosed,

    // Punctuation.
    /// `(`
    #[token("(")]
    LParen,
    /// `)`
    #[token(")")]
    RParen,
    /// `[`
    #[token("[")]
    LBracket,
    /// `]`
    #[token("]")]
    RBracket,
    /// `{`
    #[token("{")]
    LBrace,
    /// `}`
    #[token("}")]
    RBrace,
    /// `,`
    #[token(",")]
    Comma,
    /// `:`
    #[token(":")]
    Colon,
    /// `.`
    #[token(".")]
    Dot,
    /// `|`
    #[token("|")]
    Pipe,
    /// `?`
    #[token("?")]
    Question,
    /// `??`
    #[token("??")]
    QuestionQuestion,
    /// `->`
    #[token("->")]
    ThinArrow,
    /// `=>`
    #[token("=>")]
    FatArrow,
    /// `~>`
    #[token("~>")]
    TildeArrow,
    /// `~`
    #[token("~")]
    Tilde,
    /// `=`
    #[token("=")]
    Eq,
    /// `==`
    #[token("==")]
    EqEq,
    /// `!=`
    #[token("!=")]
    NotEq,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    LessEq,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    GreaterEq,
    /// `+`
    #[token("+")]
    Plus,
    /// `-`
    #[token("-")]
    Minus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `%` that follows no number; refused with the name of the function for remainders.
    #[token("%")]
    PercentSign,
    /// `&&`, refused with the word to write.
    #[token("&&")]
    AmpAmp,
    /// `||`, refused with the word to write.
    #[token("||")]
    PipePipe,
    /// `!`, refused with the word to write.
    #[token("!")]
    Bang,
    /// `;`, refused: nothing is separated by it.
    #[token(";")]
    Semicolon,
    /// Characters that begin no token; the lexer reports them.
    Unknown,
    /// The end of the text; never in a tree.
    Eof,

    // Nodes: items.
    /// A whole file.
    SourceFile,
    /// `event NAME { ... }`
    EventItem,
    /// `const NAME = expr`
    ConstItem,
    /// `table NAME from "..." key FIELD { ... }`
    TableItem,
    /// `rule NAME { ... }`
    RuleItem,
    /// `test "..." { ... }`
    TestItem,
    /// `field: type = "data.path"`
    FieldDecl,
    /// `a.b.c` where a field is declared or set.
    FieldPath,
    /// `int?`, `enum(a, b)`
    TypeExpr,
    /// One name, plain or in backticks.
    Name,
    /// `alias:`
    Alias,
    /// `{ field: expr, ... }`
    Record,
    /// `field: expr`
    RecordField,
    /// `at D TYPE { ... } repeat ...`
    AtStep,
    /// `repeat every D until D`
    Repeat,
    /// `expect NAME at D { ... }`
    ExpectStep,

    // Nodes: clauses.
    /// `about "..."`
    AboutClause,
    /// `severity high`
    SeverityClause,
    /// `labels { team: "sre" }`
    LabelsClause,
    /// `runbook "..."`
    RunbookClause,
    /// `on ALIAS: TYPE | ...`
    OnClause,
    /// `match PATTERN`
    MatchClause,
    /// `every D`
    EveryClause,
    /// `at "CRON" in "ZONE"`
    AtClause,
    /// `where EXPR`
    WhereClause,
    /// `by EXPR, ...`
    ByClause,
    /// `for D gap G keep K`
    ForClause,
    /// `over ...`
    OverClause,
    /// `absent D`
    AbsentClause,
    /// `within D`
    WithinClause,
    /// `skip ...`
    SkipClause,
    /// `having EXPR`
    HavingClause,
    /// `limit N per D`
    LimitClause,
    /// `keep *`
    KeepClause,
    /// `emit TYPE { ... }`
    EmitClause,
    /// `do ACTION(...), ...`
    DoClause,
    /// `on clear do ...`
    OnClearClause,
    /// `on timeout do ...`
    OnTimeoutClause,
    /// `ACTION(arg: expr, ...)`
    Action,

    /// `a.user = b.account` in a key.
    KeyMapping,

    // Nodes: patterns.
    /// `a: type[cond]`
    ElementPattern,
    /// `[cond]` of an element.
    Condition,
    /// `( p )`
    GroupPattern,
    /// `p{n,m}`
    RepeatPattern,
    /// `{n,m}? strict`
    Quantifier,
    /// `not x for D`
    NotPattern,
    /// `p until x`
    UntilPattern,
    /// `p and q`
    AndPattern,
    /// `p -> q => r`
    SequencePattern,
    /// `p or q`
    OrPattern,

    // Nodes: expressions.
    /// A number, percentage, duration, time, address, regex, `true`, `false` or `null`.
    Literal,
    /// `"text {expr:.2}"`
    StringLiteral,
    /// `{expr:.2}` in a string.
    Interpolation,
    /// A bare name.
    NameExpr,
    /// `a.b`
    FieldExpr,
    /// `t[k]`
    IndexExpr,
    /// `f(...)`
    CallExpr,
    /// `(a, b: c where d)`
    ArgList,
    /// `b: c`
    Arg,
    /// `where d` inside a call.
    CallFilter,
    /// `-a`, `not a`
    UnaryExpr,
    /// `a + b`
    BinaryExpr,
    /// `a between b and c`
    BetweenExpr,
    /// `a is null`
    IsNullExpr,
    /// `if a then b else c`
    IfExpr,
    /// `[a, b]`
    ListExpr,
    /// `(a)`
    ParenExpr,
    /// Tokens that fit nowhere.
    Error,
}

impl SyntaxKind {
    /// Whether tokens of this kind mean nothing to the parser.
    pub const fn is_trivia(self) -> bool {
        matches!(self, SyntaxKind::Whitespace | SyntaxKind::Comment)
    }

    /// Whether a token of this kind is a literal by itself.
    pub const fn is_literal(self) -> bool {
        matches!(
            self,
            SyntaxKind::Int
                | SyntaxKind::Float
                | SyntaxKind::Percent
                | SyntaxKind::Duration
                | SyntaxKind::Time
                | SyntaxKind::Ip
                | SyntaxKind::Regex
                | SyntaxKind::BadNumber
        )
    }

    /// Whether a string begins with a token of this kind, or is one.
    pub const fn begins_string(self) -> bool {
        matches!(
            self,
            SyntaxKind::StringOpen | SyntaxKind::RawString | SyntaxKind::Unclosed
        )
    }
}

impl From<SyntaxKind> for rowan::SyntaxKind {
    fn from(kind: SyntaxKind) -> Self {
        rowan::SyntaxKind(kind as u16)
    }
}

/// The language as the tree library sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trapjaw {}

impl rowan::Language for Trapjaw {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        SyntaxKind::ALL[usize::from(raw.0)]
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        kind.into()
    }
}

/// A node of the tree.
pub type SyntaxNode = rowan::SyntaxNode<Trapjaw>;
/// A token of the tree.
pub type SyntaxToken = rowan::SyntaxToken<Trapjaw>;
/// A node or a token of the tree.
pub type SyntaxElement = rowan::SyntaxElement<Trapjaw>;
