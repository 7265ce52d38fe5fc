//! Kinds of work beside those of the engine itself.

use std::sync::Arc;

use peerpack_actors::runtime::Kind;

use crate::board::Board;
use crate::town::Town;

/// Every further kind, in the order in which they are restored: those first that others look for.
pub(super) fn further(board: &Arc<Board>, town: Option<&Arc<Town>>) -> Vec<Arc<dyn Kind>> {
    let mut kinds: Vec<Arc<dyn Kind>> = vec![Arc::clone(board) as _];
    if let Some(town) = town {
        // Its regions first: orders are searched for in them.
        kinds.push(Arc::clone(town) as _);
        kinds.extend(town.dispatch().kinds());
    }
    kinds
}
