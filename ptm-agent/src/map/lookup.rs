//! Looks up where hosts are, so many at a time.
//!
//! Each look-up takes one of the runtime's 512 threads for as long as the resolver waits for name servers, far longer than
//! who asks waits for it. Without a bound, a thousand agents that are tried again and again while the name servers are
//! away would leave no thread to read the plan by, and look-ups would pile up without end.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Look-ups at a time.
const MOST: u32 = 256;

static PLACES: Semaphore = Semaphore::const_new(MOST as usize);

/// The addresses of a host at that port. Whoever gives up waiting leaves the look-up to its end, and its place taken until
/// then.
pub(super) async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![(address, port).into()]);
    }
    let place = PLACES.acquire().await.map_err(io::Error::other)?;
    let host = host.to_owned();
    let look = move || {
        let _place = place;
        (host.as_str(), port).to_socket_addrs().map(Iterator::collect)
    };
    spawn_blocking(look).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::{FutureExt as _, poll};

    use super::*;

    #[tokio::test]
    async fn names_that_are_not_found_hold_up_names_alone() {
        let hanging = PLACES.acquire_many(MOST).await.unwrap();
        let found = addresses("::1", 80).now_or_never().expect("there is nothing to wait for").unwrap();
        assert_eq!(found, ["[::1]:80".parse().unwrap()]);
        let mut waiting = pin!(addresses("localhost", 80));
        assert!(poll!(waiting.as_mut()).is_pending());
        drop(hanging);
        let found = waiting.await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
        drop(PLACES.acquire_many(MOST).await.expect("the place is free again"));
    }
}
