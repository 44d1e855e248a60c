//! Gmail's labels: fifteen of its own, and as many as the person likes.

use indexmap::IndexMap;

/// Index of a label within its mailbox.
pub(crate) type LabelKey = u16;

/// Keys of system labels; in every mailbox.
pub(crate) mod system {
    use super::LabelKey;

    pub(crate) const INBOX: LabelKey = 0;
    pub(crate) const SENT: LabelKey = 1;
    pub(crate) const DRAFT: LabelKey = 2;
    pub(crate) const TRASH: LabelKey = 3;
    pub(crate) const SPAM: LabelKey = 4;
    pub(crate) const UNREAD: LabelKey = 5;
    pub(crate) const STARRED: LabelKey = 6;
    pub(crate) const IMPORTANT: LabelKey = 7;
    pub(crate) const CHAT: LabelKey = 8;
    /// `CATEGORY_PERSONAL`; the other four follow.
    pub(crate) const CATEGORY_PERSONAL: LabelKey = 9;

    pub(super) const NAMES: [&str; 14] = [
        "INBOX",
        "SENT",
        "DRAFT",
        "TRASH",
        "SPAM",
        "UNREAD",
        "STARRED",
        "IMPORTANT",
        "CHAT",
        "CATEGORY_PERSONAL",
        "CATEGORY_SOCIAL",
        "CATEGORY_PROMOTIONS",
        "CATEGORY_UPDATES",
        "CATEGORY_FORUMS",
    ];
}

/// First key of a person's own labels; room for Gmail to grow below.
const FIRST_USER: LabelKey = 100;
/// Gmail's own limit of labels per mailbox.
const MOST: usize = 10_000;

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) system: bool,
    /// Text and background, `#rrggbb`.
    pub(crate) color: Option<(String, String)>,
    pub(crate) message_list_visibility: Option<String>,
    pub(crate) label_list_visibility: Option<String>,
}

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameError {
    Invalid,
    Taken,
    TooMany,
}

/// All labels of a mailbox, in the order of their making.
#[derive(Debug)]
pub(crate) struct Labels {
    by_key: IndexMap<LabelKey, Label>,
    next: LabelKey,
    next_number: u32,
}

impl Labels {
    pub(crate) fn new() -> Self {
        let by_key = (0..)
            .zip(system::NAMES)
            .map(|(key, name)| {
                let hidden = name == "CHAT" || name.starts_with("CATEGORY_");
                let label = Label {
                    id: name.to_owned(),
                    name: name.to_owned(),
                    system: true,
                    color: None,
                    message_list_visibility: hidden.then(|| "hide".to_owned()),
                    label_list_visibility: hidden.then(|| "labelHide".to_owned()),
                };
                (key, label)
            })
            .collect();
        Self {
            by_key,
            next: FIRST_USER,
            next_number: 1,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LabelKey, &Label)> {
        self.by_key.iter().map(|(key, label)| (*key, label))
    }

    pub(crate) fn get(&self, key: LabelKey) -> Option<&Label> {
        self.by_key.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: LabelKey) -> Option<&mut Label> {
        self.by_key.get_mut(&key)
    }

    pub(crate) fn id(&self, key: LabelKey) -> &str {
        self.by_key.get(&key).map_or("", |label| label.id.as_str())
    }

    /// By id.
    pub(crate) fn key(&self, id: &str) -> Option<LabelKey> {
        self.iter()
            .find(|(_, label)| label.id == id)
            .map(|(key, _)| key)
    }

    /// By name, in any case.
    pub(crate) fn named(&self, name: &str) -> Option<LabelKey> {
        self.iter()
            .find(|(_, label)| label.name.eq_ignore_ascii_case(name))
            .map(|(key, _)| key)
    }

    /// May this name be given to a label, other than the one it belongs to?
    pub(crate) fn check(&self, name: &str, but: Option<LabelKey>) -> Result<(), NameError> {
        let name = name.trim();
        let reserved = [
            "all mail",
            "muted",
            "scheduled",
            "snoozed",
            "inbox",
            "sent",
            "drafts",
            "trash",
            "spam",
            "starred",
        ];
        let bad_level = name.split('/').any(|level| level.trim().is_empty());
        if name.is_empty()
            || name.len() > 225
            || bad_level
            || reserved.contains(&name.to_lowercase().as_str())
        {
            return Err(NameError::Invalid);
        }
        match self.named(name) {
            Some(key) if but == Some(key) => Ok(()),
            Some(key) if self.get(key).is_some_and(|label| label.system) => Err(NameError::Invalid),
            Some(_) => Err(NameError::Taken),
            None => Ok(()),
        }
    }

    /// A new label of the person's own.
    pub(crate) fn create(&mut self, name: &str) -> Result<LabelKey, NameError> {
        self.check(name, None)?;
        if self.by_key.len() >= MOST {
            return Err(NameError::TooMany);
        }
        let key = self.next;
        self.next = self.next.saturating_add(1);
        let label = Label {
            id: format!("Label_{}", self.next_number),
            name: name.trim().to_owned(),
            system: false,
            color: None,
            message_list_visibility: None,
            label_list_visibility: None,
        };
        self.next_number += 1;
        self.by_key.insert(key, label);
        Ok(key)
    }

    pub(crate) fn remove(&mut self, key: LabelKey) {
        self.by_key.shift_remove(&key);
    }
}
