//! The control plane from the outside: over real sockets, with real programs, before a data plane that evaluates in step.

mod api;
mod door;
mod end;
mod events;
mod log;
mod queues;
mod reload;
mod rig;
mod run;
mod webhook;
