//! The store on both databases.

#[path = "shared/migrated.rs"]
mod migrated;
#[path = "store/mod.rs"]
mod store;
