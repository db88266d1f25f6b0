//! Rules at work: what one rule remembers on one shard, and how a step moves it.

mod absent;
mod asked;
mod context;
mod each;
mod ending;
mod feed;
mod group;
mod hopping;
mod judge;
mod judged;
mod keyed;
mod latest;
mod limit;
mod machine;
mod pattern;
mod reader;
mod resting;
mod room;
mod run;
mod schedule;
mod session;
mod stretch;
mod sustained;
mod totals;
mod tumbling;
mod window;

use trapjaw_event::MatchKind;
use trapjaw_program::{Aggregate, Clause, Routing, Rule};

use crate::bound::Bound;
use crate::config::Config;
use crate::key;
use crate::output::Identity;
use crate::trace::Traces;
use absent::Absent;
pub(crate) use context::Context;
use context::Trigger;
use each::Each;
use feed::{At, merged};
pub(crate) use feed::{Feed, Intake, Span};
pub(crate) use group::Groups;
pub use group::shared_windows;
use hopping::Hopping;
use keyed::Keyed;
use pattern::{Chain, Patterns, Shared, Strict, Together};
pub(crate) use reader::NoKey;
use schedule::Schedule;
use session::Sessions;
use sustained::Sustained;
use totals::Totals;
use tumbling::Tumbling;
use window::{Extent, Windows};

/// What a rule remembers.
#[derive(Debug)]
pub(crate) enum State {
    /// Nothing.
    None,
    Each(Keyed<Each>),
    Sustained(Keyed<Sustained>),
    Window(Keyed<Windows>),
    /// Windows of which rows are no more than what comes and goes.
    Totals(Keyed<Totals>),
    Tumbling(Keyed<Tumbling>),
    Hopping(Keyed<Hopping>),
    Session(Keyed<Sessions>),
    Absent(Keyed<Absent>),
    /// A pattern whose starts go one way, each event of a key taking all on or ending them.
    Strict(Keyed<Strict>),
    /// Another one whose starts go one way.
    Chain(Keyed<Chain>),
    /// Another one of which starts that stand alike are moved together.
    Shared(Keyed<Shared>),
    /// Any other pattern.
    Match(Keyed<Patterns>),
    Schedule(Schedule),
    /// Its windows are those of another rule, the first of its [`Group`].
    Elsewhere,
}

impl State {
    pub(crate) fn new(rule: &Rule, config: &Config) -> Self {
        Self::of(&[rule], &rule.aggregates, config)
    }

    /// What rules with the same windows, in which there are these aggregates, remember together; or one rule that has
    /// no such others.
    pub(crate) fn of(rules: &[&Rule], aggregates: &[Aggregate], config: &Config) -> Self {
        let rule = rules[0];
        let window_bytes = config.max_window_bytes.saturating_mul(rules.len());
        let windows = |extent| {
            Self::Window(Keyed::of(
                rules,
                Windows::new(rules, aggregates, extent, window_bytes),
                config,
            ))
        };
        match rule.clause {
            Clause::Each if rule.limit.is_none() => Self::None,
            Clause::Each => Self::Each(Keyed::new(rule, Each, config)),
            Clause::Sustained {
                duration,
                gap,
                keep,
            } => Self::Sustained(Keyed::new(
                rule,
                Sustained::new(duration, gap, keep),
                config,
            )),
            Clause::Sliding { length, .. } => {
                match Totals::new(rules, aggregates, (length, window_bytes)) {
                    Some(totals) => Self::Totals(Keyed::of(rules, totals, config)),
                    None => windows(Extent::Span(length)),
                }
            }
            Clause::Counted { count, .. } => windows(Extent::Newest(count)),
            Clause::Batched { count } => windows(Extent::Batch(count)),
            Clause::All { .. } => windows(Extent::All),
            Clause::Hopping { length, every } => Self::Hopping(Keyed::of(
                rules,
                Hopping::new(rule, aggregates, (length, every), window_bytes),
                config,
            )),
            Clause::Session { gap } => {
                Self::Session(Keyed::of(rules, Sessions::new(aggregates, gap), config))
            }
            Clause::Tumbling { length } => Self::Tumbling(Keyed::of(
                rules,
                Tumbling::new(rule, aggregates, length),
                config,
            )),
            Clause::Absent { duration, of } => {
                Self::Absent(Keyed::new(rule, Absent::new(duration, of), config))
            }
            Clause::Every { period, catchup } => Self::Schedule(Schedule::every(period, catchup)),
            Clause::At { calendar, catchup } => {
                Self::Schedule(Schedule::at(calendar, rule.zone.as_deref(), catchup))
            }
            Clause::Match => match &rule.pattern {
                Some(pattern) => {
                    // What each run does is told only where each is followed by itself.
                    let by_run = config.run_by_run || config.trace_patterns;
                    match (!by_run).then(|| Together::new(rule, pattern)).flatten() {
                        Some(Together::Strict(strict)) => {
                            Self::Strict(Keyed::new(rule, strict, config))
                        }
                        Some(Together::Chain(chain)) => {
                            Self::Chain(Keyed::new(rule, chain, config))
                        }
                        Some(Together::Shared(shared)) => {
                            Self::Shared(Keyed::new(rule, shared, config))
                        }
                        None => Self::Match(Keyed::new(
                            rule,
                            Patterns::new(pattern, config.trace_patterns),
                            config,
                        )),
                    }
                }
                None => unreachable!("the verifier lets no `match` be without a pattern"),
            },
        }
    }

    /// What it may come to remember; `None` for nothing.
    pub(crate) fn bound(&self, rule: &Rule) -> Option<Bound> {
        Some(match self {
            Self::None | Self::Elsewhere => return None,
            Self::Each(state) => state.bound(rule),
            Self::Sustained(state) => state.bound(rule),
            Self::Window(state) => state.bound(rule),
            Self::Totals(state) => state.bound(rule),
            Self::Tumbling(state) => state.bound(rule),
            Self::Hopping(state) => state.bound(rule),
            Self::Session(state) => state.bound(rule),
            Self::Absent(state) => state.bound(rule),
            Self::Strict(state) => state.bound(rule),
            Self::Chain(state) => state.bound(rule),
            Self::Shared(state) => state.bound(rule),
            Self::Match(state) => state.bound(rule),
            Self::Schedule(_) => Schedule::bound(),
        })
    }

    /// The windows of several rules once more, so that each of them may have its own.
    pub(crate) fn split(&self) -> Self {
        match self {
            Self::Window(state) => Self::Window(state.clone()),
            Self::Totals(state) => Self::Totals(state.clone()),
            Self::Tumbling(state) => Self::Tumbling(state.clone()),
            Self::Hopping(state) => Self::Hopping(state.clone()),
            Self::Session(state) => Self::Session(state.clone()),
            _ => unreachable!("only windows are those of several rules"),
        }
    }

    /// Only these of the rules with the same windows are left, in their order.
    pub(crate) fn keep_members(&mut self, members: &[usize]) {
        match self {
            Self::Window(state) => state.keep_members(members),
            Self::Totals(state) => state.keep_members(members),
            Self::Tumbling(state) => state.keep_members(members),
            Self::Hopping(state) => state.keep_members(members),
            Self::Session(state) => state.keep_members(members),
            _ => unreachable!("only windows are those of several rules"),
        }
    }

    /// Does the rule take in events that do not satisfy its condition?
    pub(crate) fn breaks(&self) -> bool {
        matches!(self, Self::Sustained(_))
    }

    /// Live keys.
    pub(crate) fn keys(&self) -> usize {
        match self {
            Self::None | Self::Schedule(_) | Self::Elsewhere => 0,
            Self::Each(state) => state.keys(),
            Self::Sustained(state) => state.keys(),
            Self::Window(state) => state.keys(),
            Self::Totals(state) => state.keys(),
            Self::Tumbling(state) => state.keys(),
            Self::Hopping(state) => state.keys(),
            Self::Session(state) => state.keys(),
            Self::Absent(state) => state.keys(),
            Self::Strict(state) => state.keys(),
            Self::Chain(state) => state.keys(),
            Self::Shared(state) => state.keys(),
            Self::Match(state) => state.keys(),
        }
    }

    /// Bytes of all that it remembers.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::None | Self::Schedule(_) | Self::Elsewhere => 0,
            Self::Each(state) => state.bytes(),
            Self::Sustained(state) => state.bytes(),
            Self::Window(state) => state.bytes(),
            Self::Totals(state) => state.bytes(),
            Self::Tumbling(state) => state.bytes(),
            Self::Hopping(state) => state.bytes(),
            Self::Session(state) => state.bytes(),
            Self::Absent(state) => state.bytes(),
            Self::Strict(state) => state.bytes(),
            Self::Chain(state) => state.bytes(),
            Self::Shared(state) => state.bytes(),
            Self::Match(state) => state.bytes(),
        }
    }

    /// A lower bound of the next instant at which something happens by itself.
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        match self {
            Self::None | Self::Elsewhere => None,
            Self::Each(state) => state.next_deadline(),
            Self::Sustained(state) => state.next_deadline(),
            Self::Window(state) => state.next_deadline(),
            Self::Totals(state) => state.next_deadline(),
            Self::Tumbling(state) => state.next_deadline(),
            Self::Hopping(state) => state.next_deadline(),
            Self::Session(state) => state.next_deadline(),
            Self::Absent(state) => state.next_deadline(),
            Self::Strict(state) => state.next_deadline(),
            Self::Chain(state) => state.next_deadline(),
            Self::Shared(state) => state.next_deadline(),
            Self::Match(state) => state.next_deadline(),
            Self::Schedule(state) => state.next_deadline(),
        }
    }

    /// Goes on as another shard does.
    pub(crate) fn act_as(&mut self, shard: u32) {
        match self {
            Self::Absent(state) => state.machine().act_as(shard),
            Self::Schedule(state) => state.act_as(),
            _ => {}
        }
    }

    /// What the runs of its pattern did, since it was last asked for.
    pub(crate) fn take_traces(&mut self) -> Traces {
        match self {
            Self::Match(state) => state.machine().take_traces(),
            _ => Traces::default(),
        }
    }

    /// The runs of its pattern that are open, where they are traced.
    pub(crate) fn open_runs(&mut self) -> Traces {
        match self {
            Self::Match(state) => state.machine().open_runs(),
            _ => Traces::default(),
        }
    }

    /// The rules may be others from this instant on.
    pub(crate) fn reload(&mut self, clock: i64) {
        match self {
            Self::Absent(state) => state.machine().reload(clock),
            Self::Schedule(state) => state.reload(clock),
            _ => {}
        }
    }

    /// The rule's sources have come to stand in another order: `places` says where each stands now.
    pub(crate) fn reorder_sources(&mut self, places: &[u16]) {
        match self {
            Self::None | Self::Schedule(_) | Self::Elsewhere => {}
            Self::Each(state) => state.reorder_sources(places),
            Self::Sustained(state) => state.reorder_sources(places),
            Self::Window(state) => state.reorder_sources(places),
            Self::Totals(state) => state.reorder_sources(places),
            Self::Tumbling(state) => state.reorder_sources(places),
            Self::Hopping(state) => state.reorder_sources(places),
            Self::Session(state) => state.reorder_sources(places),
            Self::Absent(state) => state.reorder_sources(places),
            Self::Strict(state) => state.reorder_sources(places),
            Self::Chain(state) => state.reorder_sources(places),
            Self::Shared(state) => state.reorder_sources(places),
            Self::Match(state) => state.reorder_sources(places),
        }
    }

    /// Takes in the rule's feeds and lets time pass up to `now`.
    pub(crate) fn advance(&mut self, cx: &mut Context<'_>, now: i64) {
        if let Routing::Home(hash) = cx.rule.routing {
            let home = key::owner(hash, cx.shard.1);
            if home != cx.shard.0 {
                if let Self::Schedule(state) = self {
                    state.rest();
                }
                return send_home(cx, home);
            }
        }
        match self {
            Self::None => stateless(cx),
            Self::Elsewhere => {}
            Self::Each(state) => state.advance(cx, now),
            Self::Sustained(state) => state.advance(cx, now),
            Self::Window(state) => state.advance(cx, now),
            Self::Totals(state) => state.advance(cx, now),
            Self::Tumbling(state) => state.advance(cx, now),
            Self::Hopping(state) => state.advance(cx, now),
            Self::Session(state) => state.advance(cx, now),
            Self::Absent(state) => state.advance(cx, now),
            Self::Strict(state) => state.advance(cx, now),
            Self::Chain(state) => state.advance(cx, now),
            Self::Shared(state) => state.advance(cx, now),
            Self::Match(state) => state.advance(cx, now),
            Self::Schedule(state) => state.advance(cx, now),
        }
    }
}

/// A rule without state: each row is a match, wherever it is.
fn stateless(cx: &mut Context<'_>) {
    let feeds = cx.feeds;
    let mut readers: Vec<_> = feeds
        .iter()
        .map(|feed| feed.keys(cx.rule, cx.shard))
        .collect();
    let mut fire = |at: At| {
        let reader = &mut readers[at.feed as usize];
        if let Err(why) = reader.encode(at.index) {
            return cx.counters.skip(why);
        }
        let about = (cx.alias(at, true), Identity::Alias);
        cx.fire(
            reader.encoded(),
            MatchKind::Matched,
            Trigger::Row(at),
            about,
            [],
        );
    };
    if let [feed] = feeds {
        (0..feed.rows.len() as u32).for_each(|index| fire(At { feed: 0, index }));
    } else {
        merged(feeds).into_iter().for_each(fire);
    }
}

/// A rule that lives elsewhere gets all its rows there.
fn send_home(cx: &mut Context<'_>, home: u32) {
    for at in merged(cx.feeds) {
        cx.stray(at, home);
    }
}
