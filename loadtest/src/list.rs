//! `peerpack-loadtest list`: the scenarios, and what a server for one of them has to be told.

use crate::cli::ListOptions;
use crate::scenario::Scenario;

/// Prints it.
///
/// # Errors
/// A scenario makes no sense, or there is none of that name.
pub fn run(options: &ListOptions) -> anyhow::Result<()> {
    if let Some(name) = &options.matching {
        println!("{}", Scenario::find(name)?.server.matching);
        return Ok(());
    }
    for scenario in Scenario::bundled() {
        let Scenario { name, about, people, load, talk, .. } = scenario?;
        let (couriers, senders, idle) = (people.couriers, people.senders, people.idle);
        let idle = if idle > 0 { format!(", {idle} idle") } else { String::new() };
        let talkers = if talk.pairs > 0 { format!(", {} talkers", talk.people()) } else { String::new() };
        println!("{name:<16} {about}");
        println!(
            "{:<16} {couriers} couriers, {senders} senders{idle}{talkers}; {} packages/s for {} s",
            "", load.packages_per_s, load.duration_s
        );
    }
    Ok(())
}
