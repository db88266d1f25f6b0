//! What a rule means, as bytes: the same bytes, the same behaviour.

use std::collections::BTreeMap;

use trapjaw_event::{EventType, Registry};
use xxhash_rust::xxh3::xxh3_128;

use crate::code::{Code, Input};
use crate::encode::Writer;
use crate::rule::{Action, Aggregate, Clause, Emit, Rule, Source, TypeProgram, When};

/// The first byte; when the same rule comes to do another thing, it takes another number.
const VERSION: u8 = 1;

impl Rule {
    /// A canonical byte string of all that decides what the rule does with its events and what others see of it:
    /// sources, conditions, kept fields, key, clause, aggregates, `having`, limit, derived event, actions.
    ///
    /// Event types and their fields stand in it by name and type, sources by their types' wire names in order,
    /// operations by their mnemonics, and of each code only what is used, in one form ([`Code::slice`]). So neither other
    /// rules, nor the order of declarations, nor fields that the rule does not read change it. The rule's name, its
    /// metadata (but for the severity that a derived event takes from it), its routing and [`Rule::meaning`] itself are
    /// not in it.
    ///
    /// `types` are the predicate programs in which the sources' conditions are.
    ///
    /// # Panics
    ///
    /// If the rule refers to something that is not there; a rule that verifies does not.
    pub fn meaning_bytes(&self, registry: &Registry, types: &[TypeProgram]) -> Vec<u8> {
        let mut bytes = Writer::default();
        bytes.u8(VERSION);
        bytes.text(&self.alias);
        bytes.all(&self.kept, |bytes, kept| {
            bytes.text(&kept.name);
            bytes.ty(&kept.ty);
        });
        bytes.all(&self.key, |bytes, part| {
            bytes.text(&part.name);
            bytes.ty(&part.ty);
        });
        clause(&mut bytes, self.clause);
        bytes.all(&self.aggregates, aggregate);

        let sources: BTreeMap<_, _> = (self.sources.iter())
            .map(|source| (&*registry.get(source.type_id).wire_name, source))
            .collect();
        bytes.count(sources.len());
        for source in sources.into_values() {
            let ty = registry.get(source.type_id);
            let conditions = &types[source.type_id.index()].code;
            self.source(&mut bytes, source, ty, conditions);
        }

        bytes.option(self.having.as_ref(), |bytes, having| {
            code(bytes, &having.slice(&[0]), |input| self.input(input));
        });
        bytes.option(self.limit.as_ref(), |bytes, limit| {
            bytes.u32(limit.count);
            bytes.i64(limit.per);
        });
        bytes.option(self.emit.as_ref(), |bytes, emit| {
            self.derived(bytes, emit, registry.get(emit.type_id));
        });
        bytes.all(&self.actions, |bytes, action| self.action(bytes, action));
        bytes.u8(u8::from(self.reports_clear));
        bytes.0
    }

    /// XXH3-128 of [`meaning_bytes`](Self::meaning_bytes): what belongs into [`Rule::meaning`].
    ///
    /// # Panics
    ///
    /// As [`meaning_bytes`](Self::meaning_bytes).
    pub fn meaning_hash(&self, registry: &Registry, types: &[TypeProgram]) -> u128 {
        xxh3_128(&self.meaning_bytes(registry, types))
    }

    fn source(&self, bytes: &mut Writer, source: &Source, ty: &EventType, conditions: &Code) {
        let name = |input| match input {
            Input::Field(id) => (0, &*ty.fields[id.index()].name),
            other => self.input(other),
        };
        bytes.text(&ty.wire_name);
        bytes.i64(ty.lateness);
        bytes.option(source.condition.as_ref(), |bytes, &condition| {
            code(bytes, &conditions.slice(&[condition]), name);
        });
        let keys = self.key.iter().map(|part| part.output);
        let aggregates =
            (self.aggregates.iter()).flat_map(|a| a.argument.into_iter().chain(a.filter));
        let used: Vec<u32> = keys.chain(aggregates).map(u32::from).collect();
        code(bytes, &source.inputs.slice(&used), name);
        bytes.all(&source.kept, |bytes, id| {
            bytes.text(&ty.fields[id.index()].name);
        });
    }

    /// The derived event: fields by name, so that the type may gain others.
    fn derived(&self, bytes: &mut Writer, emit: &Emit, ty: &EventType) {
        bytes.text(&ty.wire_name);
        let severity = self.metadata.severity;
        bytes.u8(severity.map_or(0, |severity| 1 + severity.code()));
        let fields: BTreeMap<_, _> = (ty.fields.iter().zip(&emit.fields))
            .filter_map(|(field, output)| Some((&*field.name, (field, (*output)?))))
            .collect();
        bytes.count(fields.len());
        for (name, (field, _)) in &fields {
            bytes.text(name);
            bytes.ty(&field.ty);
            bytes.u8(u8::from(field.optional));
        }
        let outputs: Vec<_> = fields.values().map(|(_, output)| *output).collect();
        code(bytes, &emit.code.slice(&outputs), |input| self.input(input));
    }

    fn action(&self, bytes: &mut Writer, action: &Action) {
        bytes.u8(match action.when {
            When::Fire => 0,
            When::Clear => 1,
            When::Timeout => 2,
        });
        bytes.text(&action.name);
        bytes.all(&action.arguments, |bytes, argument| bytes.text(argument));
        let arguments = action.code.slice(&action.outputs);
        code(bytes, &arguments, |input| self.input(input));
    }

    /// An input of code over the rule's results, by tag and name.
    fn input(&self, input: Input) -> (u8, &str) {
        match input {
            Input::Envelope(envelope) => (1, envelope.name()),
            Input::Kept(index) => (2, &self.kept[usize::from(index)].name),
            Input::Aggregate(index) => (3, &self.aggregates[usize::from(index)].name),
            Input::Field(_) => panic!("a rule reads fields as kept ones"),
        }
    }
}

/// Code with its inputs by name and its operations by mnemonic: numbers may change from version to version.
fn code<'a>(bytes: &mut Writer, code: &Code, name: impl Fn(Input) -> (u8, &'a str)) {
    bytes.all(&code.inputs, |bytes, slot| {
        let (tag, name) = name(slot.input);
        bytes.u8(tag);
        bytes.text(name);
        bytes.u8(slot.kind as u8);
    });
    bytes.all(&code.constants, Writer::constant);
    bytes.all(&code.instructions, |bytes, inst| {
        bytes.text(inst.op.mnemonic());
        bytes.u32(inst.a.bits());
        bytes.u32(inst.b.bits());
    });
    bytes.all(&code.outputs, Writer::output);
}

fn clause(bytes: &mut Writer, clause: Clause) {
    match clause {
        Clause::Each => bytes.u8(0),
        Clause::Sustained {
            duration,
            gap,
            keep,
        } => {
            bytes.u8(1);
            bytes.i64(duration);
            bytes.option(gap.as_ref(), |bytes, gap| bytes.i64(*gap));
            bytes.i64(keep);
        }
        Clause::Sliding { length, each } => {
            bytes.u8(2);
            bytes.i64(length);
            bytes.u8(u8::from(each));
        }
        Clause::Tumbling { length } => {
            bytes.u8(3);
            bytes.i64(length);
        }
        Clause::All { each } => {
            bytes.u8(4);
            bytes.u8(u8::from(each));
        }
        Clause::Absent { duration } => {
            bytes.u8(5);
            bytes.i64(duration);
        }
    }
}

fn aggregate(bytes: &mut Writer, aggregate: &Aggregate) {
    bytes.text(&aggregate.name);
    bytes.text(aggregate.function.name());
    bytes.ty(&aggregate.ty);
    bytes.option(aggregate.argument_ty.as_ref(), Writer::ty);
    // Which outputs: the sources' codes, sliced in this order, say.
    bytes.u8(u8::from(aggregate.filter.is_some()));
}
