//! Tables from declaration to rows: what is wrong with a file is told by its place.

use trapjaw_dsl::diagnostic::Diagnostic;
use trapjaw_dsl::source::SourceMap;
use trapjaw_dsl::{check_with_warnings, compile};
use trapjaw_event::{Value, ValueRef};

const DECLARED: &str = "table t from \"t.csv\" key host {
    host: text, team: text?, port: int, load: float?, up: bool?, since: time?, slowest: duration?,
    ip: ip?, tier: enum(gold, silver)?
}
";

const HEADER: &str = "host,team,port,load,up,since,slowest,ip,tier\n";

fn sources(rules: &str, files: &[(&str, &str)]) -> SourceMap {
    let mut sources = SourceMap::new();
    sources.add("rules.trap", rules);
    for (path, text) in files {
        sources.add_table(*path, *text);
    }
    sources
}

/// Each finding as code, place (file, line, column), and what is said of it.
fn told(sources: &SourceMap) -> Vec<String> {
    let found = check_with_warnings(sources).diagnostics;
    let tell = |finding: &Diagnostic| {
        let file = sources.get(finding.primary.source);
        let place = file.line_column(finding.primary.start);
        let (line, column) = (place.line, place.column);
        let (code, name) = (finding.code, file.name());
        format!("{code} {name}:{line}:{column} {}", finding.message)
    };
    found.iter().map(tell).collect()
}

fn of_rows(rows: &str) -> Vec<String> {
    told(&sources(DECLARED, &[("t.csv", &format!("{HEADER}{rows}"))]))
}

/// The rows of the first table.
fn rows(sources: &SourceMap) -> Vec<Vec<Value>> {
    let tables = compile(sources).expect("the table is right").hir.tables;
    let table = &tables[0];
    let fields = 0..table.fields().len();
    (0..table.rows())
        .map(|row| {
            let values = fields.clone().map(|field| table.value(row, field));
            values.map(ValueRef::to_value).collect()
        })
        .collect()
}

#[test]
fn cells_are_read_as_their_types_say() {
    let file = format!(
        "\u{feff}{}b,,8080,,,,,,\r\n\"a \"\"x\"\"\",\"\", -7 ,0.5,true,1970-01-01T00:00:01Z,-1m30s,::1,silver\r\n",
        HEADER.replace('\n', "\r\n")
    );
    let found = rows(&sources(DECLARED, &[("t.csv", &file)]));
    let second = 1_000_000_000;
    assert_eq!(
        found[0],
        [
            Value::Text("a \"x\"".into()),
            Value::Text("".into()),
            Value::Int(-7),
            Value::Float(0.5),
            Value::Bool(true),
            Value::Time(second),
            Value::Duration(-90 * second),
            Value::Ip("::1".parse().unwrap()),
            Value::Enum(1),
        ]
    );
    assert_eq!(
        found[1][..3],
        [Value::Text("b".into()), Value::Null, Value::Int(8_080)]
    );
    assert!(found[1][3..].iter().all(Value::is_null));
}

#[test]
fn lines_of_json_are_read_as_well() {
    let rules = DECLARED.replace("t.csv", "t.ndjson");
    let file = "{\"host\":\"b\",\"port\":1,\"tier\":\"gold\",\"more\":[{}]}\n\n{\"port\":2,\"host\":\"a\\u0041\",\"load\":1e-1,\"up\":false,\"team\":null}\n";
    let found = rows(&sources(&rules, &[("t.ndjson", file)]));
    assert_eq!(found[0][0], Value::Text("aA".into()));
    assert_eq!(
        found[0][2..5],
        [Value::Int(2), Value::Float(0.1), Value::Bool(false)]
    );
    assert_eq!(found[1][8], Value::Enum(0));
}

#[test]
fn what_is_wrong_is_told_by_line_and_column() {
    assert_eq!(
        of_rows("a,x,80a,,,,,,\nb,\"y\",1,high,yes,now,5 minutes,10.0.0,bronze\n"),
        [
            "TJ0603 t.csv:2:5 `80a` is no int (field `port`)",
            "TJ0603 t.csv:3:9 `high` is no float (field `load`)",
            "TJ0603 t.csv:3:14 `yes` is no bool (field `up`)",
            "TJ0603 t.csv:3:18 `now` is no time (field `since`)",
            "TJ0603 t.csv:3:22 `5 minutes` is no duration (field `slowest`)",
            "TJ0603 t.csv:3:32 `10.0.0` is no ip (field `ip`)",
            "TJ0603 t.csv:3:39 `bronze` is no enum(gold, silver) (field `tier`)",
        ]
    );
    assert_eq!(
        of_rows("a,,1,,,,,,\n,x,2,,,,,,\nb,x,,,,,,,\na,y,3,,,,,,\nc,4\n\"d\"e,5\n"),
        [
            "TJ0604 t.csv:3:1 this row has no key: `host` is empty",
            "TJ0604 t.csv:4:5 the field `port` has no value",
            "TJ0605 t.csv:5:1 another row has this key",
            "TJ0602 t.csv:6:1 this row has 2 cells, and the header 9",
            "TJ0602 t.csv:7:4 text behind a closing quote",
        ]
    );
}

#[test]
fn headers_name_what_is_declared() {
    let told_of = |file: &str| {
        told(&sources(
            "table t from \"t.csv\" key host { host: text, team: text = \"Team Name\" }",
            &[("t.csv", file)],
        ))
    };
    assert_eq!(told_of("Team Name,host\nshop,a\n"), [""; 0]);
    assert_eq!(
        told_of("host,team\na,b\n"),
        ["TJ0606 t.csv:1:1 the header has no `Team Name`"]
    );
    assert_eq!(
        told_of("host,host,Team Name\na,b,c\n"),
        ["TJ0606 t.csv:1:6 the header names `host` twice"]
    );
    assert_eq!(
        told_of("room,host,Team Name,floor\n1,a,b,2\n"),
        ["TJ0607 t.csv:1:1 fields of the file that are not read: room, floor"]
    );
    assert_eq!(
        told_of(""),
        ["TJ0606 t.csv:1:1 the file is empty: its first line names the fields"]
    );
}

#[test]
fn json_that_is_no_row_is_told_by_line_and_column() {
    let rules = "table t from \"t.jsonl\" key id { id: int, name: text? }";
    let file = "{\"id\": 1}\n[2]\n{\"id\": \"3\"}\n{\"id\": 4, \"name\": 5}\n{\"name\": \"x\"}\n{\"id\": 6, \"id\": 7}\n{\"id\": 1}\n{\"id\": 8";
    assert_eq!(
        told(&sources(rules, &[("t.jsonl", file)])),
        [
            "TJ0602 t.jsonl:2:1 this line is no JSON object: invalid type: sequence, expected an object",
            "TJ0603 t.jsonl:3:8 `\"3\"` is no int (field `id`)",
            "TJ0603 t.jsonl:4:19 `5` is no text (field `name`)",
            "TJ0604 t.jsonl:5:1 this row has no key: `id` is empty",
            "TJ0602 t.jsonl:6:17 the object has `id` twice",
            "TJ0605 t.jsonl:7:8 another row has this key",
            "TJ0602 t.jsonl:8:8 this line is no JSON object: EOF while parsing an object",
        ]
    );
}

#[test]
fn look_ups_are_checked() {
    let table = "// t\ntable t from \"t.csv\" key num { num: int, name: text?, span: duration }\nevent e { num: int, name: text }\n";
    let told_of = |rule: &str| {
        let text = format!("{table}{rule}");
        let found = told(&sources(&text, &[("t.csv", "num,name,span\n1,x,5s\n")]));
        found
            .into_iter()
            .map(|line| line.replacen("rules.trap:", "", 1))
            .collect::<Vec<_>>()
    };
    let right = "rule r { on e: e where e.num in t and e.num not in t or t[e.num].name == \"x\" by t[7].name over 5s
        having sum(t[e.num].span) > 1s and t[count()].name is null do log(\"{t[e.num].name} {t[1].span}\") }";
    assert_eq!(told_of(right), [""; 0]);
    assert_eq!(
        told_of("rule r { on e: e where e.name in t do log(t[e.num].nam) }"),
        [
            "TJ0201 4:24 a key of `t` must be int, not text",
            "TJ0609 4:43 the table `t` has no field `nam`",
        ]
    );
    assert_eq!(
        told_of("rule r { on e: e do log(s[1].name, x: e[1].name, y: t[1]) }"),
        [
            "TJ0609 4:25 there is no table `s`",
            "TJ0609 4:39 there is no table `e`",
            "TJ0609 4:53 a row of a table is no value",
        ]
    );
    assert_eq!(
        told_of("const C = t[1].name\nrule r { on e: e by e.num for t[1].span do log(\"x\") }"),
        [
            "TJ0206 4:11 what a table holds is no constant",
            "TJ0206 5:31 what a table holds is no constant",
        ]
    );
    assert_eq!(
        told_of(
            "rule r { on e: e by e.name absent 5s of t do log(\"x\") }\nrule s { on e: e absent 5s of t do log(\"x\") }\nrule u { on e: e by e.num absent 5s of tt do log(\"x\") }"
        ),
        [
            "TJ0610 4:41 the keys of `t` are int, and the rule's key is text",
            "TJ0610 5:31 the keys of `t` are int, and the rule has no `by`",
            "TJ0609 6:40 there is no table `tt`",
        ]
    );
}

#[test]
fn so_many_findings_of_a_table_are_told() {
    let rows = "a,,x,,,,,,\n".repeat(100);
    let found = of_rows(&rows);
    assert_eq!(found.len(), 20);
}

#[test]
fn a_table_s_file_is_named_beside_its_rules() {
    let mut sources = SourceMap::new();
    sources.add("rules/a.trap", "table t from \"t.csv\" key id { id: int }");
    sources.add("b.trap", "table u from \"data/u.csv\" key id { id: int }");
    assert_eq!(
        trapjaw_dsl::table_files(&sources),
        ["rules/t.csv", "data/u.csv"]
    );
    sources.add_table("rules/t.csv", "id\n1\n");
    sources.lack_table("data/u.csv", "it is gone");
    assert_eq!(
        told(&sources),
        ["TJ0601 b.trap:1:14 the table `data/u.csv` can't be read: it is gone"]
    );
}
