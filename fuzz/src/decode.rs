//! Code in its byte form and its text form.

use trapjaw_event::Event;
use trapjaw_program::sample::Entropy;
use trapjaw_program::{Code, assemble};

use crate::world;
use crate::{Outcome, verify_then_run};

/// Rows that code which verifies is run over.
const ROWS: usize = 3;

/// Decodes the bytes as code, or if they begin with `;`, as its text.
pub fn decode(data: &[u8]) -> Outcome {
    let code = if data.starts_with(b";") {
        let text = String::from_utf8_lossy(data);
        assemble(&text).ok()
    } else {
        Code::decode(data).ok()
    };
    let Some(code) = code else {
        return Outcome::Refused;
    };
    let bytes = code.encode();
    let again = Code::decode(&bytes).expect("what was encoded can be decoded");
    // Bytes are compared and not code: NaN is not equal to itself.
    assert_eq!(again.encode(), bytes);

    let more = world::stretched(data, 4 * 1_024);
    let mut entropy = Entropy::new(&more[data.len()..]);
    let events: Vec<Event> = (0..ROWS).map(|_| world::event(&mut entropy)).collect();
    let outcome = verify_then_run::run(&code, &events);
    if outcome == Outcome::Accepted {
        // The text numbers inputs and constants by first use and leaves out what is not used; so text is compared.
        let text = code.to_string();
        let again =
            assemble(&text).unwrap_or_else(|error| panic!("{error} in its own text:\n{text}"));
        assert_eq!(again.to_string(), text);
        assert_eq!(verify_then_run::run(&again, &events), Outcome::Accepted);
    }
    outcome
}
