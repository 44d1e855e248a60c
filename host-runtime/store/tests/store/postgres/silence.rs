//! A server that says nothing, neither that it is gone nor anything else; and people who do not wait for what it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host_store::{Database, Error, Options, Purpose, Store, SystemClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::support::every_plugin;

/// A statement ends so long after the server fell silent, at the latest; the rest is for a busy machine.
const BOUND: Duration = Duration::from_secs(20);

/// Passes on what both sides say while it is told to.
async fn wire(server: SocketAddr, open: watch::Receiver<bool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(server).await.unwrap();
            let (near, far) = (near.into_split(), far.into_split());
            tokio::spawn(pass(near.0, far.1, open.clone()));
            tokio::spawn(pass(far.0, near.1, open.clone()));
        }
    });
    address
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut open: watch::Receiver<bool>) {
    let mut bytes = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if open.wait_for(|open| *open).await.is_err() || to.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_silent_server_is_told_and_served_once_it_speaks() {
    let database = xtask::postgres::Database::new().unwrap();
    let mut url = database.url().clone();
    let server: std::net::IpAddr = url.host_str().unwrap().parse().unwrap();
    let server = SocketAddr::new(server, url.port().unwrap());
    let (open, opened) = watch::channel(true);
    let wire = wire(server, opened).await;
    url.set_port(Some(wire.port())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::default());
    let options = Options::new(clock, Purpose::Serve).database(&Database::Postgres {
        url: url.to_string().into(),
        connections: 4,
    });
    let store = Store::open_with(folder.path(), options).await.unwrap();
    store.ping().await.unwrap();

    open.send_replace(false);
    let begun = Instant::now();
    // More than there are connections, some of which are given up by who asked.
    let asked: Vec<_> = (0..12)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let patience = if number < 4 { 1 } else { 60 };
                tokio::time::timeout(Duration::from_secs(patience), store.ping()).await
            })
        })
        .collect();
    for (number, asked) in asked.into_iter().enumerate() {
        let told = asked.await.unwrap();
        match told {
            Err(_) => assert!(number < 4, "{number} waited for ever"),
            Ok(told) => assert!(matches!(told, Err(Error::Unavailable(_))), "{told:?}"),
        }
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    // By now it is known, and nobody waits.
    let begun = Instant::now();
    assert!(store.ping().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(1));

    open.send_replace(true);
    let begun = Instant::now();
    while store.ping().await.is_err() {
        assert!(begun.elapsed() < BOUND, "it is not served again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_leaves_no_transaction_behind() {
    let database = xtask::postgres::Database::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::default());
    let options = Options::new(clock, Purpose::Serve).database(&Database::Postgres {
        url: database.url().to_string().into(),
        connections: 4,
    });
    let store = Store::open_with(folder.path(), options).await.unwrap();
    // Given up at any moment, at most of them before the transaction has begun.
    for moment in 0..400 {
        let moment = Duration::from_micros(moment * 5);
        let _ = tokio::time::timeout(moment, store.jobs().next_due(&every_plugin)).await;
        let _ = tokio::time::timeout(moment, store.jobs().claim(1_000, &every_plugin)).await;
    }
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let begun = Instant::now();
    while database.query(open).unwrap() != "0" {
        assert!(begun.elapsed() < BOUND, "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
