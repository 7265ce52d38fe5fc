//! The store on both databases.

#[path = "store/mod.rs"]
mod store;
