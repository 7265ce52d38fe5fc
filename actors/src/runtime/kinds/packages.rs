//! Packages as a kind of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use uuid::Uuid;

use super::{Deaths, Kind, OVERDUE, SWEPT};
use crate::ids::PackageId;
use crate::matching::PackageEntry;
use crate::ports::Unavailable;
use crate::runtime::context::Context;
use crate::runtime::messages::{Consider, Refresh};
use crate::time::Time;
use crate::work::PACKAGE;

/// Packages read at once.
const PAGE: u32 = 1_000;

/// The packages of a node. What is known of them is in the context, where trips look for them.
#[derive(Default)]
pub(super) struct Packages {
    /// Where the next sweep begins.
    swept: AtomicUsize,
}

#[async_trait]
impl Kind for Packages {
    fn name(&self) -> &'static str {
        PACKAGE
    }

    async fn restore(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let mut after = None;
        let mut idle = Vec::new();
        loop {
            let page = context.store.open_packages(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for package in &page {
                context.follow_package(package);
                if package.next_deadline().is_some() {
                    // Its actor sets the timers again and ends what is overdue.
                    context.directories().packages.get(package.id);
                } else {
                    idle.push(package.id);
                }
            }
        }
        let considered = Arc::clone(context);
        actix::spawn(async move { consider_all(&considered, idle).await });
        Ok(())
    }

    async fn refresh(&self, context: &Arc<Context>, id: Uuid) {
        context.refresh_package(id.into()).await;
    }

    async fn changed(
        &self,
        context: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let changed = context.store.changed_packages(since, limit).await?;
        Ok(changed.into_iter().map(|(id, version)| (id.uuid(), version)).collect())
    }

    fn known(&self, context: &Context, id: Uuid) -> Option<i64> {
        context.package_versions.get(&id.into())
    }

    /// Has actors end what other nodes should have ended, and choose what is due.
    async fn see_to_due(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let late = context.clock.now() - OVERDUE;
        for package in context.store.overdue(late, context.choices(), PAGE).await? {
            let _ = context.directories().packages.get(package).tell(Refresh);
        }
        Ok(())
    }

    /// Looks at packages that wait, that nobody is asked about and no actor looks after: the message that
    /// should have woken them may have woken others first, or may be gone.
    async fn sweep(&self, context: &Arc<Context>) {
        if context.settings.bypass_actors {
            return;
        }
        let idle: Vec<PackageEntry> = {
            let waiting = context.waiting.read();
            let (some, next) = waiting.some_from(self.swept.load(Ordering::Relaxed), SWEPT);
            self.swept.store(next, Ordering::Relaxed);
            let is_idle = |entry: &&PackageEntry| {
                entry.pending.is_empty() && context.directories().packages.existing(entry.id).is_none()
            };
            some.filter(is_idle).cloned().collect()
        };
        for entry in idle {
            consider(context, &entry);
            tokio::task::yield_now().await;
        }
    }

    fn rebuild(&self, context: &Context, deaths: &mut Deaths) {
        deaths.rebuild(&context.directories().packages, PackageId::uuid);
    }

    fn gauges(&self, context: &Context) -> Vec<(&'static str, usize)> {
        let actors = &context.directories().packages;
        vec![
            ("peerpack_packages_waiting", context.waiting.read().len()),
            ("peerpack_actors_package", actors.len()),
            ("peerpack_mailbox_messages_package", actors.messages()),
        ]
    }
}

/// A crash between a publication and its first wave leaves a package that nobody was asked about.
async fn consider_all(context: &Context, packages: Vec<PackageId>) {
    for id in packages {
        let entry = context.waiting.read().get(id).cloned();
        if let Some(entry) = entry {
            consider(context, &entry);
        }
        tokio::task::yield_now().await;
    }
}

/// Has a package ask, if there is somebody to ask.
fn consider(context: &Context, entry: &PackageEntry) {
    let now = context.clock.now();
    if !context.trips.read().candidates(entry, now, 1).is_empty() {
        let _ = context.directories().packages.get(entry.id).tell(Consider);
    }
}
