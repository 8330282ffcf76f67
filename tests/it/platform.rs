//! Tests of `platform`.
