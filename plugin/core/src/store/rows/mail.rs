//! Messages, what is computed from them, and the people in them.

use crate::provider::{Address, RemoteAttachment};
use crate::store::column::{Blob, Json, row};

row! {
    /// A message without its body.
    "messages" => pub struct Message {
        id: String,
        user: String,
        account: String,
        remote: String,
        thread: String,
        /// The provider's thread id.
        conversation: String,
        stream: String,
        /// The comparing round that named it last.
        seen: i64,
        header_id: Option<String>,
        in_reply_to: Option<String>,
        reference_ids: Json<Vec<String>>,
        subject: String,
        sender: Json<Option<Address>>,
        recipients: Json<Vec<Address>>,
        cc: Json<Vec<Address>>,
        bcc: Json<Vec<Address>>,
        reply_to: Json<Vec<Address>>,
        sent: Option<u64>,
        received: u64,
        size: Option<i64>,
        unread: bool,
        starred: bool,
        important: bool,
        draft: bool,
        answered: bool,
        forwarded: bool,
        has_files: bool,
        folders: Json<Vec<String>>,
        snippet: String,
        files: Json<Vec<RemoteAttachment>>,
        problem: Option<String>,
        marker: Option<String>,
        draft_id: Option<String>,
        /// The provider's folder that it was in before it was put into the trash.
        origin: Option<String>,
    }
}

row! {
    /// What of a message changes without its content changing, and what its thread's line needs.
    "messages" => pub struct Light {
        id: String,
        remote: String,
        thread: String,
        conversation: String,
        stream: String,
        seen: i64,
        subject: String,
        sender: Json<Option<Address>>,
        received: u64,
        unread: bool,
        starred: bool,
        important: bool,
        draft: bool,
        answered: bool,
        forwarded: bool,
        has_files: bool,
        folders: Json<Vec<String>>,
        snippet: String,
        origin: Option<String>,
    }
}

row! {
    /// A message's body and what a search looks at.
    "bodies" => pub struct Body {
        id: String,
        user: String,
        account: String,
        thread: String,
        received: u64,
        subject: String,
        people: String,
        /// Names of attachments.
        names: String,
        /// Plain text; of a very long one the beginning.
        text: String,
        html: Option<String>,
        /// The whole body, where it is too long for a row.
        whole: Option<Blob>,
    }
}

row! {
    /// What a search needs of a body.
    "bodies" => pub struct Hit {
        id: String,
        account: String,
        thread: String,
        received: u64,
    }
}

row! {
    /// Somebody whom the account's owner wrote to or heard from.
    "people" => pub struct Person {
        account: String,
        /// In lower case.
        email: String,
        user: Option<String>,
        /// The same, to be searched: what is searched is written anew whenever it is named, and a key always is.
        address: Option<String>,
        name: Option<String>,
        /// Letters to them and from them, counted up to a few.
        sent: i64,
        heard: i64,
        last: u64,
        /// What they are ordered by.
        score: i64,
    }
}

row! {
    /// What changes of it with every letter, and is not searched.
    "people" => pub struct PersonUse {
        account: String,
        email: String,
        sent: i64,
        heard: i64,
        last: u64,
        score: i64,
    }
}

row! {
    /// A thread's line.
    "threads" => pub struct Thread {
        id: String,
        user: String,
        account: String,
        subject: String,
        snippet: String,
        participants: Json<Vec<Address>>,
        messages: i64,
        latest: u64,
        unread: bool,
        starred: bool,
        important: bool,
        draft: bool,
        answered: bool,
        forwarded: bool,
        has_files: bool,
        folders: Json<Vec<String>>,
    }
}

row! {
    /// A thread's place in a folder.
    "listings" => pub struct Listing {
        folder: String,
        thread: String,
        latest: u64,
        unread: bool,
        starred: bool,
        has_files: bool,
    }
}
