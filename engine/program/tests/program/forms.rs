//! Text and bytes lead back to the code; slices make what the code makes.

use core::fmt::Write;

use proptest::prelude::*;
use trapjaw_program::sample::tables;
use trapjaw_program::sample::{self, Entropy};
use trapjaw_program::{Code, Scope, assemble, listing, verify_code_with};

use crate::fixture;
use crate::verify_code::SLOTS;

fn sampled(bytes: &[u8]) -> Code {
    sample::code(&SLOTS, &mut Entropy::new(bytes))
}

/// A text that shows each form, as disassembly writes it.
const TEXT: &str = r#"r0 = load field 0 : bool
r1 = load field 1 : int
r2 = load field 2 : float
r3 = load field 9 : text
r4 = load kept 0 : ip
r5 = load aggregate 3 : float
r6 = load envelope severity : int
r7 = not r0
r8 = gt.float r2, 0.9
r9 = and r7, r8
r10 = sub.int -5, r1
r11 = in.int r10, {-5, 7}
r12 = in.float r5, {-inf, -1.5, 1e300, inf}
r13 = in.text r3, {"", "a \"b\" \\ \n\t\u{1b}", "é; # ="}
r14 = in.ip r4, {10.0.0.1, 2001:db8::1}
r15 = in.int r1, {}
r16 = eq.ip r4, ::
r17 = format.enum r6, ["info", "low"]
r18 = format.fixed r2, 2
r19 = concat r17, r18
r20 = coalesce.bool r9, false
r21 = matches r3, pattern "^a\"\\d+$"
r22 = matches r3, glob-i "*.Exe"
r23 = in.networks r4, networks {10.0.0.0, 10.255.255.255, 192.0.2.7, 192.0.2.7}
r24 = fold r3
r25 = when.text r23, r24
r26 = int.float r2
r27 = call round(float, int) r2, 2
r28 = call hour(time, zone) r1, zone "Europe/Berlin"
r29 = call replace(text, regex, text) r3, pattern-i "a", "b"
-> r20 : bool
-> r1 : enum("a, b", "c")
-> r1 : time
-> 9223372036854775807 : duration
-> 5e-324 : float
-> "x" : text
-> 192.0.2.1 : ip
"#;

#[test]
fn text_leads_back_to_itself() {
    let code = assemble(TEXT).unwrap();
    assert!(verify_code_with(&code, &Scope::Slots(&SLOTS), &tables()).is_ok());
    assert_eq!(code.to_string(), TEXT);
}

#[test]
fn layout_and_comments_do_not_matter() {
    let loose =
        "\n; a comment\n  r0=load  field 1 : int;field\n\tr1 = eq.int r0,1\n->r1 : bool ; \"";
    let tight = "r0 = load field 1 : int\nr1 = eq.int r0, 1\n-> r1 : bool\n";
    let loose = loose.replace("->r1", "-> r1");
    assert_eq!(assemble(&loose), assemble(tight));
    assert_eq!(assemble(tight).unwrap().to_string(), tight);
}

#[test]
fn constants_are_numbered_by_first_use() {
    let code = assemble(
        "r0 = load field 1 : int\nr1 = eq.int r0, 2\nr2 = eq.int r0, 1\nr3 = ne.int r0, 2\n",
    );
    let code = code.unwrap();
    assert_eq!(code.constants.len(), 2);
    assert_eq!(code.instructions[1].b, code.instructions[3].b);
    assert_eq!(code.instructions[2].b.index(), 1);
}

#[test]
fn wrong_text_is_refused_with_its_line() {
    let cases = [
        ("r1 = load field 0 : int", "`r1` where `r0` comes next"),
        ("r0 = frob r0", "no operation `frob`"),
        ("r0 = load field x : int", "no number `x`"),
        ("r0 = load field 70000 : int", "no number `70000`"),
        ("r0 = load envelope host : int", "no envelope field `host`"),
        ("r0 = load column 1 : int", "no input `column`"),
        ("r0 = load field 1 : number", "no kind `number`"),
        ("r0 = load field 1 int", "`int` where `:` belongs"),
        ("r0 load", "`load` where `=` belongs"),
        ("r0 = not", "the line ends early"),
        ("r0 = not r1, r2", "`,` behind the end"),
        ("r0 = not r2147483648", "no register `r2147483648`"),
        (
            "r0 = eq.int r0, 9223372036854775808",
            "`9223372036854775808` is beyond 64 bits",
        ),
        ("r0 = eq.int r0, frob", "no value `frob`"),
        ("r0 = eq.int r0, )", "`)` where a value belongs"),
        (
            "r0 = in.int r0, {1, 2.0}",
            "values of several kinds in one list",
        ),
        ("r0 = in.int r0, {true}", "no set is of this kind"),
        ("r0 = eq.int r0, {}", "no set is of this kind"),
        ("r0 = in.int r0, {1 2}", "`2` where `}` belongs"),
        ("r0 = in.int r0, {1, }", "`}` where a value belongs"),
        ("r0 = in.int r0, {1", "the line ends early"),
        ("r0 = eq.text r0, \"a", "a text without its closing quote"),
        ("r0 = eq.text r0, \"\\", "a text without its closing quote"),
        ("r0 = eq.text r0, \"\\q\"", "no escape `\\q`"),
        ("r0 = eq.text r0, \"\\u12\"", "`\\u` without `{...}`"),
        ("r0 = eq.text r0, \"\\u{d800}\"", "no character `\\u{d800}`"),
        ("-> r0 : list", "no type `list`"),
        ("-> r0 : enum", "the line ends early"),
        ("-> r0 : enum(1)", "values of several kinds in one list"),
        ("\"r0\"", "\"r0\" where a name belongs"),
    ];
    for (line, reason) in cases {
        let error = assemble(&format!("; first\n\n{line}\n")).unwrap_err();
        assert_eq!((error.line(), error.reason()), (3, reason), "{line}");
    }
    let error = assemble("r0").unwrap_err();
    assert_eq!(error.to_string(), "line 1: the line ends early");
}

#[test]
fn unsound_code_is_shown_as_far_as_it_goes() {
    let mut code = assemble("r0 = load field 1 : int\nr1 = eq.int r0, 7\n-> r9 : bool").unwrap();
    code.inputs.clear();
    code.constants.clear();
    assert_eq!(
        code.to_string(),
        "r0 = load r0?\nr1 = eq.int r0, k0?\n-> r9 : bool\n"
    );
}

#[test]
fn a_slice_is_what_its_outputs_need() {
    let code = assemble(
        "r0 = load field 2 : float
         r1 = load field 1 : int
         r2 = eq.int r1, 5
         r3 = load field 1 : int
         r4 = gt.float r0, 0.5
         r5 = and r4, r2
         r6 = eq.int r3, 5
         r7 = and r2, r6
         -> r5 : bool
         -> r7 : bool
         -> 5 : int",
    )
    .unwrap();
    assert_eq!(
        code.slice(&[1, 2]).to_string(),
        "r0 = load field 1 : int\nr1 = eq.int r0, 5\nr2 = and r1, r1\n-> r2 : bool\n-> 5 : int\n"
    );
    assert_eq!(
        code.slice(&[0]).to_string(),
        "r0 = load field 2 : float\nr1 = gt.float r0, 0.5\nr2 = load field 1 : int\n\
         r3 = eq.int r2, 5\nr4 = and r1, r3\n-> r4 : bool\n"
    );
    assert_eq!(code.slice(&[]), Code::default());
}

#[test]
fn slices_of_deep_code_need_no_stack() {
    let mut text = String::from("r0 = load field 0 : bool\n");
    for index in 0..200_000 {
        writeln!(text, "r{} = not r{index}", index + 1).unwrap();
    }
    text += "-> r200000 : bool\n";
    let code = assemble(&text).unwrap();
    assert_eq!(code.slice(&[0]), code);
}

#[test]
fn a_listing_tells_who_does_what() {
    let text = listing(&fixture::set());
    let expected = include_str!("listing.txt");
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn cut_bytes_are_refused() {
    let bytes = assemble(TEXT).unwrap().encode();
    assert_eq!(Code::decode(&bytes).unwrap().to_string(), TEXT);
    for end in 0..bytes.len() {
        let error = Code::decode(&bytes[..end]).unwrap_err();
        assert!(error.offset() <= end, "{error}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    let error = Code::decode(&longer).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("byte {}: bytes behind the end", bytes.len())
    );
    let mut other = bytes;
    other[0] += 1;
    assert_eq!(
        Code::decode(&other).unwrap_err().to_string(),
        "byte 1: another version"
    );
}

#[test]
fn announced_counts_make_no_room() {
    // A million constants, and none there.
    let bytes = [2, 0, 0, 0, 0, 0, 0, 16, 0];
    assert_eq!(
        Code::decode(&bytes).unwrap_err().to_string(),
        "byte 9: the bytes end early"
    );
    let above = [2, 0, 0, 0, 0, 1, 0, 16, 0];
    assert_eq!(
        Code::decode(&above).unwrap_err().to_string(),
        "byte 9: a count above its limit"
    );
}

proptest! {
    #[test]
    fn assembled_text_is_the_compacted_code(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let code = sampled(&bytes);
        let compacted = code.compacted();
        prop_assert_eq!(&assemble(&code.to_string()).unwrap(), &compacted);
        prop_assert_eq!(&compacted.compacted(), &compacted);
        prop_assert_eq!(compacted.to_string(), code.to_string());
    }

    #[test]
    fn decoded_bytes_are_the_code(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let code = sampled(&bytes);
        prop_assert_eq!(Code::decode(&code.encode()).unwrap(), code);
    }

    #[test]
    fn any_bytes_decode_to_what_encodes_to_them(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = sampled(&bytes).encode();
        for (index, value) in flips {
            let index = index.index(bytes.len());
            bytes[index] = value;
        }
        if let Ok(code) = Code::decode(&bytes) {
            prop_assert_eq!(code.encode(), bytes);
            // Neither form panics over code that was never verified.
            prop_assert_eq!(code.to_string().lines().count(), code.instructions.len() + code.outputs.len());
            drop(verify_code_with(&code, &Scope::Slots(&SLOTS), &tables()));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(r[0-9]|=|->|[a-z.]{1,8}|[0-9.:]{1,4}|\"|[{}\\[\\](),;]|\\\\|\n| ){0,40}") {
        if let Ok(code) = assemble(&text) {
            prop_assert_eq!(&assemble(&code.to_string()).unwrap(), &code);
        }
    }

    #[test]
    fn slices_are_canonical(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let code = sampled(&bytes);
        let all: Vec<u32> = (0..code.outputs.len() as u32).collect();
        let slice = code.slice(&all);
        prop_assert!(verify_code_with(&slice, &Scope::Slots(&SLOTS), &tables()).is_ok());
        prop_assert_eq!(&slice.slice(&all), &slice);
        prop_assert_eq!(slice.compacted(), slice);
    }
}
