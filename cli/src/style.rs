//! Colour on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).

use std::io::IsTerminal;

use trapjaw_dsl::diagnostic::Style;

/// The style for what is written to this stream.
pub(crate) fn of(stream: &impl IsTerminal) -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if stream.is_terminal() && !plain {
        Style::Coloured
    } else {
        Style::Plain
    }
}
