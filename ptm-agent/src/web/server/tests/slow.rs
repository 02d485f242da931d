//! Clients that take their time, on a clock that only runs while everybody waits: a busy machine makes nobody late.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::Instant;

use super::*;

/// A server without sockets.
struct Inside(Arc<Common>);

impl Inside {
    fn new(site: FakeSite) -> Self {
        let live = Arc::new(Live::open(None).unwrap());
        Self(Arc::new(Common::new(&arguments("none"), Limits::default(), live, Arc::new(site), Arc::default())))
    }

    /// A client that has sent this.
    async fn client(&self, request: &str) -> DuplexStream {
        let peer = Peer::Address("192.0.2.1".parse().unwrap());
        let (mut client, stream) = duplex(4_096);
        let place = self.0.door.admit(peer).unwrap();
        tokio::spawn(serve(Box::new(stream), peer, place, Arc::clone(&self.0)));
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    fn refused(&self, why: RefusedRequest) -> u64 {
        refused(&self.0.counters.counts(), why)
    }
}

/// What a client gets until it is let go, and after how many seconds that is.
async fn until_the_end(mut client: DuplexStream) -> (String, u64) {
    let (start, mut answer) = (Instant::now(), String::new());
    client.read_to_string(&mut answer).await.unwrap();
    (answer, start.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_to_the_point_is_let_go() {
    let inside = Inside::new(FakeSite::new());
    for said in ["", "GET / HTTP/1.1\r\nHost: local"] {
        let client = inside.client(said).await;
        assert_eq!(until_the_end(client).await, (String::new(), Limits::default().head.as_secs()), "{said}");
    }
    assert_eq!(inside.refused(RefusedRequest::Malformed), 2);
}

#[tokio::test(start_paused = true)]
async fn who_idles_after_an_answer_is_let_go_without_blame() {
    let inside = Inside::new(FakeSite::new());
    let client = inside.client("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let (answer, seconds) = until_the_end(client).await;
    assert!(answer.ends_with("ok\n"), "{answer}");
    assert_eq!((seconds, inside.refused(RefusedRequest::Malformed)), (Limits::default().head.as_secs(), 0));
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_of_his_answer_is_let_go_and_who_takes_it_slowly_is_not() {
    const LENGTH: usize = 300_000;
    let mut site = FakeSite::new();
    site.metrics = "x".repeat(LENGTH);
    let inside = Inside::new(site);
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let (_stuck, mut slow) = (inside.client(request).await, inside.client(request).await);
    let (mut buffer, mut taken) = ([0; 4_096], 0);
    loop {
        sleep(Limits::default().unread.mul_f64(0.9)).await;
        match slow.read(&mut buffer).await.unwrap() {
            0 => break,
            length => taken += length,
        }
    }
    assert!(taken > LENGTH, "{taken} bytes and no more");
    let counts = inside.0.counters.counts();
    assert_eq!((refused(&counts, RefusedRequest::NotRead), counts.connections), (1, 0));
}
