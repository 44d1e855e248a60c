//! What happens at the providers, by their hand: looks into mailboxes and changes them through the simulator's control API.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use provider_sim::ENTRIES;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::client::Names;

/// Every request to either fake.
const ACCESS: &str = "/_control/access";

/// Some of them whole, once that is wanted.
const EXCHANGES: &str = "/_control/exchanges";

/// Control of both fakes.
#[derive(Debug, Clone)]
pub struct Providers {
    http: reqwest::Client,
    bases: BTreeMap<&'static str, Url>,
    addresses: BTreeMap<&'static str, String>,
}

/// A message as a provider has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Remote {
    /// The provider's id.
    pub id: String,
    /// The provider's thread or conversation.
    pub thread: String,
    /// Message-ID with angle brackets.
    pub message_id: Option<String>,
    /// Subject.
    pub subject: String,
    /// Label ids, or one folder id.
    pub folders: Vec<String>,
    /// Microsoft's categories.
    pub categories: Vec<String>,
    /// Is it read?
    pub read: bool,
    /// Starred or flagged.
    pub starred: bool,
    /// Is it a draft?
    pub draft: bool,
}

/// A mailbox as a provider has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Mailbox {
    /// Newest first.
    pub messages: Vec<Remote>,
    /// Labels or folders.
    pub folders: Vec<RemoteFolder>,
}

/// A label or folder of a [`Mailbox`].
#[derive(Debug, Clone, Deserialize)]
pub struct RemoteFolder {
    /// Label or folder id.
    pub id: String,
    /// As a person reads it.
    pub name: String,
    /// Well-known name or system label.
    pub role: Option<String>,
}

/// A message that left a provider.
#[derive(Debug, Clone, Deserialize)]
pub struct Sent {
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Message-ID as sent.
    pub message_id: String,
    /// Base64 of what recipients get.
    pub raw: String,
}

impl Mailbox {
    /// The message with this Message-ID.
    #[must_use]
    pub fn message(&self, message_id: &str) -> Option<&Remote> {
        self.messages
            .iter()
            .find(|message| message.message_id.as_deref() == Some(message_id))
    }

    /// Whether a message is in a folder or carries a label or category with this role, name or id (case does not matter).
    #[must_use]
    pub fn is_in(&self, message: &Remote, place: &str) -> bool {
        let same = |text: &str| text.eq_ignore_ascii_case(place);
        let known = self.folders.iter().filter(|folder| {
            same(&folder.id) || same(&folder.name) || folder.role.as_deref().is_some_and(same)
        });
        known
            .into_iter()
            .any(|folder| message.folders.contains(&folder.id))
            || message.categories.iter().any(|category| same(category))
    }
}

impl Providers {
    /// Control of fakes at these addresses, with these main mailboxes, by provider.
    ///
    /// # Errors
    ///
    /// If the machine has no means for a connection.
    pub fn new(
        bases: BTreeMap<&'static str, Url>,
        addresses: BTreeMap<&'static str, String>,
        names: &Names,
    ) -> Result<Self> {
        let mut http = reqwest::Client::builder();
        for (name, address) in names {
            http = http.resolve(name, *address);
        }
        Ok(Self {
            http: http.build()?,
            bases,
            addresses,
        })
    }

    /// The same, of which this mailbox is the provider's main one.
    #[must_use]
    pub fn of(&self, provider: &'static str, address: &str) -> Self {
        let mut other = self.clone();
        other.addresses.insert(provider, address.to_owned());
        other
    }

    /// Where a provider listens.
    ///
    /// # Errors
    ///
    /// If there is no such provider.
    pub fn base(&self, provider: &str) -> Result<&Url> {
        self.bases
            .get(provider)
            .with_context(|| format!("there is no provider {provider}"))
    }

    /// The main mailbox at a provider.
    ///
    /// # Errors
    ///
    /// If there is no such provider.
    pub fn address(&self, provider: &str) -> Result<&str> {
        self.addresses
            .get(provider)
            .map(String::as_str)
            .with_context(|| format!("there is no provider {provider}"))
    }

    /// Everything in the main mailbox.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn mailbox(&self, provider: &str) -> Result<Mailbox> {
        let answer = self
            .call(
                provider,
                reqwest::Method::GET,
                &self.mailbox_path(provider, "")?,
                None,
            )
            .await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// A message arrives from outside; answers its id.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn deliver(&self, provider: &str, mail: &str) -> Result<String> {
        let path = self.mailbox_path(provider, "/messages")?;
        let answer = self
            .call(
                provider,
                reqwest::Method::POST,
                &path,
                Some(("message/rfc822", mail.as_bytes().to_vec())),
            )
            .await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        Ok(answer
            .get("id")
            .and_then(Value::as_str)
            .context("the control API answered no id")?
            .to_owned())
    }

    /// A message is changed by hand.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn change(&self, provider: &str, id: &str, change: Value) -> Result<()> {
        let path = self.mailbox_path(provider, &format!("/messages/{}", segment(id)))?;
        self.call(
            provider,
            reqwest::Method::PATCH,
            &path,
            Some(("application/json", change.to_string().into_bytes())),
        )
        .await?;
        Ok(())
    }

    /// A message is deleted for ever by hand.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn remove(&self, provider: &str, id: &str) -> Result<()> {
        let path = self.mailbox_path(provider, &format!("/messages/{}", segment(id)))?;
        self.call(provider, reqwest::Method::DELETE, &path, None)
            .await?;
        Ok(())
    }

    /// A message's RFC 5322 text.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn raw(&self, provider: &str, id: &str) -> Result<Bytes> {
        let path = self.mailbox_path(provider, &format!("/messages/{}/raw", segment(id)))?;
        self.call(provider, reqwest::Method::GET, &path, None).await
    }

    /// Everything that was sent, oldest first.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn sent(&self, provider: &str) -> Result<Vec<Sent>> {
        let answer = self
            .call(
                provider,
                reqwest::Method::GET,
                &format!("/_control/{provider}/sent"),
                None,
            )
            .await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Something that only happens at providers: `expire-access-tokens`, `revoke-grants`, `expire-cursors`, `do/…`.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn happen(&self, provider: &str, what: &str, body: Value) -> Result<Value> {
        let path = format!("/_control/{provider}/{what}");
        let answer = self
            .call(
                provider,
                reqwest::Method::POST,
                &path,
                Some(("application/json", body.to_string().into_bytes())),
            )
            .await?;
        if answer.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_slice(&answer)?)
        }
    }

    /// Requests with this method and path (a regular expression) meet a misfortune, so many times.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn fault(
        &self,
        provider: &str,
        method: &str,
        path: &str,
        times: u32,
        action: Value,
    ) -> Result<()> {
        let fault = json!({ "provider": provider, "method": method, "path": path, "times": times, "action": action });
        self.inject(provider, &fault).await
    }

    /// Every request for this mailbox meets a misfortune until [`Self::no_faults`].
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn haunt(&self, provider: &str, address: &str, action: Value) -> Result<()> {
        let fault = json!({ "provider": provider, "user": address, "action": action });
        self.inject(provider, &fault).await
    }

    async fn inject(&self, provider: &str, fault: &Value) -> Result<()> {
        let body = Some(("application/json", fault.to_string().into_bytes()));
        self.call(provider, reqwest::Method::POST, "/_control/faults", body)
            .await?;
        Ok(())
    }

    /// From now on every call of a mail API, at both, takes that many milliseconds longer.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn latency(&self, ms: u64) -> Result<()> {
        let path = "/_control/limits";
        let limits = self
            .call("google", reqwest::Method::GET, path, None)
            .await?;
        let mut limits: Value = serde_json::from_slice(&limits)?;
        limits
            .as_object_mut()
            .context("the limits are no object")?
            .insert("latency_ms".to_owned(), ms.into());
        let body = Some(("application/json", limits.to_string().into_bytes()));
        self.call("google", reqwest::Method::PUT, path, body)
            .await?;
        Ok(())
    }

    /// No more misfortunes.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn no_faults(&self, provider: &str) -> Result<()> {
        self.call(provider, reqwest::Method::DELETE, "/_control/faults", None)
            .await?;
        Ok(())
    }

    /// How often each route was asked so far, as `METHOD /route`.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn asked(&self, provider: &str) -> Result<BTreeMap<String, u64>> {
        #[derive(Deserialize)]
        struct Count {
            provider: String,
            method: String,
            route: String,
            count: u64,
        }
        let answer = self
            .call(
                provider,
                reqwest::Method::GET,
                "/_control/access/counts",
                None,
            )
            .await?;
        let counts: Vec<Count> = serde_json::from_slice(&answer)?;
        let mut asked = BTreeMap::new();
        for count in counts
            .into_iter()
            .filter(|count| count.provider == provider)
        {
            *asked
                .entry(format!("{} {}", count.method, count.route))
                .or_default() += count.count;
        }
        Ok(asked)
    }

    /// Both providers forget what they were asked so far.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn forget_asked(&self) -> Result<()> {
        self.call("google", reqwest::Method::DELETE, ACCESS, None)
            .await?;
        Ok(())
    }

    /// Keeps whole requests and answers from now on, at both.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn keep_exchanges(&self) -> Result<()> {
        self.call("google", reqwest::Method::PUT, EXCHANGES, None)
            .await?;
        Ok(())
    }

    /// Those that were kept, as JSON.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn exchanges(&self) -> Result<Bytes> {
        self.call("google", reqwest::Method::GET, EXCHANGES, None)
            .await
    }

    /// When each mailbox, by its address, was asked for its news, at both: milliseconds since the Unix epoch, oldest first.
    ///
    /// # Errors
    ///
    /// If the control API refuses, or was asked for more than it remembers.
    pub async fn looks(&self) -> Result<BTreeMap<String, Vec<u64>>> {
        #[derive(Deserialize)]
        struct Access {
            at: u64,
            route: String,
            user: Option<String>,
        }
        let entries = self
            .call("google", reqwest::Method::GET, ACCESS, None)
            .await?;
        let entries: Vec<Access> = serde_json::from_slice(&entries)?;
        if entries.len() >= ENTRIES {
            bail!("the simulator remembers only the last {ENTRIES} requests");
        }
        let mut looks: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for Access { at, route, user } in entries {
            let news = route.ends_with("/history") || route.ends_with("/messages/delta");
            if let Some(user) = user.filter(|_| news) {
                looks.entry(user).or_default().push(at);
            }
        }
        Ok(looks)
    }

    /// Routes of the mail API among those that were asked: what an official client library must drive as well.
    ///
    /// # Errors
    ///
    /// If the control API refuses.
    pub async fn mail_routes(&self, provider: &str) -> Result<BTreeSet<String>> {
        let mail = |route: &str| {
            ["/gmail/", "/batch", "/upload/", "/resumable/", "/v1.0/"]
                .iter()
                .any(|start| {
                    route
                        .split(' ')
                        .nth(1)
                        .is_some_and(|path| path.starts_with(start))
                })
        };
        Ok(self
            .asked(provider)
            .await?
            .into_keys()
            .filter(|route| mail(route))
            .collect())
    }

    fn mailbox_path(&self, provider: &str, rest: &str) -> Result<String> {
        Ok(format!(
            "/_control/{provider}/mailboxes/{}{rest}",
            self.address(provider)?
        ))
    }

    async fn call(
        &self,
        provider: &str,
        method: reqwest::Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Bytes> {
        let mut request = self
            .http
            .request(method.clone(), self.base(provider)?.join(path)?);
        if let Some((media_type, bytes)) = body {
            request = request.header("content-type", media_type).body(bytes);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if !status.is_success() {
            bail!(
                "the simulator refused {method} {path} ({status}): {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(body)
    }
}

/// An id as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
