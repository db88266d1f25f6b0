//! What each part of a file is, for colours that know what names mean.

use super::Analysis;
use crate::resolve::Target;
use crate::source::{SourceId, Span};
use crate::syntax::SyntaxKind;
use std::collections::BTreeMap;

/// What a part of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A word of the language.
    Keyword,
    /// A comment.
    Comment,
    /// A text.
    Text,
    /// A regular expression.
    Regex,
    /// A number, a duration, a time, an address.
    Number,
    /// An operator.
    Operator,
    /// An event type, or a table.
    Type,
    /// A field.
    Field,
    /// A value of an enum.
    Variant,
    /// A constant.
    Constant,
    /// A rule.
    Rule,
    /// What an event is called.
    Alias,
    /// A function, an aggregate, an action.
    Function,
}

impl TokenKind {
    /// All of them; each stands at its own place.
    pub const ALL: [TokenKind; 13] = [
        TokenKind::Keyword,
        TokenKind::Comment,
        TokenKind::Text,
        TokenKind::Regex,
        TokenKind::Number,
        TokenKind::Operator,
        TokenKind::Type,
        TokenKind::Field,
        TokenKind::Variant,
        TokenKind::Constant,
        TokenKind::Rule,
        TokenKind::Alias,
        TokenKind::Function,
    ];
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands: on one line.
    pub place: Span,
    /// What it is.
    pub kind: TokenKind,
    /// Whether it declares what it names.
    pub declares: bool,
}

impl Analysis {
    /// The parts of a file that mean something, in their order.
    pub fn tokens(&self, source: SourceId) -> Vec<Token> {
        let Some(parse) = self.parse_of(source) else {
            return Vec::new();
        };
        let names = self.named(source);
        let mut tokens = Vec::new();
        let all = parse.syntax().descendants_with_tokens();
        for token in all.filter_map(rowan::NodeOrToken::into_token) {
            let place = Span::new(source, token.text_range());
            let named = names.range(..=place.start).next_back();
            let named = named.filter(|(_, (end, ..))| place.end <= *end);
            let (kind, declares) = match (named, of(token.kind())) {
                (Some((_, (_, kind, declares))), _) if is_name(token.kind()) => (*kind, *declares),
                (_, Some(kind)) => (kind, false),
                (_, None) => continue,
            };
            tokens.push(Token {
                place,
                kind,
                declares,
            });
        }
        tokens
    }

    /// The names of a file by their beginnings: end, what they are, whether they declare.
    fn named(&self, source: SourceId) -> BTreeMap<u32, (u32, TokenKind, bool)> {
        let mut named = BTreeMap::new();
        for (list, declares) in [
            (self.names().references(), false),
            (self.names().declarations(), true),
        ] {
            let from = list.partition_point(|reference| reference.place.source < source);
            let own = list[from..].iter();
            for reference in own.take_while(|reference| reference.place.source == source) {
                let place = reference.place;
                named.insert(
                    place.start,
                    (place.end, meaning(&reference.target), declares),
                );
            }
        }
        named
    }
}

fn is_name(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::Ident | SyntaxKind::QuotedIdent)
}

fn meaning(target: &Target) -> TokenKind {
    match target {
        Target::EventType(_) | Target::Table(_) => TokenKind::Type,
        Target::Field(..) | Target::Column(..) | Target::Envelope(_) => TokenKind::Field,
        Target::Variant(..) => TokenKind::Variant,
        Target::Constant(_) => TokenKind::Constant,
        Target::Rule(_) => TokenKind::Rule,
        Target::Alias(_) | Target::Now | Target::Waiting => TokenKind::Alias,
        Target::Aggregate(_) | Target::Function(_) | Target::Action(_) => TokenKind::Function,
    }
}

fn of(kind: SyntaxKind) -> Option<TokenKind> {
    Some(match kind {
        SyntaxKind::Comment => TokenKind::Comment,
        SyntaxKind::Keyword | SyntaxKind::Bool | SyntaxKind::Null => TokenKind::Keyword,
        SyntaxKind::Regex => TokenKind::Regex,
        SyntaxKind::RawString
        | SyntaxKind::StringOpen
        | SyntaxKind::StringClose
        | SyntaxKind::StringText => TokenKind::Text,
        SyntaxKind::Int
        | SyntaxKind::Float
        | SyntaxKind::Percent
        | SyntaxKind::Duration
        | SyntaxKind::Time
        | SyntaxKind::Ip => TokenKind::Number,
        SyntaxKind::ThinArrow
        | SyntaxKind::FatArrow
        | SyntaxKind::TildeArrow
        | SyntaxKind::Tilde
        | SyntaxKind::EqEq
        | SyntaxKind::NotEq
        | SyntaxKind::Less
        | SyntaxKind::LessEq
        | SyntaxKind::Greater
        | SyntaxKind::GreaterEq
        | SyntaxKind::QuestionQuestion
        | SyntaxKind::Plus
        | SyntaxKind::Minus
        | SyntaxKind::Star
        | SyntaxKind::Slash => TokenKind::Operator,
        _ => return None,
    })
}
