//! What rules are compiled to.

use trapjaw_dsl::compile;
use trapjaw_dsl::diagnostic::{Style, render};
use trapjaw_dsl::source::SourceMap;
use trapjaw_program::{Routing, Rule, RuleSet, Verified, listing};

const EVENTS: &str = "
event cpu_usage     { host: text, load: float, core: int? }
event heartbeat     { rack: int, host: text }
event config_change { host: text, actor: text, key: text, approved: bool }
event deploy        { service: text, phase: enum(started, succeeded, failed), took: duration?, at: time, from: ip }
event incident      { service: text, reason: text, load: float? }
";

fn compiled(rules: &str) -> Verified<RuleSet> {
    compiled_with("", rules)
}

/// Compiles two files of rules, `first` before `rules`.
fn compiled_with(first: &str, rules: &str) -> Verified<RuleSet> {
    let mut sources = SourceMap::new();
    sources.add("events.trap", EVENTS);
    sources.add("first.trap", first);
    sources.add("rules.trap", rules);
    match compile(&sources) {
        Ok(compiled) => compiled.program,
        Err(findings) => panic!("{}", render(&findings, &sources, Style::Plain)),
    }
}

/// The listing, without the event types that no rule reads.
fn listed(rules: &str) -> String {
    let listing = listing(&compiled(rules));
    let blocks = listing.split("\n\n").map(str::trim_end);
    let told: Vec<&str> = blocks
        .filter(|block| block.lines().count() > 1 || !block.starts_with("event"))
        .collect();
    told.join("\n\n")
}

/// The code of a condition on a deploy.
fn condition(text: &str) -> String {
    let rules = format!("rule r {{ on d: deploy where {text} do log(\"x\") }}");
    let set = compiled(&rules);
    listing(&set)
        .lines()
        .skip_while(|line| !line.starts_with("event deploy"))
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .map(|line| line.split("  ;").next().unwrap_or(line).trim_end())
        .collect::<Vec<_>>()
        .join("\n")
}

fn rule<'s>(set: &'s RuleSet, name: &str) -> &'s Rule {
    set.rules
        .iter()
        .find(|rule| &*rule.name == name)
        .expect(name)
}

#[test]
fn the_rules_of_the_language_page_that_are_supported() {
    let rules = r#"
rule sustained_load { on c: cpu_usage where c.load > 90% by c.host for 5m gap 1m keep 1m
    do scale_out(host: c.host)  on clear do scale_in(host: c.host) }
rule hot_average { on c: cpu_usage by c.host over 1m having avg(c.load) > 80% and count() >= 10 do log("{c.host} hot") }
rule dead_host { on h: heartbeat by h.host absent 30s do page(text: "{h.host} is silent") }
rule drift { on c: config_change where not c.approved and c.key starts_with "security." do revert(host: c.host, key: c.key) }
"#;
    insta::assert_snapshot!(listed(rules), @r#"
    event cpu_usage ("cpu_usage")
      r0 = load field 1 : float                ; load
      r1 = gt.float r0, 0.9
      -> r1 : bool                             ; condition 0: sustained_load

    event config_change ("config_change")
      r0 = load field 3 : bool                 ; approved
      r1 = not r0
      r2 = load field 2 : text                 ; key
      r3 = starts_with r2, "security."
      r4 = and r1, r3
      -> r4 : bool                             ; condition 0: drift

    rule sustained_load
      clause for 5m gap 1m keep 1m
      routing keyed
      on c: cpu_usage where condition 0 keep load, host
        r0 = load field 0 : text                 ; host
        -> r0 : text                             ; output 0
      key host : text = output 0
      do scale_out
        r0 = load kept 1 : text                  ; host
        -> r0 : text                             ; host
      on clear do scale_in
        r0 = load kept 1 : text                  ; host
        -> r0 : text                             ; host

    rule hot_average
      clause over 1m
      routing keyed
      on c: cpu_usage keep host, load
        r0 = load field 0 : text                 ; host
        r1 = load field 1 : float                ; load
        -> r0 : text                             ; output 0
        -> r1 : float                            ; output 1
      key host : text = output 0
      aggregate 0 avg(c.load) : float = avg of output 1
      aggregate 1 count() : int = count
      having
        r0 = load aggregate 0 : float            ; avg(c.load)
        r1 = gt.float r0, 0.8
        r2 = load aggregate 1 : int              ; count()
        r3 = ge.int r2, 10
        r4 = and r1, r3
        -> r4 : bool
      do log
        r0 = load kept 0 : text                  ; host
        r1 = format.text r0
        r2 = concat r1, " hot"
        -> r2 : text                             ; text

    rule dead_host
      clause absent 30s
      routing keyed
      on h: heartbeat keep host
        r0 = load field 1 : text                 ; host
        -> r0 : text                             ; output 0
      key host : text = output 0
      do page
        r0 = load kept 0 : text                  ; host
        r1 = format.text r0
        r2 = concat r1, " is silent"
        -> r2 : text                             ; text

    rule drift
      clause each event
      routing local
      on c: config_change where condition 0 keep approved, key, host
      do revert
        r0 = load kept 2 : text                  ; host
        r1 = load kept 1 : text                  ; key
        -> r0 : text                             ; host
        -> r1 : text                             ; key
    "#);
}

#[test]
fn a_rule_on_two_types_finds_its_fields_in_each() {
    let rules = r#"
rule seen {
    severity high
    on e: cpu_usage | heartbeat where e.host != "lab" by e.host over 10s tumbling
    having count(where e.source contains "edge") > 3
    limit 2 per 1h
    emit incident { service: e.host, reason: "seen at {e.time}" }
}
"#;
    insta::assert_snapshot!(listed(rules), @r#"
    event cpu_usage ("cpu_usage")
      r0 = load field 0 : text                 ; host
      r1 = ne.text r0, "lab"
      -> r1 : bool                             ; condition 0: seen

    event heartbeat ("heartbeat")
      r0 = load field 1 : text                 ; host
      r1 = ne.text r0, "lab"
      -> r1 : bool                             ; condition 0: seen

    rule seen
      clause over 10s tumbling
      routing keyed
      on e: cpu_usage where condition 0 keep host
        r0 = load field 0 : text                 ; host
        r1 = load envelope source : text
        r2 = contains r1, "edge"
        -> r0 : text                             ; output 0
        -> r2 : bool                             ; output 1
      on e: heartbeat where condition 0 keep host
        r0 = load field 1 : text                 ; host
        r1 = load envelope source : text
        r2 = contains r1, "edge"
        -> r0 : text                             ; output 0
        -> r2 : bool                             ; output 1
      key host : text = output 0
      aggregate 0 count(where e.source contains "edge") : int = count where output 1
      having
        r0 = load aggregate 0 : int              ; count(where e.source contains "edge")
        r1 = gt.int r0, 3
        -> r1 : bool
      limit 2 per 1h
      emit incident
        r0 = load kept 0 : text                  ; host
        r1 = load envelope time : int
        r2 = format.time r1
        r3 = concat "seen at ", r2
        -> r0 : text                             ; service
        -> r3 : text                             ; reason
    "#);
}

#[test]
fn what_rules_have_in_common_is_computed_once() {
    let rules = r#"
rule a { on c: cpu_usage where c.load > 90% do log("a") }
rule b { on c: cpu_usage where load > 0.9 and c.host == "x" do log("b") }
rule d { on other: cpu_usage where other.load > 90% do log("d") }
"#;
    let set = compiled(rules);
    let conditions: Vec<_> = set
        .rules
        .iter()
        .map(|rule| rule.sources[0].condition)
        .collect();
    assert_eq!(conditions, [Some(0), Some(1), Some(0)]);
    let code = &set.types[0].code;
    let comparisons = code
        .instructions
        .iter()
        .filter(|inst| inst.op.mnemonic() == "gt.float");
    assert_eq!(comparisons.count(), 1);
}

#[test]
fn conditions() {
    let all = [
        "d.phase == failed",
        "failed == d.phase",
        "phase in [started, failed]",
        "phase >= succeeded",
        "d.took > 5m or took is null",
        "(took ?? 1s) * 2 >= 3s",
        "took / 1s > 2",
        "d.at + 5m < d.time",
        "1h + at > 2026-01-31T12:00:00Z - 1h",
        "time - at > 1m",
        "from in [10.0.0.0/8, 192.168.0.1, ip\"2001:db8::1\"]",
        "from not in 10.0.0.0/8",
        "service in [\"b\", \"a\", \"b\"]",
        "not (service contains \"x\" and service ends_with \"y\")",
        "service not starts_with \"x\"",
        "d.severity >= high",
        "-took < -(5s)",
        "\"{service}/{phase}/{took}/{at}/{from}/{took / 1s:.1}/{1 + 1}{true}\" == \"x\"",
        "(took is null) == (subject is null)",
        "(took is null) in [true, false]",
        "1 + 2 * 3 == 7 and service == \"a\"",
        "7 / 2 == 3.5 and 1 < 1.5 and \"abc\" contains \"b\" and 10.0.0.1 in 10.0.0.0/8 and service == \"a\"",
        "false or service == \"a\" or 5m < 3m",
        "took between 1s and 5m",
        "service ~ /^web-\\d+$/i and service like \"web-*\"",
        "service icontains \"WEB\" and service iends_with service",
        "(if took > 5m then service else \"?\") == \"web\"",
        "took * 0.5 > 3s",
        "text(phase) == \"failed\"",
        "hour(at, \"Europe/Berlin\") < 6 and \"{at:%H:%M}\" > \"12\"",
    ];
    let shown: Vec<String> = all
        .iter()
        .map(|text| format!("{text}\n{}", condition(text)))
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    d.phase == failed
      r0 = load field 1 : int
      r1 = eq.int r0, 2
      -> r1 : bool

    failed == d.phase
      r0 = load field 1 : int
      r1 = eq.int r0, 2
      -> r1 : bool

    phase in [started, failed]
      r0 = load field 1 : int
      r1 = in.int r0, {0, 2}
      -> r1 : bool

    phase >= succeeded
      r0 = load field 1 : int
      r1 = ge.int r0, 1
      -> r1 : bool

    d.took > 5m or took is null
      r0 = load field 2 : int
      r1 = gt.int r0, 300000000000
      r2 = is_null r0
      r3 = or r1, r2
      -> r3 : bool

    (took ?? 1s) * 2 >= 3s
      r0 = load field 2 : int
      r1 = coalesce.int r0, 1000000000
      r2 = mul.int r1, 2
      r3 = ge.int r2, 3000000000
      -> r3 : bool

    took / 1s > 2
      r0 = load field 2 : int
      r1 = float.int r0
      r2 = div.float r1, 1000000000.0
      r3 = gt.float r2, 2.0
      -> r3 : bool

    d.at + 5m < d.time
      r0 = load field 3 : int
      r1 = add.int r0, 300000000000
      r2 = load envelope time : int
      r3 = lt.int r1, r2
      -> r3 : bool

    1h + at > 2026-01-31T12:00:00Z - 1h
      r0 = load field 3 : int
      r1 = add.int r0, 3600000000000
      r2 = gt.int r1, 1769857200000000000
      -> r2 : bool

    time - at > 1m
      r0 = load envelope time : int
      r1 = load field 3 : int
      r2 = sub.int r0, r1
      r3 = gt.int r2, 60000000000
      -> r3 : bool

    from in [10.0.0.0/8, 192.168.0.1, ip"2001:db8::1"]
      r0 = load field 4 : ip
      r1 = in.networks r0, networks {10.0.0.0, 10.255.255.255, 192.168.0.1, 192.168.0.1, 2001:db8::1, 2001:db8::1}
      -> r1 : bool

    from not in 10.0.0.0/8
      r0 = load field 4 : ip
      r1 = in.networks r0, networks {10.0.0.0, 10.255.255.255}
      r2 = not r1
      -> r2 : bool

    service in ["b", "a", "b"]
      r0 = load field 0 : text
      r1 = in.text r0, {"a", "b"}
      -> r1 : bool

    not (service contains "x" and service ends_with "y")
      r0 = load field 0 : text
      r1 = contains r0, "x"
      r2 = ends_with r0, "y"
      r3 = and r1, r2
      r4 = not r3
      -> r4 : bool

    service not starts_with "x"
      r0 = load field 0 : text
      r1 = starts_with r0, "x"
      r2 = not r1
      -> r2 : bool

    d.severity >= high
      r0 = load envelope severity : int
      r1 = ge.int r0, 3
      -> r1 : bool

    -took < -(5s)
      r0 = load field 2 : int
      r1 = neg.int r0
      r2 = lt.int r1, -5000000000
      -> r2 : bool

    "{service}/{phase}/{took}/{at}/{from}/{took / 1s:.1}/{1 + 1}{true}" == "x"
      r0 = load field 0 : text
      r1 = format.text r0
      r2 = load field 1 : int
      r3 = format.enum r2, ["started", "succeeded", "failed"]
      r4 = load field 2 : int
      r5 = format.duration r4
      r6 = load field 3 : int
      r7 = format.time r6
      r8 = load field 4 : ip
      r9 = format.ip r8
      r10 = float.int r4
      r11 = div.float r10, 1000000000.0
      r12 = format.fixed r11, 1
      r13 = concat r1, "/"
      r14 = concat r13, r3
      r15 = concat r14, "/"
      r16 = concat r15, r5
      r17 = concat r16, "/"
      r18 = concat r17, r7
      r19 = concat r18, "/"
      r20 = concat r19, r9
      r21 = concat r20, "/"
      r22 = concat r21, r12
      r23 = concat r22, "/2true"
      r24 = eq.text r23, "x"
      -> r24 : bool

    (took is null) == (subject is null)
      r0 = load field 2 : int
      r1 = is_null r0
      r2 = load envelope subject : text
      r3 = is_null r2
      r4 = eq.bool r1, r3
      -> r4 : bool

    (took is null) in [true, false]
      r0 = load field 2 : int
      r1 = is_null r0
      r2 = eq.bool r1, true
      r3 = eq.bool r1, false
      r4 = or r2, r3
      -> r4 : bool

    1 + 2 * 3 == 7 and service == "a"
      r0 = load field 0 : text
      r1 = eq.text r0, "a"
      -> r1 : bool

    7 / 2 == 3.5 and 1 < 1.5 and "abc" contains "b" and 10.0.0.1 in 10.0.0.0/8 and service == "a"
      r0 = load field 0 : text
      r1 = eq.text r0, "a"
      -> r1 : bool

    false or service == "a" or 5m < 3m
      r0 = load field 0 : text
      r1 = eq.text r0, "a"
      -> r1 : bool

    took between 1s and 5m
      r0 = load field 2 : int
      r1 = ge.int r0, 1000000000
      r2 = le.int r0, 300000000000
      r3 = and r1, r2
      -> r3 : bool

    service ~ /^web-\d+$/i and service like "web-*"
      r0 = load field 0 : text
      r1 = matches r0, pattern-i "^web-\\d+$"
      r2 = matches r0, glob "web-*"
      r3 = and r1, r2
      -> r3 : bool

    service icontains "WEB" and service iends_with service
      r0 = load field 0 : text
      r1 = fold r0
      r2 = contains r1, "web"
      r3 = ends_with r1, r1
      r4 = and r2, r3
      -> r4 : bool

    (if took > 5m then service else "?") == "web"
      r0 = load field 2 : int
      r1 = gt.int r0, 300000000000
      r2 = load field 0 : text
      r3 = coalesce.bool r1, false
      r4 = not r3
      r5 = when.text r1, r2
      r6 = when.text r4, "?"
      r7 = coalesce.text r5, r6
      r8 = eq.text r7, "web"
      -> r8 : bool

    took * 0.5 > 3s
      r0 = load field 2 : int
      r1 = float.int r0
      r2 = mul.float r1, 0.5
      r3 = int.float r2
      r4 = gt.int r3, 3000000000
      -> r4 : bool

    text(phase) == "failed"
      r0 = load field 1 : int
      r1 = format.enum r0, ["started", "succeeded", "failed"]
      r2 = is_null r0
      r3 = not r2
      r4 = when.text r3, r1
      r5 = eq.text r4, "failed"
      -> r5 : bool

    hour(at, "Europe/Berlin") < 6 and "{at:%H:%M}" > "12"
      r0 = load field 3 : int
      r1 = call hour(time, zone) r0, zone "Europe/Berlin"
      r2 = lt.int r1, 6
      r3 = call format(time, format) r0, "%H:%M"
      r4 = format.text r3
      r5 = gt.text r4, "12"
      r6 = and r2, r5
      -> r6 : bool
    "#);
}

#[test]
fn a_condition_that_never_holds_is_a_constant() {
    assert_eq!(condition("false and service == \"a\""), "  -> false : bool");
    let set = compiled("rule r { on d: deploy where 1 > 2 do log(\"x\") }");
    let condition = set.rules[0].sources[0].condition.expect("there is one");
    let code = &set.types[3].code;
    assert!(code.outputs[condition as usize].operand.is_constant());
    assert!(code.instructions.is_empty());
    let set = compiled("rule r { on d: deploy where 1 < 2 do log(\"x\") }");
    assert_eq!(set.rules[0].sources[0].condition, None);
}

#[test]
fn a_rule_on_any_event_reads_every_type() {
    let set = compiled(
        "rule loud { on e: any where e.severity == critical do page(\"{e.type} of {e.source}\") }",
    );
    let types: Vec<u32> = set.rules[0]
        .sources
        .iter()
        .map(|source| source.type_id.get())
        .collect();
    assert_eq!(types, [0, 1, 2, 3, 4]);
    assert!(
        set.types
            .iter()
            .all(|ty| ty.readers.len() == 1 && ty.code.outputs.len() == 1)
    );
    assert!(set.rules[0].kept.is_empty());
}

#[test]
fn producers_stand_before_their_consumers() {
    let set = compiled(
        r#"
event step { n: int }
event last { n: int }
rule consumer { on i: last do log("c") }
rule second { on i: step emit last { n: i.n } }
rule unrelated { on c: cpu_usage do log("u") }
rule first { on h: heartbeat emit step { n: h.rack } }
"#,
    );
    let order: Vec<&str> = set
        .order
        .iter()
        .map(|id| &*set.rules[id.index()].name)
        .collect();
    assert_eq!(order, ["unrelated", "first", "second", "consumer"]);
}

#[test]
fn state_lives_where_its_key_does() {
    let set = compiled(
        r#"
rule each { on c: cpu_usage by c.host do log("x") }
rule limited { on c: cpu_usage limit 1 per 1h do log("x") }
rule limited_by_key { on c: cpu_usage by c.host limit 1 per 1h do log("x") }
rule window { on c: cpu_usage over all do log("x") }
rule window_by_key { on c: cpu_usage by c.host over all each do log("x") }
"#,
    );
    let routing: Vec<Routing> = set.rules.iter().map(|rule| rule.routing).collect();
    let home = |name: &str| Routing::Home(xxhash_rust::xxh3::xxh3_64(name.as_bytes()));
    let expected = [
        Routing::Local,
        home("limited"),
        Routing::Keyed,
        home("window"),
        Routing::Keyed,
    ];
    assert_eq!(routing, expected);
}

#[test]
fn aggregates_are_named_as_a_reader_would_write_them_and_each_is_kept_once() {
    let set = compiled(
        r#"
rule r {
    on c: cpu_usage by c.core ?? -1, c . host over 5m
    having count( where c.load>90%  and not(c.host in ["a","b"]) ) > 1 and count(where c.load > 90% and not (c.host in ["a", "b"])) > 2
    do log("{avg( c.load )} of {avg(load)}", most: max(c.load+1) - min(c.core))
}
"#,
    );
    let rule = &set.rules[0];
    let names: Vec<&str> = rule
        .aggregates
        .iter()
        .map(|aggregate| &*aggregate.name)
        .collect();
    assert_eq!(
        names,
        [
            r#"count(where c.load > 90% and not (c.host in ["a", "b"]))"#,
            "avg(c.load)",
            "avg(load)",
            "max(c.load + 1)",
            "min(c.core)",
        ]
    );
    let keys: Vec<&str> = rule.key.iter().map(|part| &*part.name).collect();
    assert_eq!(keys, ["c.core ?? -1", "host"]);
}

#[test]
fn the_meaning_of_a_rule_is_its_own() {
    let rule_text = r#"rule r { on c: cpu_usage where c.load > 90% by c.host over 5m having count() > 3 do log("x") }"#;
    let meaning = |set: &RuleSet| rule(set, "r").meaning;
    let alone = meaning(&compiled(rule_text));
    let among = compiled_with(
        "event aaa { x: int } rule a { on c: cpu_usage where c.host == \"x\" and c.load > 90% do log(\"a\") }",
        &rule_text
            .replace(
                "{ on",
                "{ about \"it is hot\" labels { team: \"sre\" } on # why not\n",
            )
            .replace("90%", "0.9"),
    );
    assert_eq!(meaning(&among), alone);
    for (from, to) in [
        ("90%", "91%"),
        ("5m", "6m"),
        ("c.host", "c.core"),
        ("> 3", ">= 3"),
        ("\"x\"", "\"y\""),
    ] {
        assert_ne!(
            meaning(&compiled(&rule_text.replace(from, to))),
            alone,
            "{from} -> {to}"
        );
    }
}

#[test]
fn null_in_a_derived_event_is_a_field_that_is_left_out() {
    let set = compiled(
        r#"
rule a { on h: heartbeat emit incident { reason: "x", service: h.host, load: null } }
rule b { on h: heartbeat emit incident { reason: "x", service: h.host } }
rule d { on h: heartbeat emit incident { reason: "x", service: h.host, load: h.rack } }
"#,
    );
    let emitted = |name| rule(&set, name).emit.as_ref().expect("it emits");
    assert_eq!(emitted("a"), emitted("b"));
    assert_eq!(
        emitted("a")
            .fields
            .iter()
            .map(Option::is_some)
            .collect::<Vec<_>>(),
        [true, true, false]
    );
    // An int that is wanted as float is converted.
    assert!(
        emitted("d")
            .code
            .instructions
            .iter()
            .any(|inst| inst.op.mnemonic() == "float.int")
    );
}
