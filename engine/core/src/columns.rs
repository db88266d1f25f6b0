//! The columns of a segment, looked up once for all matches of a step that tell its rows.

use trapjaw_event::{ColumnView, FieldId, Part, PartSink, SectionView, TextView, ValueRef};

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Columns<'s> {
    section: SectionView<'s>,
    times: &'s [i64],
    source: TextView<'s>,
    id: Option<ColumnView<'s>>,
    subject: Option<ColumnView<'s>>,
    has_severity: bool,
    /// By field; `None` where all are null.
    fields: Vec<Option<ColumnView<'s>>>,
}

impl<'s> Columns<'s> {
    pub(crate) fn new(section: SectionView<'s>) -> Self {
        let fields = (0..section.binding().field_count() as u16).map(FieldId::new);
        Self {
            section,
            times: section.times(),
            source: section.source(),
            id: section.id(),
            subject: section.subject(),
            has_severity: section.severity().is_some(),
            fields: fields.map(|field| section.column(field)).collect(),
        }
    }

    /// A row's value of a field.
    pub(crate) fn value(&self, field: FieldId, row: usize) -> ValueRef<'s> {
        self.fields[field.index()].map_or(ValueRef::Null, |column| column.value(row))
    }

    /// Tells a row: of its fields those that are asked for and not null.
    pub(crate) fn tell(
        &self,
        (row, alias): (usize, &str),
        is_told: impl Fn(FieldId) -> bool,
        to: &mut (impl PartSink + ?Sized),
    ) {
        let text = |column: Option<ColumnView<'s>>| match column?.value(row) {
            ValueRef::Text(text) => Some(text),
            _ => None,
        };
        let severity = (self.has_severity).then(|| self.section.severity_at(row));
        to.part(Part::Event {
            alias,
            type_id: self.section.type_id(),
            time: self.times[row],
            source: Some(self.source.get(row)),
            id: text(self.id),
            subject: text(self.subject),
            severity: severity.flatten(),
        });
        for (column, field) in self.fields.iter().zip(0..) {
            let field = FieldId::new(field);
            if let Some(column) = column.filter(|column| column.is_present(row))
                && is_told(field)
            {
                to.part(Part::Field(field, column.value(row)));
            }
        }
    }
}
