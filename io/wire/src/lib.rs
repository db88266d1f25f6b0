//! What crosses the wire, without I/O: binary frames and JSON.
