//! The simulated 金蝶云星空 (protocols/kingdee.md): logins and sessions, ExecuteBillQuery, Save and BatchSave, and
//! the operations on bills, in the server's own shapes and words. What the protocol leaves open is a switch.

mod server;
mod switches;

mod body;
mod login;
mod method;
mod reply;
mod session;
mod signature;

mod base_data;
mod bill;
mod forms;
mod layout;
mod orders;
mod outstock;
mod state;
mod table;
mod value;

mod column;
mod filter;
mod query;

mod call;
mod fill;
mod operate;
mod returned;
mod save;
mod save_one;
mod validate;

mod edit;
mod edit_one;
mod view;

#[cfg(test)]
mod tests;

pub use login::{ACCOUNT, APP_ID, APP_SECRET, PASSPORT, PASSWORD, USER};
pub use server::Server;

/// What the numbers of sales orders begin with, as against those of other bills in the ledger.
pub const ORDER_NUMBERS: &str = orders::SAL_SALE_ORDER.prefix;

/// The system's name.
const NAME: &str = "kingdee";
