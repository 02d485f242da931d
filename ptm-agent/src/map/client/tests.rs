//! Answers of all sizes, over a Unix socket.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

use super::*;

/// Answers `GET /N` with N bytes.
async fn serve(listener: UnixListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let length: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
            let mut answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
            answer.resize(answer.len() + length, b' ');
            // Of one that is too long, not all is taken.
            let _ = stream.write_all(&answer).await;
        });
    }
}

#[tokio::test]
async fn few_large_answers_are_held_at_a_time_and_others_wait_for_nobody() {
    const USUAL: usize = 50_000;
    const LONGEST: usize = 200_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent");
    tokio::spawn(serve(UnixListener::bind(&path).unwrap()));
    let address = Address::Unix(path);
    let [connect, head, answer] = [20, 20, 5].map(Duration::from_secs);
    let client = Client::new(&Options::default(), TimeLimits { connect, head, answer }).unwrap();
    let get = async |length: usize| client.get_all(&address, &format!("/{length}"), [USUAL, LONGEST]).await;
    let mut large = Vec::new();
    for length in (USUAL + 1..).take(LARGE_ANSWERS) {
        let whole = get(length).await.unwrap();
        assert_eq!((whole.bytes.len(), whole.bytes.capacity()), (length, length));
        large.push(whole);
    }
    let Failure { reach, detail } = get(USUAL + 1).await.unwrap_err();
    assert_eq!(reach, Reach::Unreachable);
    assert!(detail.contains("too many large ones"), "{detail}");
    for length in [0, 1, USUAL] {
        assert_eq!(get(length).await.unwrap().bytes.len(), length, "one that is not large");
    }
    large.pop();
    assert_eq!(get(LONGEST).await.unwrap().bytes.len(), LONGEST);
    let Failure { reach, detail } = get(LONGEST + 1).await.unwrap_err();
    assert_eq!((reach, &*detail), (Reach::Invalid, "its answer has more than 195 KiB"));
    assert_eq!(get(USUAL + 1).await.unwrap().bytes.len(), USUAL + 1, "what is refused takes no place");
}
