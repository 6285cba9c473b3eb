//! The simulated systems: faithful to their wire protocols, judge of the tests, shown by `demo`. They share no
//! code with the connectors, and import nothing of ours but the vocabulary.

pub mod wire;

pub mod goods;

pub mod faults;
pub mod ledger;
pub mod shared;
pub mod switches;

pub mod jushuitan;
