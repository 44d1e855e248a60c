//! The person, their mailbox settings and categories, and translation of ids.

use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call, get as property};
use super::error::GraphError;
use super::messages::no_content;
use crate::microsoft::mailbox::folder::key;
use crate::microsoft::mailbox::ids::{self, IdKind};

/// Ids in one translation.
const MAX_IDS: usize = 1_000;

/// `GET /me` and `GET /users/{user}`
pub(crate) fn me(call: &Call) -> Answer {
    let account = &call.person.account;
    let (given, family) = account.name.rsplit_once(' ').unwrap_or((&account.name, ""));
    let addresses: Vec<String> = std::iter::once(format!("SMTP:{}", account.address))
        .chain(account.aliases.iter().map(|(a, _)| format!("smtp:{a}")))
        .collect();
    let mut body = json!({
        "id": call.person.id(),
        "displayName": account.name,
        "givenName": given,
        "surname": family,
        "mail": account.address,
        "userPrincipalName": account.address,
        "preferredLanguage": account.locale,
        "jobTitle": null,
        "mobilePhone": null,
        "officeLocation": null,
        "businessPhones": [],
        "proxyAddresses": addresses,
        "otherMails": [],
    });
    if let Some(object) = body.as_object_mut() {
        // Some properties are only given when asked for by name.
        object.retain(|name, _| match &call.query.select {
            Some(select) => select.contains(&name.to_ascii_lowercase()),
            None => !matches!(name.as_str(), "proxyAddresses" | "otherMails"),
        });
        let context = format!(
            "{}/v1.0/$metadata#users/$entity",
            call.shared.context.base_url
        );
        object.insert("@odata.context".to_owned(), json!(context));
    }
    Ok(axum::Json(body).into_response())
}

/// `GET /mailboxSettings`
pub(crate) fn mailbox(call: &Call) -> Answer {
    let locale = call.person.account.locale.as_deref().unwrap_or("en-US");
    let archive = call.with(|m| ids::folder(m.uid, key::ARCHIVE));
    let body = json!({
        "@odata.context": call.odata_context("mailboxSettings"),
        "archiveFolder": archive,
        "timeZone": "UTC",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "yyyy-MM-dd",
        "timeFormat": "HH:mm",
        "userPurpose": if call.person.is_shared() { "shared" } else { "user" },
        "language": {"locale": locale, "displayName": locale},
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "none", "internalReplyMessage": "", "externalReplyMessage": ""},
        "workingHours": {"daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"], "startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000", "timeZone": {"name": "UTC"}},
    });
    Ok(axum::Json(body).into_response())
}

fn category(name: &str, color: &str) -> Value {
    json!({"id": name, "displayName": name, "color": color})
}

/// `GET /outlook/masterCategories`
pub(crate) fn categories(call: &Call) -> Answer {
    let all: Vec<Value> = call.with(|m| m.categories.iter().map(|(n, c)| category(n, c)).collect());
    Ok(axum::Json(
        json!({"@odata.context": call.odata_context("outlook/masterCategories"), "value": all}),
    )
    .into_response())
}

/// `POST /outlook/masterCategories`
pub(crate) fn add_category(call: &Call) -> Answer {
    let body = call.object()?;
    let name = property(&body, "displayName")
        .and_then(Value::as_str)
        .ok_or_else(|| GraphError::missing("DisplayName"))?;
    let color = property(&body, "color")
        .and_then(Value::as_str)
        .unwrap_or("none");
    let fresh = call.with(|m| {
        let fresh = m
            .categories
            .iter()
            .all(|(n, _)| !n.eq_ignore_ascii_case(name));
        if fresh {
            m.categories.push((name.to_owned(), color.to_owned()));
        }
        fresh
    });
    if !fresh {
        return Err(GraphError::new(
            StatusCode::CONFLICT,
            "CategoryNameExists",
            "A category with this name exists already.",
        ));
    }
    Ok(call.entity(
        StatusCode::CREATED,
        "outlook/masterCategories",
        category(name, color),
    ))
}

/// `DELETE /outlook/masterCategories/{category}`
pub(crate) fn remove_category(call: &Call) -> Answer {
    let name = call.param("category");
    let found = call.with(|m| {
        let before = m.categories.len();
        m.categories.retain(|(n, _)| n != name);
        before != m.categories.len()
    });
    if found {
        Ok(no_content())
    } else {
        Err(GraphError::item_not_found())
    }
}

/// `POST /translateExchangeIds`
pub(crate) fn translate(call: &Call) -> Answer {
    let body = call.object()?;
    let list = property(&body, "inputIds")
        .and_then(Value::as_array)
        .ok_or_else(|| GraphError::missing("inputIds"))?;
    if list.len() > MAX_IDS {
        return Err(GraphError::bad(
            "ErrorInvalidRequest",
            format!("No more than {MAX_IDS} ids can be translated at once."),
        ));
    }
    let target = match property(&body, "targetIdType")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "restid" | "restimmutableentryid" if target_is_immutable(&body) => IdKind::Immutable,
        "restid" => IdKind::Mutable,
        other => {
            return Err(GraphError::bad(
                "BadRequest",
                format!("The id type '{other}' is not supported."),
            ));
        }
    };
    let value: Vec<Value> = call.with(|m| {
        list.iter()
            .filter_map(Value::as_str)
            .map(|id| {
                let row = ids::parse_message(m.uid, id).and_then(|n| m.messages.get(&n.key));
                match row {
                    Some(row) => json!({"sourceId": id, "targetId": ids::message(m.uid, row.key, row.instance, target)}),
                    None => json!({"sourceId": id, "targetId": null, "errorDetails": {"code": "ErrorInvalidIdMalformed", "message": "Id is malformed."}}),
                }
            })
            .collect()
    });
    Ok(
        axum::Json(
            json!({"@odata.context": call.odata_context("convertIdResult"), "value": value}),
        )
        .into_response(),
    )
}

fn target_is_immutable(body: &serde_json::Map<String, Value>) -> bool {
    property(body, "targetIdType")
        .and_then(Value::as_str)
        .is_some_and(|t| t.eq_ignore_ascii_case("restImmutableEntryId"))
}
