//! The simulated 小满 OKKI (protocols/okki.md): tokens, sales orders with their upsert and row rules, and the look-ups
//! of companies, products, users and departments. What the protocol leaves open is a switch. Control `/edit` knows
//! orders by `order_no` or `order_id`.

pub mod credentials;

mod knobs;
mod server;

mod call;
mod oauth;
mod reply;
mod tokens;
mod value;

mod catalog;
mod company;
mod directory;
mod lookups;
mod paging;
mod product;
mod user;

mod enums;
mod fields;
mod order;
mod orders;
mod state;

mod fill;
mod people;
mod push;
mod rows;

mod edit;
mod edit_base;
mod info;
mod view;

#[cfg(test)]
mod tests;

pub use server::Server;
