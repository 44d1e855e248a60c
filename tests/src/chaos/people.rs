//! People: each links some mailboxes, and then lists, reads, searches, marks, moves and sends, through whichever host, until told to stop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use provider_sim::{Account, Provider};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::balancer::{Balancer, Request};
use super::field::Field;
use crate::client::{Answer, Client};
use crate::consent::Person as AtProvider;
use crate::json::{list, number, text};
use crate::site::CALLBACK;
use crate::wait::until;

/// How long an unoptimised host on a busy machine may take to synchronise what somebody just linked.
const PATIENCE: Duration = Duration::from_secs(300);

/// One of this many things that somebody does is to send a letter.
const LETTERS: u32 = 12;

/// Somebody with mailboxes.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Which of them.
    pub(super) number: u32,
    /// Signed in, at each host.
    pub(super) doors: Vec<Client>,
    /// What they linked.
    pub(super) mailboxes: Vec<Mailbox>,
}

/// A linked mailbox.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    /// Whose.
    pub(super) provider: &'static str,
    /// Its address there.
    pub(super) address: String,
    /// Its account here.
    pub(super) account: String,
}

/// What somebody sent, and was told to be on its way.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// At which provider.
    pub(super) provider: &'static str,
    /// No other has it.
    pub(super) subject: String,
}

/// All that were sent.
pub(super) type Letters = Arc<Mutex<Vec<Letter>>>;

/// Makes people who link `each` mailboxes at either provider, and waits until these are here.
///
/// # Errors
///
/// What a host refused.
pub(super) async fn link(
    field: &Field,
    people: u32,
    each: u32,
    messages: u32,
) -> Result<Vec<Person>> {
    let mut linking = JoinSet::new();
    for number in 0..people {
        // One after the other: an administrator's password is good for a quarter of an hour.
        let member = field.site.member(&format!("person-{number}")).await?;
        let doors = field.doors(&member)?;
        linking.spawn(link_all(number, doors, each, messages));
    }
    let mut all = Vec::new();
    while let Some(person) = linking.join_next().await {
        all.push(person??);
    }
    all.sort_by_key(|person| person.number);
    Ok(all)
}

async fn link_all(number: u32, doors: Vec<Client>, each: u32, messages: u32) -> Result<Person> {
    let mut person = Person {
        number,
        doors,
        mailboxes: Vec::new(),
    };
    for mailbox in 1..=each {
        for (provider, kind) in [
            ("google", Provider::Google),
            ("microsoft", Provider::Microsoft),
        ] {
            let address = Account::numbered(kind, number * each + mailbox).address;
            person.link(provider, &address).await?;
        }
    }
    let wanted = u64::from(messages);
    until("what was linked to be here", PATIENCE, || async {
        for mailbox in &person.mailboxes {
            let account = person.account(mailbox).await?;
            let here = number_of(&account)? >= wanted;
            if !here || text(&account, "/status/condition")? != "up-to-date" {
                return Ok(Err(account.to_string()));
            }
        }
        Ok(Ok(()))
    })
    .await?;
    Ok(person)
}

fn number_of(account: &Value) -> Result<u64> {
    number(account, "/status/local_count")
}

impl Person {
    /// Begins at one host and comes back to another.
    async fn link(&mut self, provider: &'static str, address: &str) -> Result<()> {
        let turn = |step: usize| {
            let door = (self.mailboxes.len() + step) % self.doors.len().max(1);
            self.doors.get(door).context("there is no host")
        };
        let (begin, end) = (turn(0)?, turn(1)?);
        let wanted = json!({ "provider": provider, "sync_since": 0 });
        let begun = begin.post("/api/mail/accounts", wanted).await?.success()?;
        let back = begin.base().join(CALLBACK)?;
        let url = text(&begun, "/authorize_url")?;
        let back = AtProvider::willing(address)
            .visit(begin.browser(), url, back.as_str())
            .await?;
        let path = format!("{}?{}", back.path(), back.query().unwrap_or_default());
        let came = end.send(Method::GET, &path, |request| {
            request.header("accept", "application/json")
        });
        came.await?.success()?;
        let accounts = begin.get("/api/mail/accounts").await?.success()?;
        let linked = list(&accounts, "/items")?
            .iter()
            .find(|account| account.get("email").is_some_and(|known| known == address))
            .context("the account is not in the list")?;
        self.mailboxes.push(Mailbox {
            provider,
            address: address.to_owned(),
            account: text(linked, "/id")?.to_owned(),
        });
        Ok(())
    }

    /// An account as the first host has it.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub(super) async fn account(&self, mailbox: &Mailbox) -> Result<Value> {
        let path = format!("/api/mail/accounts/{}", mailbox.account);
        self.first()?.get(&path).await?.success()
    }

    /// This person at the first host.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(super) fn first(&self) -> Result<&Client> {
        self.doors.first().context("there is no host")
    }
}

/// What one person does, again and again.
pub(super) struct Doing {
    /// Who.
    pub(super) person: Person,
    /// Through what.
    pub(super) balancer: Arc<Balancer>,
    /// What was sent.
    pub(super) letters: Letters,
    /// Between two things, at most.
    pub(super) pause: Duration,
    /// Told apart by this.
    pub(super) seed: u64,
}

impl Doing {
    /// Goes on until told to stop.
    ///
    /// # Errors
    ///
    /// The first answer that is wrong.
    pub(super) async fn run(self, stop: watch::Receiver<bool>) -> Result<()> {
        let mut dice = StdRng::seed_from_u64(self.seed ^ u64::from(self.person.number) << 32);
        let mut sent = 0;
        while !*stop.borrow() {
            let mailboxes = &self.person.mailboxes;
            let mailbox = mailboxes.choose(&mut dice).context("no mailbox")?;
            if dice.random_ratio(1, LETTERS) {
                sent += 1;
                self.write(mailbox, sent, dice.random_ratio(1, 4)).await?;
            } else {
                self.look(mailbox, &mut dice).await?;
            }
            tokio::time::sleep(self.pause.mul_f64(dice.random())).await;
        }
        Ok(())
    }

    /// Lists or searches, and does something with one of what is found.
    async fn look(&self, mailbox: &Mailbox, dice: &mut StdRng) -> Result<()> {
        let account = &mailbox.account;
        let (kind, more) = if dice.random_ratio(1, 5) {
            ("search", "&q=the")
        } else {
            ("list", "")
        };
        let path = format!("/api/mail/messages?account={account}&limit=20{more}");
        let page = self.ask(Request::get(kind, path)).await?.success()?;
        let found = list(&page, "/items")?;
        if let Some(stranger) = found
            .iter()
            .find(|found| found.get("account").is_none_or(|of| of != account))
        {
            bail!("a list of {account} has a message of another account: {stranger}");
        }
        let Some(message) = found.choose(dice) else {
            return Ok(());
        };
        let id = text(message, "/id")?;
        let action = match dice.random_range(0..12) {
            0..4 => return self.read(id, text(message, "/subject")?).await,
            4 => "star",
            5 => "unstar",
            6 => "mark-read",
            7 => "mark-unread",
            8 | 9 => "archive",
            10 => "unarchive",
            _ => "trash",
        };
        let kind = match action {
            "star" | "unstar" => "star, unstar",
            "mark-read" | "mark-unread" => "mark read, unread",
            _ => "move",
        };
        let act = json!({ "action": action, "messages": [id] });
        let answer = self
            .ask(Request::post(kind, "/api/mail/actions", act))
            .await?;
        gone_or_good(&answer).map(drop)
    }

    async fn read(&self, id: &str, subject: &str) -> Result<()> {
        let request = Request::get("read", format!("/api/mail/messages/{id}"));
        if let Some(message) = gone_or_good(&self.ask(request).await?)?
            && (text(&message, "/id")? != id || text(&message, "/subject")? != subject)
        {
            bail!("message {id}, {subject}, is another one: {message}");
        }
        let request = Request::get("read text", format!("/api/mail/messages/{id}/text"));
        gone_or_good(&self.ask(request).await?).map(drop)
    }

    /// Sends a letter; sometimes once more, as somebody does who saw no answer.
    async fn write(&self, mailbox: &Mailbox, number: u32, again: bool) -> Result<()> {
        let subject = format!(
            "Letter {number} of person {} in {:x}",
            self.person.number, self.seed
        );
        let draft = json!({
            "account": mailbox.account,
            "to": [{ "name": "", "email": "grace@elsewhere.example" }],
            "subject": subject,
            "html": "<p>Once.</p>",
        });
        let mut request = Request::post("send", "/api/mail/send", json!({ "draft": draft }));
        request.key = Some(subject.clone());
        let first = self.ask(request.clone()).await?.success()?;
        self.note(Letter {
            provider: mailbox.provider,
            subject,
        });
        if again {
            let second = self.ask(request).await?.success()?;
            if text(&first, "/id")? != text(&second, "/id")? {
                bail!("the same key made two letters: {first} and {second}");
            }
        }
        Ok(())
    }

    fn note(&self, letter: Letter) {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        letters.push(letter);
    }

    async fn ask(&self, request: Request) -> Result<Answer> {
        self.balancer.ask(&self.person.doors, &request).await
    }
}

/// What was answered about a message; none: it was removed meanwhile.
fn gone_or_good(answer: &Answer) -> Result<Option<Value>> {
    if answer.status == 404 {
        answer.problem(404, "not-found")?;
        return Ok(None);
    }
    answer.success().map(Some)
}
