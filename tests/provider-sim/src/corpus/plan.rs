//! Decides who writes what to whom, when and where it lies, before a byte is rendered.
//!
//! A mailbox is a set of threads. Each thread draws its kind, its people and its dates from the seed; the messages of all threads
//! are then put in order of arrival. Landmarks come first and everything else fills up to the wanted count.

use std::sync::Arc;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::oddity::Oddity;
use super::people::{self, Person};
use super::text;
use super::{Corpus, FolderRole, Item, Landmark, Options, Profile, landmark};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// What the messages of a thread are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Conversation,
    Newsletter,
    Notification,
    Invitation,
    Bounce,
    Spam,
    Draft,
    Odd(Oddity),
    Mixed,
    Word,
}

/// One message's place in its thread.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// With angle brackets.
    pub(super) id: Option<String>,
    /// Date header, in milliseconds since the Unix epoch.
    pub(super) time: u64,
    /// Index into [`Thread::people`].
    pub(super) from: usize,
}

/// A conversation.
#[derive(Debug, Clone)]
pub(super) struct Thread {
    pub(super) kind: Kind,
    pub(super) subject: String,
    /// The owner is the first.
    pub(super) people: Vec<Person>,
    pub(super) slots: Vec<Slot>,
    pub(super) profile: Profile,
}

/// Folders of the owner's own.
pub(super) const FOLDERS: &[&str] = &[
    "Projects",
    "Projects/Harbour",
    "Travel",
    "Receipts",
    "Семья",
    "Später lesen",
];

struct Planner<'a> {
    options: &'a Options,
    rng: ChaCha8Rng,
    book: Vec<Person>,
    threads: u64,
    items: Vec<Item>,
}

pub(super) fn corpus(options: &Options) -> Corpus {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let book = people::address_book(&mut rng);
    let mut planner = Planner {
        options,
        rng,
        book,
        threads: 0,
        items: Vec::with_capacity(options.count),
    };
    let count = options.count.max(10);
    planner.landmarks();
    if count >= 60 {
        for oddity in Oddity::ALL {
            planner.odd(*oddity);
        }
    }
    while planner.items.len() < count {
        let room = count - planner.items.len();
        planner.thread(room);
    }
    let mut items = planner.items;
    items.sort_by_key(|i| (i.received, i.thread, i.position));
    Corpus { items }
}

pub(super) fn oddity(oddity: Oddity, owner: &Person, now: u64, seed: u64) -> Item {
    let options = single(owner, Profile::Small, now, seed);
    let mut planner = Planner::new(&options);
    planner.odd_at(oddity, now);
    planner.only()
}

pub(super) fn arrival(owner: &Person, profile: Profile, now: u64, seed: u64) -> Item {
    let options = single(owner, profile, now, seed);
    let mut planner = Planner::new(&options);
    let writer = planner.contact();
    let subject = text::subject(writer.language, &mut planner.rng);
    planner.add(
        Kind::Conversation,
        subject,
        vec![owner.clone(), writer],
        &[(now, 1)],
        &[(FolderRole::Inbox, false)],
    );
    planner.only()
}

fn single(owner: &Person, profile: Profile, now: u64, seed: u64) -> Options {
    Options {
        seed,
        count: 1,
        profile,
        now,
        days: 1,
        owner: owner.clone(),
    }
}

impl<'a> Planner<'a> {
    fn new(options: &'a Options) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let book = people::address_book(&mut rng);
        // Threads made one by one must not share the numbers of a generated mailbox.
        let threads = rng.random::<u64>() | 1 << 63;
        Self {
            options,
            rng,
            book,
            threads,
            items: Vec::new(),
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "each caller has just added exactly one item"
    )]
    fn only(mut self) -> Item {
        self.items.pop().expect("one item was planned")
    }

    fn landmarks(&mut self) {
        let now = self.options.now;
        let owner = self.options.owner.clone();
        let maria = Person {
            language: text::Language::Russian,
            ..Person::new(landmark::FROM.0, landmark::FROM.1)
        };
        let times = [
            (now - 3 * DAY, 1),
            (now - 2 * DAY, 1),
            (now - DAY - 40 * MINUTE, 0),
        ];
        let places = [
            (FolderRole::Inbox, true),
            (FolderRole::Inbox, false),
            (FolderRole::Sent, true),
        ];
        let ids = [
            landmark::OPENING_ID,
            landmark::MIXED_ID,
            landmark::ANSWER_ID,
        ];
        let marks = [
            Landmark::MixedOpening,
            Landmark::Mixed,
            Landmark::MixedAnswer,
        ];
        self.add(
            Kind::Mixed,
            landmark::SUBJECT.to_owned(),
            vec![owner.clone(), maria],
            &times,
            &places,
        );
        self.mark(&ids, &marks);
        let ada = Person::new("Ada Whitfield", "ada@northwind.example");
        let time = now - DAY - 5 * MINUTE;
        let place = [(FolderRole::Inbox, false)];
        self.add(
            Kind::Word,
            landmark::WORD_SUBJECT.to_owned(),
            vec![owner, ada],
            &[(time, 1)],
            &place,
        );
        self.mark(&[landmark::WORD_ID], &[Landmark::Word]);
    }

    /// Gives the messages added last their documented ids and marks.
    fn mark(&mut self, ids: &[&str], marks: &[Landmark]) {
        let start = self.items.len() - marks.len();
        let Some(plan) = self.items.last().map(|i| Arc::clone(&i.plan)) else {
            return;
        };
        let mut thread = (*plan).clone();
        for (slot, id) in thread.slots.iter_mut().zip(ids) {
            slot.id = Some((*id).to_owned());
        }
        let thread = Arc::new(thread);
        for (item, mark) in self.items.iter_mut().skip(start).zip(marks) {
            item.landmark = Some(*mark);
            item.plan = Arc::clone(&thread);
            item.starred = false;
        }
    }

    fn contact(&mut self) -> Person {
        // A few people write most of the mail.
        let skew = self.rng.random::<f64>().powi(2);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a fraction of the length of a short list"
        )]
        let index = (skew * self.book.len() as f64) as usize;
        self.book
            .get(index)
            .cloned()
            .unwrap_or_else(|| Person::new("", "somebody@example.org"))
    }

    /// A moment within the span, denser towards now.
    fn moment(&mut self) -> u64 {
        let skew = self.rng.random::<f64>().powf(1.6);
        let span = u64::from(self.options.days) * DAY;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a fraction of at most some years in milliseconds"
        )]
        let back = (skew * span as f64) as u64;
        self.options.now.saturating_sub(back + 10 * MINUTE)
    }

    fn thread(&mut self, room: usize) {
        let start = self.moment();
        match self.rng.random_range(0..100) {
            0..48 => self.conversation(start, room),
            48..66 => self.bulk(Kind::Newsletter, start, "news", "Weekly letter"),
            66..84 => self.bulk(Kind::Notification, start, "no-reply", "Update"),
            84..88 => self.invitation(start),
            88..90 if room >= 2 => self.bounce(start),
            90..95 => self.spam(start),
            95..97 => self.draft(start),
            _ => {
                let oddity = Oddity::ALL
                    .choose(&mut self.rng)
                    .copied()
                    .unwrap_or(Oddity::NoSubject);
                self.odd_at(oddity, start);
            }
        }
    }

    fn conversation(&mut self, start: u64, room: usize) {
        let first = self.contact();
        let language = first.language;
        let mut people = vec![self.options.owner.clone(), first];
        for _ in 0..self.rng.random_range(0..4) {
            let next = self.contact();
            if people.iter().all(|p| p.address != next.address) {
                people.push(next);
            }
        }
        // Most threads are short; one in thirty goes on for months.
        let length = if self.rng.random_ratio(1, 30) {
            self.rng.random_range(8..30)
        } else {
            self.rng.random_range(1..6)
        };
        let longest = if length >= 8 { 6 * DAY } else { DAY };
        let subject = text::subject(language, &mut self.rng);
        let filed = match self.rng.random_range(0..10) {
            0..4 => FolderRole::Archive,
            4 => FolderRole::Trash,
            5 | 6 => FOLDERS
                .choose(&mut self.rng)
                .map_or(FolderRole::Archive, |f| FolderRole::Folder(f)),
            _ => FolderRole::Inbox,
        };
        let mut times = Vec::new();
        let mut places = Vec::new();
        let mut time = start;
        let mut from = usize::from(!self.rng.random_ratio(1, 5));
        for _ in 0..length.min(room) {
            let place = if from == 0 { FolderRole::Sent } else { filed };
            let read = from == 0 || filed != FolderRole::Inbox || self.rng.random_ratio(3, 5);
            times.push((time, from));
            places.push((place, read));
            time += self.rng.random_range(3 * MINUTE..longest);
            if time + MINUTE > self.options.now {
                break;
            }
            from = match self.rng.random_range(0..people.len() + 1) {
                n if n >= people.len() => 0,
                n => n,
            };
        }
        self.add(Kind::Conversation, subject, people, &times, &places);
    }

    fn bulk(&mut self, kind: Kind, time: u64, local: &str, title: &str) {
        let thing = text::name_of_thing(&mut self.rng);
        let sender = Person::new(
            format!("{thing} {title}"),
            format!("{local}@{}.example", thing.to_lowercase()),
        );
        let subject = match kind {
            Kind::Newsletter => format!(
                "{thing} weekly: {}",
                text::subject(text::Language::English, &mut self.rng)
            ),
            _ => format!(
                "[{thing}] {} #{}",
                text::subject(text::Language::English, &mut self.rng),
                self.rng.random_range(10..9_000)
            ),
        };
        let place = match self.rng.random_range(0..6) {
            0 => FolderRole::Trash,
            1 | 2 => FolderRole::Archive,
            _ => FolderRole::Inbox,
        };
        let read = self.rng.random_ratio(1, 2);
        let owner = self.options.owner.clone();
        self.add(
            kind,
            subject,
            vec![owner, sender],
            &[(time, 1)],
            &[(place, read)],
        );
    }

    fn invitation(&mut self, time: u64) {
        let sender = self.contact();
        let subject = text::subject(sender.language, &mut self.rng);
        let owner = self.options.owner.clone();
        self.add(
            Kind::Invitation,
            subject,
            vec![owner, sender],
            &[(time, 1)],
            &[(FolderRole::Inbox, true)],
        );
    }

    fn bounce(&mut self, time: u64) {
        let gone = self.contact();
        let daemon = Person::new(
            "Mail Delivery Subsystem",
            format!("mailer-daemon@{}", gone.domain()),
        );
        let owner = self.options.owner.clone();
        let subject = text::subject(text::Language::English, &mut self.rng);
        // The mail that failed, and the report half a minute later.
        let times = [(time, 0), (time + MINUTE / 2, 2)];
        let places = [(FolderRole::Sent, true), (FolderRole::Inbox, false)];
        self.add(
            Kind::Bounce,
            subject,
            vec![owner, gone, daemon],
            &times,
            &places,
        );
    }

    fn spam(&mut self, time: u64) {
        let thing = text::name_of_thing(&mut self.rng);
        let sender = Person::new(
            format!("{thing} Prize Office"),
            format!("winner{}@{thing}.example", self.rng.random_range(1..999)),
        );
        let owner = self.options.owner.clone();
        let subject = format!("You have won {} €!!!", self.rng.random_range(1_000..90_000));
        self.add(
            Kind::Spam,
            subject,
            vec![owner, sender],
            &[(time, 1)],
            &[(FolderRole::Spam, false)],
        );
    }

    fn draft(&mut self, time: u64) {
        let to = self.contact();
        let owner = self.options.owner.clone();
        let subject = text::subject(to.language, &mut self.rng);
        self.add(
            Kind::Draft,
            subject,
            vec![owner, to],
            &[(time, 0)],
            &[(FolderRole::Drafts, true)],
        );
    }

    fn odd(&mut self, oddity: Oddity) {
        let time = self.moment();
        self.odd_at(oddity, time);
    }

    fn odd_at(&mut self, oddity: Oddity, time: u64) {
        let sender = self.contact();
        let owner = self.options.owner.clone();
        let subject = oddity.subject(&mut self.rng);
        self.add(
            Kind::Odd(oddity),
            subject,
            vec![owner, sender],
            &[(time, 1)],
            &[(FolderRole::Inbox, false)],
        );
        if let Some(item) = self.items.last_mut() {
            item.size = oddity.size();
        }
    }

    fn add(
        &mut self,
        kind: Kind,
        subject: String,
        people: Vec<Person>,
        times: &[(u64, usize)],
        places: &[(FolderRole, bool)],
    ) {
        let thread = self.threads;
        self.threads = self.threads.wrapping_add(1);
        let slots = times
            .iter()
            .map(|(time, from)| {
                let domain = people.get(*from).map_or("example.org", Person::domain);
                let id = match kind {
                    Kind::Odd(oddity) => oddity.message_id(domain, &mut self.rng),
                    _ => Some(format!(
                        "<{:016x}.{:x}@{domain}>",
                        self.rng.random::<u64>(),
                        time / 1000
                    )),
                };
                Slot {
                    id,
                    time: *time,
                    from: *from,
                }
            })
            .collect();
        let profile = self.options.profile;
        let plan = Arc::new(Thread {
            kind,
            subject,
            people,
            slots,
            profile,
        });
        for (position, ((time, _), (role, read))) in times.iter().zip(places).enumerate() {
            self.items.push(Item {
                received: time + self.rng.random_range(400..4_000),
                thread,
                role: *role,
                read: *read,
                starred: self.rng.random_ratio(1, 25),
                important: kind == Kind::Conversation && self.rng.random_ratio(1, 6),
                size: size(kind, profile, &mut self.rng),
                landmark: None,
                plan: Arc::clone(&plan),
                position,
                seed: self.rng.random(),
            });
        }
    }
}

/// Wanted bytes of one message.
fn size(kind: Kind, profile: Profile, rng: &mut ChaCha8Rng) -> usize {
    match (profile, kind) {
        (_, Kind::Mixed) => 20_000,
        (Profile::Small, _) => rng.random_range(800..1_400),
        (Profile::Real, Kind::Spam | Kind::Draft | Kind::Bounce | Kind::Word) => {
            rng.random_range(3_000..12_000)
        }
        (Profile::Real, _) => {
            // Log-normal by the sum of uniforms: median 30 kB, deviation 1.25; nothing above 12 MB.
            let normal = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "bounded on both sides"
            )]
            let bytes = (30_000.0 * (1.25 * normal).exp()).clamp(1_500.0, 12e6) as usize;
            bytes
        }
    }
}
