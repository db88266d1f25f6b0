//! What a pattern means, as bytes.

use super::{Node, Pattern, Skip};
use crate::encode::Writer;
use crate::meaning::{Around, code};
use crate::rule::Rule;

impl Rule {
    /// What the rule looks for: sources by their types' wire names in order, codes as everywhere.
    pub(crate) fn pattern(&self, bytes: &mut Writer, pattern: &Pattern, around: Around<'_>) {
        let Around {
            registry,
            types,
            tables,
        } = around;
        let sources = self.meant_sources(registry).into_iter().map(|source| {
            let is_it = |other: &crate::rule::Source| other.type_id == source.type_id;
            (
                self.sources.iter().position(is_it).unwrap_or_default(),
                source,
            )
        });
        let sources: Vec<_> = sources.collect();
        bytes.all(&pattern.elements, |bytes, element| {
            bytes.text(&element.alias);
            bytes.u8(u8::from(element.binds));
            for (place, source) in &sources {
                let ty = registry.get(source.type_id);
                bytes.option(element.tests[*place].as_ref(), |bytes, test| {
                    bytes.option(test.condition.as_ref(), |bytes, &condition| {
                        let condition = types[source.type_id.index()].code.slice(&[condition]);
                        code(bytes, &condition, tables, |input| self.field(ty, input));
                    });
                    bytes.all(&test.late, |bytes, late| {
                        bytes.u64(late.awaits);
                        code(bytes, &late.code.slice(&[0]), tables, |input| {
                            self.field(ty, input)
                        });
                    });
                });
            }
        });
        for (place, source) in &sources {
            let sets = &pattern.keys[*place];
            bytes.all(sets, |bytes, set| bytes.u64(*set));
            let outputs = (0..sets.len()).flat_map(|set| {
                let behind = (set * self.key.len()) as u16;
                self.key.iter().map(move |part| part.output + behind)
            });
            self.inputs(bytes, source, around, outputs.collect());
        }
        bytes.all(&pattern.spans, |bytes, silence| {
            bytes.u64(silence.elements);
            bytes.i64(silence.duration);
        });
        node(bytes, &pattern.root);
        bytes.option(pattern.within.as_ref(), |bytes, within| bytes.i64(*within));
        let (skip, target) = match pattern.skip {
            Skip::PastLast => (0, 0),
            Skip::ToNext => (1, 0),
            Skip::ToFirst(element) => (2, element),
            Skip::ToLast(element) => (3, element),
            Skip::None => (4 + u8::from(pattern.together), 0),
        };
        bytes.u8(skip);
        bytes.u16(target);
        bytes.all(&pattern.over, |bytes, element| {
            bytes.u16(element.unwrap_or(u16::MAX));
        });
        bytes.u8(u8::from(pattern.reports_timeout));
    }
}

fn node(bytes: &mut Writer, part: &Node) {
    match part {
        Node::Element(element) => {
            bytes.u8(0);
            bytes.u16(*element);
        }
        Node::Sequence(parts) => {
            bytes.u8(1);
            bytes.all(parts, |bytes, (contiguity, part)| {
                bytes.u8(*contiguity as u8);
                node(bytes, part);
            });
        }
        Node::Either(nodes) => {
            bytes.u8(2);
            bytes.all(nodes, node);
        }
        Node::Both(nodes, without) => {
            bytes.u8(3);
            bytes.all(nodes, node);
            bytes.u64(*without);
        }
        Node::Repeat(repeat) => {
            bytes.u8(4);
            node(bytes, &repeat.node);
            bytes.u32(repeat.min);
            bytes.option(repeat.max.as_ref(), |bytes, max| bytes.u32(*max));
            bytes.u8(u8::from(repeat.reluctant));
            bytes.u8(repeat.contiguity as u8);
            bytes.u64(repeat.until);
        }
        Node::Not(elements) => {
            bytes.u8(5);
            bytes.u64(*elements);
        }
        Node::Silence(span) => {
            bytes.u8(6);
            bytes.u16(*span);
        }
    }
}
