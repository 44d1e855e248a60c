//! The beginning of a reply or a forward.

use chrono::DateTime;

use super::{files, own_addresses};
use crate::connect::Connect;
use crate::content::{sanitise, text};
use crate::mailbox::open_body;
use crate::model::{Caller, Draft, Relation, Result};
use crate::platform::Platform;
use crate::provider::Address;
use crate::settings::texts::{Locale, Text};
use crate::store::reads;
use crate::store::rows::{Account, Message};

/// What other mail programs put before a subject when replying and when forwarding.
const REPLIES: &[&str] = &[
    "re:",
    "aw:",
    "sv:",
    "antw:",
    "odp:",
    "отв:",
    "ответ:",
    "回复:",
    "回复：",
    "答复:",
    "答复：",
];
const FORWARDS: &[&str] = &[
    "fwd:",
    "fw:",
    "wg:",
    "tr:",
    "rv:",
    "пересл:",
    "转发:",
    "转发：",
];

fn subject(subject: &str, relation: Relation) -> String {
    let subject = subject.trim();
    let lower = subject.to_lowercase();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
    match relation {
        Relation::Forward if begins(FORWARDS) => subject.to_owned(),
        Relation::Forward => format!("Fwd: {subject}"),
        _ if begins(REPLIES) => subject.to_owned(),
        _ => format!("Re: {subject}"),
    }
}

/// Adds addresses that are neither own nor there already.
fn add(people: &mut Vec<Address>, others: &[Address], skip: &[String], also: &[Address]) {
    for address in others {
        let same = |other: &str| other.eq_ignore_ascii_case(&address.email);
        let known = people.iter().chain(also).any(|known| same(&known.email))
            || skip.iter().any(|own| same(own));
        if !known && !address.email.is_empty() {
            people.push(address.clone());
        }
    }
}

/// To and Cc of a reply.
fn recipients(
    account: &Account,
    message: &Message,
    relation: Relation,
) -> (Vec<Address>, Vec<Address>) {
    let own = own_addresses(account);
    let (mut to, mut cc) = (Vec::new(), Vec::new());
    let from: Vec<Address> = message.sender.0.iter().cloned().collect();
    let mine = from.iter().any(|sender| {
        own.iter()
            .any(|own| own.eq_ignore_ascii_case(&sender.email))
    });
    match relation {
        Relation::Forward => {}
        // A reply to one's own message goes on to the same people.
        _ if mine => add(&mut to, &message.recipients.0, &own, &[]),
        _ => {
            let answer = if message.reply_to.0.is_empty() {
                &from
            } else {
                &message.reply_to.0
            };
            add(&mut to, answer, &own, &[]);
        }
    }
    if relation == Relation::ReplyAll {
        add(&mut cc, &message.recipients.0, &own, &to);
        let known: Vec<Address> = to.iter().chain(&cc).cloned().collect();
        add(&mut cc, &message.cc.0, &own, &known);
    }
    // A note to oneself.
    if to.is_empty() && relation != Relation::Forward {
        to = if mine {
            message.recipients.0.clone()
        } else {
            from
        };
    }
    (to, cc)
}

fn shown(address: &Address) -> String {
    if address.name.is_empty() {
        address.email.clone()
    } else {
        format!("{} <{}>", address.name, address.email)
    }
}

fn list(addresses: &[Address]) -> String {
    addresses.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn date(message: &Message) -> String {
    let at = message.sent.unwrap_or(message.received);
    let at = i64::try_from(at)
        .ok()
        .and_then(DateTime::from_timestamp_millis);
    at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default()
}

/// What stands above the quoted message, in the writer's language.
fn introduction(message: &Message, relation: Relation, locale: Locale) -> String {
    let sender = message.sender.0.as_ref().map(shown).unwrap_or_default();
    let date = date(message);
    if relation != Relation::Forward {
        return match locale {
            Locale::English => format!("On {date}, {sender} wrote:"),
            Locale::Russian => format!("{date}, {sender} пишет:"),
            Locale::Chinese => format!("在 {date}，{sender} 写道："),
        };
    }
    let line = |label: Text, value: &str| format!("{} {value}", label.in_locale(locale));
    let mut lines = vec![
        Text::ForwardedHead.in_locale(locale),
        line(Text::ForwardedFrom, &sender),
        line(Text::ForwardedDate, &date),
        line(Text::ForwardedSubject, &message.subject),
        line(Text::ForwardedTo, &list(&message.recipients.0)),
    ];
    if !message.cc.0.is_empty() {
        lines.push(line(Text::ForwardedCc, &list(&message.cc.0)));
    }
    lines.join("\n")
}

fn quoted_text(introduction: &str, body: &str, relation: Relation) -> String {
    if relation == Relation::Forward {
        return format!("\n\n{introduction}\n\n{body}");
    }
    let quoted = body.trim_end().lines().map(|line| {
        if line.starts_with('>') {
            format!(">{line}")
        } else {
            format!("> {line}")
        }
    });
    format!(
        "\n\n{introduction}\n{}\n",
        quoted.collect::<Vec<_>>().join("\n")
    )
}

fn quoted_html(introduction: &str, body: &str, relation: Relation) -> String {
    let introduction = text::to_html(introduction);
    if relation == Relation::Forward {
        return format!("<p><br></p><div>{introduction}</div><br><div>{body}</div>");
    }
    let style = "margin:0 0 0 0.8ex;border-left:1px solid #ccc;padding-left:1ex";
    format!(
        "<p><br></p><div>{introduction}</div><blockquote type=\"cite\" style=\"{style}\">{body}</blockquote>"
    )
}

/// Recipients, subject and quoted body; a forward brings the original's attachments as uploads of this caller.
///
/// # Errors
/// `NotFound` for an unknown or foreign message; what the provider's fault means to the caller.
pub async fn prepare(
    platform: &impl Platform,
    connect: &impl Connect,
    caller: &Caller,
    message: &str,
    relation: Relation,
) -> Result<Draft> {
    let (account, message) = reads::owned_message(platform, &caller.user, message).await?;
    let (body, html) = open_body(platform, &message.id).await?;
    let (to, cc) = recipients(&account, &message, relation);
    let introduction = introduction(&message, relation, Locale::of(&caller.locale));
    // A quote is made harmless too: it is shown in an editor. A forward keeps its inline images, which travel along.
    let inline = match relation {
        Relation::Forward => message.files.0.as_slice(),
        _ => &[],
    };
    let quote = match html {
        Some(html) => sanitise::quoted(&html, inline),
        None => text::to_html(body.trim_end()),
    };
    let attachments = match relation {
        Relation::Forward => files::carry(platform, connect, &account, &message).await?,
        _ => Vec::new(),
    };
    let alias = own_alias(&account, &message);
    Ok(Draft {
        account: account.id.clone(),
        sender: alias,
        to,
        cc,
        bcc: Vec::new(),
        subject: subject(&message.subject, relation),
        html: Some(quoted_html(&introduction, &quote, relation)),
        text: Some(quoted_text(&introduction, &body, relation)),
        attachments,
        in_relation: Some((relation, message.id)),
    })
}

/// The alias that the message was sent to, to answer as.
fn own_alias(account: &Account, message: &Message) -> Option<String> {
    let mut addressed = message.recipients.0.iter().chain(&message.cc.0);
    let to = |alias: &&Address, other: &Address| alias.email.eq_ignore_ascii_case(&other.email);
    if addressed
        .clone()
        .any(|address| address.email.eq_ignore_ascii_case(&account.email))
    {
        return None;
    }
    let alias = account
        .aliases
        .0
        .iter()
        .find(|alias| addressed.any(|address| to(alias, address)))?;
    Some(alias.email.clone())
}
