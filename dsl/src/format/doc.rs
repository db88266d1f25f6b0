//! What may be broken where, and the printer that decides.

/// A piece of text that is not laid out yet.
#[derive(Debug, Clone)]
pub(super) enum Doc {
    /// As it stands; without a line end.
    Text(Box<str>),
    /// `,`: it stays before a comment that ends the line.
    Comma,
    /// A blank, but not at the beginning of a line.
    Space,
    /// A blank, or a line end where the group is broken.
    Line,
    /// Nothing, or a line end where the group is broken.
    SoftLine,
    /// A line end; with `true` an empty line behind it.
    HardLine(bool),
    /// A comment on a line of its own; with `true` an empty line before it.
    Comment(Box<str>, bool),
    /// The line ends here, and an empty line follows.
    Gap,
    /// A comment at the end of the line.
    Behind(Box<str>),
    /// Only where the group is broken.
    IfBroken(Box<Doc>),
    /// Lines within stand one step further in than the line on which it begins.
    Indent(Box<Doc>),
    /// Lines within stand as far in as the line on which it begins.
    Anchor(Box<Doc>),
    /// On one line where it fits; `true` where it can't.
    Group(Box<Doc>, bool),
    /// One after the other.
    Concat(Vec<Doc>),
}

/// Columns of a step inwards.
const STEP: usize = 4;

impl Doc {
    pub(super) const NOTHING: Doc = Doc::Concat(Vec::new());

    pub(super) fn text(text: impl Into<Box<str>>) -> Doc {
        Doc::Text(text.into())
    }

    pub(super) fn indent(self) -> Doc {
        Doc::Indent(Box::new(self))
    }

    /// A group that is broken as a whole or not at all.
    pub(super) fn group(self) -> Doc {
        let broken = self.must_break();
        Doc::Group(Box::new(self), broken)
    }

    /// A group that is broken whether it fits or not.
    pub(super) fn broken(self) -> Doc {
        Doc::Group(Box::new(self), true)
    }

    /// Whether it can't stand on one line. What is inside of groups is known to them.
    fn must_break(&self) -> bool {
        match self {
            Doc::HardLine(_) | Doc::Comment(..) | Doc::Gap | Doc::Behind(_) => true,
            Doc::Group(_, broken) => *broken,
            Doc::IfBroken(inner) | Doc::Indent(inner) | Doc::Anchor(inner) => inner.must_break(),
            Doc::Concat(parts) => parts.iter().any(Doc::must_break),
            Doc::Text(_) | Doc::Comma | Doc::Space | Doc::Line | Doc::SoftLine => false,
        }
    }

    /// Lays it out in lines of at most `width` columns, where that can be had. Ends with a line end unless empty.
    pub(super) fn print(&self, width: usize) -> String {
        let mut printer = Printer {
            width,
            ..Printer::default()
        };
        printer.print(self);
        printer.line_end(0, false);
        printer.out.truncate(printer.out.trim_end().len());
        if !printer.out.is_empty() {
            printer.out.push('\n');
        }
        printer.out
    }
}

#[derive(Clone, Copy)]
struct Place<'d> {
    indent: usize,
    broken: bool,
    doc: &'d Doc,
}

/// A comment stands on the line, alone.
struct Ended {
    /// Columns before the comment, and before what follows it.
    indent: usize,
    /// Whether an empty line follows.
    gap: bool,
}

#[derive(Default)]
struct Printer<'d> {
    width: usize,
    out: String,
    /// Where the line begins in `out`.
    line: usize,
    /// Comments that wait for the line's end.
    behind: Vec<&'d str>,
    /// Where the line has to end before anything else.
    ended: Option<Ended>,
}

impl<'d> Printer<'d> {
    fn print(&mut self, doc: &'d Doc) {
        let mut stack = vec![Place {
            indent: 0,
            broken: true,
            doc,
        }];
        while let Some(place) = stack.pop() {
            let Place {
                indent,
                broken,
                doc,
            } = place;
            match doc {
                Doc::Text(text) => self.text(text, indent),
                Doc::Comma => self.out.push(','),
                Doc::Space => self.space(),
                Doc::Line | Doc::SoftLine if broken => self.line_end(indent, false),
                Doc::Line => self.space(),
                Doc::SoftLine => {}
                Doc::HardLine(gap) => self.line_end(indent, *gap),
                Doc::Comment(text, gap) => self.comment(text, indent, *gap),
                Doc::Gap => {
                    if let Some(ended) = &mut self.ended {
                        ended.gap = true;
                    }
                }
                Doc::Behind(text) => self.behind.push(text),
                Doc::IfBroken(inner) => {
                    if broken {
                        stack.push(Place {
                            doc: inner,
                            ..place
                        });
                    }
                }
                Doc::Indent(inner) => stack.push(Place {
                    indent: self.indentation() + STEP,
                    doc: inner,
                    ..place
                }),
                Doc::Anchor(inner) => stack.push(Place {
                    indent: self.indentation(),
                    doc: inner,
                    ..place
                }),
                Doc::Group(inner, must_break) => {
                    let flat = Place {
                        broken: false,
                        doc: inner,
                        ..place
                    };
                    let fits = !must_break && self.fits(flat, &stack);
                    stack.push(Place {
                        broken: !fits,
                        ..flat
                    });
                }
                Doc::Concat(parts) => {
                    stack.extend(parts.iter().rev().map(|doc| Place { doc, ..place }));
                }
            }
        }
    }

    fn at_line_start(&self) -> bool {
        self.out[self.line..].trim().is_empty()
    }

    /// Columns before the first character of the line.
    fn indentation(&self) -> usize {
        let line = &self.out[self.line..];
        line.len() - line.trim_start_matches(' ').len()
    }

    fn text(&mut self, text: &str, indent: usize) {
        if let Some(Ended { indent, .. }) = self.ended {
            self.line_end(indent, false);
        } else if !self.behind.is_empty() {
            self.line_end(indent, false);
        }
        self.out.push_str(text);
    }

    fn comment(&mut self, text: &str, indent: usize, gap: bool) {
        if let Some(Ended { indent, .. }) = self.ended {
            self.line_end(indent, gap);
        } else if !self.at_line_start() {
            self.line_end(indent, gap);
        }
        self.ended = Some(Ended {
            indent: self.indentation(),
            gap: false,
        });
        self.out.push_str(text);
    }

    fn space(&mut self) {
        if self.ended.is_none() && !self.at_line_start() {
            self.out.push(' ');
        }
    }

    fn line_end(&mut self, indent: usize, gap: bool) {
        let gap = self.ended.take().is_some_and(|ended| ended.gap) || gap;
        self.out.truncate(self.out.trim_end_matches(' ').len());
        for text in self.behind.drain(..) {
            self.out.push_str("  ");
            self.out.push_str(text);
        }
        self.out.push_str(if gap { "\n\n" } else { "\n" });
        self.line = self.out.len();
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Whether a group on one line fits, with what follows it up to the next line end.
    fn fits(&self, group: Place<'d>, rest: &[Place<'d>]) -> bool {
        let column = self.out[self.line..].chars().count();
        let Some(mut left) = self.width.checked_sub(column) else {
            return false;
        };
        let mut rest = rest.iter().rev();
        let mut stack = vec![group];
        loop {
            let Some(place) = stack.pop().or_else(|| rest.next().copied()) else {
                return true;
            };
            let taken = match place.doc {
                Doc::Text(text) => text.chars().count(),
                Doc::Line | Doc::SoftLine if place.broken => return true,
                Doc::Space | Doc::Line | Doc::Comma => 1,
                Doc::HardLine(_) | Doc::Comment(..) | Doc::Gap => return true,
                Doc::SoftLine | Doc::Behind(_) => 0,
                Doc::IfBroken(inner) => {
                    if place.broken {
                        stack.push(Place {
                            doc: inner,
                            ..place
                        });
                    }
                    0
                }
                Doc::Indent(inner) | Doc::Anchor(inner) => {
                    stack.push(Place {
                        doc: inner,
                        ..place
                    });
                    0
                }
                // What follows may still be broken at its own first chance.
                Doc::Group(inner, must_break) => {
                    stack.push(Place {
                        broken: *must_break,
                        doc: inner,
                        ..place
                    });
                    0
                }
                Doc::Concat(parts) => {
                    stack.extend(parts.iter().rev().map(|doc| Place { doc, ..place }));
                    0
                }
            };
            match left.checked_sub(taken) {
                Some(still) => left = still,
                None => return false,
            }
        }
    }
}
