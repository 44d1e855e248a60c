//! Who exists at Microsoft: people and shared mailboxes, their tenants and their object ids.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::mailbox::Mailbox;
use crate::{Account, AccountKind, Context, content};

/// Tenant of all personal accounts.
pub(crate) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// Tenant of work accounts that name none.
pub(crate) const DEFAULT_TENANT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/// A person, or a shared mailbox.
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) oid: String,
    pub(crate) tid: String,
    pub(crate) mailbox: Mutex<Mailbox>,
    /// Who else may do what here; an administrator changes it.
    rights: Mutex<Rights>,
}

/// Addresses of people who may work in a mailbox that is not theirs, in lower case.
#[derive(Default)]
struct Rights {
    full_access: BTreeSet<String>,
    send_as: BTreeSet<String>,
}

/// As an administrator of Exchange does it.
fn set(people: &mut BTreeSet<String>, person: &str, may: bool) {
    if may {
        people.insert(person.to_lowercase());
    } else {
        people.remove(&person.to_lowercase());
    }
}

impl Person {
    pub(crate) fn personal(&self) -> bool {
        self.account.kind == AccountKind::Personal
    }

    /// Nobody signs in to it.
    pub(crate) fn is_shared(&self) -> bool {
        !self.account.shared_with.is_empty()
    }

    /// May `caller` work in this mailbox?
    pub(crate) fn shared_with(&self, caller: &str) -> bool {
        let rights = self.rights.lock();
        rights.full_access.contains(&caller.to_lowercase())
    }

    /// May `caller` send as this mailbox, which is not theirs?
    pub(crate) fn sendable_by(&self, caller: &str) -> bool {
        self.rights.lock().send_as.contains(&caller.to_lowercase())
    }

    /// Gives rights on this mailbox, or takes them; none: as it was.
    pub(crate) fn permit(&self, person: &str, full_access: Option<bool>, send_as: Option<bool>) {
        let mut rights = self.rights.lock();
        if let Some(may) = full_access {
            set(&mut rights.full_access, person, may);
        }
        if let Some(may) = send_as {
            set(&mut rights.send_as, person, may);
        }
    }

    /// May mail be sent as `address` from here?
    pub(crate) fn owns(&self, address: &str) -> bool {
        self.account.address.eq_ignore_ascii_case(address)
            || self
                .account
                .aliases
                .iter()
                .any(|(a, _)| a.eq_ignore_ascii_case(address))
    }

    /// A person's id as Graph shows it.
    pub(crate) fn id(&self) -> String {
        if self.personal() {
            // Sixteen hex digits, as for outlook.com.
            self.oid.replace('-', "").chars().skip(16).collect()
        } else {
            self.oid.clone()
        }
    }
}

/// Everybody, by address and by id.
pub(crate) struct Directory {
    people: Vec<Arc<Person>>,
    by_name: HashMap<String, usize>,
}

impl Directory {
    /// Fills every mailbox.
    pub(crate) fn new(context: &Context) -> Self {
        let mut people = Vec::new();
        let mut by_name = HashMap::new();
        for (index, account) in context.accounts.iter().enumerate() {
            let person = Arc::new(person(context, account, index));
            for name in
                std::iter::once(&account.address).chain(account.aliases.iter().map(|(a, _)| a))
            {
                by_name.insert(name.to_lowercase(), index);
            }
            by_name.insert(person.oid.clone(), index);
            by_name.insert(person.id(), index);
            people.push(person);
        }
        Self { people, by_name }
    }

    /// By address, alias or id.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Person>> {
        self.by_name
            .get(&name.to_lowercase())
            .and_then(|i| self.people.get(*i))
    }

    /// Those who can sign in.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Arc<Person>> {
        self.people.iter().filter(|p| !p.is_shared())
    }
}

fn lower(addresses: &[String]) -> BTreeSet<String> {
    addresses.iter().map(|a| a.to_lowercase()).collect()
}

fn person(context: &Context, account: &Account, index: usize) -> Person {
    let digest = Sha256::digest(account.address.as_bytes());
    let number = digest
        .iter()
        .take(8)
        .fold(0_u64, |n, b| n << 8 | u64::from(*b));
    let (oid, tid) = match account.kind {
        AccountKind::Personal => (
            format!(
                "00000000-0000-0000-{:04x}-{:012x}",
                number >> 48,
                number & 0xffff_ffff_ffff
            ),
            CONSUMERS.to_owned(),
        ),
        AccountKind::Work => (
            uuid::Builder::from_bytes(
                digest
                    .iter()
                    .copied()
                    .take(16)
                    .collect::<Vec<_>>()
                    .try_into()
                    .unwrap_or_default(),
            )
            .with_version(uuid::Version::Random)
            .into_uuid()
            .to_string(),
            account
                .tenant
                .clone()
                .unwrap_or_else(|| DEFAULT_TENANT.to_owned()),
        ),
    };
    let mut mailbox = Mailbox::new(number, account.locale.as_deref().unwrap_or("en-US"));
    // Another seed for everyone, so that two mailboxes don't hold the same mail.
    for mail in content::fill(
        account,
        context.seed.wrapping_add(1_000 + index as u64),
        context.clock.now(),
    ) {
        mailbox.seed(mail);
    }
    Person {
        account: account.clone(),
        oid,
        tid,
        mailbox: Mutex::new(mailbox),
        rights: Mutex::new(Rights {
            full_access: lower(&account.shared_with),
            send_as: lower(&account.sendable_by),
        }),
    }
}
