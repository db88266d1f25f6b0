//! Code by itself: what the rule machinery runs, over one section.

use std::sync::Arc;

use trapjaw_event::{Registry, SectionView, Value};
use trapjaw_program::{Code, Table, Verified};

use crate::segment::bind;
use crate::vm::{self, Selection};

/// The values of each output of `code` for each row of `section`.
///
/// The code reads fields and envelope of the section's type; it was verified for that type, and with these tables.
pub fn evaluate(
    code: Verified<&Code>,
    section: SectionView<'_>,
    registry: &Registry,
    tables: &[Arc<Table>],
) -> Vec<Vec<Value>> {
    let code: &Code = *code;
    let wire_name = &*registry.get(section.type_id()).wire_name;
    let registers = vm::run(
        code,
        tables,
        |input| bind(section, wire_name, input),
        Selection::All(section.rows()),
    );
    let rows = 0..section.rows();
    let column = |output| {
        rows.clone()
            .map(|row| registers.value(output, row).to_value())
            .collect()
    };
    (0..code.outputs.len()).map(column).collect()
}
