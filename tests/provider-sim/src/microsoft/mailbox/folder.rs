//! Folders: the well-known ones with their names in several languages, hidden ones, search folders, and the owner's own.

use std::collections::BTreeSet;

/// A folder of a mailbox; its key is its place in [`super::Mailbox`].
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) name: String,
    /// Such as `inbox`; language-independent.
    pub(crate) well_known: Option<&'static str>,
    /// None for the root.
    pub(crate) parent: Option<u32>,
    pub(crate) hidden: bool,
    /// A search folder's OData filter.
    pub(crate) query: Option<String>,
    pub(crate) deleted: bool,
    /// By arrival, then by key.
    pub(crate) order: BTreeSet<(u64, u64)>,
    pub(crate) unread: u32,
}

impl Folder {
    pub(crate) fn new(name: impl Into<String>, parent: Option<u32>) -> Self {
        Self {
            name: name.into(),
            well_known: None,
            parent,
            hidden: false,
            query: None,
            deleted: false,
            order: BTreeSet::new(),
            unread: 0,
        }
    }
}

/// Keys of the folders that every mailbox has.
pub(crate) mod key {
    pub(crate) const ROOT: u32 = 0;
    pub(crate) const INBOX: u32 = 1;
    pub(crate) const DRAFTS: u32 = 2;
    pub(crate) const SENT: u32 = 3;
    pub(crate) const DELETED: u32 = 4;
    pub(crate) const JUNK: u32 = 5;
    pub(crate) const ARCHIVE: u32 = 6;
    pub(crate) const RECOVERABLE: u32 = 11;
}

/// Well-known name, hidden, and the display name in English, German, Russian, Chinese and Japanese. In the order of [`key`].
const WELL_KNOWN: &[(&str, bool, [&str; 5])] = &[
    (
        "msgfolderroot",
        true,
        [
            "Top of Information Store",
            "Oberste Ebene des Informationsspeichers",
            "Начало хранилища",
            "信息存储库顶部",
            "インフォメーション ストアの先頭",
        ],
    ),
    (
        "inbox",
        false,
        ["Inbox", "Posteingang", "Входящие", "收件箱", "受信トレイ"],
    ),
    (
        "drafts",
        false,
        ["Drafts", "Entwürfe", "Черновики", "草稿", "下書き"],
    ),
    (
        "sentitems",
        false,
        [
            "Sent Items",
            "Gesendete Elemente",
            "Отправленные",
            "已发送邮件",
            "送信済みアイテム",
        ],
    ),
    (
        "deleteditems",
        false,
        [
            "Deleted Items",
            "Gelöschte Elemente",
            "Удаленные",
            "已删除邮件",
            "削除済みアイテム",
        ],
    ),
    (
        "junkemail",
        false,
        [
            "Junk Email",
            "Junk-E-Mail",
            "Нежелательная почта",
            "垃圾邮件",
            "迷惑メール",
        ],
    ),
    (
        "archive",
        false,
        ["Archive", "Archiv", "Архив", "存档", "アーカイブ"],
    ),
    (
        "outbox",
        false,
        ["Outbox", "Postausgang", "Исходящие", "发件箱", "送信トレイ"],
    ),
    (
        "conversationhistory",
        false,
        [
            "Conversation History",
            "Aufgezeichnete Unterhaltungen",
            "Журнал бесед",
            "对话历史记录",
            "会話履歴",
        ],
    ),
    (
        "clutter",
        true,
        [
            "Clutter",
            "Clutter",
            "Несрочные",
            "待筛选邮件",
            "低優先メール",
        ],
    ),
    (
        "syncissues",
        true,
        [
            "Sync Issues",
            "Synchronisierungsprobleme",
            "Ошибки синхронизации",
            "同步问题",
            "同期の失敗",
        ],
    ),
    (
        "recoverableitemsdeletions",
        true,
        [
            "Deletions",
            "Deletions",
            "Deletions",
            "Deletions",
            "Deletions",
        ],
    ),
    (
        "searchfolders",
        true,
        ["Finder", "Finder", "Finder", "Finder", "Finder"],
    ),
    (
        "scheduled",
        true,
        [
            "Scheduled",
            "Geplant",
            "Запланированные",
            "已计划",
            "スケジュール済み",
        ],
    ),
];

/// The folders of a fresh mailbox.
pub(crate) fn standard(locale: &str) -> Vec<Folder> {
    let column = match locale.get(..2) {
        Some("de") => 1,
        Some("ru") => 2,
        Some("zh") => 3,
        Some("ja") => 4,
        _ => 0,
    };
    let mut folders: Vec<Folder> = WELL_KNOWN
        .iter()
        .map(|(well_known, hidden, names)| {
            let name = names.get(column).copied().unwrap_or_default();
            let mut folder =
                Folder::new(name, (*well_known != "msgfolderroot").then_some(key::ROOT));
            folder.well_known = Some(well_known);
            folder.hidden = *hidden;
            folder
        })
        .collect();
    // Lies beside the root in Exchange; a client must not meet it among the folders of the root.
    for folder in &mut folders {
        if matches!(
            folder.well_known,
            Some("recoverableitemsdeletions" | "searchfolders")
        ) {
            folder.parent = None;
        }
    }
    let finder = folders
        .iter()
        .position(|f| f.well_known == Some("searchfolders"))
        .and_then(|i| u32::try_from(i).ok());
    let mut unread = Folder::new("Unread Mail", finder);
    unread.query = Some("isRead eq false".to_owned());
    folders.push(unread);
    folders
}
