//! The Rust client: connect, batch, send, subscribe.
