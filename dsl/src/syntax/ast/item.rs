//! Items, and the small parts that they share.

use super::{
    AstChildren, AstNode, Clause, Expr, StringLiteral, child, child_after, children, has_keyword,
    tokens,
};
use crate::syntax::SyntaxKind;

ast_node! {
    /// A whole file: items.
    SourceFile;
    /// `event NAME [= "cloudevents.type"] { field: type, ... } [lateness D]`.
    EventItem;
    /// `const NAME = expr`.
    ConstItem;
    /// `table NAME from "file.csv" key FIELD { field: type, ... }`.
    TableItem;
    /// `rule NAME { clause ... }`.
    RuleItem;
    /// `test "..." { step ... }`.
    TestItem;
    /// `field: type [= "data.path"]`.
    FieldDecl;
    /// `a.b.c`, where a field is declared or set: a path into nested data.
    FieldPath;
    /// `NAME[?]` or `enum(a, b, ...)[?]`.
    TypeExpr;
    /// One name, plain or in backticks, declaring or referring.
    Name;
    /// `NAME:`, before what it names.
    Alias;
    /// `{ field: expr, ... }`.
    Record;
    /// `field: expr`.
    RecordField;
    /// `at D TYPE { ... } [repeat every D until D]`.
    AtStep;
    /// `repeat every D until D`.
    Repeat;
    /// `expect [no] RULE [at D] [{ ... }]`.
    ExpectStep;
}

ast_enum! {
    /// What a file is made of.
    Item {
        /// An event type.
        Event(EventItem),
        /// A constant.
        Const(ConstItem),
        /// Reference data.
        Table(TableItem),
        /// A rule.
        Rule(RuleItem),
        /// A rule test.
        Test(TestItem),
    }
}

ast_enum! {
    /// What a rule test is made of.
    TestStep {
        /// Events that arrive.
        At(AtStep),
        /// A match that is expected, or not.
        Expect(ExpectStep),
    }
}

impl SourceFile {
    /// The items, in the order of the text.
    pub fn items(&self) -> AstChildren<Item> {
        children(self.syntax())
    }
}

impl EventItem {
    /// The name by which rules call the type.
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The `CloudEvents` type, where it is not the name.
    pub fn cloud_type(&self) -> Option<StringLiteral> {
        child(self.syntax())
    }

    /// The declared fields.
    pub fn fields(&self) -> AstChildren<FieldDecl> {
        children(self.syntax())
    }

    /// How late events of the type may come.
    pub fn lateness(&self) -> Option<Expr> {
        child_after(self.syntax(), "lateness")
    }
}

impl ConstItem {
    /// The constant's name.
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The constant's value.
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl TableItem {
    /// The table's name.
    pub fn name(&self) -> Option<Name> {
        child_after(self.syntax(), "table")
    }

    /// The file that holds the rows.
    pub fn file(&self) -> Option<StringLiteral> {
        child(self.syntax())
    }

    /// The field by which rows are looked up.
    pub fn key(&self) -> Option<Name> {
        child_after(self.syntax(), "key")
    }

    /// The declared fields.
    pub fn fields(&self) -> AstChildren<FieldDecl> {
        children(self.syntax())
    }
}

impl RuleItem {
    /// The rule's name.
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The clauses, in the order of the text, repeated ones too.
    pub fn clauses(&self) -> AstChildren<Clause> {
        children(self.syntax())
    }

    /// The first clause of one kind: `rule.clause::<ByClause>()`.
    pub fn clause<T: AstNode<Language = crate::syntax::Trapjaw>>(&self) -> Option<T> {
        child(self.syntax())
    }

    /// All clauses of one kind: `rule.clauses_of::<DoClause>()`.
    pub fn clauses_of<T: AstNode<Language = crate::syntax::Trapjaw>>(&self) -> AstChildren<T> {
        children(self.syntax())
    }
}

impl TestItem {
    /// What the test says it shows.
    pub fn title(&self) -> Option<StringLiteral> {
        child(self.syntax())
    }

    /// The steps, in the order of the text.
    pub fn steps(&self) -> AstChildren<TestStep> {
        children(self.syntax())
    }
}

impl FieldDecl {
    /// The field's name, or its path into nested data.
    pub fn path(&self) -> Option<FieldPath> {
        child(self.syntax())
    }

    /// The field's type.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(self.syntax())
    }

    /// Where the field is found in JSON, where that is said.
    pub fn place(&self) -> Option<StringLiteral> {
        child(self.syntax())
    }
}

impl FieldPath {
    /// The names between the dots; one for a plain field.
    pub fn segments(&self) -> AstChildren<Name> {
        children(self.syntax())
    }

    /// The names joined by dots, without backticks.
    pub fn text(&self) -> String {
        self.segments()
            .map(|name| name.text())
            .collect::<Vec<_>>()
            .join(".")
    }
}

impl TypeExpr {
    /// The type's name: `int`. None for an `enum(...)`.
    pub fn name(&self) -> Option<Name> {
        if self.is_enum() {
            None
        } else {
            child(self.syntax())
        }
    }

    /// Whether it is an `enum(...)`.
    pub fn is_enum(&self) -> bool {
        has_keyword(self.syntax(), "enum")
    }

    /// The values of an `enum(...)`, lowest first; none for a named type.
    pub fn variants(&self) -> impl Iterator<Item = Name> + use<> {
        let is_enum = self.is_enum();
        children(self.syntax()).filter(move |_| is_enum)
    }

    /// Whether the `?` of an optional field follows.
    pub fn is_optional(&self) -> bool {
        tokens(self.syntax()).any(|token| token.kind() == SyntaxKind::Question)
    }
}

impl Name {
    /// The name, without backticks.
    pub fn text(&self) -> String {
        let token = tokens(self.syntax()).next();
        token.map_or_else(String::new, |token| {
            token.text().trim_matches('`').to_owned()
        })
    }

    /// Whether it stands in backticks, and so is never a keyword.
    pub fn is_quoted(&self) -> bool {
        tokens(self.syntax()).any(|token| token.kind() == SyntaxKind::QuotedIdent)
    }
}

impl Alias {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The name's text; empty where it is missing.
    pub fn text(&self) -> String {
        self.name().map_or_else(String::new, |name| name.text())
    }
}

impl Record {
    /// The fields, in the order of the text.
    pub fn fields(&self) -> AstChildren<RecordField> {
        children(self.syntax())
    }
}

impl RecordField {
    /// The field's name, or its path into nested data.
    pub fn path(&self) -> Option<FieldPath> {
        child(self.syntax())
    }

    /// The field's value.
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl AtStep {
    /// When the event arrives, from the start of the test.
    pub fn time(&self) -> Option<Expr> {
        child_after(self.syntax(), "at")
    }

    /// The event's type.
    pub fn event(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The event's fields.
    pub fn record(&self) -> Option<Record> {
        child(self.syntax())
    }

    /// Whether and how the event repeats.
    pub fn repeat(&self) -> Option<Repeat> {
        child(self.syntax())
    }
}

impl Repeat {
    /// The time between two events.
    pub fn every(&self) -> Option<Expr> {
        child_after(self.syntax(), "every")
    }

    /// The time from the start of the test at which the repetition ends.
    pub fn until(&self) -> Option<Expr> {
        child_after(self.syntax(), "until")
    }
}

impl ExpectStep {
    /// Whether the rule must not match: `expect no`.
    pub fn is_negated(&self) -> bool {
        has_keyword(self.syntax(), "no")
    }

    /// The rule.
    pub fn rule(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// When it must match, from the start of the test.
    pub fn time(&self) -> Option<Expr> {
        child_after(self.syntax(), "at")
    }

    /// What the match must hold.
    pub fn record(&self) -> Option<Record> {
        child(self.syntax())
    }
}
