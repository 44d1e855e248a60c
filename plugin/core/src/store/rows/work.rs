//! What is yet to be done, and what a person is writing.

use crate::model::{Draft, Filter};
use crate::store::column::{Blob, Json, row};

row! {
    /// A message to be fetched: because it could not be stored (`failed`), because it was told that it is gone (`doubted`), or
    /// because there were more than one run can fetch (`queued`).
    "parked" => pub struct Parked {
        account: String,
        remote: String,
        kind: String,
        reason: String,
        tries: i64,
        next_try: u64,
    }
}

row! {
    /// A change that is shown already and has yet to be made at the provider.
    "edits" => pub struct Edit {
        account: String,
        /// In the order in which they were made: the account's revision, and the place within its batch.
        id: String,
        message: String,
        remote: String,
        edit: Json<crate::provider::Edit>,
        undo: String,
        /// The message before it, to go back to if it is refused.
        before: Json<crate::store::commit::Place>,
        tries: i64,
    }
}

row! {
    /// What an action did, so that it can be taken back.
    "undos" => pub struct Undo {
        id: String,
        user: String,
        created: u64,
        done: Json<Vec<crate::store::commit::Moved>>,
    }
}

row! {
    /// An action on everything that matches, of which the rest is still to be done.
    "sweeps" => pub struct Sweep {
        id: String,
        user: String,
        filter: Json<Filter>,
        action: Json<crate::model::Action>,
        cursor: Option<String>,
        undo: String,
    }
}

row! {
    /// Bytes that were fetched from the provider: an attachment by its id, or the whole message (`raw`).
    "files" => pub struct File {
        message: String,
        part: String,
        account: String,
        blob: Blob,
        size: i64,
        fetched: u64,
    }
}

row! {
    /// A draft as its author left it.
    "drafts" => pub struct DraftRow {
        id: String,
        user: String,
        account: String,
        revision: String,
        content: Json<Draft>,
        /// `dirty`: the provider has an older one or none; `saved`; `doubled`: the provider has it more than once; `leaving`: to be deleted at the provider, then here; `gone`: deleted,
        /// and known for a while should it appear once more.
        state: String,
        marker: String,
        /// The provider's draft.
        remote: Option<String>,
        /// The provider's id of the message that it is.
        message: Option<String>,
        /// A call to make it was begun.
        creating: bool,
        updated: u64,
        tries: i64,
        next_try: u64,
    }
}

row! {
    /// A message on its way out. The row is the truth.
    "outbox" => pub struct Outbox {
        id: String,
        user: String,
        account: String,
        /// The caller's idempotency key.
        client_key: String,
        state: String,
        /// Within `sending` and `unclear`: `creating` the draft, `uploading` the rest of it, `created`, or `sending` it.
        step: String,
        reason: Option<String>,
        created: u64,
        at: u64,
        updated: u64,
        subject: String,
        content: Json<Draft>,
        marker: String,
        /// The provider's draft.
        draft: Option<String>,
        remote: Option<String>,
        message: Option<String>,
        /// The saved draft that it was made from.
        origin: Option<String>,
        tries: i64,
        next_try: u64,
    }
}

row! {
    /// An attachment of a draft or of an outgoing message.
    "enclosures" => pub struct Enclosure {
        /// The draft's or the outgoing message's id.
        owner: String,
        position: i64,
        /// The upload that it came as, by which a draft names it.
        upload: String,
        name: String,
        media_type: String,
        content_id: Option<String>,
        blob: Blob,
        size: i64,
    }
}
