//! One history of sending: letters that a client hands over, what befalls them, and in the end each that was accepted and not taken back
//! is out exactly once and whole, no draft is there that nobody wrote, and the outbox says so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use email_manager_core::model::{
    Address, Draft, Error, Outgoing, Part, Relation, SendState, Sendable, Slice,
};
use email_manager_core::settings::ProviderKind;
use email_manager_core::{compose, ids};
use mail_parser::{Message, MessageParser};
use provider_sim::microsoft::Resend;
use provider_sim::{Action as Mishap, Deliver, Fault, Limits};

use crate::engine::Engine;
use crate::support::{MICROSOFT, OWNER, side};

const BOB: &str = "bob@example.com";
/// Above what either provider takes in one request, and more than one piece of an upload.
pub(super) const LARGE: usize = 4_200_000;
/// Letters to answer.
pub(super) const ORIGINALS: u8 = 3;

#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) relation: Option<(Relation, u8)>,
    pub(super) files: Vec<usize>,
    /// Seconds until it is to go.
    pub(super) later: Option<u8>,
    /// It was a draft at the provider before.
    pub(super) saved: bool,
    /// The host dies at that step of taking it over; the client asks again.
    pub(super) dies: Option<u8>,
}

#[derive(Debug, Clone)]
pub(super) enum Event {
    Write(Letter),
    /// A second thought.
    Cancel(u8),
    /// A coming request goes wrong.
    Fail(Fault),
    Run,
    /// The host dies at that step of its next run.
    Crash(u8),
    Wait(u8),
}

/// What the provider does in ways that are known from reports only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    pub(super) resend: Resend,
    pub(super) copy_is_new: bool,
    pub(super) copy_after_s: u8,
    /// What each request takes.
    pub(super) request_ms: u16,
}
/// A letter that was accepted.
struct Accepted {
    letter: Letter,
    outgoing: Outgoing,
    files: Vec<Vec<u8>>,
    cancelled: bool,
}

pub(super) struct Play {
    pub(super) engine: Engine,
    /// Our ids of the letters to answer.
    originals: Vec<String>,
    accepted: BTreeMap<usize, Accepted>,
    resend: Resend,
}

fn original(number: u8) -> String {
    format!("original-{number}@example.com")
}

/// Known by a word that nobody else writes.
fn word(number: usize) -> String {
    format!("Letter-{number}-of-many")
}

fn person(email: &str) -> Address {
    Address {
        name: String::new(),
        email: email.to_owned(),
    }
}

impl Play {
    pub(super) async fn begin(kind: ProviderKind, habits: Habits) -> Self {
        let engine = Engine::linked(kind, 0, Limits::none()).await;
        if kind == MICROSOFT {
            engine.world.sim.microsoft().set_hazards(OWNER, |hazards| {
                hazards.resend = habits.resend;
                hazards.sent_copy_is_new = habits.copy_is_new;
                hazards.sent_copy_after = u64::from(habits.copy_after_s) * 1_000;
            });
        }
        let provider = engine.world.sim.backend(side(kind));
        let mut originals = Vec::new();
        for number in 0..ORIGINALS {
            let raw = format!(
                "From: Bob <{BOB}>\r\nTo: {OWNER}\r\nMessage-ID: <{}>\r\nReferences: <root-{number}@example.com>\r\nSubject: Question {number}\r\n\r\nWell?\r\n",
                original(number)
            );
            let id = provider.deliver(OWNER, &Deliver::new(raw)).unwrap();
            originals.push(ids::message(&engine.account, &id));
        }
        engine.settle().await;
        let (clock, takes) = (engine.world.clock.clone(), habits.request_ms);
        engine
            .host()
            .on_request(move || clock.advance(Duration::from_millis(takes.into())));
        Self {
            engine,
            originals,
            accepted: BTreeMap::new(),
            resend: habits.resend,
        }
    }

    fn draft(&self, letter: &Letter, number: usize) -> (Draft, Vec<Vec<u8>>) {
        let files: Vec<Vec<u8>> = letter
            .files
            .iter()
            .map(|size| (0..*size).map(|at| ((at + number) % 251) as u8).collect())
            .collect();
        let part = |bytes: &Vec<u8>| Part {
            name: "file.bin".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            upload: self.engine.host().person_uploads(bytes),
            content_id: None,
            size: None,
        };
        let subject = match &letter.relation {
            None => format!("Letter {number}"),
            Some((Relation::Forward, original)) => format!("Fwd: Question {original}"),
            Some((_, original)) => format!("Re: Question {original}"),
        };
        let in_relation = letter.relation.map(|(kind, original)| {
            let id = &self.originals[usize::from(original)];
            (kind, id.clone())
        });
        let draft = Draft {
            account: self.engine.account.clone(),
            to: vec![person(BOB)],
            cc: vec![person("carol@elsewhere.example")],
            bcc: vec![person("dave@elsewhere.example")],
            subject,
            text: Some(word(number)),
            attachments: files.iter().map(part).collect(),
            in_relation,
            ..Draft::default()
        };
        (draft, files)
    }

    /// Hands a letter over, as a client does: again with the same key when there was no answer.
    async fn write(&mut self, letter: &Letter, number: usize) {
        let (host, me) = (self.engine.host(), &self.engine.me);
        let (draft, files) = self.draft(letter, number);
        let content = if letter.saved {
            let saved = compose::save(host, me, None, draft).await.unwrap();
            self.engine.world.advance(5);
            self.engine.turn().await;
            Sendable::Saved(saved)
        } else {
            Sendable::Fresh(draft)
        };
        let at = letter
            .later
            .map(|seconds| self.engine.now() + u64::from(seconds) * 1_000);
        let key = format!("key-{number}");
        let hand_over = || compose::send(host, me, &key, content.clone(), at);
        if let Some(step) = letter.dies {
            host.crash_at(u64::from(step));
            let _ = host.run(hand_over()).await;
            host.calm();
        }
        let outgoing = hand_over().await.unwrap();
        let accepted = Accepted {
            letter: letter.clone(),
            outgoing,
            files,
            cancelled: false,
        };
        self.accepted.insert(number, accepted);
    }

    pub(super) async fn happen(&mut self, event: &Event, number: usize) {
        match event {
            Event::Write(letter) => self.write(letter, number).await,
            Event::Cancel(which) => {
                let known = self.accepted.len().max(1);
                let Some(accepted) = self.accepted.values_mut().nth(usize::from(*which) % known)
                else {
                    return;
                };
                let (host, me) = (self.engine.host(), &self.engine.me);
                match compose::cancel(host, me, &accepted.outgoing.id).await {
                    Ok(_) => accepted.cancelled = true,
                    Err(Error::Conflict(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            Event::Fail(fault) => {
                // Sent again by a request that nobody waits for: nothing that a client does keeps that from happening.
                let late = matches!(fault.action, Mishap::CarryOutLate { .. });
                if !late || self.resend != Resend::SentAgain {
                    self.engine
                        .world
                        .sim
                        .faults()
                        .inject(fault.clone())
                        .unwrap();
                }
            }
            Event::Run => {
                self.engine.turn().await;
            }
            Event::Crash(step) => {
                self.engine.host().crash_at(u64::from(*step));
                self.engine.turn().await;
                self.engine.host().calm();
            }
            Event::Wait(seconds) => {
                self.engine.world.advance(u64::from(*seconds));
                // What was late is carried out.
                tokio::task::yield_now().await;
            }
        }
    }

    async fn outbox(&self) -> Vec<Outgoing> {
        let slice = Slice {
            limit: 200,
            cursor: None,
        };
        let items = compose::outbox(self.engine.host(), &self.engine.me, slice);
        items.await.unwrap().items
    }

    /// Nothing goes wrong any more, and time passes.
    pub(super) async fn end(&self) {
        let faults = self.engine.world.sim.faults();
        faults.clear(None);
        self.engine
            .until(async |play: &Engine| {
                let over = |state| matches!(state, SendState::Sent | SendState::Cancelled);
                let rows = self.outbox().await;
                let all = rows.iter().all(|row| {
                    assert_ne!(row.state, SendState::Failed, "{row:?}");
                    over(row.state) && (row.message.is_some() || row.state != SendState::Sent)
                });
                // A draft whose making failed waits a while, and nobody waits for it.
                let settled = self.drafts_there() == self.drafts_kept();
                play.world.sim.faults().late() == 0 && all && settled
            })
            .await;
        self.engine.settle().await;
        for _ in 0..2 {
            self.engine.sync().await;
        }
    }

    fn drafts_there(&self) -> usize {
        let there = self.engine.world.at_provider().messages;
        there.iter().filter(|message| message.draft).count()
    }

    /// What was saved and is not to go out.
    fn drafts_kept(&self) -> usize {
        let kept = |accepted: &&Accepted| accepted.cancelled && accepted.letter.saved;
        self.accepted.values().filter(kept).count()
    }

    pub(super) async fn check(&self) {
        let provider = self.engine.world.sim.backend(side(self.engine.world.kind));
        let (sent, there) = (provider.sent(), self.engine.world.at_provider().messages);
        assert_eq!(
            self.drafts_there(),
            self.drafts_kept(),
            "drafts at the provider, and drafts that somebody wrote and did not send"
        );
        let received = provider.mailbox(BOB).unwrap().messages;
        let here = self.engine.here().await;
        let rows = self.outbox().await;
        for (number, accepted) in &self.accepted {
            let row = rows.iter().find(|row| row.id == accepted.outgoing.id);
            let row = row.unwrap();
            let out: Vec<_> = sent
                .iter()
                .filter(|sent| String::from_utf8_lossy(&sent.raw).contains(&word(*number)))
                .collect();
            if accepted.cancelled {
                assert_eq!((out.len(), row.state), (0, SendState::Cancelled));
                continue;
            }
            assert_eq!(row.state, SendState::Sent, "{row:?}");
            assert_eq!(out.len(), 1, "letter {number} was sent {} times", out.len());
            let out = out[0];
            let is_it = |id: &Option<String>| id.as_ref() == Some(&out.message_id);
            let copies = |all: &[provider_sim::MessageState]| {
                all.iter()
                    .filter(|message| is_it(&message.message_id))
                    .count()
            };
            assert_eq!((copies(&received), copies(&there)), (1, 1));
            assert!(
                here.contains_key(row.message.as_ref().unwrap()),
                "the outbox names a message that is not here"
            );
            let to: BTreeSet<&str> = out.to.iter().map(String::as_str).collect();
            let all = [BOB, "carol@elsewhere.example", "dave@elsewhere.example"];
            assert_eq!(to, BTreeSet::from(all));
            whole(
                &MessageParser::default().parse(out.raw.as_ref()).unwrap(),
                accepted,
            );
        }
        let accepted = self
            .accepted
            .values()
            .filter(|accepted| !accepted.cancelled);
        assert_eq!(sent.len(), accepted.count(), "something else was sent");
        assert_eq!(rows.len(), self.accepted.len());
        self.engine.check().await;
        let secrets = self.engine.host().secret_names();
        let uploads = secrets.iter().filter(|name| name.starts_with("upload/"));
        assert_eq!(uploads.count(), 0, "addresses of uploads are left");
    }
}

/// Its files, and the fields that lead a reader to what it answers.
fn whole(message: &Message<'_>, accepted: &Accepted) {
    let files: Vec<&[u8]> = message.attachments().map(|part| part.contents()).collect();
    let sizes: Vec<usize> = files.iter().map(|file| file.len()).collect();
    let mut wanted: Vec<&[u8]> = accepted.files.iter().map(Vec::as_slice).collect();
    // Large ones go last at Microsoft.
    let mut files = files;
    files.sort_unstable_by_key(|file| file.len());
    wanted.sort_unstable_by_key(|file| file.len());
    assert!(files == wanted, "files of {sizes:?} bytes arrived");
    match &accepted.letter.relation {
        Some((Relation::Reply | Relation::ReplyAll, number)) => {
            let id = original(*number);
            assert_eq!(message.in_reply_to().as_text(), Some(id.as_str()));
            let references = message.references();
            let root = format!("root-{number}@example.com");
            let named: Vec<&str> = match references.as_text_list() {
                Some(list) => list.iter().map(AsRef::as_ref).collect(),
                None => references.as_text().into_iter().collect(),
            };
            assert_eq!(named, [root.as_str(), id.as_str()]);
        }
        // Microsoft lets a forward lead back, Gmail doesn't.
        Some((Relation::Forward, _)) => {}
        None => assert_eq!(message.in_reply_to().as_text(), None),
    }
}

pub(super) async fn play(kind: ProviderKind, habits: Habits, events: Vec<Event>) {
    let mut play = Play::begin(kind, habits).await;
    for (number, event) in events.iter().enumerate() {
        play.happen(event, number).await;
    }
    play.end().await;
    play.check().await;
}
