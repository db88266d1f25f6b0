//! The screen of a terminal.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::figures::{Table, uptime};
use super::{Figures, Top};

/// What keys do.
const HELP: &str = "q quit   s sort   / filter   p pause   j k scroll";

impl Top {
    /// Draws what was seen last, whatever the size.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        if area.height == 0 || area.width == 0 {
            return;
        }
        let bottom = Rect {
            y: area.y + area.height - 1,
            height: 1,
            ..area
        };
        let body = Rect {
            height: area.height - 1,
            ..area
        };
        frame.render_widget(Paragraph::new(self.body(body.height as usize)), body);
        frame.render_widget(Paragraph::new(self.foot()), bottom);
    }

    fn body(&self, height: usize) -> Vec<Line<'static>> {
        let mut lines = vec![self.title()];
        if let Some(reason) = &self.lost {
            let text = format!("no answer: {reason}; trying again");
            lines.push(Line::styled(
                text,
                Style::new().add_modifier(Modifier::REVERSED),
            ));
        }
        let Some(figures) = self.figures() else {
            if self.lost.is_none() {
                lines.push(Line::raw("waiting for the server"));
            }
            return lines;
        };
        let Figures { head, tables } = figures;
        lines.extend(head.into_iter().map(Line::raw));
        let fixed = lines.len();
        let rows: Vec<Line<'static>> = tables.iter().flat_map(shown).collect();
        // So far that the last row is still there.
        let room = height.saturating_sub(fixed);
        let scroll = self.scroll.min(rows.len().saturating_sub(room));
        lines.extend(rows.into_iter().skip(scroll));
        lines
    }

    fn title(&self) -> Line<'static> {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let mut spans = vec![Span::styled("trapjaw", bold)];
        if let Some(seen) = &self.seen {
            let stops = if seen.stopping { "   stopping" } else { "" };
            spans.push(Span::raw(format!(
                " {}   {}   up {}   {}{stops}",
                seen.version,
                seen.driver,
                uptime(seen),
                self.address
            )));
        } else {
            spans.push(Span::raw(format!("   {}", self.address)));
        }
        if self.paused {
            spans.push(Span::styled("   paused", bold));
        }
        Line::from(spans)
    }

    fn foot(&self) -> Line<'static> {
        if self.typing {
            return Line::raw(format!("filter: {}_", self.filter));
        }
        let mut text = format!("{HELP}   | sort: {}", self.sort.name());
        if !self.filter.is_empty() {
            text.push_str("   filter: ");
            text.push_str(&self.filter);
        }
        Line::styled(text, Style::new().add_modifier(Modifier::DIM))
    }
}

/// A table as lines, with an empty one in front.
fn shown(table: &Table) -> Vec<Line<'static>> {
    let widths = table.widths();
    let head = Table::line(&widths, table.head.iter().copied());
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut lines = vec![Line::default(), Line::styled(head, bold)];
    for row in &table.rows {
        // Names come from rules, which may be anybody's: they don't get to speak to the terminal.
        let cells = row.iter().map(|cell| &**cell);
        let text: String = Table::line(&widths, cells)
            .chars()
            .map(|character| {
                if character.is_control() {
                    '?'
                } else {
                    character
                }
            })
            .collect();
        lines.push(Line::raw(text));
    }
    lines
}
