//! The data model: ids, values, schemas, the columnar batch, views over it, and matches.
