//! stub
/// stub
pub async fn run(_: &str, _: &str, _: Option<usize>) -> anyhow::Result<()> {
    Ok(())
}
