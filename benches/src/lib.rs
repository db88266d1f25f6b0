//! Benches: layers, ratios and latency.
