//! How rows of a feed go into words: column by column, many together.

use trapjaw_event::ColumnView;

use super::contents::{Content, EventId};
use crate::output::Packings;
use crate::packed::{Packing, Parcel};
use crate::rule::context::Context;
use crate::rule::feed::Feed;
use crate::segment::Origin;

/// What a rule keeps of the rows of a feed, each value by its column.
pub(super) struct Packer<'s> {
    feed: &'s Feed<'s>,
    times: &'s [i64],
    fields: Vec<Option<ColumnView<'s>>>,
    /// The outputs of the feed's code that hold the aggregates' arguments and filters.
    outputs: Vec<u16>,
    /// How its rows go into words, if they do.
    packing: Option<Packing>,
}

impl<'s> Packer<'s> {
    pub(super) fn new(cx: &Context<'s>, feed: &'s Feed<'s>, packings: Option<&Packings>) -> Self {
        let source = usize::from(feed.source);
        let kept = cx.rule.sources[source].kept.iter();
        let section = feed.segment.section;
        let aggregates = cx.rule.aggregates.iter();
        let outputs = aggregates.flat_map(|it| [it.argument, it.filter].into_iter().flatten());
        let packings = packings.filter(|_| feed.is_bare);
        Self {
            feed,
            times: section.times(),
            fields: kept.map(|field| section.column(*field)).collect(),
            outputs: outputs.collect(),
            packing: packings.and_then(|all| all[source].clone()),
        }
    }

    /// An event that is one of the rows.
    #[inline]
    pub(super) fn parcel(&self, id: EventId, event: &Content) -> Parcel {
        let index = event.at().index;
        let row = self.feed.rows.get(index);
        Parcel {
            row,
            index,
            id,
            fits: self.packing.is_some() && self.times[row as usize] == event.time,
        }
    }

    /// Puts events into words, of which each has so many, as far as they fit.
    pub(super) fn pack(&self, parcels: &mut [Parcel], (words, stride): (&mut [u64], usize)) {
        let Some(packing) = &self.packing else {
            return;
        };
        packing.pack_fields(&self.fields, parcels, (words, stride));
        for (place, output) in (self.fields.len()..).zip(&self.outputs) {
            let output = usize::from(*output);
            let value = |parcel: &Parcel| self.feed.inputs.value(output, parcel.index as usize);
            packing.pack(place, (None, value), parcels, (words, stride));
        }
    }

    /// An event's place in its stream.
    #[inline]
    pub(super) fn origin(&self, parcel: &Parcel) -> Origin {
        self.feed.segment.origin(parcel.row)
    }
}
