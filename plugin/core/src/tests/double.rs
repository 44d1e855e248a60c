//! A mailbox that does what it is told: labels with one history (like Gmail), or folders with a delta each (like Graph).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::connect::{Connect, Linked};
use crate::provider::{
    Address, Change, Changes, DraftFate, Edit, Light, Listed, Listing, MadeDraft, Outgoing,
    Profile, Provider, ProviderError, PushTarget, RemoteAttachment, RemoteFolder, RemoteId,
    RemoteMessage, Result, Role, Subscribed, Wanted,
};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mail {
    pub thread: String,
    pub folders: BTreeSet<String>,
    pub read: bool,
    pub starred: bool,
    pub received: u64,
    pub subject: String,
    pub text: String,
    pub marker: Option<String>,
    pub draft: bool,
    /// None: Ann.
    pub from: Option<Address>,
    /// Empty: me.
    pub to: Vec<Address>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happened, no answer.
    Lost,
    /// It happened, no answer.
    LostAfter,
    /// Come back later.
    Wait,
}

#[derive(Default)]
pub struct State {
    pub exclusive: bool,
    pub mail: BTreeMap<String, Mail>,
    /// Number, message, and where it was (none: a change in place).
    events: Vec<(u64, String, Option<String>)>,
    next: u64,
    /// Cursors before this number are lost.
    pub forgotten: u64,
    /// Messages that can't be read.
    pub broken: BTreeSet<String>,
    /// Edits of these are refused.
    pub refusing: BTreeSet<String>,
    /// What goes wrong with the next calls that change something.
    pub faults: VecDeque<Option<Fault>>,
    /// Messages that are still given before the mailbox asks to wait; none: no limit.
    pub gives: Option<usize>,
    /// Messages given so far.
    pub given: usize,
    pub page: usize,
    /// Answers about changes are ready, and on their way for as long as this is so.
    pub holds: bool,
    /// How many are.
    pub held: usize,
    pub now: Option<Box<dyn Fn() -> u64>>,
}

#[derive(Clone, Default)]
pub struct Double(pub Rc<RefCell<State>>);

pub const LABELS: &[(&str, Role)] = &[
    ("INBOX", Role::Inbox),
    ("SENT", Role::Sent),
    ("DRAFT", Role::Drafts),
    ("SPAM", Role::Spam),
    ("TRASH", Role::Trash),
    ("work", Role::Label),
    ("home", Role::Label),
];

pub const FOLDERS: &[(&str, Role)] = &[
    ("INBOX", Role::Inbox),
    ("SENT", Role::Sent),
    ("DRAFT", Role::Drafts),
    ("SPAM", Role::Spam),
    ("TRASH", Role::Trash),
    ("archive", Role::Archive),
    ("projects", Role::Folder),
];

impl State {
    fn touch(&mut self, id: &str, left: Option<String>) {
        self.next += 1;
        self.events.push((self.next, id.to_owned(), left));
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("m{:06}", self.next)
    }

    fn home(mail: &Mail) -> String {
        mail.folders.iter().next().cloned().unwrap_or_default()
    }

    pub fn deliver(&mut self, mail: Mail) -> String {
        let id = self.fresh();
        self.mail.insert(id.clone(), mail);
        self.touch(&id, None);
        id
    }

    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut Mail)) {
        let Some(mail) = self.mail.get_mut(id) else {
            return;
        };
        let before = Self::home(mail);
        change(mail);
        let after = Self::home(mail);
        self.touch(id, (before != after).then_some(before));
    }

    pub fn delete(&mut self, id: &str) {
        if let Some(mail) = self.mail.remove(id) {
            self.touch(id, Some(Self::home(&mail)));
        }
    }

    fn changes(&self, stream: &str, cursor: &str) -> Result<Changes> {
        if let Some(place) = cursor.strip_prefix("snapshot:") {
            // A round names everything in the order of ids, and what happens during it is told by the changes that follow.
            let (from, after) = match place.split_once(' ') {
                Some((from, after)) => (from.parse().unwrap(), Some(after)),
                None => (self.next, None),
            };
            let mut rest = self.mail.iter().filter(|(id, mail)| {
                mail.folders.contains(stream) && after.is_none_or(|after| id.as_str() > after)
            });
            let named: Vec<(&String, &Mail)> = rest.by_ref().take(self.page).collect();
            let more = rest.next().is_some();
            let next = match named.last() {
                Some((id, _)) if more => format!("snapshot:{from} {id}"),
                _ => from.to_string(),
            };
            let items = named.into_iter().map(|(id, mail)| Change::Present {
                id: id.clone(),
                light: Self::light(mail),
            });
            return Ok(Changes {
                items: items.collect(),
                next,
                more,
                snapshot: true,
            });
        }
        let from: u64 = cursor.parse().unwrap();
        if from < self.forgotten {
            return Err(ProviderError::CursorLost);
        }
        let mut items = Vec::new();
        let mut next = self.next;
        for (number, id, left) in self.events.iter().filter(|(number, ..)| *number > from) {
            if items.len() >= self.page {
                next = number - 1;
                break;
            }
            match self.mail.get(id) {
                Some(mail) if !self.exclusive || mail.folders.contains(stream) => {
                    items.push(Change::Present {
                        id: id.clone(),
                        light: Self::light(mail),
                    });
                }
                _ if self.exclusive && left.as_deref() == Some(stream) => {
                    items.push(Change::Gone {
                        id: id.clone(),
                        certain: false,
                    })
                }
                None if !self.exclusive => items.push(Change::Gone {
                    id: id.clone(),
                    certain: true,
                }),
                _ => {}
            }
        }
        Ok(Changes {
            items,
            more: next < self.next,
            next: next.to_string(),
            snapshot: false,
        })
    }

    fn edit(&mut self, id: &str, edit: &Edit) {
        let exclusive = self.exclusive;
        let place = |mail: &mut Mail, to: &str| {
            mail.folders.clear();
            mail.folders.insert(to.to_owned());
        };
        if *edit == Edit::DeleteForEver {
            return self.delete(id);
        }
        self.change(id, |mail| {
            let labels = |mail: &mut Mail, out: &[&str], into: &[&str]| {
                for label in out {
                    mail.folders.remove(*label);
                }
                mail.folders
                    .extend(into.iter().map(|label| (*label).to_owned()));
            };
            match edit {
                Edit::Read(read) => mail.read = *read,
                Edit::Starred(starred) => mail.starred = *starred,
                Edit::Archive if exclusive => place(mail, "archive"),
                Edit::Archive => labels(mail, &["INBOX"], &[]),
                Edit::Unarchive | Edit::NotSpam | Edit::Restore(None) if exclusive => {
                    place(mail, "INBOX")
                }
                Edit::Unarchive => labels(mail, &[], &["INBOX"]),
                Edit::Trash if exclusive => place(mail, "TRASH"),
                Edit::Trash => labels(mail, &["INBOX", "SPAM"], &["TRASH"]),
                Edit::Restore(Some(to)) | Edit::MoveTo(to) if exclusive => place(mail, to),
                Edit::Restore(_) => labels(mail, &["TRASH"], &["INBOX"]),
                Edit::Spam if exclusive => place(mail, "SPAM"),
                Edit::Spam => labels(mail, &["INBOX"], &["SPAM"]),
                Edit::NotSpam => labels(mail, &["SPAM"], &["INBOX"]),
                Edit::MoveTo(to) => labels(mail, &["INBOX", "SPAM", "TRASH"], &[to]),
                Edit::AddLabel(label) => labels(mail, &[], &[label]),
                Edit::RemoveLabel(label) => labels(mail, &[label], &[]),
                Edit::DeleteForEver => {}
            }
        });
    }

    fn light(mail: &Mail) -> Light {
        Light {
            read: Some(mail.read),
            starred: Some(mail.starred),
            folders: Some(mail.folders.iter().cloned().collect()),
            received: Some(mail.received),
            thread: Some(mail.thread.clone()),
            draft: Some(mail.draft),
        }
    }

    fn remote(id: &str, mail: &Mail) -> RemoteMessage {
        RemoteMessage {
            id: id.to_owned(),
            thread: mail.thread.clone(),
            message_id: Some(format!("<{id}@double>")),
            subject: mail.subject.clone(),
            from: Some(mail.from.clone().unwrap_or_else(|| Address {
                name: "Ann".into(),
                email: "ann@example.com".into(),
            })),
            to: if mail.to.is_empty() {
                vec![Address {
                    name: String::new(),
                    email: "me@example.com".into(),
                }]
            } else {
                mail.to.clone()
            },
            received: mail.received,
            read: mail.read,
            starred: mail.starred,
            draft: mail.draft,
            folders: mail.folders.iter().cloned().collect(),
            text: Some(mail.text.clone()),
            marker: mail.marker.clone(),
            ..RemoteMessage::default()
        }
    }

    fn fault(&mut self) -> Option<Fault> {
        self.faults.pop_front().flatten()
    }

    fn wait(&self) -> ProviderError {
        let now = self.now.as_ref().map_or(0, |now| now());
        ProviderError::Wait {
            until: now + 1_000,
            reason: "slowly".into(),
        }
    }

    /// How many messages with this marker were sent.
    pub fn sent(&self, marker: &str) -> usize {
        self.mail
            .values()
            .filter(|mail| !mail.draft && mail.marker.as_deref() == Some(marker))
            .count()
    }

    pub fn drafts(&self) -> usize {
        self.mail.values().filter(|mail| mail.draft).count()
    }
}

impl Double {
    pub fn new(exclusive: bool, now: impl Fn() -> u64 + 'static) -> Self {
        let state = State {
            exclusive,
            page: 40,
            now: Some(Box::new(now)),
            ..State::default()
        };
        Self(Rc::new(RefCell::new(state)))
    }

    /// Does something that can't be repeated blindly, or only seems not to.
    fn act<T>(&self, act: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.0.borrow_mut();
        match state.fault() {
            None => act(&mut state),
            Some(Fault::Wait) => Err(state.wait()),
            Some(Fault::Lost) => Err(ProviderError::Unclear("lost".into())),
            Some(Fault::LostAfter) => {
                let _ = act(&mut state);
                Err(ProviderError::Unclear("lost after".into()))
            }
        }
    }
}

impl Connect for Double {
    type Mailbox<'a> = Double;

    async fn connect(&self, _: &Linked) -> Result<Double> {
        Ok(self.clone())
    }
}

impl Provider for Double {
    async fn profile(&self) -> Result<Profile> {
        let total = self.0.borrow().mail.len() as u64;
        Ok(Profile {
            email: "me@example.com".into(),
            total: Some(total),
        })
    }

    async fn folders(&self) -> Result<Vec<RemoteFolder>> {
        let folders = if self.0.borrow().exclusive {
            FOLDERS
        } else {
            LABELS
        };
        let folder = |(id, role): &(&str, Role)| RemoteFolder {
            id: (*id).into(),
            name: (*id).into(),
            parent: None,
            role: *role,
            color: None,
            total: None,
        };
        Ok(folders.iter().map(folder).collect())
    }

    fn streams(&self, folders: &[RemoteFolder]) -> Vec<String> {
        if self.0.borrow().exclusive {
            folders.iter().map(|folder| folder.id.clone()).collect()
        } else {
            vec!["mailbox".into()]
        }
    }

    async fn begin(&self, _: &str) -> Result<String> {
        let state = self.0.borrow();
        Ok(if state.exclusive {
            "snapshot:".into()
        } else {
            state.next.to_string()
        })
    }

    async fn list(&self, stream: &str, since: Option<u64>, page: Option<&str>) -> Result<Listing> {
        let state = self.0.borrow();
        let mut found: Vec<(&String, &Mail)> = state
            .mail
            .iter()
            .filter(|(_, mail)| since.is_none_or(|since| mail.received >= since))
            .filter(|(_, mail)| !state.exclusive || mail.folders.contains(stream))
            .collect();
        found.sort_by_key(|(id, mail)| (std::cmp::Reverse(mail.received), (*id).clone()));
        // Folders' pages count (Graph's `$skip`), and a snapshot finds what that passes over; the others' begin after a message.
        let start = match page {
            None => 0,
            Some(page) if state.exclusive => page.parse().unwrap(),
            Some(page) => {
                let (received, id) = page.split_once(' ').unwrap();
                let after = (std::cmp::Reverse(received.parse::<u64>().unwrap()), id);
                found
                    .iter()
                    .filter(|(id, mail)| (std::cmp::Reverse(mail.received), id.as_str()) <= after)
                    .count()
            }
        };
        let items = found
            .iter()
            .skip(start)
            .take(state.page)
            .map(|(id, mail)| Listed {
                id: (*id).clone(),
                thread: Some(mail.thread.clone()),
                light: if state.exclusive {
                    State::light(mail)
                } else {
                    Light::default()
                },
                message: (state.exclusive && !state.broken.contains(*id))
                    .then(|| Box::new(State::remote(id, mail))),
            });
        let items: Vec<Listed> = items.collect();
        let end = start + items.len();
        let next = match found.get(end.wrapping_sub(1)) {
            Some(_) if end >= found.len() => None,
            Some((id, mail)) if !state.exclusive => Some(format!("{} {id}", mail.received)),
            _ => (end < found.len()).then(|| end.to_string()),
        };
        Ok(Listing { items, next })
    }

    fn listed_apart(&self, known: &[String]) -> Vec<String> {
        if self.0.borrow().exclusive {
            return Vec::new();
        }
        let states = ["UNREAD", "STARRED"].map(str::to_owned);
        let mut all: Vec<String> = known.iter().cloned().chain(states).collect();
        all.sort();
        all
    }

    async fn members(
        &self,
        container: &str,
        since: Option<u64>,
        page: Option<&str>,
    ) -> Result<(Vec<RemoteId>, Option<String>)> {
        let state = self.0.borrow();
        let within = |mail: &Mail| match container {
            "UNREAD" => !mail.read,
            "STARRED" => mail.starred,
            _ => mail.folders.contains(container),
        };
        let mut found: Vec<&String> = state
            .mail
            .iter()
            .filter(|(id, mail)| {
                within(mail)
                    && since.is_none_or(|since| mail.received >= since)
                    && page.is_none_or(|page| id.as_str() > page)
            })
            .map(|(id, _)| id)
            .collect();
        let more = found.len() > state.page;
        found.truncate(state.page);
        let next = found.last().filter(|_| more).map(|id| (*id).clone());
        Ok((found.into_iter().cloned().collect(), next))
    }

    fn state_in(&self, containers: &[String]) -> Light {
        let has = |name: &str| containers.iter().any(|container| container == name);
        let states = ["UNREAD", "STARRED"];
        let folders = containers
            .iter()
            .filter(|name| !states.contains(&name.as_str()));
        Light {
            read: Some(!has("UNREAD")),
            starred: Some(has("STARRED")),
            folders: Some(folders.cloned().collect()),
            draft: Some(has("DRAFT")),
            ..Light::default()
        }
    }

    async fn changes(&self, stream: &str, cursor: &str) -> Result<Changes> {
        let answer = self.0.borrow().changes(stream, cursor);
        self.0.borrow_mut().held += 1;
        while self.0.borrow().holds {
            tokio::task::yield_now().await;
        }
        self.0.borrow_mut().held -= 1;
        answer
    }

    async fn fetch(&self, wanted: &[Wanted]) -> Result<Vec<(RemoteId, Result<RemoteMessage>)>> {
        let mut state = self.0.borrow_mut();
        let mut answers = Vec::new();
        for Wanted { id, .. } in wanted {
            let answer = match state.mail.get(id) {
                None => Err(ProviderError::NotFound),
                Some(_) if state.broken.contains(id) => {
                    Err(ProviderError::Refused("unreadable".into()))
                }
                Some(_) if state.gives == Some(0) => Err(state.wait()),
                Some(mail) => Ok(State::remote(id, mail)),
            };
            if answer.is_ok() {
                state.given += 1;
                state.gives = state.gives.map(|left| left - 1);
            }
            answers.push((id.clone(), answer));
        }
        Ok(answers)
    }

    async fn attachment(&self, _: &str, _: &RemoteAttachment) -> Result<Vec<u8>> {
        Err(ProviderError::NotFound)
    }

    async fn raw(&self, message: &str) -> Result<Vec<u8>> {
        let state = self.0.borrow();
        let mail = state.mail.get(message).ok_or(ProviderError::NotFound)?;
        Ok(format!("Subject: {}\r\n\r\n{}", mail.subject, mail.text).into_bytes())
    }

    async fn edit(&self, ids: &[RemoteId], edit: &Edit) -> Result<Vec<(RemoteId, Result<()>)>> {
        self.act(|state| {
            let mut answers = Vec::new();
            for id in ids {
                let answer = if !state.mail.contains_key(id) {
                    Err(ProviderError::NotFound)
                } else if state.refusing.contains(id) {
                    Err(ProviderError::Refused("not allowed".into()))
                } else {
                    state.edit(id, edit);
                    Ok(())
                };
                answers.push((id.clone(), answer));
            }
            Ok(answers)
        })
    }

    async fn create_draft(&self, message: &Outgoing) -> Result<MadeDraft> {
        self.act(|state| {
            let received = state.now.as_ref().map_or(0, |now| now());
            let id = state.deliver(Mail {
                thread: message.relation.as_ref().map_or_else(
                    || format!("t-{}", message.marker),
                    |relation| relation.thread.clone(),
                ),
                folders: BTreeSet::from(["DRAFT".to_owned()]),
                read: true,
                received,
                subject: message.subject.clone(),
                text: message.text.clone().unwrap_or_default(),
                marker: Some(message.marker.clone()),
                draft: true,
                ..Mail::default()
            });
            Ok(MadeDraft {
                message: Some(id.clone()),
                id,
            })
        })
    }

    async fn draft_of(&self, message: &str) -> Result<Option<String>> {
        let state = self.0.borrow();
        let draft = state.mail.get(message).is_some_and(|mail| mail.draft);
        Ok(draft.then(|| message.to_owned()))
    }

    async fn find_draft(&self, marker: &str) -> Result<Vec<String>> {
        let state = self.0.borrow();
        Ok(state
            .mail
            .iter()
            .filter(|(_, mail)| mail.draft && mail.marker.as_deref() == Some(marker))
            .map(|(id, _)| id.clone())
            .collect())
    }

    async fn abandon_draft(&self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn delete_draft(&self, draft: &str) -> Result<()> {
        self.act(|state| {
            if !state.mail.get(draft).is_some_and(|mail| mail.draft) {
                return Err(ProviderError::NotFound);
            }
            state.delete(draft);
            Ok(())
        })
    }

    async fn send_draft(&self, draft: &str) -> Result<Option<RemoteId>> {
        self.act(|state| {
            if !state.mail.get(draft).is_some_and(|mail| mail.draft) {
                return Err(ProviderError::NotFound);
            }
            state.change(draft, |mail| {
                mail.draft = false;
                mail.folders = BTreeSet::from(["SENT".to_owned()]);
            });
            Ok(Some(draft.to_owned()))
        })
    }

    async fn draft_fate(&self, draft: &str, marker: &str) -> Result<DraftFate> {
        let state = self.0.borrow();
        if state.mail.get(draft).is_some_and(|mail| mail.draft) {
            return Ok(DraftFate::Draft);
        }
        let sent = state
            .mail
            .iter()
            .find(|(_, mail)| !mail.draft && mail.marker.as_deref() == Some(marker));
        Ok(sent.map_or(DraftFate::Gone, |(id, _)| DraftFate::Sent(Some(id.clone()))))
    }

    async fn subscribe(&self, _: &PushTarget, _: Option<&str>) -> Result<Subscribed> {
        Err(ProviderError::Refused("there is no push".into()))
    }

    async fn unsubscribe(&self, _: Option<&str>) -> Result<()> {
        Ok(())
    }

    async fn aliases(&self) -> Result<Vec<Address>> {
        Ok(vec![Address {
            name: "Me".into(),
            email: "me@example.com".into(),
        }])
    }
}
