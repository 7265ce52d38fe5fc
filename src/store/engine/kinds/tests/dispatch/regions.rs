//! Regions as they are stored: of two changes at once none is lost.

use peerpack_actors::ids::RegionId;

use super::*;
use crate::store::{CityRecord, RegionRecord};

async fn stored(database: &Database, id: RegionId) -> RegionRecord {
    database.regions().await.unwrap().into_iter().find(|region| region.id == id).unwrap()
}

async fn a_region_is_changed_only_as_it_was_read(database: Database) {
    database.migrate().await.unwrap();
    let (city, centre) = (Uuid::from_u128(49), Position { lat: 55.75, lon: 37.61 });
    let record = CityRecord { id: city, title: "Москва".to_owned(), centre, deleted_at: None };
    database.put_city(&record, START).await.unwrap();
    let fresh = RegionRecord {
        id: Uuid::from_u128(50).into(),
        city,
        title: "Центр".to_owned(),
        centre,
        polygon: Vec::new(),
        service_radius_m: 30_000,
        priority: 0,
        hours: Vec::new(),
        version: 0,
        deleted_at: None,
    };
    let id = fresh.id;
    assert!(database.put_region(&fresh, START).await.unwrap());
    let read = stored(&database, id).await;
    assert_eq!(read, RegionRecord { version: 1, ..fresh });
    let prior = RegionRecord { priority: 3, ..read.clone() };
    assert!(database.put_region(&prior, START).await.unwrap());
    // Somebody who has not read that would take it back.
    let renamed = RegionRecord { title: "Середина".to_owned(), ..read };
    assert!(!database.put_region(&renamed, START).await.unwrap());
    assert_eq!(stored(&database, id).await, RegionRecord { version: 2, ..prior.clone() });
    // What goes with a region counts as a change of it, and changes nothing in it.
    database.touch_region(id, START).await.unwrap();
    assert_eq!(stored(&database, id).await, RegionRecord { version: 3, ..prior });
    assert_eq!(database.changed_regions(START, 10).await.unwrap().last(), Some(&(id.uuid(), 3)));
    database.close().await;
}

#[actix_web::test]
async fn a_region_is_changed_only_as_it_was_read_on_sqlite() {
    on_sqlite(a_region_is_changed_only_as_it_was_read).await;
}

#[actix_web::test]
async fn a_region_is_changed_only_as_it_was_read_on_postgres() {
    on_postgres(a_region_is_changed_only_as_it_was_read).await;
}
