//! What the benchmarks measure: records and messages like those that are really out there.
