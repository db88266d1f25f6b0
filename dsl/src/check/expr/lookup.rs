//! Look-ups in tables.

use super::super::names::TableName;
use super::super::{Outcome, Reported};
use super::{Checker, Place};
use crate::diagnostic::{Diagnostic, codes::tables as codes, codes::types, did_you_mean};
use crate::hir::{Expr, ExprKind};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{self, IndexExpr};
use trapjaw_event::FieldType;
use trapjaw_program::TableId;

impl Checker<'_> {
    /// `table[key]` by itself.
    pub(super) fn row(&mut self, index: &IndexExpr) -> Outcome<Expr> {
        let (table, _) = self.row_of(index)?;
        let span = self.span(index);
        let first = self.names.table(table).fields().first();
        let error = Diagnostic::error(codes::LOOKUP, span, "a row of a table is no value");
        let help = first.map_or_else(String::new, |field| format!(": `.{}`", field.name));
        self.refuse(error.with_help(format!("name one of its fields{help}")))
    }

    /// `table[key].field`.
    pub(super) fn lookup(
        &mut self,
        index: &IndexExpr,
        name: &str,
        [field, span]: [Span; 2],
    ) -> Outcome<Expr> {
        let (table, key) = self.row_of(index)?;
        let names = self.names;
        let fields = names.table(table).fields();
        let Some(place) = fields.iter().position(|field| *field.name == *name) else {
            let message = format!(
                "the table `{}` has no field `{name}`",
                names.table(table).name()
            );
            let mut error = Diagnostic::error(codes::LOOKUP, span, message);
            let known = fields.iter().map(|field| &*field.name);
            error = match did_you_mean(name, known.clone()) {
                Some(meant) => error.with_help(format!("did you mean `{meant}`?")),
                None => {
                    let known: Vec<_> = known.collect();
                    error.with_note(format!("it has the fields {}", known.join(", ")))
                }
            };
            return self.refuse(error);
        };
        names.refer(field, Target::Column(table, place as u16));
        Ok(Expr {
            kind: ExprKind::Lookup {
                table,
                field: place as u16,
                key: Box::new(key),
            },
            ty: fields[place].ty.clone(),
            span,
        })
    }

    /// `operand in table`.
    pub(super) fn in_table(
        &mut self,
        operand: &ast::Expr,
        table: TableName,
        span: Span,
    ) -> Outcome<Expr> {
        let TableName::Known(table) = table else {
            return Err(Reported);
        };
        self.refuse_in_constants(span)?;
        let key = self.key_of(table, operand)?;
        Ok(Expr {
            kind: ExprKind::InTable(table, Box::new(key)),
            ty: FieldType::Bool,
            span,
        })
    }

    fn row_of(&mut self, index: &IndexExpr) -> Outcome<(TableId, Expr)> {
        let base = index.base().ok_or(Reported)?;
        let key = index.index().ok_or(Reported)?;
        let base_span = self.span(&base);
        let named = match &base {
            ast::Expr::Name(name) => Some(name.text()),
            _ => None,
        };
        let known = named.as_ref().and_then(|name| self.names.tables.get(name));
        match known {
            Some(TableName::Known(table)) => {
                let table = *table;
                self.names.refer(base_span, Target::Table(table));
                self.refuse_in_constants(self.span(index))?;
                Ok((table, self.key_of(table, &key)?))
            }
            Some(TableName::Lost) => Err(Reported),
            None if !self.names.complete => Err(Reported),
            None => {
                let message = match &named {
                    Some(name) => format!("there is no table `{name}`"),
                    None => "only tables are looked up in".to_owned(),
                };
                let mut error = Diagnostic::error(codes::LOOKUP, base_span, message);
                let mut tables: Vec<_> = self.names.tables.keys().map(String::as_str).collect();
                // They come out of a hash table.
                tables.sort_unstable();
                if let Some(meant) = named.and_then(|name| did_you_mean(&name, tables)) {
                    let help = format!("did you mean `{meant}`?");
                    error = error.with_suggestion(base_span, meant, help);
                }
                self.refuse(error)
            }
        }
    }

    fn key_of(&mut self, table: TableId, key: &ast::Expr) -> Outcome<Expr> {
        let names = self.names;
        let table = names.table(table);
        let what = format!("a key of `{}`", table.name());
        self.typed(key, table.key_type(), &what)
    }

    /// What a table holds may change while the rules stay, and a constant may not.
    fn refuse_in_constants(&mut self, span: Span) -> Outcome<()> {
        if self.place != Place::Constant {
            return Ok(());
        }
        let message = "what a table holds is no constant";
        let error = Diagnostic::error(types::NOT_CONSTANT, span, message);
        let help = "a table may be reloaded: look things up where the value is needed";
        self.refuse(error.with_help(help))
    }
}
