//! Open files: every connection is one. The soft limit of most systems is far below what a process may have.

use tracing::{info, warn};

/// More would only be taken up by attackers.
const CONNECTIONS_MAX: u64 = 20_000;
/// A restaurant with its guests has more.
const FEW: u64 = 1_000;
/// For the databases, the broker and the log, whatever clients do.
const RESERVE: u64 = 192;

/// Raises the limit as far as it goes; how many clients may then be connected.
pub(super) fn connections_max() -> usize {
    let files = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => files,
        Err(error) => {
            warn!(error = %error, "could not raise the limit of open files");
            rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1024, |(soft, _)| soft)
        }
    };
    let connections = connections_of(files);
    info!(files, connections, "limit of open files");
    if u64::try_from(connections).is_ok_and(|connections| connections < FEW) {
        warn!(files, connections, "few open files are allowed (ulimit -n): clients that are idle give way to others");
    }
    connections
}

/// A process that may open hardly anything keeps most of it for itself.
fn connections_of(files: u64) -> usize {
    let reserve = RESERVE.min(files / 4 * 3);
    usize::try_from((files - reserve).min(CONNECTIONS_MAX)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_needs_itself_is_kept() {
        let all = [0, 64, 256, 1024, 4096, 1_000_000, u64::MAX].map(connections_of);
        assert_eq!(all, [0, 16, 64, 832, 3904, 20_000, 20_000]);
    }
}
