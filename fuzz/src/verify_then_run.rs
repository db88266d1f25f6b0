//! Code that verifies runs, and means what a naive evaluation says.

use std::sync::Arc;

use trapjaw_engine::evaluate;
use trapjaw_event::{BatchBuilder, Event, FieldId, FieldType, SectionView, TypeId, check};
use trapjaw_program::op::Gives;
use trapjaw_program::sample::{self, Entropy};
use trapjaw_program::{
    Code, Envelope, Input, Kind, Operand, Output, Scope, Slot, verify_code_with,
};

use crate::Outcome;
use crate::naive;
use crate::world::{self, REGISTRY, TABLES};

/// Most rows: beyond two words of a bitmap.
const MAX_ROWS: usize = 140;

/// Samples code and rows from the bytes, some of the code damaged; what verifies is run and compared.
///
/// The first byte decides about the damage, the first half of the others the code, the second half the rows.
pub fn verify_then_run(data: &[u8]) -> Outcome {
    let Some((how, rest)) = data.split_first() else {
        return Outcome::Refused;
    };
    let (for_code, for_rows) = rest.split_at(rest.len() / 2);
    let mut entropy = Entropy::new(for_code);
    let mut code = sampled(world::all(), &mut entropy);
    if how % 4 == 3 {
        let more = world::stretched(for_code, 64);
        sample::damage(&mut code, &mut Entropy::new(&more[for_code.len()..]));
    }
    let more = world::stretched(for_rows, 16 * 1_024);
    let mut entropy = Entropy::new(&more);
    let rows = 1 + entropy.below(MAX_ROWS);
    let events: Vec<Event> = (0..rows).map(|_| world::event(&mut entropy)).collect();
    let outcome = run(&code, &events);
    assert!(
        outcome == Outcome::Accepted || how % 4 == 3,
        "sampled code verifies"
    );
    outcome
}

/// Sampled code over a type. Each of its registers is an output: the sampler's own outputs are drawn last, when the
/// choices are spent, and would all be the first register.
pub(crate) fn sampled(ty: TypeId, entropy: &mut Entropy<'_>) -> Code {
    let mut code = sample::code(&slots(ty), entropy);
    let registers = code.instructions.iter().zip(0..);
    let outputs = registers.map(|(inst, index)| {
        let kind = match inst.op.result() {
            Gives::Lane(kind) => kind,
            Gives::OfInput => code.inputs[inst.a.index()].kind,
            Gives::OfCall => code.calls[inst.a.index()].callee.kind(),
        };
        let ty = match (kind, index % 4) {
            (Kind::Bool, _) => FieldType::Bool,
            (Kind::Float, _) => FieldType::Float,
            (Kind::Text, _) => FieldType::Text,
            (Kind::Ip, _) => FieldType::Ip,
            (Kind::Int, 0) => FieldType::Time,
            (Kind::Int, 1) => FieldType::Duration,
            (Kind::Int, 2) => FieldType::Enum(Arc::from(["started".into(), "failed".into()])),
            (Kind::Int, _) => FieldType::Int,
        };
        let operand = Operand::register(index);
        Output { operand, ty }
    });
    let outputs: Vec<Output> = outputs.collect();
    code.outputs.extend(outputs);
    code
}

/// Verifies code over the type `all`, and if it is sound, runs it over the events and compares.
pub(crate) fn run(code: &Code, events: &[Event]) -> Outcome {
    let ty = REGISTRY.get(world::all());
    if verify_code_with(code, &Scope::Event(ty), &TABLES).is_err() {
        return Outcome::Refused;
    }
    let mut builder = BatchBuilder::new(Arc::clone(&REGISTRY));
    for event in events {
        builder.push(event).expect("the events fit a batch");
    }
    let bytes = builder.finish();
    let bindings = world::identity();
    let batch = check(&bytes, &bindings).expect("what was built is sound");
    means(code, batch.section(0));
    Outcome::Accepted
}

/// Runs sound code over a section, and compares each row's outputs with a naive evaluation of its event.
pub(crate) fn means(code: &Code, section: SectionView<'_>) {
    let ty = REGISTRY.get(section.type_id());
    let verified = verify_code_with(code, &Scope::Event(ty), &TABLES).expect("the code is sound");
    let found = evaluate(verified, section, &REGISTRY, &TABLES);
    assert_eq!(found.len(), code.outputs.len());
    assert!(found.iter().all(|column| column.len() == section.rows()));
    for row in 0..section.rows() {
        let event = section.event(row);
        for (output, expected) in naive::outputs(code, &event, &ty.wire_name)
            .into_iter()
            .enumerate()
        {
            let found = &found[output][row];
            assert!(
                expected.as_ref().is_none_or(|expected| expected == found),
                "output {output} of row {row} is {found:?}, not {expected:?}: {event:?}\n{code}"
            );
        }
    }
}

/// Everything that code over a type may read.
fn slots(ty: TypeId) -> Vec<Slot> {
    let fields = REGISTRY.get(ty).fields.iter().enumerate();
    let fields = fields.map(|(index, field)| Slot {
        input: Input::Field(FieldId::from_index(index).expect("a type's fields have ids")),
        kind: Kind::of(&field.ty),
    });
    let envelope = Envelope::ALL.iter().map(|(envelope, _)| Slot {
        input: Input::Envelope(*envelope),
        kind: envelope.kind(),
    });
    fields.chain(envelope).collect()
}
