//! The simulated systems: faithful to their wire protocols, judge of the tests, shown by `demo`. They share no
//! code with the connectors, and import nothing of ours but the vocabulary.

pub mod faults;
pub mod kingdee;
pub mod ledger;
pub mod shared;
pub mod wire;
