//! A test plugin that exports mail and has none: enough to be a second one of its kind, and to be timed.
#![cfg(target_family = "wasm")]

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package test:guests;
        world postbox {
            include platform:plugin/plugin@0.1.0;
            export platform:mail/accounts@0.1.0;
            export platform:mail/mailbox@0.1.0;
            export platform:mail/actions@0.1.0;
            export platform:mail/compose@0.1.0;
        }
    ",
    world: "test:guests/postbox",
    generate_all,
});

use exports::platform::mail::{accounts, actions, compose, mailbox};
use exports::platform::plugin::lifecycle;
use platform::mail::types::{Content, Folder, Message, Slice};
use platform::plugin::types::{Caller, Error};

/// Overwritten by tests; keeps its length.
static ID: &str = "postbox-one";

struct Postbox;
export!(Postbox);

type Answer<T> = Result<T, Error>;

impl lifecycle::Guest for Postbox {
    fn describe() -> lifecycle::Manifest {
        lifecycle::Manifest {
            id: std::hint::black_box(ID).into(),
            title: "Postbox".into(),
            version: "1.0.0".into(),
            description: String::new(),
            origins: vec![],
            paths: vec![],
            pages: false,
            storage_bytes: 1 << 20,
            memory_bytes: 16 << 20,
            call_seconds: 2,
            schedules: vec![],
        }
    }
    fn install() -> Result<(), String> {
        Ok(())
    }
    fn enable() -> Result<(), String> {
        Ok(())
    }
    fn disable() -> Result<(), String> {
        Ok(())
    }
    fn upgrade(_: String) -> Result<(), String> {
        Ok(())
    }
    fn remove() -> Result<(), String> {
        Ok(())
    }
    fn user_removed(_: String) -> Result<(), String> {
        Ok(())
    }
}

impl accounts::Guest for Postbox {
    fn list(_: Caller) -> Answer<Vec<accounts::Account>> {
        Ok(vec![])
    }
    fn get(_: Caller, _: String) -> Answer<accounts::Account> {
        Err(Error::NotFound)
    }
    fn change(_: Caller, _: String, _: accounts::Changes) -> Answer<accounts::Account> {
        Err(Error::NotFound)
    }
    fn refresh_aliases(_: Caller, _: String) -> Answer<Vec<String>> {
        Err(Error::NotFound)
    }
    fn list_parked(_: Caller, _: String) -> Answer<Vec<accounts::ParkedMessage>> {
        Err(Error::NotFound)
    }
    fn retry_parked(_: Caller, _: String) -> Answer<()> {
        Err(Error::NotFound)
    }
    fn read_log(_: Caller, _: String, _: Slice) -> Answer<accounts::LogPage> {
        Err(Error::NotFound)
    }
    fn sync_now(_: Caller, _: String) -> Answer<()> {
        Err(Error::NotFound)
    }
    fn reconcile(_: Caller, _: String) -> Answer<()> {
        Err(Error::NotFound)
    }
    fn unlink(_: Caller, _: String, _: bool) -> Answer<accounts::Unlinked> {
        Err(Error::NotFound)
    }
    fn overviews() -> Answer<Vec<accounts::Overview>> {
        Ok(vec![])
    }
}

impl mailbox::Guest for Postbox {
    fn list_folders(_: Caller, _: Option<String>) -> Answer<Vec<Folder>> {
        Ok(vec![])
    }
    fn unread(_: Caller) -> Answer<u64> {
        Ok(0)
    }
    fn list_threads(_: Caller, _: mailbox::Filter, _: Slice) -> Answer<mailbox::Threads> {
        Err(Error::NotFound)
    }
    fn list_messages(_: Caller, _: mailbox::Filter, _: Slice) -> Answer<mailbox::Messages> {
        Err(Error::NotFound)
    }
    fn get_thread(_: Caller, _: String) -> Answer<Vec<Message>> {
        Err(Error::NotFound)
    }
    fn get_message(_: Caller, _: String) -> Answer<Message> {
        Err(Error::NotFound)
    }
    fn get_content(_: Caller, _: String, _: mailbox::Showing) -> Answer<Content> {
        Err(Error::NotFound)
    }
    fn get_attachment(_: Caller, _: String, _: String) -> Answer<mailbox::Download> {
        Err(Error::NotFound)
    }
    fn get_raw(_: Caller, _: String) -> Answer<mailbox::Download> {
        Err(Error::NotFound)
    }
}

impl actions::Guest for Postbox {
    fn apply(_: Caller, _: actions::Subject, _: actions::Action) -> Answer<actions::Applied> {
        Err(Error::NotFound)
    }
    fn undo(_: Caller, _: String) -> Answer<()> {
        Err(Error::NotFound)
    }
}

impl compose::Guest for Postbox {
    fn prepare(_: Caller, _: String, _: compose::Relation) -> Answer<compose::Draft> {
        Err(Error::NotFound)
    }
    fn recipients(_: Caller, _: String, _: u32) -> Answer<Vec<compose::Address>> {
        Ok(vec![])
    }
    fn open(_: Caller, _: String) -> Answer<compose::Opened> {
        Err(Error::NotFound)
    }
    fn save(_: Caller, _: Option<compose::Saved>, _: compose::Draft) -> Answer<compose::Saved> {
        Err(Error::NotFound)
    }
    fn discard(_: Caller, _: String) -> Answer<()> {
        Err(Error::NotFound)
    }
    fn send(_: Caller, _: String, _: compose::Content, _: Option<u64>) -> Answer<compose::Outgoing> {
        Err(Error::NotFound)
    }
    fn cancel(_: Caller, _: String) -> Answer<compose::Outgoing> {
        Err(Error::NotFound)
    }
    fn outbox(_: Caller, _: Slice) -> Answer<compose::Outgoings> {
        Err(Error::NotFound)
    }
}
