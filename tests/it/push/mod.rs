//! Tests of `push`.

mod delta;
mod objects;
mod pack;
mod workshop;
