//! The expressions users write.
#[derive(Debug, Clone, PartialEq, Eq)]
/// s
pub struct Slip {
    /// o
    pub offset: usize,
    /// m
    pub message: String,
}
#[derive(Debug, Clone)]
/// q
pub struct Query;
#[derive(Debug, Clone)]
/// c
pub struct Condition;
