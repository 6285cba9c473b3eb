//! 聚水潭 (Jushuitan): `orders.out.simple.query`, `shops.query` and the token calls on both gateways
//! (protocols/jushuitan.md). Its documents are shipments; control `/edit` knows them by `io_id` or `so_id`.

pub mod credentials;

mod calls;
mod gate;
mod gateway;
mod grant;
pub(super) mod sign;
mod tokens;

mod answer;
mod filter;
mod query;
mod refusal;

mod documents;
mod edit;
mod maker;
mod record;
mod seed;
mod shipment;

mod knobs;
mod server;
#[cfg(test)]
mod tests;

pub use server::Server;
