//! Expressions.

use super::{
    AstChildren, AstNode, Name, StringLiteral, child, child_after, children, has_keyword, tokens,
};
use crate::syntax::{SyntaxKind, SyntaxToken};

ast_node! {
    /// A number, percentage, duration, time, address, regex, `true`, `false` or `null`.
    Literal;
    /// A bare name.
    NameExpr;
    /// `a.b`.
    FieldExpr;
    /// `t[k]`.
    IndexExpr;
    /// `f(...)`, also an aggregate.
    CallExpr;
    /// `(a, b: c where d)`.
    ArgList;
    /// `[name:] expr`.
    Arg;
    /// `where cond` inside a call.
    CallFilter;
    /// `-a`, `not a`.
    UnaryExpr;
    /// `a OP b`.
    BinaryExpr;
    /// `a [not] between b and c`.
    BetweenExpr;
    /// `a is [not] null`.
    IsNullExpr;
    /// `if a then b else c`.
    IfExpr;
    /// `[a, b]`.
    ListExpr;
    /// `(a)`.
    ParenExpr;
}

ast_enum! {
    /// What has a value.
    Expr {
        /// A literal other than a string.
        Literal(Literal),
        /// A string, perhaps with interpolations.
        String(StringLiteral),
        /// A name.
        Name(NameExpr),
        /// A field.
        Field(FieldExpr),
        /// A look-up.
        Index(IndexExpr),
        /// A call.
        Call(CallExpr),
        /// A prefix operator.
        Unary(UnaryExpr),
        /// An infix operator.
        Binary(BinaryExpr),
        /// `between`.
        Between(BetweenExpr),
        /// `is null`.
        IsNull(IsNullExpr),
        /// `if`.
        If(IfExpr),
        /// A list.
        List(ListExpr),
        /// Parentheses.
        Paren(ParenExpr),
    }
}

/// A prefix operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Declares the infix operators with how they are written.
macro_rules! binary_ops {
    ($( $(#[$attribute:meta])* $op:ident = $text:literal, )*) => {
        /// An infix operator.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum BinaryOp {
            $( $(#[$attribute])* $op, )*
        }

        impl BinaryOp {
            /// The operator that is written so.
            pub fn of(text: &str) -> Option<BinaryOp> {
                match text {
                    $( $text => Some(BinaryOp::$op), )*
                    _ => None,
                }
            }

            /// How the operator is written.
            pub const fn text(self) -> &'static str {
                match self {
                    $( BinaryOp::$op => $text, )*
                }
            }
        }
    };
}

binary_ops! {
    /// Either holds.
    Or = "or",
    /// Both hold.
    And = "and",
    /// Equal.
    Eq = "==",
    /// Not equal.
    NotEq = "!=",
    /// Less.
    Less = "<",
    /// Less or equal.
    LessEq = "<=",
    /// Greater.
    Greater = ">",
    /// Greater or equal.
    GreaterEq = ">=",
    /// In a list, a network, or a table.
    In = "in",
    /// Fits a glob.
    Like = "like",
    /// Fits a glob, whatever the case.
    ILike = "ilike",
    /// Fits a regular expression.
    Matches = "~",
    /// Has as a part.
    Contains = "contains",
    /// Has as a part, whatever the case.
    IContains = "icontains",
    /// Begins with.
    StartsWith = "starts_with",
    /// Begins with, whatever the case.
    IStartsWith = "istarts_with",
    /// Ends with.
    EndsWith = "ends_with",
    /// Ends with, whatever the case.
    IEndsWith = "iends_with",
    /// The right side where the left is null.
    Default = "??",
    /// Sum.
    Add = "+",
    /// Difference.
    Sub = "-",
    /// Product.
    Mul = "*",
    /// Quotient, as a float.
    Div = "/",
}

impl Expr {
    /// The expression without parentheses around it.
    pub fn without_parens(self) -> Option<Expr> {
        let mut expr = self;
        while let Expr::Paren(paren) = expr {
            expr = paren.inner()?;
        }
        Some(expr)
    }
}

impl Literal {
    /// The literal's token.
    pub fn token(&self) -> Option<SyntaxToken> {
        tokens(self.syntax()).next()
    }
}

impl NameExpr {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The name's text; empty where it is missing.
    pub fn text(&self) -> String {
        self.name().map_or_else(String::new, |name| name.text())
    }
}

impl FieldExpr {
    /// What has the field.
    pub fn base(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The field.
    pub fn field(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl IndexExpr {
    /// What is looked up in.
    pub fn base(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The key.
    pub fn index(&self) -> Option<Expr> {
        children(self.syntax()).nth(1)
    }
}

impl CallExpr {
    /// What is called; by the grammar any expression, by meaning a name.
    pub fn callee(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The arguments.
    pub fn args(&self) -> Option<ArgList> {
        child(self.syntax())
    }
}

impl ArgList {
    /// The arguments.
    pub fn args(&self) -> AstChildren<Arg> {
        children(self.syntax())
    }

    /// The condition after `where`.
    pub fn filter(&self) -> Option<Expr> {
        child::<CallFilter>(self.syntax()).and_then(|filter| filter.condition())
    }
}

impl Arg {
    /// The argument's name, where it is given.
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The argument's value.
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl CallFilter {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl UnaryExpr {
    /// The operator's token.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        tokens(self.syntax()).next()
    }

    /// The operator.
    pub fn op(&self) -> Option<UnaryOp> {
        match self.op_token()?.text() {
            "-" => Some(UnaryOp::Neg),
            "not" => Some(UnaryOp::Not),
            _ => None,
        }
    }

    /// The operand.
    pub fn operand(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl BinaryExpr {
    /// The left operand.
    pub fn lhs(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The operator's token, without a `not` before it.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        tokens(self.syntax())
            .find(|token| token.kind() != SyntaxKind::Keyword || token.text() != "not")
    }

    /// The operator.
    pub fn op(&self) -> Option<BinaryOp> {
        BinaryOp::of(self.op_token()?.text())
    }

    /// Whether `not` stands before the operator: `a not in b`.
    pub fn is_negated(&self) -> bool {
        has_keyword(self.syntax(), "not")
    }

    /// The right operand.
    pub fn rhs(&self) -> Option<Expr> {
        children(self.syntax()).nth(1)
    }
}

impl BetweenExpr {
    /// What is compared.
    pub fn operand(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// Whether `not` stands before `between`.
    pub fn is_negated(&self) -> bool {
        has_keyword(self.syntax(), "not")
    }

    /// The lower bound, which belongs to the range.
    pub fn low(&self) -> Option<Expr> {
        child_after(self.syntax(), "between")
    }

    /// The upper bound, which belongs to the range.
    pub fn high(&self) -> Option<Expr> {
        child_after(self.syntax(), "and")
    }
}

impl IsNullExpr {
    /// What is tested.
    pub fn operand(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// Whether it is `is not null`.
    pub fn is_negated(&self) -> bool {
        has_keyword(self.syntax(), "not")
    }
}

impl IfExpr {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        child_after(self.syntax(), "if")
    }

    /// The value where the condition is true.
    pub fn then_branch(&self) -> Option<Expr> {
        child_after(self.syntax(), "then")
    }

    /// The value elsewhere.
    pub fn else_branch(&self) -> Option<Expr> {
        child_after(self.syntax(), "else")
    }
}

impl ListExpr {
    /// The elements.
    pub fn items(&self) -> AstChildren<Expr> {
        children(self.syntax())
    }
}

impl ParenExpr {
    /// What the parentheses hold.
    pub fn inner(&self) -> Option<Expr> {
        child(self.syntax())
    }
}
