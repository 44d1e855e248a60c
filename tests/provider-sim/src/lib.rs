//! Faithful fakes of Google and Microsoft: OAuth, Gmail and Microsoft Graph mail, on loopback, with state, faults and one clock.
//!
//! [`Sim::builder`] starts both, each on a listener of its own; what the real services do to a client (quotas, tokens that die,
//! answers that get lost, ids that change) they do too. Tests look into mailboxes and change them through [`Backend`], by library
//! call or over HTTP under `/_control/`.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use provider_sim::{Account, Client, Provider, Sim, TestClock};
//!
//! let clock = TestClock::default();
//! let sim = Sim::builder()
//!     .clock(clock.clone())
//!     .account(Provider::Google, Account::new("ada@example.com", "Ada").with_messages(500))
//!     .client(Provider::Google, Client::web("id", "secret", "http://127.0.0.1:8080/callback"))
//!     .start()
//!     .await?;
//! println!("{}", sim.base_url(Provider::Google));
//! # Ok(())
//! # }
//! ```

mod access_log;
mod accounts;
mod backend;
mod clock;
mod content;
mod control;
pub mod corpus;
mod exchange;
mod fault;
mod gate;
pub mod google;
mod keys;
mod limits;
pub mod microsoft;
mod pages;
mod post;
mod server;
mod sim;

pub use access_log::{Access, AccessLog, CallerAddress, ENTRIES, RouteCount, RouteTemplate};
pub use accounts::{Account, AccountKind, Audience, Client, ConsentPolicy, Provider};
pub use backend::{
    Backend, Change, ControlError, Deliver, FolderState, MailboxState, MessageState, Sent,
};
pub use clock::{Clock, SystemClock, TestClock};
pub use content::{Content, SeedMail, fill};
pub use exchange::{Exchange, Exchanges};
pub use fault::{Action, Fault, FaultState, Faults, RetryAfter};
pub use gate::{Gate, NoAnswer};
pub use keys::Keys;
pub use limits::{Concurrency, InFlight, WindowQuota};
pub use post::PostOffice;
pub use sim::{Context, Limits, Sim, SimBuilder};
