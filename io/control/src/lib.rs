//! The control plane: HTTP API, rule loading, actions, metrics.
