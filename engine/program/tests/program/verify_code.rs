//! Each rule of verification over one code, broken once; and all of them against a naive second opinion.

use core::net::Ipv4Addr;

use proptest::prelude::*;
use trapjaw_event::limits::{MAX_TEXT, MAX_VARIANTS};
use trapjaw_event::{FieldId, FieldType, Ip};
use trapjaw_program::limits::{MAX_INPUTS, MAX_SET};
use trapjaw_program::sample::{self, Entropy, tables};
use trapjaw_program::{
    Code, Const, Envelope, Input, Inst, Kind, Opcode, Operand, Output, Scope, Slot, assemble,
    verify_code, verify_code_with,
};

use crate::naive;

/// An input of each kind, as many places as there are.
pub(crate) const SLOTS: [Slot; 7] = [
    slot(Input::Field(FieldId::new(0)), Kind::Bool),
    slot(Input::Field(FieldId::new(1)), Kind::Int),
    slot(Input::Field(FieldId::new(2)), Kind::Float),
    slot(Input::Field(FieldId::new(9)), Kind::Text),
    slot(Input::Kept(0), Kind::Ip),
    slot(Input::Aggregate(3), Kind::Float),
    slot(Input::Envelope(Envelope::Severity), Kind::Int),
];

const fn slot(input: Input, kind: Kind) -> Slot {
    Slot { input, kind }
}

const SCOPE: Scope<'_> = Scope::Slots(&SLOTS);

/// Loads one register of each kind (r0 bool, r1 int, r2 float, r3 text, r4 ip), then these lines.
fn with_registers(lines: &str) -> Code {
    let loads = "r0 = load field 0 : bool
        r1 = load field 1 : int
        r2 = load field 2 : float
        r3 = load field 9 : text
        r4 = load kept 0 : ip\n";
    assemble(&format!("{loads}{lines}")).unwrap()
}

fn with_constant(constant: Const) -> Code {
    Code {
        constants: vec![constant],
        ..Code::default()
    }
}

fn with_inst(op: Opcode, a: Operand, b: Operand) -> Code {
    let mut code = with_registers("");
    code.instructions.push(Inst { op, a, b });
    code
}

/// A range of addresses.
fn ends(first: u8, last: u8) -> (Ip, Ip) {
    let address = |last| Ip::from(Ipv4Addr::new(10, 0, 0, last));
    (address(first), address(last))
}

/// A call that lacks an argument.
fn short_call() -> Code {
    let mut code = with_registers("r5 = call concat(text, text) r3, r3");
    code.calls[0].arguments = [Operand::register(3)].into();
    code
}

/// A code, and code that earns it.
fn refusals() -> Vec<(&'static str, Code)> {
    let register = Operand::register;
    let mut cases = vec![
        (
            "limit",
            with_constant(Const::Text("x".repeat(MAX_TEXT + 1).into())),
        ),
        (
            "limit",
            with_constant(Const::IntSet((0..=MAX_SET as i64).collect())),
        ),
        ("constant-float", with_constant(Const::Float(f64::NAN))),
        ("constant-float", with_constant(Const::Float(-0.0))),
        (
            "constant-float",
            with_constant(Const::FloatSet([f64::NAN].into())),
        ),
        (
            "constant-float",
            with_constant(Const::FloatSet([-0.0].into())),
        ),
        (
            "constant-order",
            with_constant(Const::IntSet([2, 1].into())),
        ),
        (
            "constant-order",
            with_constant(Const::FloatSet([1.0, 1.0].into())),
        ),
        (
            "constant-order",
            with_constant(Const::TextSet(["b".into(), "a".into()].into())),
        ),
        ("enum", with_constant(Const::Names([].into()))),
        (
            "enum",
            with_constant(Const::Names(vec!["n".into(); MAX_VARIANTS + 1].into())),
        ),
        (
            "constant-order",
            with_constant(Const::Networks([ends(2, 1)].into())),
        ),
        (
            "constant-order",
            with_constant(Const::Networks([ends(1, 2), ends(2, 3)].into())),
        ),
        // The text form has no way to write these.
        (
            "operand-call",
            with_inst(Opcode::Call, register(0), register(0)),
        ),
        ("call-arguments", short_call()),
        (
            "operand-spare",
            with_inst(Opcode::Not, register(0), register(1)),
        ),
        (
            "operand-spare",
            with_inst(Opcode::Load, register(0), register(1)),
        ),
        (
            "operand-input",
            with_inst(Opcode::Load, register(5), register(0)),
        ),
        (
            "operand-input",
            with_inst(Opcode::Load, Operand::constant(0), register(0)),
        ),
        (
            "operand-constant",
            with_inst(Opcode::EqInt, register(1), Operand::constant(0)),
        ),
        (
            "operand-constant",
            with_inst(Opcode::InInt, register(1), Operand::constant(0)),
        ),
    ];
    let mut repeated = with_registers("");
    repeated.inputs.push(repeated.inputs[0]);
    cases.push(("input-repeated", repeated));
    let mut two_kinds = with_registers("");
    two_kinds
        .inputs
        .push(slot(two_kinds.inputs[0].input, Kind::Int));
    cases.push(("input-repeated", two_kinds));
    let many = Code {
        inputs: vec![SLOTS[0]; MAX_INPUTS + 1],
        ..Code::default()
    };
    cases.push(("limit", many));
    let enum_of = |names: Vec<Box<str>>| Code {
        constants: vec![Const::Int(0)],
        outputs: vec![Output {
            operand: Operand::constant(0),
            ty: FieldType::Enum(names.into()),
        }],
        ..Code::default()
    };
    cases.push(("enum", enum_of(vec![])));
    cases.push(("enum", enum_of(vec!["n".into(); MAX_VARIANTS + 1])));

    let lines = [
        ("operand-register", "r5 = not r5"),
        ("operand-register", "r5 = and r0, r6"),
        ("operand-register", "-> r5 : bool"),
        ("operand-kind", "r5 = not r1"),
        ("operand-kind", "r5 = add.float r2, 1"),
        ("operand-kind", "r5 = add.int r1, 1.0"),
        ("operand-kind", "r5 = eq.text r3, r4"),
        ("operand-kind", "r5 = contains r3, {\"a\"}"),
        ("operand-kind", "r5 = in.int r1, {1.0}"),
        ("operand-kind", "r5 = in.float r2, {1}"),
        ("operand-kind", "r5 = in.text r3, [\"a\"]"),
        ("operand-kind", "r5 = in.ip r4, 10.0.0.1"),
        ("operand-kind", "r5 = in.int r1, r1"),
        ("operand-kind", "r5 = is_null 1"),
        ("operand-kind", "r5 = is_null {1}"),
        ("operand-kind", "r5 = format.enum r1, {\"a\"}"),
        ("operand-kind", "r5 = format.enum r1, r3"),
        ("operand-kind", "r5 = format.fixed r2, r1"),
        ("operand-kind", "r5 = format.fixed r2, 2.0"),
        ("operand-kind", "r5 = when.int r1, r1"),
        ("operand-kind", "r5 = matches r3, \"a\""),
        ("operand-kind", "r5 = matches r1, pattern \"a\""),
        ("operand-kind", "r5 = in.networks r4, {10.0.0.1}"),
        ("operand-kind", "r5 = call length(text) r1"),
        ("operand-kind", "r5 = call hour(time, zone) r1, \"UTC\""),
        (
            "operand-kind",
            "r5 = call capture(text, regex, int) r3, r3, 1",
        ),
        ("operand-fixed", "r5 = call length(text) \"a\""),
        ("operand-fixed", "r5 = when.int true, 1"),
        ("operand-register", "r5 = call length(text) r5"),
        ("operand-kind", "-> {1} : int"),
        ("operand-fixed", "r5 = add.int 1, 2"),
        ("operand-fixed", "r5 = not true"),
        ("operand-fixed", "r5 = in.int 1, {1}"),
        ("operand-fixed", "r5 = format.fixed 1.5, 2"),
        ("operand-kind", "r5 = row.int r1, {1}"),
        ("operand-kind", "r5 = row.int r1, column 0 5"),
        ("operand-kind", "r5 = row.int r1, table 1"),
        ("operand-kind", "r5 = has.text r4, table 1"),
        ("operand-kind", "r5 = cell.int r1, table 0"),
        ("operand-kind", "r5 = cell.int r1, column 0 3"),
        ("operand-fixed", "r5 = cell.int 1, column 0 1"),
        ("table-unknown", "r5 = has.ip r4, table 3"),
        ("table-unknown", "r5 = cell.int r1, column 3 1"),
        ("table-field", "r5 = cell.int r1, column 0 6"),
        ("digits", "r5 = format.fixed r2, 18"),
        ("digits", "r5 = format.fixed r2, -1"),
        ("output-kind", "-> r0 : int"),
        ("output-kind", "-> r1 : bool"),
        ("output-kind", "-> \"a\" : enum(\"a\")"),
        ("output-kind", "-> 1 : float"),
        ("enum-code", "-> 2 : enum(\"a\", \"b\")"),
        ("enum-code", "-> -1 : enum(\"a\", \"b\")"),
        ("input-unknown", "r5 = load kept 1 : text"),
        ("input-unknown", "r5 = load envelope time : int"),
        ("input-kind", "r5 = load aggregate 3 : int"),
    ];
    cases.extend(lines.map(|(code, lines)| (code, with_registers(lines))));
    cases
}

/// The codes that [`refusals`] earns, for the count of all of them.
pub(crate) fn codes_refused() -> Vec<&'static str> {
    refusals().into_iter().map(|(code, _)| code).collect()
}

#[test]
fn each_rule_refuses() {
    for (index, (expected, code)) in refusals().into_iter().enumerate() {
        match verify_code_with(&code, &SCOPE, &tables()) {
            Ok(_) => panic!("case {index} ({expected}) is accepted"),
            Err(error) => assert_eq!(error.code(), expected, "case {index}: {error}"),
        }
    }
}

#[test]
fn the_edges_are_accepted() {
    let lines = [
        "r5 = format.fixed r2, 0",
        "r5 = format.fixed r2, 17",
        "r5 = in.int r1, {}",
        "r5 = in.text r3, {\"\", \"a\"}",
        "r5 = in.float r2, {-inf, 0.0, inf}",
        "r5 = sub.int 1, r1",
        "r5 = is_null r4",
        "r5 = format.enum r1, [\"a\", \"a\"]",
        "r5 = row.text \"a\", table 1",
        "r5 = has.int 7, table 0",
        "r5 = cell.ip r1, column 2 5",
        "-> 1 : enum(\"a\", \"b\")",
        "-> r1 : enum(\"a\")",
        "-> \"\" : text",
        "r5 = load envelope severity : int",
    ];
    for line in lines {
        let code = with_registers(line);
        assert!(verify_code_with(&code, &SCOPE, &tables()).is_ok(), "{line}");
        assert!(naive::sound(&code, &SLOTS), "{line}");
    }
    let text = with_constant(Const::Text("x".repeat(MAX_TEXT).into()));
    assert!(verify_code_with(&text, &SCOPE, &tables()).is_ok());
}

#[test]
fn every_operation_is_accepted_with_what_it_takes() {
    use trapjaw_program::op::Takes;
    for &op in Opcode::ALL[1..].iter().filter(|op| **op != Opcode::Call) {
        let place = |takes| match takes {
            Takes::Nothing => "",
            Takes::Lane(Kind::Bool) | Takes::AnyRegister => ", r0",
            Takes::Lane(Kind::Int) => ", r1",
            Takes::Lane(Kind::Float) => ", r2",
            Takes::Lane(Kind::Text) => ", r3",
            Takes::Lane(Kind::Ip) => ", r4",
            Takes::Set(_) => ", {}",
            Takes::Names => ", [\"a\"]",
            Takes::Digits => ", 2",
            Takes::Table(Kind::Int) => ", table 0",
            Takes::Table(Kind::Text) => ", table 1",
            Takes::Table(_) => ", table 2",
            Takes::Column(Kind::Bool) => ", column 0 0",
            Takes::Column(Kind::Int) => ", column 0 1",
            Takes::Column(Kind::Float) => ", column 0 2",
            Takes::Column(Kind::Text) => ", column 0 3",
            Takes::Column(Kind::Ip) => ", column 0 4",
            Takes::Pattern => ", glob \"a*\"",
            Takes::Networks => ", networks {}",
            Takes::Input | Takes::Call => unreachable!("loads and calls are written otherwise"),
        };
        let [a, b] = op.operands().map(place);
        let line = format!("r5 = {op} {}{b}", &a[2..]);
        assert!(
            verify_code_with(&with_registers(&line), &SCOPE, &tables()).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn every_function_is_accepted_with_what_it_takes() {
    use trapjaw_program::function::{Callee, Type};
    for callee in Callee::all() {
        let argument = |ty| match ty {
            Type::Bool => "r0",
            Type::Int | Type::Time | Type::Duration => "r1",
            Type::Float => "r2",
            Type::Text | Type::Unit | Type::Layout => "r3",
            Type::Ip => "r4",
            Type::Pattern => "pattern \"a\"",
            Type::Zone => "zone \"UTC\"",
        };
        let arguments: Vec<_> = callee.signature().types().map(argument).collect();
        let line = format!("r5 = call {callee} {}", arguments.join(", "));
        let code = with_registers(&line);
        assert!(verify_code(&code, &SCOPE).is_ok(), "{line}");
        assert!(naive::sound(&code, &SLOTS), "{line}");
        assert_eq!(Code::decode(&code.encode()), Ok(code), "{line}");
    }
}

#[test]
fn scopes_decide_what_is_read() {
    let registry = crate::fixture::registry();
    let rule = crate::fixture::hot();
    let event = Scope::Event(registry.get(crate::fixture::CPU));
    let results = Scope::Rule {
        kept: &rule.kept,
        aggregates: &rule.aggregates,
    };
    let verdict = |input: &str, scope: &Scope<'_>| {
        let code = assemble(&format!("r0 = load {input}")).unwrap();
        verify_code(&code, scope).map_or_else(|error| error.code(), |_| "")
    };
    let cases = [
        ("field 0 : text", "", "input-unknown"),
        ("field 1 : int", "input-kind", "input-unknown"),
        ("field 3 : text", "input-unknown", "input-unknown"),
        ("kept 0 : text", "input-unknown", ""),
        ("kept 0 : ip", "input-unknown", "input-kind"),
        ("kept 1 : text", "input-unknown", "input-unknown"),
        ("aggregate 1 : int", "input-unknown", ""),
        ("aggregate 0 : int", "input-unknown", "input-kind"),
        ("aggregate 2 : int", "input-unknown", "input-unknown"),
        ("envelope source : text", "", ""),
        ("envelope severity : text", "input-kind", "input-kind"),
    ];
    for (input, of_event, of_rule) in cases {
        assert_eq!(verdict(input, &event), of_event, "{input}");
        assert_eq!(verdict(input, &results), of_rule, "{input}");
    }
}

proptest! {
    #[test]
    fn samples_are_sound(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let code = sample::code(&SLOTS, &mut Entropy::new(&bytes));
        prop_assert!(naive::sound(&code, &SLOTS), "{code}");
        let verdict = verify_code_with(&code, &SCOPE, &tables());
        prop_assert!(verdict.is_ok(), "{verdict:?} of {code}");
    }

    #[test]
    fn damaged_code_is_judged_alike_by_a_naive_check(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        damage in prop::collection::vec(any::<u8>(), 24..72),
    ) {
        let mut code = sample::code(&SLOTS, &mut Entropy::new(&bytes));
        for choices in damage.chunks(24) {
            sample::damage(&mut code, &mut Entropy::new(choices));
        }
        let verdict = verify_code_with(&code, &SCOPE, &tables());
        prop_assert_eq!(verdict.is_ok(), naive::sound(&code, &SLOTS), "{:?} of {}", verdict, code);
    }
}

#[test]
fn damage_is_often_fatal_and_sometimes_not() {
    let mut sound = 0;
    for seed in 0..2_000_u64 {
        let bytes: Vec<u8> = (0..30)
            .flat_map(|i| {
                (seed * 1_000 + i)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .to_be_bytes()
            })
            .collect();
        let mut code = sample::code(&SLOTS, &mut Entropy::new(&bytes[..200]));
        sample::damage(&mut code, &mut Entropy::new(&bytes[200..]));
        sound += u32::from(verify_code_with(&code, &SCOPE, &tables()).is_ok());
    }
    assert!((200..1_800).contains(&sound), "{sound} of 2000");
}
