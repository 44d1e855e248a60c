//! A plugin reaches what it was granted and nothing else, over connections that are reused, within limits that it can't move.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use bytes::Bytes;
use host_runtime::egress::allow_list::AllowList;
use host_runtime::egress::client::{Sender, Tls};
use http_body_util::{BodyExt as _, Empty};
use support::{DOUBLE, Fixture, Server, internal, public, refusal};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

async fn with(server: &Server) -> Fixture {
    let origin = server.origin();
    Fixture::with_double_granted(move |g| g.origins = vec![internal(&origin)]).await
}

#[tokio::test]
async fn a_granted_host_is_reached_and_no_other_one() {
    let (server, other) = (Server::start().await, Server::start().await);
    let fixture = with(&server).await;
    let url = format!("get {}/hello", server.origin());
    assert_eq!(fixture.obey(&url).await.unwrap(), "200 5");
    let denied = refusal(
        fixture
            .obey(&format!("get {}/hello", other.origin()))
            .await
            .unwrap_err(),
    );
    assert!(denied.contains("HttpRequestDenied"), "{denied}");
    assert_eq!(other.connections(), 0, "nothing was sent");
}

#[tokio::test]
async fn loopback_is_refused_unless_it_was_granted_as_internal() {
    let server = Server::start().await;
    let by_name = format!("http://localhost:{}", server.port);
    let origins = vec![public(&server.origin()), public(&by_name)];
    let fixture = Fixture::with_double_granted(move |g| g.origins = origins).await;
    for origin in [server.origin(), by_name] {
        let denied = refusal(
            fixture
                .obey(&format!("get {origin}/hello"))
                .await
                .unwrap_err(),
        );
        assert!(
            denied.contains("DestinationIpProhibited"),
            "{origin}: {denied}"
        );
    }
    assert_eq!(
        server.connections(),
        0,
        "a name that resolves to loopback is not connected to either"
    );
    let counters = fixture.host.plugins().running(DOUBLE).unwrap();
    assert_eq!(counters.http().refused(), 2);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Server::start().await;
    let fixture = with(&server).await;
    let answer = fixture
        .obey(&format!("get {}/redirect", server.origin()))
        .await
        .unwrap();
    assert_eq!(answer, "302 0");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn calls_share_connections_although_nothing_else_is_shared() {
    let server = Server::start().await;
    let fixture = with(&server).await;
    for _ in 0..20 {
        fixture
            .obey(&format!("get {}/hello", server.origin()))
            .await
            .unwrap();
    }
    assert_eq!((server.requests(), server.connections()), (20, 1));
}

#[tokio::test]
async fn large_bodies_pass_in_both_directions_and_go_out_with_their_length() {
    let server = Server::start().await;
    let fixture = with(&server).await;
    let origin = server.origin();
    let down = fixture
        .obey(&format!("get {origin}/bytes/10000000"))
        .await
        .unwrap();
    assert_eq!(down, "200 10000000");
    let up = fixture
        .obey(&format!("post 5000000 {origin}/length"))
        .await
        .unwrap();
    assert_eq!(up, "200 5000000 stated 5000000");
}

#[tokio::test]
async fn a_request_body_beyond_the_limit_is_refused() {
    let server = Server::start().await;
    let fixture = with(&server).await;
    let url = format!("post 20000000 {}/length", server.origin());
    let refused = refusal(fixture.obey(&url).await.unwrap_err());
    assert!(refused.contains("HttpRequestBodySize"), "{refused}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_calls_time() {
    let server = Server::start().await;
    let origin = server.origin();
    let fixture = Fixture::with_double_granted(move |g| {
        g.origins = vec![internal(&origin)];
        g.call_seconds = 1;
    })
    .await;
    let begun = Instant::now();
    fixture
        .obey(&format!("get {}/never", server.origin()))
        .await
        .unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(fixture.obey("echo fine").await.unwrap(), "fine");
}

fn sender(server: &Server) -> Sender {
    let tls = Tls::new([]).unwrap();
    Sender::new(
        &tls,
        AllowList::new(vec![internal(&server.origin())]),
        "test",
    )
}

fn request(url: String) -> http::Request<WasiBody> {
    let body = Empty::<Bytes>::new().map_err(Error::from).boxed_unsync();
    http::Request::get(url).body(body).unwrap()
}

#[tokio::test]
async fn a_slow_head_and_a_body_that_stalls_end_with_time_outs_of_their_own() {
    let server = Server::start().await;
    let sender = sender(&server);
    let options = RequestOptions {
        connect_timeout: Some(Duration::from_millis(50)),
        first_byte_timeout: Some(Duration::from_millis(50)),
        between_bytes_timeout: Some(Duration::from_millis(50)),
    };
    let never = sender
        .send(request(format!("{}/never", server.origin())), options)
        .await;
    assert!(matches!(never, Err(Error::HttpResponseTimeout)));
    let stalls = sender
        .send(request(format!("{}/stalls", server.origin())), options)
        .await
        .unwrap();
    let body = stalls.into_body().collect().await;
    assert!(matches!(body, Err(Error::ConnectionReadTimeout)));
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let server = Server::start().await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let tls = Tls::new([]).unwrap();
    let grants = [
        format!("http://127.0.0.1:{closed}"),
        "http://no-such-host.invalid".to_owned(),
        format!("https://127.0.0.1:{}", server.port),
    ];
    let allowed = AllowList::new(grants.iter().map(|o| internal(o)).collect());
    let sender = Sender::new(&tls, allowed, "test");
    let mut errors = Vec::new();
    for origin in &grants {
        let result = sender
            .send(request(format!("{origin}/")), RequestOptions::default())
            .await;
        errors.push(result.err().unwrap());
    }
    assert!(
        matches!(
            errors.as_slice(),
            [
                Error::ConnectionRefused,
                Error::DnsError { .. },
                Error::TlsProtocolError
            ]
        ),
        "{errors:?}"
    );
}
