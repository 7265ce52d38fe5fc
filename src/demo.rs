//! stub
use crate::app::App;
/// stub
pub struct World;
/// stub
pub async fn populate(_: &App, _: u64) -> anyhow::Result<World> {
    Ok(World)
}
/// stub
pub async fn live(_: App, _: World) {}
/// stub
pub fn walk(_: &str) -> String {
    String::new()
}
