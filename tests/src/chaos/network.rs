//! A network of the run's own: one bridge, a namespace for each host, and addresses for what they talk to.
//!
//! ```text
//!   this process and the servers ── bridge .1, .2 (database), .3 (providers), .4 (bucket)
//!                                     ├── namespace of host 0, .10
//!                                     ├── namespace of host 1, .11
//!                                     └── namespace of host 2, .12
//! ```
//!
//! Whom a host is cut off from is then one route in its namespace, into a pair of interfaces that leads nowhere: what the host sends vanishes, and what
//! it is sent is dropped there as coming from where it can't come from (`rp_filter`). Nothing is refused and nobody is told, as with a cable that is pulled.
//!
//! All of it is removed by a janitor: a shell that waits until this process closes the pipe to it, which it does also by being killed.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use xtask::process::{Error, capture};

/// Where packets go that nobody is to get: an address of no interface.
const NOWHERE: &str = "02:00:00:00:00:01";

/// The programs that this needs, by the Debian package that has them.
const PROGRAMS: [(&str, &str); 4] = [
    ("ip", "iproute2"),
    ("nsenter", "util-linux"),
    ("setsid", "util-linux"),
    ("mount", "mount"),
];

/// Waits for the end of this process and removes everything: what runs in the namespaces, them, and the bridge.
const JANITOR: &str = r#"
trap '' INT TERM HUP
read -r _
bridge=$1
shift
for space; do
  for number in $(ip netns pids "$space"); do kill -KILL "$number"; done
  ip netns delete "$space"
done
ip link delete "$bridge"
"#;

/// A machine of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// The PostgreSQL server.
    Database,
    /// Both providers.
    Providers,
    /// The bucket.
    Bucket,
}

/// The bridge and the namespaces; gone when this is dropped, or with this process.
#[derive(Debug)]
pub(super) struct Network {
    /// The first two bytes of all addresses, and the third.
    prefix: [u8; 3],
    spaces: Vec<String>,
    janitor: Child,
}

impl Network {
    /// What is missing for a network of one's own, in a line; none: nothing.
    #[must_use]
    pub(super) fn missing() -> Option<String> {
        use std::os::unix::fs::MetadataExt as _;
        for (program, package) in PROGRAMS {
            if matches!(
                capture(Command::new(program).arg("-V")),
                Err(Error::NotStarted { .. })
            ) {
                return Some(format!("there is no `{program}` (Debian: {package})"));
            }
        }
        let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let probe = Command::new("unshare")
            .args(["--net", "--mount", "true"])
            .status();
        if root && probe.is_ok_and(|status| status.success()) {
            None
        } else {
            Some("only root may make network namespaces".to_owned())
        }
    }

    /// Makes the bridge and so many namespaces.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(super) fn new(hosts: u8) -> Result<Self> {
        let prefix = free()?;
        let number = std::process::id();
        let bridge = format!("chaos{number}");
        let spaces: Vec<String> = (0..hosts).map(|host| format!("{bridge}-{host}")).collect();
        // First: whatever fails below leaves nothing behind.
        let janitor = Command::new("setsid")
            .args(["sh", "-c", JANITOR, "janitor", &bridge])
            .args(&spaces)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("setsid")?;
        let network = Self {
            prefix,
            spaces,
            janitor,
        };
        ip(&format!("link add {bridge} type bridge"))?;
        for peer in [1, 2, 3, 4] {
            let address = network.address(peer);
            ip(&format!("address add {address}/24 dev {bridge}"))?;
        }
        ip(&format!("link set {bridge} up"))?;
        for (host, space) in (0..).zip(&network.spaces) {
            network.join(host, space, &bridge)?;
        }
        Ok(network)
    }

    /// A namespace with a link to the bridge, and one to nowhere.
    fn join(&self, host: u8, space: &str, bridge: &str) -> Result<()> {
        // Names of interfaces have at most 15 characters.
        let outside = format!("c{}v{host}", std::process::id());
        ip(&format!("netns add {space}"))?;
        ip(&format!(
            "link add {outside} type veth peer name eth0 netns {space}"
        ))?;
        ip(&format!("link set {outside} master {bridge} up"))?;
        let inside = |command: &str| ip(&format!("-n {space} {command}"));
        inside("link add void type veth peer name nowhere")?;
        inside(&format!("address add {}/24 dev eth0", self.host(host)))?;
        for interface in ["lo", "eth0", "void", "nowhere"] {
            inside(&format!("link set {interface} up"))?;
        }
        for peer in [Peer::Database, Peer::Providers, Peer::Bucket] {
            let address = self.peer(peer);
            inside(&format!(
                "neighbour replace {address} lladdr {NOWHERE} dev void nud permanent"
            ))?;
        }
        let strict = "echo 1 > /proc/sys/net/ipv4/conf/eth0/rp_filter";
        capture(
            Command::new("nsenter")
                .arg(entering(space))
                .args(["sh", "-c", strict]),
        )?;
        Ok(())
    }

    /// The address of a host.
    #[must_use]
    pub(super) fn host(&self, host: u8) -> Ipv4Addr {
        self.address(host.saturating_add(10))
    }

    /// The address of what hosts talk to.
    #[must_use]
    pub(super) fn peer(&self, peer: Peer) -> Ipv4Addr {
        self.address(match peer {
            Peer::Database => 2,
            Peer::Providers => 3,
            Peer::Bucket => 4,
        })
    }

    /// What a program's command line begins with that runs where a host is, and finds these names in this file.
    ///
    /// # Errors
    ///
    /// If there is no such host.
    pub(super) fn inside(&self, host: u8, names: &Path) -> Result<Vec<String>> {
        let space = self.space(host)?;
        // Each of these becomes the next, so that the program has the number of the process that was started.
        let own_names = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
        Ok(vec![
            "nsenter".to_owned(),
            entering(space),
            "unshare".to_owned(),
            "--mount".to_owned(),
            "sh".to_owned(),
            "-c".to_owned(),
            own_names.to_owned(),
            names.display().to_string(),
        ])
    }

    /// From now on, nothing that a host and this peer send each other arrives.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(super) fn cut(&self, host: u8, peer: Peer) -> Result<()> {
        self.route("add", host, peer)
    }

    /// It arrives again.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(super) fn mend(&self, host: u8, peer: Peer) -> Result<()> {
        self.route("delete", host, peer)
    }

    fn route(&self, what: &str, host: u8, peer: Peer) -> Result<()> {
        let space = self.space(host)?;
        let (from, to) = (self.host(host), self.peer(peer));
        ip(&format!(
            "-n {space} route {what} {to}/32 dev void src {from}"
        ))
    }

    fn space(&self, host: u8) -> Result<&str> {
        let space = self.spaces.get(usize::from(host));
        space.map(String::as_str).context("there is no such host")
    }

    fn address(&self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.prefix;
        Ipv4Addr::new(a, b, c, last)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

fn entering(space: &str) -> String {
    let path: PathBuf = ["/run/netns", space].iter().collect();
    format!("--net={}", path.display())
}

/// The beginning of private addresses that no interface here has.
fn free() -> Result<[u8; 3]> {
    let taken = capture(Command::new("ip").args(["-4", "-oneline", "address"]))?;
    let routes = capture(Command::new("ip").args(["-4", "route"]))?;
    let first = std::process::id().to_be_bytes()[3];
    for step in 0..=u8::MAX {
        let prefix = [10, 213, first.wrapping_add(step)];
        let [a, b, c] = prefix;
        let text = format!("{a}.{b}.{c}.");
        if !taken.contains(&text) && !routes.contains(&text) {
            return Ok(prefix);
        }
    }
    bail!("all networks of 10.213.0.0/16 are taken")
}

fn ip(arguments: &str) -> Result<()> {
    capture(Command::new("ip").args(arguments.split(' ')))?;
    Ok(())
}
