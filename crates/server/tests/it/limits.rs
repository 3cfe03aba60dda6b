//! What the doors take at most: sizes, times, numbers.

use std::net::SocketAddr;
use std::time::Duration;

use server::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::house::{House, config, request};

async fn talk(address: SocketAddr, text: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text).await.unwrap();
    let mut answer = Vec::new();
    // The server ends it, in time or with an answer.
    let read = stream.read_to_end(&mut answer);
    let _reset = tokio::time::timeout(Duration::from_secs(20), read).await.expect("the server ends it");
    String::from_utf8_lossy(&answer).into_owned()
}

fn quick() -> ServerConfig {
    let short = Duration::from_millis(200);
    ServerConfig { header_time: short, body_idle_time: short, ..config() }
}

#[tokio::test]
async fn slow_clients_are_let_go() {
    let house = House::with(quick()).await;
    let address = house.listen().await;
    let slow = (0..50).map(|_| talk(address, b"GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nX-Slow: "));
    for answer in futures::future::join_all(slow).await {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    let body = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Content-Length: 100\r\nConnection: close\r\n\r\n{\"name\":";
    let answer = talk(address, body.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let upload = format!(
        "PUT /api/v1/tables/t/data?format=csv HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
        Content-Length: 100\r\nConnection: close\r\n\r\na,b\n",
        house.admin
    );
    let answer = talk(address, upload.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn large_things_are_refused() {
    let house = House::start().await;
    let address = house.listen().await;
    let headers = format!("GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nX-Big: {}\r\n\r\n", "a".repeat(20_000));
    assert!(talk(address, headers.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let many: String = (0..200).map(|number| format!("X-{number}: a\r\n")).collect();
    let many = format!("GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    assert!(talk(address, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let body = "a".repeat((1 << 20) + 1);
    let answer = house.admin("POST", "/api/v1/people", Some(body.into())).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(talk(address, b"nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_token_asks_so_often_and_no_more() {
    let house = House::with(ServerConfig { requests_per_second: 5, ..config() }).await;
    let token = house.bearer("read").await;
    let mut refused = 0;
    for _ in 0..20 {
        let answer = house.by(&token, "GET", "/api/v1/me", None).await;
        if answer.status == 429 {
            assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
            refused += 1;
        }
    }
    assert!(refused >= 5, "{refused}");
}

#[tokio::test]
async fn bodies_that_are_none_are_refused_in_words() {
    let house = House::start().await;
    let cases: [(&str, &[u8], u16); 7] = [
        ("application/json", b"{", 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"{\"name\":\"\\ud800\"}", 400),
        ("application/json", b"[]", 422),
        (
            "application/json",
            b"{\"name\":\"a\\u0000b\",\"role\":\"viewer\",\"password\":\"correct horse lorry staple\"}",
            422,
        ),
        ("text/plain", b"{}", 415),
        ("", b"{}", 415),
    ];
    for (kind, body, want) in cases {
        let mut asked = request("POST", "/api/v1/people", None);
        *asked.body_mut() = axum::body::Body::from(body.to_vec());
        asked.headers_mut().insert("authorization", format!("Bearer {}", house.admin).parse().unwrap());
        if !kind.is_empty() {
            asked.headers_mut().insert("content-type", kind.parse().unwrap());
        }
        let answer = house.send(asked).await;
        assert_eq!(answer.status.as_u16(), want, "{kind} {}", answer.text());
    }
    for path in
        ["/api/v1/jobs?limit=0", "/api/v1/jobs?limit=x", "/api/v1/jobs?state=done", "/api/v1/jobs?limit=1&limit=2"]
    {
        assert_eq!(house.admin("GET", path, None).await.status, 400, "{path}");
    }
    assert_eq!(house.admin("GET", "/api/v1/jobs?limit=1&whatever=%ff", None).await.status, 200);
}

#[tokio::test]
async fn the_keepers_routes_are_for_this_machine_or_a_token() {
    let house = House::start().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(house.anybody("GET", path, None).await.status, 200, "{path}");
        let away = server::Peer { remote: "10.0.0.9:1".parse().unwrap(), local: "10.0.0.1:8080".parse().unwrap() };
        let mut asked = request("GET", path, None);
        asked.extensions_mut().insert(away);
        assert_eq!(house.send(asked).await.status, 401, "{path}");
        let read = house.bearer("read").await;
        let mut asked = request("GET", path, None);
        asked.extensions_mut().insert(away);
        asked.headers_mut().insert("authorization", format!("Bearer {read}").parse().unwrap());
        assert_eq!(house.send(asked).await.status, 200, "{path}");
    }
    house.admin("GET", "/api/v1/connections/ada-secret", None).await;
    let meters = house.anybody("GET", "/metrics", None).await.text();
    for want in [
        "sluice_http_requests_total{method=\"GET\",route=\"/api/v1/connections/{name}\",status=\"404\"} 1",
        "sluice_jobs{state=\"queued\"} 0",
        "sluice_notices{state=\"failed\"} 0",
        "sluice_http_request_seconds_bucket{route=\"/healthz\"",
    ] {
        assert!(meters.contains(want), "{want}: {meters}");
    }
    assert!(!meters.contains("ada"), "{meters}");
}

#[tokio::test]
async fn it_ends_in_order() {
    let house = House::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(server::serve(house.app.clone(), house.config.clone(), vec![listener], async {
        let _ = stopped.await;
    }));
    // A connection that waits for its next request does not hold it up.
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), served).await.expect("it ends").unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_open_address_without_tls_is_refused() {
    let house = House::start().await;
    let open = ServerConfig { listen: "0.0.0.0:0".parse().unwrap(), ..config() };
    let error = server::serve(house.app.clone(), open, Vec::new(), async {}).await.unwrap_err();
    assert!(error.to_string().contains("in the clear"), "{error}");
}
