//! What a rule means, as bytes: the same bytes, the same behaviour.

use std::collections::BTreeMap;
use std::sync::Arc;

use trapjaw_event::{EventType, Registry};
use xxhash_rust::xxh3::xxh3_128;

use crate::code::{Code, Const, Input};
use crate::encode::Writer;
use crate::op::Opcode;
use crate::rule::{
    Action, Aggregate, Catchup, Clause, Emit, Rule, RuleSet, Source, TypeProgram, When,
};
use crate::table::Table;

/// Stands before a table, where the tag of any other constant does.
const TABLE: u8 = 255;

/// The first byte; when the same rule comes to do another thing, it takes another number.
const VERSION: u8 = 1;

/// One side of what a rule does: what a reader calls it when it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Which events it reads, and under which name.
    Events,
    /// `where`.
    Condition,
    /// `by`.
    Key,
    /// `for`, `over`, `absent`, `every`.
    Clause,
    /// What it aggregates.
    Aggregates,
    /// `having`.
    Having,
    /// `limit`.
    Limit,
    /// `emit`, and the severity that its events take.
    Emit,
    /// `do` and `on clear do`.
    Actions,
    /// The fields of its events that its matches tell.
    Fields,
}

impl Aspect {
    /// All of them, in the order in which rules are written, with their names.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Events, "events"),
        (Self::Condition, "condition"),
        (Self::Key, "key"),
        (Self::Clause, "clause"),
        (Self::Aggregates, "aggregates"),
        (Self::Having, "having"),
        (Self::Limit, "limit"),
        (Self::Emit, "derived event"),
        (Self::Actions, "actions"),
        (Self::Fields, "fields"),
    ];

    /// Its name for readers.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// What stands around a rule: what it refers to by number.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) types: &'a [TypeProgram],
    pub(crate) tables: &'a [Arc<Table>],
}

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
    /// `types` are the predicate programs in which the sources' conditions are, `tables` those of the set; they stand
    /// in it by their names and types, and what they hold does not.
    ///
    /// # Panics
    ///
    /// If the rule refers to something that is not there; a rule that verifies does not.
    pub fn meaning_bytes(
        &self,
        registry: &Registry,
        types: &[TypeProgram],
        tables: &[Arc<Table>],
    ) -> Vec<u8> {
        let around = Around {
            registry,
            types,
            tables,
        };
        let mut bytes = Writer::default();
        bytes.u8(VERSION);
        bytes.text(&self.alias);
        bytes.all(&self.kept, |bytes, kept| {
            bytes.text(&kept.name);
            bytes.ty(&kept.ty);
        });
        self.key(&mut bytes);
        self.window(&mut bytes, tables);
        bytes.all(&self.aggregates, aggregate);

        let sources = self.meant_sources(registry);
        bytes.count(sources.len());
        for source in sources {
            self.event_type(&mut bytes, source, registry);
            self.condition(&mut bytes, source, around);
            let keys = self.key.iter().map(|part| part.output);
            let used = keys.chain(arguments(&self.aggregates)).collect();
            self.inputs(&mut bytes, source, around, used);
            let ty = registry.get(source.type_id);
            bytes.all(&source.kept, |bytes, id| {
                bytes.text(&ty.fields[id.index()].name);
            });
        }

        if let Some(pattern) = &self.pattern {
            self.pattern(&mut bytes, pattern, around);
        }
        self.having(&mut bytes, around);
        self.limit(&mut bytes);
        self.emit(&mut bytes, around);
        self.actions(&mut bytes, around);
        bytes.0
    }

    /// The bytes of [`meaning_bytes`](Self::meaning_bytes) that say this aspect, and what it is computed of.
    pub(crate) fn aspect_bytes(&self, aspect: Aspect, set: &RuleSet) -> Vec<u8> {
        let around = Around {
            registry: &set.registry,
            types: &set.types,
            tables: &set.tables,
        };
        let registry = around.registry;
        let mut bytes = Writer::default();
        let sources = self.meant_sources(registry);
        let mut each = |write: &mut dyn FnMut(&mut Writer, &Source)| {
            for source in &sources {
                write(&mut bytes, source);
            }
        };
        match aspect {
            Aspect::Events => {
                each(&mut |bytes, source| self.event_type(bytes, source, registry));
                bytes.text(&self.alias);
            }
            Aspect::Condition => each(&mut |bytes, source| {
                self.condition(bytes, source, around);
            }),
            Aspect::Key => {
                let used: Vec<u16> = self.key.iter().map(|part| part.output).collect();
                each(&mut |bytes, source| self.inputs(bytes, source, around, used.clone()));
                self.key(&mut bytes);
            }
            Aspect::Clause => {
                self.window(&mut bytes, around.tables);
                if let Some(pattern) = &self.pattern {
                    self.pattern(&mut bytes, pattern, around);
                }
            }
            Aspect::Aggregates => {
                let used: Vec<u16> = arguments(&self.aggregates).collect();
                each(&mut |bytes, source| self.inputs(bytes, source, around, used.clone()));
                bytes.all(&self.aggregates, aggregate);
            }
            Aspect::Having => self.having(&mut bytes, around),
            Aspect::Limit => self.limit(&mut bytes),
            Aspect::Emit => self.emit(&mut bytes, around),
            Aspect::Actions => self.actions(&mut bytes, around),
            Aspect::Fields => {
                bytes.all(&self.kept, |bytes, kept| {
                    bytes.text(&kept.name);
                    bytes.ty(&kept.ty);
                });
                for source in sources {
                    let ty = registry.get(source.type_id);
                    bytes.all(&source.kept, |bytes, id| {
                        bytes.text(&ty.fields[id.index()].name);
                    });
                }
            }
        }
        bytes.0
    }

    /// The clause, and where its windows start.
    fn window(&self, bytes: &mut Writer, tables: &[Arc<Table>]) {
        if let Some(zone) = &self.zone {
            // A number that no clause has.
            bytes.u8(u8::MAX);
            bytes.text(zone);
        }
        clause(bytes, self.clause, tables);
    }

    fn key(&self, bytes: &mut Writer) {
        bytes.all(&self.key, |bytes, part| {
            bytes.text(&part.name);
            bytes.ty(&part.ty);
        });
    }

    fn having(&self, bytes: &mut Writer, around: Around<'_>) {
        bytes.option(self.having.as_ref(), |bytes, having| {
            code(bytes, &having.slice(&[0]), around.tables, |input| {
                self.input(input)
            });
        });
    }

    fn limit(&self, bytes: &mut Writer) {
        bytes.option(self.limit.as_ref(), |bytes, limit| {
            bytes.u32(limit.count);
            bytes.i64(limit.per);
        });
    }

    fn emit(&self, bytes: &mut Writer, around: Around<'_>) {
        bytes.option(self.emit.as_ref(), |bytes, emit| {
            self.derived(bytes, emit, around);
        });
    }

    fn actions(&self, bytes: &mut Writer, around: Around<'_>) {
        bytes.all(&self.actions, |bytes, action| {
            self.action(bytes, action, around.tables);
        });
        bytes.u8(u8::from(self.reports_clear));
    }

    /// XXH3-128 of [`meaning_bytes`](Self::meaning_bytes): what belongs into [`Rule::meaning`].
    ///
    /// # Panics
    ///
    /// As [`meaning_bytes`](Self::meaning_bytes).
    pub fn meaning_hash(
        &self,
        registry: &Registry,
        types: &[TypeProgram],
        tables: &[Arc<Table>],
    ) -> u128 {
        xxh3_128(&self.meaning_bytes(registry, types, tables))
    }

    /// The sources by their types' names; of a rule that reads `any` event the first one, which says what all do.
    pub(crate) fn meant_sources(&self, registry: &Registry) -> Vec<&Source> {
        if self.any {
            return self.sources.first().into_iter().collect();
        }
        let by_name: BTreeMap<_, _> = (self.sources.iter())
            .map(|source| (&*registry.get(source.type_id).wire_name, source))
            .collect();
        by_name.into_values().collect()
    }

    /// Which events: a type, or all there are.
    fn event_type(&self, bytes: &mut Writer, source: &Source, registry: &Registry) {
        if self.any {
            let types = self.sources.iter();
            let lateness = types.map(|source| registry.get(source.type_id).lateness);
            // No type has an empty name.
            bytes.text("");
            bytes.i64(lateness.max().unwrap_or_default());
        } else {
            let ty = registry.get(source.type_id);
            bytes.text(&ty.wire_name);
            bytes.i64(ty.lateness);
        }
    }

    fn condition(&self, bytes: &mut Writer, source: &Source, around: Around<'_>) {
        let conditions = &around.types[source.type_id.index()].code;
        let ty = around.registry.get(source.type_id);
        bytes.option(source.condition.as_ref(), |bytes, &condition| {
            let condition = conditions.slice(&[condition]);
            code(bytes, &condition, around.tables, |input| {
                self.field(ty, input)
            });
        });
    }

    /// What is computed of a source's events.
    pub(crate) fn inputs(
        &self,
        bytes: &mut Writer,
        source: &Source,
        around: Around<'_>,
        used: Vec<u16>,
    ) {
        let ty = around.registry.get(source.type_id);
        let used: Vec<u32> = used.into_iter().map(u32::from).collect();
        code(bytes, &source.inputs.slice(&used), around.tables, |input| {
            self.field(ty, input)
        });
    }

    /// An input of code over a type's events, by tag and name.
    pub(crate) fn field<'a>(&'a self, ty: &'a EventType, input: Input) -> (u8, &'a str) {
        match input {
            Input::Field(id) => (0, &*ty.fields[id.index()].name),
            other => self.input(other),
        }
    }

    /// The derived event: fields by name, so that the type may gain others.
    fn derived(&self, bytes: &mut Writer, emit: &Emit, around: Around<'_>) {
        let ty = around.registry.get(emit.type_id);
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
        let fields = emit.code.slice(&outputs);
        code(bytes, &fields, around.tables, |input| self.input(input));
    }

    fn action(&self, bytes: &mut Writer, action: &Action, tables: &[Arc<Table>]) {
        bytes.u8(match action.when {
            When::Fire => 0,
            When::Clear => 1,
            When::Timeout => 2,
        });
        bytes.text(&action.name);
        bytes.all(&action.arguments, |bytes, argument| bytes.text(argument));
        let arguments = action.code.slice(&action.outputs);
        code(bytes, &arguments, tables, |input| self.input(input));
    }

    /// An input of code over the rule's results, by tag and name.
    fn input(&self, input: Input) -> (u8, &str) {
        match input {
            Input::Envelope(envelope) => (1, envelope.name()),
            Input::Kept(index) => match &self.pattern {
                Some(pattern) => (2, &pattern.reads[usize::from(index)].name),
                None => (2, &self.kept[usize::from(index)].name),
            },
            Input::Aggregate(index) => (3, &self.aggregates[usize::from(index)].name),
            Input::Field(_) => panic!("a rule reads fields as kept ones"),
        }
    }
}

/// Code with its inputs by name and its operations by mnemonic: numbers may change from version to version.
pub(crate) fn code<'a>(
    bytes: &mut Writer,
    code: &Code,
    tables: &[Arc<Table>],
    name: impl Fn(Input) -> (u8, &'a str),
) {
    bytes.all(&code.inputs, |bytes, slot| {
        let (tag, name) = name(slot.input);
        bytes.u8(tag);
        bytes.text(name);
        bytes.u8(slot.kind as u8);
    });
    bytes.all(&code.constants, |bytes, constant| match constant {
        Const::Table(id) => table(bytes, &tables[id.index()]),
        Const::Column(id, place) => {
            let from = &tables[id.index()];
            let field = &from.fields()[usize::from(*place)];
            table(bytes, from);
            bytes.text(&field.name);
            bytes.ty(&field.ty);
        }
        other => bytes.constant(other),
    });
    bytes.all(&code.instructions, |bytes, inst| {
        bytes.text(inst.op.mnemonic());
        if inst.op == Opcode::Call {
            let call = &code.calls[inst.a.index()];
            bytes.text(&call.callee.to_string());
            bytes.all(&call.arguments, |bytes, operand| bytes.u32(operand.bits()));
            return;
        }
        bytes.u32(inst.a.bits());
        bytes.u32(inst.b.bits());
    });
    bytes.all(&code.outputs, Writer::output);
}

/// The outputs of a source that aggregates read, in order.
fn arguments(aggregates: &[Aggregate]) -> impl Iterator<Item = u16> + '_ {
    aggregates
        .iter()
        .flat_map(|a| a.argument.into_iter().chain(a.filter))
}

/// A table by its name and the type of its keys. What it holds is data, and may change while state is kept.
fn table(bytes: &mut Writer, table: &Table) {
    bytes.u8(TABLE);
    bytes.text(table.name());
    bytes.ty(table.key_type());
}

fn clause(bytes: &mut Writer, clause: Clause, tables: &[Arc<Table>]) {
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
        Clause::Hopping { length, every } => {
            bytes.u8(10);
            bytes.i64(length);
            bytes.i64(every);
        }
        Clause::Counted { count, each } => {
            bytes.u8(7);
            bytes.u32(count);
            bytes.u8(u8::from(each));
        }
        Clause::Batched { count } => {
            bytes.u8(8);
            bytes.u32(count);
        }
        Clause::Session { gap } => {
            bytes.u8(9);
            bytes.i64(gap);
        }
        Clause::Absent { duration, of } => {
            bytes.u8(if of.is_some() { 6 } else { 5 });
            bytes.i64(duration);
            if let Some(of) = of {
                table(bytes, &tables[of.index()]);
            }
        }
        Clause::Match => bytes.u8(12),
        Clause::Every { period, catchup } => {
            bytes.u8(11);
            bytes.i64(period);
            bytes.u8(caught_up(catchup));
        }
        Clause::At { calendar, catchup } => {
            bytes.u8(13);
            bytes.i64(calendar.minutes.cast_signed());
            bytes.u32(calendar.hours);
            bytes.option(calendar.days.as_ref(), |bytes, &days| bytes.u32(days));
            bytes.u32(calendar.months.into());
            bytes.option(calendar.weekdays.as_ref(), |bytes, weekdays| {
                for &of in weekdays {
                    bytes.u8(of);
                }
            });
            bytes.u8(caught_up(catchup));
        }
    }
}

fn caught_up(catchup: Catchup) -> u8 {
    match catchup {
        Catchup::All => 0,
        Catchup::One => 1,
        Catchup::Skip => 2,
    }
}

fn aggregate(bytes: &mut Writer, aggregate: &Aggregate) {
    bytes.text(&aggregate.name);
    bytes.text(aggregate.function.name());
    bytes.ty(&aggregate.ty);
    bytes.option(aggregate.argument_ty.as_ref(), Writer::ty);
    // The function says whether there is one.
    if let Some(fraction) = aggregate.fraction {
        bytes.i64(fraction.to_bits().cast_signed());
    }
    // Which outputs: the sources' codes, sliced in this order, say.
    bytes.u8(u8::from(aggregate.filter.is_some()));
}
