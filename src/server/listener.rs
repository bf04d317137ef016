//! Accepts connections, as many as there may be.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics::counter;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{self, Io};
use crate::limits;
use crate::telemetry::metric;

/// How long to wait when accepting fails: most often the process has no file descriptor left, and others must end first.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `stop`; each connection becomes a task that ends on its own, after `stop`, or at `cut`.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let router = connection::prepare(router);
    let protocols = Arc::new(connection::protocols());
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                stop.run_until_cancelled(sleep(PAUSE)).await;
                continue;
            }
        };
        // A closed connection tells a gRPC client to come back later; a waiting one would tell it nothing.
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            counter!(metric::CONNECTIONS_REFUSED).increment(1);
            continue;
        };
        let (router, protocols) = (router.clone(), Arc::clone(&protocols));
        let (stop, cut) = (stop.clone(), cut.clone());
        tasks.spawn(async move {
            let serving = async {
                if let Some(io) = Io::accept(stream, &stop).await {
                    connection::serve(io, router, protocols, stop).await;
                }
            };
            cut.run_until_cancelled(serving).await;
            drop(permit);
        });
    }
}
