//! Tests of capture by rule.
