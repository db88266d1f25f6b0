//! `TJ06xx`: tables, and what looks things up in them.

codes! {
    FILE = 601 {
        title: "the file of a table can't be read",
        explanation: "The path of a table is relative to the file that declares it. The file is text in UTF-8, and its name says what it is: comma-separated values (`.csv`), or a JSON object a line (`.ndjson`, `.jsonl`).",
        wrong: "table owners from \"ownres.csv\" key host { host: text, team: text }",
        right: "// owners.csv:
//   host,team
//   web-1,shop
table owners from \"owners.csv\" key host { host: text, team: text }",
    }
    FORM = 602 {
        title: "a table's file is not what its name says",
        explanation: "Each row has a cell for each name in the header, and a quoted cell ends with its quote; or each line is one JSON object, in which no member stands twice.",
        wrong: "// owners.csv:
//   host,team
//   web-1
table owners from \"owners.csv\" key host { host: text, team: text }",
        right: "// owners.csv:
//   host,team
//   web-1,shop
table owners from \"owners.csv\" key host { host: text, team: text }",
    }
    CELL = 603 {
        title: "a cell is not of its field's type",
        explanation: "Cells are written as they are in rules: `true`, `90`, `0.9`, `2026-01-31T12:00:00Z`, `5m30s`, `10.0.0.1`, the name of an enum's value; texts without quotes.",
        wrong: "// limits.csv:
//   service,slowest
//   shop,5 minutes
table limits from \"limits.csv\" key service { service: text, slowest: duration }",
        right: "// limits.csv:
//   service,slowest
//   shop,5m
table limits from \"limits.csv\" key service { service: text, slowest: duration }",
    }
    NO_VALUE = 604 {
        title: "a row of a table lacks a value",
        explanation: "Each row has a key, and a value for each field that is not optional. An empty cell is no value, but for one of type text.",
        wrong: "// limits.csv:
//   service,slowest
//   shop,
table limits from \"limits.csv\" key service { service: text, slowest: duration }",
        right: "// limits.csv:
//   service,slowest
//   shop,
table limits from \"limits.csv\" key service { service: text, slowest: duration? }",
    }
    DUPLICATE_KEY = 605 {
        title: "two rows of a table have one key",
        explanation: "A look-up finds one row: each key is there once.",
        wrong: "// owners.csv:
//   host,team
//   web-1,shop
//   web-1,search
table owners from \"owners.csv\" key host { host: text, team: text }",
        right: "// owners.csv:
//   host,team
//   web-1,shop
//   web-2,search
table owners from \"owners.csv\" key host { host: text, team: text }",
    }
    HEADER = 606 {
        title: "a table's header lacks a field, or has one twice",
        explanation: "The first line of a CSV file names the fields, in any order. A field that is called otherwise in the file says so: `team: text = \"Responsible Team\"`.",
        wrong: "// owners.csv:
//   host,Responsible Team
//   web-1,shop
table owners from \"owners.csv\" key host { host: text, team: text }",
        right: "// owners.csv:
//   host,Responsible Team
//   web-1,shop
table owners from \"owners.csv\" key host { host: text, team: text = \"Responsible Team\" }",
    }
    UNKNOWN_HEADER = 607 {
        title: "a table's file has fields that are not read",
        explanation: "What is not declared is passed over. Declare it, or take it out of the file.",
        wrong: "// owners.csv:
//   host,team,room
//   web-1,shop,b17
table owners from \"owners.csv\" key host { host: text, team: text }",
        right: "// owners.csv:
//   host,team,room
//   web-1,shop,b17
table owners from \"owners.csv\" key host { host: text, team: text, room: text }",
    }
    KEY_FIELD = 608 {
        title: "a field can't be a table's key",
        explanation: "The key is a field of the table, of any type but float and bool, and not optional.",
        wrong: "table owners from \"owners.csv\" key hots { host: text, team: text }",
        right: "// owners.csv:
//   host,team
//   web-1,shop
table owners from \"owners.csv\" key host { host: text, team: text }",
    }
    LOOKUP = 609 {
        title: "this is no look-up in a table",
        explanation: "`table[key].field` is the field of the row with that key, and null where there is none.",
        wrong: "// owners.csv:
//   host,team
//   web-1,shop
table owners from \"owners.csv\" key host { host: text, team: text }
event login { host: text }
rule seen { on l: login do log(owners[l.host]) }",
        right: "// owners.csv:
//   host,team
//   web-1,shop
table owners from \"owners.csv\" key host { host: text, team: text }
event login { host: text }
rule seen { on l: login do log(owners[l.host].team) }",
    }
    EXPECTED_KEY = 610 {
        title: "the keys of a table are not the rule's keys",
        explanation: "`absent D of TABLE` expects an event for each key of the table: `by` has one part, of the type of the table's key.",
        wrong: "// hosts.csv:
//   host
//   web-1
table hosts from \"hosts.csv\" key host { host: text }
event heartbeat { host: text, port: int }
rule dead { on h: heartbeat by h.host, h.port absent 30s of hosts do log(\"dead\") }",
        right: "// hosts.csv:
//   host
//   web-1
table hosts from \"hosts.csv\" key host { host: text }
event heartbeat { host: text, port: int }
rule dead { on h: heartbeat by h.host absent 30s of hosts do log(\"dead\") }",
    }
}
