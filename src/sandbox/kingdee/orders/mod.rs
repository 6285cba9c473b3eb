//! Sales orders: the form, orders made from a number, and what people do with them (protocols/kingdee.md 3.8, 5).

mod entry;
mod form;

mod sheet;
mod sums;

mod lines;
mod maker;
mod masters;
mod seed;

mod deed;
mod hand;

pub use deed::Deed;
pub use form::SAL_SALE_ORDER;
pub use hand::Hand;
pub use maker::Maker;
pub use seed::{create, fill};
pub use sheet::Sheet;
