//! The data plane over real loopback sockets, with each driver that the system grants.

#[cfg(not(loom))]
mod control;
#[cfg(not(loom))]
mod happy;
#[cfg(not(loom))]
mod harm;
#[cfg(not(loom))]
mod repeat;
#[cfg(not(loom))]
mod resend;
#[cfg(not(loom))]
mod rig;
#[cfg(not(loom))]
mod shards;
