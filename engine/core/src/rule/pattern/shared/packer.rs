//! How rows of a feed go into words.

use trapjaw_program::Rule;

use super::contents::Content;
use crate::output::Packings;
use crate::packed::PackedColumns;
use crate::rule::feed::Feed;
use crate::segment::Origin;

/// What a rule keeps of the rows of a feed, on its way into words.
pub(super) struct Packer<'s> {
    feed: &'s Feed<'s>,
    times: &'s [i64],
    /// Where the values are, if the rows go into words.
    columns: Option<PackedColumns<'s>>,
    /// How many fields are kept. The aggregates' arguments and filters stand behind them.
    fields: usize,
    /// The outputs of the feed's code that hold those.
    outputs: Vec<u16>,
    packings: Option<Packings>,
    /// Are all rows of one stream?
    is_one_stream: bool,
    /// The number of the last row's stream, if it has one, once that is asked for.
    #[expect(
        clippy::option_option,
        reason = "not asked for is not the same as having none"
    )]
    stream: Option<Option<u16>>,
}

impl<'s> Packer<'s> {
    pub(super) fn new(rule: &Rule, feed: &'s Feed<'s>, packings: Option<&Packings>) -> Self {
        let source = usize::from(feed.source);
        let (times, fields) = feed.keeping(rule).columns();
        let packings = packings.filter(|_| feed.is_bare);
        let packing = packings.and_then(|all| all[source].as_ref());
        let aggregates = rule.aggregates.iter();
        let outputs = aggregates.flat_map(|it| [it.argument, it.filter].into_iter().flatten());
        Self {
            feed,
            times,
            columns: packing.and_then(|packing| packing.of_columns(fields)),
            fields: fields.len(),
            outputs: outputs.collect(),
            packings: packings.cloned(),
            is_one_stream: !feed.segment.has_causes(),
            stream: None,
        }
    }

    /// Puts an event that is one of the rows into its words; `None` if it doesn't go there. Gives its stream's number, which
    /// is asked for where it is not known, and its place there.
    #[expect(
        clippy::inline_always,
        reason = "it is called from one loop for each machine"
    )]
    #[inline(always)]
    pub(super) fn pack(
        &mut self,
        event: &Content,
        words: &mut [u64],
        number: impl FnOnce(u128) -> Option<u16>,
    ) -> Option<(u16, u64)> {
        let columns = self.columns.as_ref()?;
        let index = event.at().index;
        let row = self.feed.rows.get(index);
        let fits = self.times[row as usize] == event.time && columns.pack(row as usize, words);
        if !fits || !self.outputs.is_empty() && !self.pack_outputs(index, words) {
            return None;
        }
        let Origin { stream, sequence } = self.feed.segment.origin(row);
        let known = self.stream.filter(|_| self.is_one_stream);
        let number = known.unwrap_or_else(|| *self.stream.insert(number(stream)));
        Some((number?, sequence))
    }

    /// Puts the aggregates' arguments and filters into an event's words. Do they fit?
    #[inline(never)]
    fn pack_outputs(&self, index: u32, words: &mut [u64]) -> bool {
        let packing = self.packings.as_ref();
        let packing = packing.and_then(|all| all[usize::from(self.feed.source)].as_ref());
        (self.fields..).zip(&self.outputs).all(|(place, output)| {
            let value = (self.feed.inputs).value(usize::from(*output), index as usize);
            packing.is_some_and(|packing| packing.pack(place, value, words))
        })
    }
}
