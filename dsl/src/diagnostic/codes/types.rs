//! `TJ02xx`: types.

codes! {
    TYPE_MISMATCH = 201 {
        title: "a value has another type than its place asks for",
        explanation: "Conditions are bool, and what is compared is of one type. The only conversion that happens by itself is from int to float.",
        wrong: "event login { user: text, attempts: int }
rule many { on l: login where l.attempts > \"3\" do log(l.user) }",
        right: "event login { user: text, attempts: int }
rule many { on l: login where l.attempts > 3 do log(l.user) }",
    }
    NO_SUCH_OPERATION = 202 {
        title: "the operator doesn't work on these types",
        explanation: "Numbers are added, subtracted, multiplied and divided; durations are added to times and to each other, multiplied and divided by numbers, and divided by durations; the difference of two times is a duration. Texts are put together by interpolation. Bools have no order.",
        wrong: "event login { user: text, host: text }
rule seen { on l: login do log(l.user + l.host) }",
        right: "event login { user: text, host: text }
rule seen { on l: login do log(\"{l.user}{l.host}\") }",
    }
    NULL_COMPARISON = 203 {
        title: "a comparison with null is never true",
        explanation: "Null stands for a value that is not known, so whether something equals it is not known either. `is null` and `is not null` ask whether there is a value.",
        wrong: "event login { user: text, host: text? }
rule local { on l: login where l.host == null do log(l.user) }",
        right: "event login { user: text, host: text? }
rule local { on l: login where l.host is null do log(l.user) }",
    }
    NULL_AS_VALUE = 204 {
        title: "null is no value here",
        explanation: "`null` is written in `is null` and `is not null`, and for an optional field of a derived event.",
        wrong: "event login { user: text }
rule seen { on l: login do page(text: l.user, host: null) }",
        right: "event login { user: text }
rule seen { on l: login do page(text: l.user) }",
    }
    ALWAYS_NULL = 205 {
        title: "a constant expression has no value",
        explanation: "Integer overflow and division by zero give null. Where all operands are constants, that is certain, and surely not meant.",
        wrong: "const RATE = 1 / 0",
        right: "const RATE = 1 / 10",
    }
    NOT_CONSTANT = 206 {
        title: "a constant is needed here",
        explanation: "Durations, limits, labels, the values of constants and the elements of a list are fixed when the rules are loaded.",
        wrong: "event login { user: text, wait: duration }
rule quiet { on l: login by l.user absent l.wait do log(l.user) }",
        right: "event login { user: text, wait: duration }
rule quiet { on l: login by l.user absent 5m do log(l.user) }",
    }
    FLOAT_KEY = 207 {
        title: "a key can't be a float",
        explanation: "Floats that look the same may differ in their last bits, and each would be a partition of its own.",
        wrong: "event reading { value: float }
rule quiet { on r: reading by r.value absent 5m do log(\"quiet\") }",
        right: "event reading { value: float, sensor: int }
rule quiet { on r: reading by r.sensor absent 5m do log(\"quiet\") }",
    }
    BAD_FORMAT = 208 {
        title: "a value can't be formatted so",
        explanation: "A number takes a number of digits after the decimal point, `.0` to `.17`, with `%` behind it as a percentage; a time the directives of `strftime`; a duration a unit. Other values have no format.",
        wrong: "event login { user: text }
rule seen { on l: login do log(\"{l.user:.2}\") }",
        right: "event login { user: text }
rule seen { on l: login do log(\"{l.user}\") }",
    }
    AGGREGATE_ARGUMENT = 209 {
        title: "an aggregate can't be made of this",
        explanation: "`count()` counts events, and `count(x)` those for which x is not null; `distinct`, `first` and `last` take anything. `sum`, `avg`, `stddev`, `stddev_pop` and `quantile` take an int, float or duration; `min` and `max` also a time or enum; `rate` takes an int, a float or nothing. The fraction of a `quantile(x, p)` is a constant from 0 to 1. Behind the arguments `where` may say which events count.",
        wrong: "event login { user: text }
rule busy { on l: login over 5m having sum(l.user) > 9 do log(\"busy\") }",
        right: "event login { user: text }
rule busy { on l: login over 5m having count(l.user) > 9 do log(\"busy\") }",
    }
    EMPTY_LIST = 210 {
        title: "a list is empty",
        explanation: "Nothing is in an empty list, so the test could never hold.",
        wrong: "event login { user: text }
rule admin { on l: login where l.user in [] do log(l.user) }",
        right: "event login { user: text }
rule admin { on l: login where l.user in [\"root\"] do log(l.user) }",
    }
    NETWORK_AS_VALUE = 211 {
        title: "a network is no address",
        explanation: "A network like `10.0.0.0/8` stands after `in`, alone or in a list.",
        wrong: "event login { ip: ip }
rule local { on l: login where l.ip == 10.0.0.0/8 do log(\"local\") }",
        right: "event login { ip: ip }
rule local { on l: login where l.ip in 10.0.0.0/8 do log(\"local\") }",
    }
    LIST_PLACE = 212 {
        title: "lists and `in` belong together",
        explanation: "A list in brackets stands after `in`, or is a constant; and what stands after `in` is a list, a network, or a constant that is one.",
        wrong: "event login { user: text }
rule admin { on l: login where l.user == [\"root\", \"admin\"] do log(l.user) }",
        right: "event login { user: text }
rule admin { on l: login where l.user in [\"root\", \"admin\"] do log(l.user) }",
    }
    BAD_PATTERN = 213 {
        title: "a pattern can't be read",
        explanation: "After `~` stands a regular expression, after `like` and `ilike` a glob; both are constants, have at most 4,096 bytes, and take at most 1 MiB once compiled.",
        wrong: "event login { user: text }
rule admin { on l: login where l.user ~ /^(root|admin$/ do log(l.user) }",
        right: "event login { user: text }
rule admin { on l: login where l.user ~ /^(root|admin)$/ do log(l.user) }",
    }
    PATTERN_PLACE = 214 {
        title: "a regular expression stands where none belongs",
        explanation: "A regular expression stands after `~`, and as an argument of the functions that take one. After `like` stands a glob.",
        wrong: "event login { user: text }
rule root { on l: login where l.user like (/^root/) do log(l.user) }",
        right: "event login { user: text }
rule root { on l: login where l.user ~ /^root/ do log(l.user) }",
    }
    FUNCTION_ARGUMENT = 215 {
        title: "a function doesn't take these arguments",
        explanation: "Each function takes so many arguments of the types that its reference names; an int is taken as float where a float is wanted, and nothing else is converted by itself. Some arguments have to be one of a few constants.",
        wrong: "event request { path: text, status: int }
rule slow { on r: request where length(r.status) > 3 do log(r.path) }",
        right: "event request { path: text, status: int }
rule slow { on r: request where length(r.path) > 3 do log(r.path) }",
    }
    UNKNOWN_ZONE = 216 {
        title: "no such time zone",
        explanation: "A time zone is named as in the IANA database, like `Europe/Berlin`; it is a constant. The database is part of the program.",
        wrong: "event login { user: text }
rule night { on l: login where hour(l.time, \"Europe/Berln\") < 6 do log(l.user) }",
        right: "event login { user: text }
rule night { on l: login where hour(l.time, \"Europe/Berlin\") < 6 do log(l.user) }",
    }
}
