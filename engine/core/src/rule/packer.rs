//! How rows of a feed go into words.

use trapjaw_program::Rule;

use super::feed::Feed;
use crate::output::Packings;
use crate::packed::PackedColumns;
use crate::segment::Origin;

/// What a rule keeps of the rows of a feed, on its way into words.
#[derive(Debug)]
pub(crate) struct Packer<'s> {
    times: &'s [i64],
    /// Where the values are, if the rows go into words.
    columns: Option<PackedColumns<'s>>,
    /// How many fields are kept. The aggregates' arguments and filters stand behind them.
    fields: usize,
    /// The outputs of the feed's code that hold those.
    outputs: Vec<u16>,
    packings: Option<Packings>,
}

impl<'s> Packer<'s> {
    pub(super) fn new(rule: &Rule, feed: &Feed<'s>, packings: Option<&Packings>) -> Self {
        let source = usize::from(feed.source);
        let (times, fields) = feed.keeping(rule).columns();
        let packings = packings.filter(|_| feed.is_bare);
        let packing = packings.and_then(|all| all[source].as_ref());
        let aggregates = rule.aggregates.iter();
        let outputs = aggregates.flat_map(|it| [it.argument, it.filter].into_iter().flatten());
        Self {
            times,
            columns: packing.and_then(|packing| packing.of_columns(fields)),
            fields: fields.len(),
            outputs: outputs.collect(),
            packings: packings.cloned(),
        }
    }

    /// Puts one of the feed's rows, which took effect at this time, into words; `None` if it doesn't go there. Gives its place
    /// in its stream.
    #[expect(
        clippy::inline_always,
        reason = "it is called for most rows, from one place for each machine"
    )]
    #[inline(always)]
    pub(crate) fn pack(
        &self,
        feed: &Feed<'_>,
        (index, time): (u32, i64),
        words: &mut [u64],
    ) -> Option<Origin> {
        let columns = self.columns.as_ref()?;
        let row = feed.rows.get(index);
        let fits = self.times[row as usize] == time && columns.pack(row as usize, words);
        if !fits || !self.outputs.is_empty() && !self.pack_outputs(feed, index, words) {
            return None;
        }
        Some(feed.segment.origin(row))
    }

    /// Puts the aggregates' arguments and filters into an event's words. Do they fit?
    #[inline(never)]
    fn pack_outputs(&self, feed: &Feed<'_>, index: u32, words: &mut [u64]) -> bool {
        let packing = self.packings.as_ref();
        let packing = packing.and_then(|all| all[usize::from(feed.source)].as_ref());
        (self.fields..).zip(&self.outputs).all(|(place, output)| {
            let value = feed.inputs.value(usize::from(*output), index as usize);
            packing.is_some_and(|packing| packing.pack(place, value, words))
        })
    }
}
