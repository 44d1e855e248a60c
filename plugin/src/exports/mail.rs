//! The shapes that the mail interfaces share.

use email_manager_core::model;

use crate::bindings::platform::mail::types as exported;

pub(super) fn address(address: model::Address) -> exported::Address {
    exported::Address {
        name: address.name,
        email: address.email,
    }
}

pub(super) fn addresses(list: Vec<model::Address>) -> Vec<exported::Address> {
    list.into_iter().map(address).collect()
}

pub(super) fn given(list: Vec<exported::Address>) -> Vec<model::Address> {
    list.into_iter()
        .map(|address| model::Address {
            name: address.name,
            email: address.email,
        })
        .collect()
}

pub(super) fn slice(slice: exported::Slice) -> model::Slice {
    model::Slice {
        limit: slice.limit,
        cursor: slice.cursor,
    }
}

fn role(role: model::Role) -> exported::FolderRole {
    use exported::FolderRole;
    match role {
        model::Role::Inbox => FolderRole::Inbox,
        model::Role::Sent => FolderRole::Sent,
        model::Role::Drafts => FolderRole::Drafts,
        model::Role::Archive => FolderRole::Archive,
        model::Role::Spam => FolderRole::Spam,
        model::Role::Trash => FolderRole::Trash,
        model::Role::All => FolderRole::All,
        model::Role::Starred => FolderRole::Starred,
        model::Role::Important => FolderRole::Important,
        model::Role::Label => FolderRole::Label,
        model::Role::Folder => FolderRole::Folder,
    }
}

pub(super) fn folder(folder: model::Folder) -> exported::Folder {
    exported::Folder {
        id: folder.id,
        account: folder.account,
        name: folder.name,
        parent: folder.parent,
        role: role(folder.role),
        color: folder.color,
        total: folder.total,
        unread: folder.unread,
        provider_total: folder.provider_total,
        counted: folder.counted,
        left_out: folder.left_out,
    }
}

/// Each mark with its bit, so that both directions agree.
fn bits(marks: &mut model::Marks) -> [(&mut bool, exported::Marks); 9] {
    [
        (&mut marks.unread, exported::Marks::UNREAD),
        (&mut marks.starred, exported::Marks::STARRED),
        (&mut marks.important, exported::Marks::IMPORTANT),
        (&mut marks.draft, exported::Marks::DRAFT),
        (&mut marks.answered, exported::Marks::ANSWERED),
        (&mut marks.forwarded, exported::Marks::FORWARDED),
        (&mut marks.attachments, exported::Marks::ATTACHMENTS),
        (&mut marks.muted, exported::Marks::MUTED),
        (&mut marks.to_do, exported::Marks::TO_DO),
    ]
}

pub(super) fn marks(mut marks: model::Marks) -> exported::Marks {
    bits(&mut marks).into_iter().fold(
        exported::Marks::empty(),
        |set, (is, bit)| if *is { set | bit } else { set },
    )
}

pub(super) fn wanted(set: exported::Marks) -> model::Marks {
    let mut marks = model::Marks::default();
    for (is, bit) in bits(&mut marks) {
        *is = set.contains(bit);
    }
    marks
}

pub(super) fn thread(thread: model::ThreadSummary) -> exported::ThreadSummary {
    exported::ThreadSummary {
        id: thread.id,
        account: thread.account,
        subject: thread.subject,
        snippet: thread.snippet,
        participants: addresses(thread.participants),
        messages: thread.messages,
        latest: thread.latest,
        marks: marks(thread.marks),
        folders: thread.folders,
    }
}

pub(super) fn message(message: model::Message) -> exported::Message {
    let attachment = |attachment: model::Attachment| exported::Attachment {
        id: attachment.id,
        name: attachment.name,
        media_type: attachment.media_type,
        size: attachment.size,
        inline: attachment.inline,
        content_id: attachment.content_id,
    };
    exported::Message {
        id: message.id,
        thread: message.thread,
        account: message.account,
        message_header_id: message.message_header_id,
        subject: message.subject,
        from: message.from.map(address),
        to: addresses(message.to),
        cc: addresses(message.cc),
        bcc: addresses(message.bcc),
        reply_to: addresses(message.reply_to),
        sent: message.sent,
        received: message.received,
        size: message.size,
        marks: marks(message.marks),
        folders: message.folders,
        snippet: message.snippet,
        attachments: message.attachments.into_iter().map(attachment).collect(),
        problem: message.problem,
    }
}
