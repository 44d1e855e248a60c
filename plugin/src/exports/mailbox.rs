//! Reading.

use email_manager_core::{mailbox, model};

use super::{caller, error, mail, mailboxes, run};
use crate::Plugin;
use crate::bindings::exports::platform::mail::mailbox as exported;
use crate::host::Host;

pub(super) fn filter(filter: exported::Filter) -> model::Filter {
    model::Filter {
        accounts: filter.accounts,
        folders: filter.folders,
        text: filter.text,
        having: mail::wanted(filter.having),
        lacking: mail::wanted(filter.lacking),
        addresses: filter.addresses,
        domains: filter.domains,
        after: filter.after,
        before: filter.before,
    }
}

fn download(download: model::Download) -> exported::Download {
    exported::Download {
        blob: download.blob,
        name: download.name,
        media_type: download.media_type,
        size: download.size,
    }
}

impl exported::Guest for Plugin {
    fn list_folders(
        by: exported::Caller,
        account: Option<String>,
    ) -> Result<Vec<exported::Folder>, exported::Error> {
        let folders = run(mailbox::list_folders(
            &Host,
            &caller(by),
            account.as_deref(),
        ))
        .map_err(error)?;
        Ok(folders.into_iter().map(mail::folder).collect())
    }

    fn unread(by: exported::Caller) -> Result<u64, exported::Error> {
        run(mailbox::unread(&Host, &caller(by))).map_err(error)
    }

    fn list_threads(
        by: exported::Caller,
        which: exported::Filter,
        slice: exported::Slice,
    ) -> Result<exported::Threads, exported::Error> {
        let threads = run(mailbox::list_threads(
            &Host,
            &caller(by),
            &filter(which),
            mail::slice(slice),
        ))
        .map_err(error)?;
        Ok(exported::Threads {
            items: threads.items.into_iter().map(mail::thread).collect(),
            next: threads.next,
        })
    }

    fn list_messages(
        by: exported::Caller,
        which: exported::Filter,
        slice: exported::Slice,
    ) -> Result<exported::Messages, exported::Error> {
        let messages = run(mailbox::list_messages(
            &Host,
            &caller(by),
            &filter(which),
            mail::slice(slice),
        ))
        .map_err(error)?;
        Ok(exported::Messages {
            items: messages.items.into_iter().map(mail::message).collect(),
            next: messages.next,
        })
    }

    fn get_thread(
        by: exported::Caller,
        id: String,
    ) -> Result<Vec<exported::Message>, exported::Error> {
        let messages = run(mailbox::thread(&Host, &caller(by), &id)).map_err(error)?;
        Ok(messages.into_iter().map(mail::message).collect())
    }

    fn get_message(by: exported::Caller, id: String) -> Result<exported::Message, exported::Error> {
        run(mailbox::message(&Host, &caller(by), &id))
            .map(mail::message)
            .map_err(error)
    }

    fn get_content(
        by: exported::Caller,
        id: String,
        showing: exported::Showing,
    ) -> Result<exported::Content, exported::Error> {
        let showing = model::Showing {
            allow_remote: showing.allow_remote,
            inline_prefix: showing.inline_prefix,
            remote_prefix: showing.remote_prefix,
        };
        let content = run(mailbox::content(&Host, &caller(by), &id, &showing)).map_err(error)?;
        Ok(exported::Content {
            html: content.html,
            text: content.text,
            remote_blocked: content.remote_blocked,
            quoted_from: content.quoted_from,
        })
    }

    fn get_attachment(
        by: exported::Caller,
        message: String,
        attachment: String,
    ) -> Result<exported::Download, exported::Error> {
        run(mailbox::attachment(
            &Host,
            &mailboxes(),
            &caller(by),
            &message,
            &attachment,
        ))
        .map(download)
        .map_err(error)
    }

    fn get_raw(by: exported::Caller, id: String) -> Result<exported::Download, exported::Error> {
        run(mailbox::raw(&Host, &mailboxes(), &caller(by), &id))
            .map(download)
            .map_err(error)
    }
}
