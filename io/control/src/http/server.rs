//! Connections: accepted as many as there may be, each given only so much time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::limits::{ACCEPT_RETRY, HEAD_TIMEOUT, MAX_HEAD, MAX_HEADERS, WRITE_TIMEOUT};
use crate::service::Service;

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinSet<JoinSet<()>>,
}

/// Answers on an address.
pub(crate) async fn serve(address: SocketAddr, service: &Arc<Service>) -> io::Result<Server> {
    let listener = TcpListener::bind(address).await?;
    let (stop, stopped) = watch::channel(false);
    let address = listener.local_addr()?;
    let router = super::router(service);
    let mut accepting = JoinSet::new();
    accepting.spawn(accept(
        listener,
        router,
        service.config.connections,
        stopped,
    ));
    Ok(Server {
        address,
        stop,
        accepting,
    })
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, lets requests end until the deadline, and gives the number of connections that were cut off.
    pub(crate) async fn stop(mut self, deadline: Instant) -> usize {
        // There is nobody to tell if accepting has ended by itself.
        let _ = self.stop.send(true);
        let Some(Ok(mut connections)) = self.accepting.join_next().await else {
            return 0;
        };
        while let Ok(Some(_)) = timeout_at(deadline, connections.join_next()).await {}
        connections.len()
    }
}

/// Accepts until it is told to stop, and gives the connections that are open then.
async fn accept(
    listener: TcpListener,
    router: Router,
    most: usize,
    mut stopped: watch::Receiver<bool>,
) -> JoinSet<()> {
    let places = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    let told = stopped.clone();
    let accepting = async {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "no HTTP connection accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                    continue;
                }
            };
            while connections.try_join_next().is_some() {}
            let (router, told) = (router.clone(), told.clone());
            connections.spawn(async move {
                let _place = place;
                if let Err(error) = connection(stream, router, told).await {
                    tracing::debug!(%error, "HTTP connection ended");
                }
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    connections
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    // A peer that reads nothing of an answer loses its connection. The kernel watches that.
    set_tcp_user_timeout(&stream, WRITE_TIMEOUT.as_millis() as u32)?;
    let mut connection = core::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
    );
    tokio::select! {
        ended = connection.as_mut() => return Ok(ended?),
        _ = stopped.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}
