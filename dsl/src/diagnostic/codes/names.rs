//! `TJ01xx`: names.

codes! {
    DUPLICATE_NAME = 101 {
        title: "a name is declared twice",
        explanation: "All files of a rule set are one: a name stands for one event type or table, one constant, one rule. Two event types can't have the same name on the wire either.",
        wrong: "const LIMIT = 5
const LIMIT = 6",
        right: "const LIMIT = 5
const HIGHER_LIMIT = 6",
    }
    DUPLICATE_FIELD = 102 {
        title: "a field is given twice",
        explanation: "A field is declared once in an event type, and set once where a derived event or a label is written.",
        wrong: "event login { user: text, user: text }",
        right: "event login { user: text, account: text }",
    }
    RESERVED_FIELD = 103 {
        title: "a field has a name of the envelope",
        explanation: "Every event has an envelope: `type`, `source`, `id`, `subject`, `time` and `severity`. So that a name means one thing in a rule, no declared field is called so. A field of that name in the JSON data gets another name here, and says where it is found.",
        wrong: "event reading { time: int }",
        right: "event reading { reading_time: int = \"data.time\" }",
    }
    UNKNOWN_EVENT_TYPE = 104 {
        title: "no event type of this name",
        explanation: "A rule reads and derives events of types that are declared with `event`, in any file of the set.",
        wrong: "event login { user: text }
rule seen { on l: logn do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }",
    }
    UNKNOWN_FIELD = 105 {
        title: "the event has no such field",
        explanation: "An event has the fields that its type declares and those of the envelope. With `on e: any` it has the envelope alone.",
        wrong: "event login { user: text }
rule seen { on l: login do log(l.usr) }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }",
    }
    UNKNOWN_NAME = 106 {
        title: "nothing has this name here",
        explanation: "A bare name is a field of the rule's event, a constant, or a value of the enum that is expected at its place. Texts stand in quotes.",
        wrong: "event login { user: text }
rule seen { on l: login where l.user == root do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login where l.user == \"root\" do log(l.user) }",
    }
    AMBIGUOUS_NAME = 107 {
        title: "a bare name can be read in two ways",
        explanation: "A bare name that is a field and a constant, or a field and a value of the expected enum, is refused: a reader can't tell which is meant, and a field added later must not change what a rule says.",
        wrong: "event login { attempts: int }
const attempts = 3
rule many { on l: login where attempts > 2 do log(\"many\") }",
        right: "event login { attempts: int }
const attempts = 3
rule many { on l: login where l.attempts > 2 do log(\"many\") }",
    }
    FIELD_NOT_SHARED = 108 {
        title: "not all of the rule's types have the field",
        explanation: "Where a rule reads several event types, its event has the fields that all of them declare with the same type.",
        wrong: "event deploy { service: text, version: text }
event rollback { service: text }
rule changed { on c: deploy | rollback do log(c.version) }",
        right: "event deploy { service: text, version: text }
event rollback { service: text }
rule changed { on c: deploy | rollback do log(c.service) }",
    }
    UNKNOWN_FIELD_TYPE = 109 {
        title: "no such type of fields",
        explanation: "Fields are of type bool, int, float, text, time, duration, ip or enum(...); a `?` behind it lets them be null.",
        wrong: "event login { user: string }",
        right: "event login { user: text }",
    }
    UNKNOWN_FUNCTION = 110 {
        title: "no function of this name",
        explanation: "Only the functions of the language can be called.",
        wrong: "event login { user: text }
rule busy { on l: login over 5m having cuont() > 9 do log(\"busy\") }",
        right: "event login { user: text }
rule busy { on l: login over 5m having count() > 9 do log(\"busy\") }",
    }
    CONST_USED_EARLY = 111 {
        title: "a constant is used before its value is known",
        explanation: "The value of a constant may refer to those declared above it, and in earlier files. So no constant can depend on itself.",
        wrong: "const HIGH = 2 * LOW
const LOW = 5",
        right: "const LOW = 5
const HIGH = 2 * LOW",
    }
    UNKNOWN_SEVERITY = 112 {
        title: "no such severity",
        explanation: "The severities are, in rising order: info, low, medium, high, critical.",
        wrong: "event login { user: text }
rule seen { severity urgent on l: login do log(l.user) }",
        right: "event login { user: text }
rule seen { severity critical on l: login do log(l.user) }",
    }
    DUPLICATE_VARIANT = 113 {
        title: "an enum names a value twice",
        explanation: "The values of an enum are distinct, and ordered as they are written.",
        wrong: "event deploy { phase: enum(started, failed, started) }",
        right: "event deploy { phase: enum(started, failed, succeeded) }",
    }
    EVENT_AS_VALUE = 114 {
        title: "an event is no value",
        explanation: "The alias after `on` names the whole event. Expressions compute with its fields.",
        wrong: "event login { user: text }
rule seen { on l: login do log(\"{l}\") }",
        right: "event login { user: text }
rule seen { on l: login do log(\"{l.user}\") }",
    }
    DUPLICATE_ARGUMENT = 115 {
        title: "an argument is given twice",
        explanation: "An action gets each argument once. One that is given without a name is called `text`.",
        wrong: "event login { user: text }
rule seen { on l: login do page(who: l.user, who: \"ops\") }",
        right: "event login { user: text }
rule seen { on l: login do page(who: l.user, team: \"ops\") }",
    }
    NO_FIELDS = 116 {
        title: "what stands before the point has no fields",
        explanation: "Only the rule's event has fields.",
        wrong: "const LIMIT = 5
event login { user: text }
rule seen { on l: login where LIMIT.user == \"a\" do log(\"seen\") }",
        right: "const LIMIT = 5
event login { user: text }
rule seen { on l: login where l.user == \"a\" do log(\"seen\") }",
    }
    FIELD_PLACE = 117 {
        title: "a field's place is not written as a path into the data",
        explanation: "The place of a field in JSON is `\"data\"` and the names of the objects on the way to it, joined by points.",
        wrong: "event order { order_id: text = \"order.id\" }",
        right: "event order { order_id: text = \"data.order.id\" }",
    }
}
