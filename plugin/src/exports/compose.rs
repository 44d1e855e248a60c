//! Writing and sending.

use email_manager_core::{compose, model};

use super::{caller, error, mail, mailboxes, run};
use crate::Plugin;
use crate::bindings::exports::platform::mail::compose as exported;
use crate::host::Host;

fn relation(relation: exported::Relation) -> model::Relation {
    match relation {
        exported::Relation::Reply => model::Relation::Reply,
        exported::Relation::ReplyAll => model::Relation::ReplyAll,
        exported::Relation::Forward => model::Relation::Forward,
    }
}

fn related(relation: model::Relation) -> exported::Relation {
    match relation {
        model::Relation::Reply => exported::Relation::Reply,
        model::Relation::ReplyAll => exported::Relation::ReplyAll,
        model::Relation::Forward => exported::Relation::Forward,
    }
}

fn written(draft: exported::Draft) -> model::Draft {
    let part = |part: exported::Part| model::Part {
        name: part.name,
        media_type: part.media_type,
        upload: part.upload,
        content_id: part.content_id,
        size: part.size,
    };
    model::Draft {
        account: draft.account,
        sender: draft.sender,
        to: mail::given(draft.to),
        cc: mail::given(draft.cc),
        bcc: mail::given(draft.bcc),
        subject: draft.subject,
        html: draft.html,
        text: draft.text,
        attachments: draft.attachments.into_iter().map(part).collect(),
        in_relation: draft
            .in_relation
            .map(|(kind, message)| (relation(kind), message)),
    }
}

fn prepared(draft: model::Draft) -> exported::Draft {
    let part = |part: model::Part| exported::Part {
        name: part.name,
        media_type: part.media_type,
        upload: part.upload,
        content_id: part.content_id,
        size: part.size,
    };
    exported::Draft {
        account: draft.account,
        sender: draft.sender,
        to: mail::addresses(draft.to),
        cc: mail::addresses(draft.cc),
        bcc: mail::addresses(draft.bcc),
        subject: draft.subject,
        html: draft.html,
        text: draft.text,
        attachments: draft.attachments.into_iter().map(part).collect(),
        in_relation: draft
            .in_relation
            .map(|(kind, message)| (related(kind), message)),
    }
}

fn known(saved: exported::Saved) -> model::Saved {
    model::Saved {
        id: saved.id,
        revision: saved.revision,
    }
}

fn outgoing(outgoing: model::Outgoing) -> exported::Outgoing {
    exported::Outgoing {
        id: outgoing.id,
        account: outgoing.account,
        subject: outgoing.subject,
        state: match outgoing.state {
            model::SendState::Pending => exported::State::Pending,
            model::SendState::Scheduled => exported::State::Scheduled,
            model::SendState::Sending => exported::State::Sending,
            model::SendState::Sent => exported::State::Sent,
            model::SendState::Failed => exported::State::Failed,
            model::SendState::Cancelled => exported::State::Cancelled,
            model::SendState::Unclear => exported::State::Unclear,
        },
        reason: outgoing.reason,
        at: outgoing.at,
        message: outgoing.message,
    }
}

impl exported::Guest for Plugin {
    fn prepare(
        by: exported::Caller,
        message: String,
        kind: exported::Relation,
    ) -> Result<exported::Draft, exported::Error> {
        run(compose::prepare(
            &Host,
            &mailboxes(),
            &caller(by),
            &message,
            relation(kind),
        ))
        .map(prepared)
        .map_err(error)
    }

    fn recipients(
        by: exported::Caller,
        typed: String,
        limit: u32,
    ) -> Result<Vec<exported::Address>, exported::Error> {
        run(compose::recipients(&Host, &caller(by), &typed, limit))
            .map(mail::addresses)
            .map_err(error)
    }

    fn open(by: exported::Caller, id: String) -> Result<exported::Opened, exported::Error> {
        let opened = run(compose::open(&Host, &mailboxes(), &caller(by), &id)).map_err(error)?;
        Ok(exported::Opened {
            draft: prepared(opened.draft),
            saved: exported::Saved {
                id: opened.saved.id,
                revision: opened.saved.revision,
            },
            message: opened.message,
        })
    }

    fn save(
        by: exported::Caller,
        over: Option<exported::Saved>,
        draft: exported::Draft,
    ) -> Result<exported::Saved, exported::Error> {
        let saved = run(compose::save(
            &Host,
            &caller(by),
            over.map(known),
            written(draft),
        ))
        .map_err(error)?;
        Ok(exported::Saved {
            id: saved.id,
            revision: saved.revision,
        })
    }

    fn discard(by: exported::Caller, draft_id: String) -> Result<(), exported::Error> {
        run(compose::discard(&Host, &caller(by), &draft_id)).map_err(error)
    }

    fn send(
        by: exported::Caller,
        key: String,
        content: exported::Content,
        at: Option<u64>,
    ) -> Result<exported::Outgoing, exported::Error> {
        let content = match content {
            exported::Content::Saved(saved) => model::Sendable::Saved(known(saved)),
            exported::Content::Fresh(draft) => model::Sendable::Fresh(written(draft)),
        };
        run(compose::send(&Host, &caller(by), &key, content, at))
            .map(outgoing)
            .map_err(error)
    }

    fn cancel(by: exported::Caller, id: String) -> Result<exported::Outgoing, exported::Error> {
        run(compose::cancel(&Host, &caller(by), &id))
            .map(outgoing)
            .map_err(error)
    }

    fn outbox(
        by: exported::Caller,
        slice: exported::Slice,
    ) -> Result<exported::Outgoings, exported::Error> {
        let outgoings =
            run(compose::outbox(&Host, &caller(by), mail::slice(slice))).map_err(error)?;
        Ok(exported::Outgoings {
            items: outgoings.items.into_iter().map(outgoing).collect(),
            next: outgoings.next,
        })
    }
}
