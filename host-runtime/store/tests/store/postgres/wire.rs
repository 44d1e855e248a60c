//! What is between a host and its server: passes on what they say, or does not, without a word to either.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use host_store::Database;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What gets through.
#[derive(Debug, Clone, Copy)]
enum Flow {
    /// Everything.
    All,
    /// Nothing, until it is mended.
    Nothing,
    /// Everything, until a host has said this.
    UpTo(&'static [u8]),
    /// Everything, until a host is about to say this.
    Before(&'static [u8]),
    /// What belongs to no connection that listened before this many had begun to.
    NewListeners(usize),
}

/// See the module's documentation.
pub(super) struct Wire {
    address: SocketAddr,
    flow: Arc<watch::Sender<Flow>>,
    listeners: Arc<AtomicUsize>,
}

impl Wire {
    /// Leads to the server of this database.
    pub(super) async fn to(database: &xtask::postgres::Database) -> Self {
        let url = database.url();
        let server: std::net::IpAddr = url.host_str().unwrap().parse().unwrap();
        let server = SocketAddr::new(server, url.port().unwrap());
        let near = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self {
            address: near.local_addr().unwrap(),
            flow: Arc::new(watch::Sender::new(Flow::All)),
            listeners: Arc::default(),
        };
        let (flow, listeners) = (wire.flow.clone(), wire.listeners.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = near.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                let (near, far) = (near.into_split(), far.into_split());
                let connection = Connection {
                    flow: flow.clone(),
                    listeners: listeners.clone(),
                    number: Arc::default(),
                };
                tokio::spawn(connection.clone().say(near.0, far.1));
                tokio::spawn(connection.answer(far.0, near.1));
            }
        });
        wire
    }

    /// The same database, through this.
    pub(super) fn database(&self, database: &xtask::postgres::Database) -> Database {
        let mut url = database.url().clone();
        url.set_port(Some(self.address.port())).unwrap();
        Database::Postgres {
            url: url.to_string().into(),
            connections: 4,
        }
    }

    /// From now on, nothing gets through.
    pub(super) fn cut(&self) {
        self.flow.send_replace(Flow::Nothing);
    }

    /// … from the moment at which a host has said this.
    pub(super) fn cut_after(&self, said: &'static [u8]) {
        self.flow.send_replace(Flow::UpTo(said));
    }

    /// … from the moment at which a host is about to say this.
    pub(super) fn cut_before(&self, said: &'static [u8]) {
        self.flow.send_replace(Flow::Before(said));
    }

    /// Whether nothing gets through.
    pub(super) fn is_cut(&self) -> bool {
        matches!(*self.flow.borrow(), Flow::Nothing)
    }

    /// Everything gets through again, with what was held up.
    pub(super) fn mend(&self) {
        self.flow.send_replace(Flow::All);
    }

    /// From now on, and for ever, nothing gets through of the connections that listen for notices at this moment. Of others it does.
    pub(super) fn deafen(&self) {
        let listeners = self.listeners();
        self.flow.send_replace(Flow::NewListeners(listeners));
    }

    /// How many connections have begun to listen so far.
    pub(super) fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }
}

#[derive(Clone)]
struct Connection {
    flow: Arc<watch::Sender<Flow>>,
    listeners: Arc<AtomicUsize>,
    /// Which listener it is, from 1; 0: none.
    number: Arc<AtomicUsize>,
}

impl Connection {
    async fn say(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            let said = &bytes[..read];
            if holds(said, b"LISTEN ") && self.number.load(Ordering::Relaxed) == 0 {
                let number = self.listeners.fetch_add(1, Ordering::Relaxed) + 1;
                self.number.store(number, Ordering::Relaxed);
            }
            self.cut_if(|flow| matches!(flow, Flow::Before(next) if holds(said, next)));
            self.open().await;
            if to.write_all(said).await.is_err() {
                return;
            }
            self.cut_if(|flow| matches!(flow, Flow::UpTo(last) if holds(said, last)));
        }
    }

    async fn answer(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            self.open().await;
            if to.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    }

    fn cut_if(&self, so: impl Fn(&Flow) -> bool) {
        self.flow.send_if_modified(|flow| {
            let cut = so(flow);
            if cut {
                *flow = Flow::Nothing;
            }
            cut
        });
    }

    async fn open(&self) {
        let number = self.number.load(Ordering::Relaxed);
        let mut flow = self.flow.subscribe();
        let open = flow.wait_for(|flow| match flow {
            Flow::All | Flow::UpTo(_) | Flow::Before(_) => true,
            Flow::Nothing => false,
            Flow::NewListeners(before) => number == 0 || number > *before,
        });
        open.await.unwrap();
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
