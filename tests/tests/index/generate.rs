//! Random conditions, and events for them.

use trapjaw_event::{Event, Ip, TypeId, Value};

/// Random numbers (splitmix64).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

pub(crate) const TYPE: &str = "event e { n: int, m: int?, x: float?, t: text, u: text?, a: ip?, b: bool?, \
                    k: enum(low, mid, high)?, w: time?, d: duration? }\n\
                    event out { n: int }\n";

const WORDS: [&str; 12] = [
    "",
    "a",
    "error",
    "no error",
    "Error",
    "timeout of x",
    "xab",
    "abx",
    "ab",
    "fatal: disk full",
    "disk",
    "straße",
];

/// One thing that a condition may say.
pub(crate) fn atom(draws: &mut Draws) -> String {
    let int = |draws: &mut Draws| match draws.below(12) {
        0 => "-9223372036854775807".to_owned(),
        1 => "9223372036854775807".to_owned(),
        _ => (draws.below(12) as i64 - 3).to_string(),
    };
    let field = |draws: &mut Draws| draws.pick(&["e.n", "e.m"]);
    let text = |draws: &mut Draws| draws.pick(&["e.t", "e.u", "e.source"]);
    let compare = |draws: &mut Draws| draws.pick(&["==", "!=", "<", "<=", ">", ">="]);
    match draws.below(22) {
        0 | 1 => format!("{} {} {}", field(draws), compare(draws), int(draws)),
        2 => format!("{} {} {}", int(draws), compare(draws), field(draws)),
        3 => format!("e.x {} {}.5", compare(draws), draws.below(5)),
        4 => format!("e.x {} 0.0", compare(draws)),
        5 => format!(
            "{} in [{}, {}, {}]",
            field(draws),
            draws.below(9),
            draws.below(9),
            draws.below(9)
        ),
        6 => format!("{} == \"{}\"", text(draws), draws.pick(&WORDS)),
        7 => format!(
            "{} in [\"{}\", \"{}\"]",
            text(draws),
            draws.pick(&WORDS),
            draws.pick(&WORDS)
        ),
        8 => format!("{} contains \"{}\"", text(draws), draws.pick(&WORDS[1..])),
        9 => format!(
            "{} starts_with \"{}\"",
            text(draws),
            draws.pick(&WORDS[1..])
        ),
        10 => format!("{} ends_with \"{}\"", text(draws), draws.pick(&WORDS[1..])),
        11 => format!("{} icontains \"{}\"", text(draws), draws.pick(&WORDS[1..])),
        12 => format!(
            "{} like \"{}\"",
            text(draws),
            draws.pick(&["*error*", "fatal*disk*", "*", "err?r", "ab*"])
        ),
        13 => format!(
            "{} ~ /{}/",
            text(draws),
            draws.pick(&[
                "error|fatal",
                "^ab",
                "(time)?out",
                "disk (full|gone)",
                "[a-c]+x"
            ])
        ),
        14 => format!(
            "{} ~ /{}/i",
            text(draws),
            draws.pick(&["error", "STRASSE|disk"])
        ),
        15 => format!(
            "e.a in {}",
            draws.pick(&[
                "10.0.0.0/8",
                "10.1.0.0/16",
                "0.0.0.0/0",
                "192.168.1.0/24",
                "[10.0.0.1, 10.1.2.3]"
            ])
        ),
        16 => format!("e.a == 10.0.0.{}", draws.below(4)),
        17 => format!(
            "e.k {} {}",
            compare(draws),
            draws.pick(&["low", "mid", "high"])
        ),
        18 => draws
            .pick(&[
                "e.b",
                "not e.b",
                "e.m is null",
                "e.m is not null",
                "e.u is not null",
                "e.b == true",
            ])
            .to_owned(),
        19 => format!("e.n between {} and {}", draws.below(5), draws.below(9)),
        20 => format!(
            "e.n * 4611686018427387904 {} {}",
            compare(draws),
            int(draws)
        ),
        _ => format!("(e.n + e.m) {} {}", compare(draws), draws.below(9)),
    }
}

pub(crate) fn condition(draws: &mut Draws) -> String {
    let mut text = atom(draws);
    for _ in 0..draws.below(4) {
        let next = match draws.below(8) {
            0 => format!("({} or {})", atom(draws), atom(draws)),
            1 => format!("not ({})", atom(draws)),
            _ => atom(draws),
        };
        text = format!("{text} and {next}");
    }
    text
}

pub(crate) fn events(draws: &mut Draws, count: i64) -> Vec<Event> {
    let mut event = |number: i64| {
        let optional = |draws: &mut Draws, value: Value| match draws.below(4) {
            0 => Value::Null,
            _ => value,
        };
        let int = match draws.below(20) {
            0 => i64::MAX,
            1 => i64::MIN,
            _ => draws.below(10) as i64 - 2,
        };
        let small = Value::Int(draws.below(8) as i64);
        let float = [-0.0, 0.0, 0.5, 1.5, 4.5, f64::INFINITY, -2.5][draws.below(7) as usize];
        let text = Value::Text(draws.pick(&WORDS).into());
        let last = draws.below(4) as u8;
        let ips = [
            [10, 0, 0, last],
            [10, 1, 2, 3],
            [192, 168, 1, last],
            [8, 8, 8, 8],
        ];
        let ip = ips[draws.below(4) as usize];
        let values = vec![
            Value::Int(int),
            optional(draws, small),
            optional(draws, Value::Float(float)),
            Value::Text(draws.pick(&WORDS).into()),
            optional(draws, text),
            optional(draws, Value::Ip(Ip::from(std::net::IpAddr::from(ip)))),
            optional(draws, Value::Bool(number % 2 == 0)),
            optional(draws, Value::Enum((number % 3) as u16)),
            Value::Null,
            Value::Null,
        ];
        Event {
            type_id: TypeId::new(0),
            time: number * 300_000_000,
            source: draws.pick(&["", "error", "ab"]).into(),
            id: None,
            subject: None,
            severity: None,
            values,
        }
    };
    (0..count).map(&mut event).collect()
}
