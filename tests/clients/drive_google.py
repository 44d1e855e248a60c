"""Drives the Gmail fake with Google's own library: if the library is unhappy, the fake is wrong.

Arguments: the fake's address, an access token. Prints nothing if all is well.
"""

import base64
import io
import json
import pathlib
import sys
import time
import urllib.request
from email.message import EmailMessage

import googleapiclient
from google.auth.transport.requests import Request
from google.oauth2 import id_token
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from endpoint import PATIENCE, Endpoint

BASE, TOKEN = sys.argv[1].rstrip("/") + "/", sys.argv[2]
WEEK_MS = 7 * 24 * 3_600_000
TOPIC, OTHER_TOPIC = "projects/mine/topics/mail", "projects/mine/topics/other"
AUDIENCE, SIGNER = "official-client", "push@mine.example"


def service(batch_path):
    """The library with its own description of Gmail, pointed at the fake. Its batch path is an old one that still works."""
    folder = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    document = json.loads((folder / "gmail.v1.json").read_text())
    return build_from_document(dict(document, rootUrl=BASE, baseUrl=BASE, batchPath=batch_path), credentials=Credentials(token=TOKEN))


def refused(request, status):
    """The library turns an error body into an exception that has the provider's words."""
    try:
        request.execute()
    except HttpError as error:
        assert error.status_code == status, error
        assert error.reason, "an error without a reason"
        return error
    raise AssertionError(f"{request.uri} should have been refused with {status}")


def rfc822(subject, to, **headers):
    message = EmailMessage()
    message["Subject"], message["To"] = subject, to
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Grüße aus dem Test.\n", cte="base64")
    message.add_attachment(b"\x00\x01payload", maintype="application", subtype="octet-stream", filename="data.bin")
    return message.as_bytes()


def encoded(raw):
    return base64.urlsafe_b64encode(raw).decode()


def reading(users):
    profile = users.getProfile(userId="me").execute()
    assert profile["historyId"].isdigit() and profile["messagesTotal"] > 0
    listing = users.messages().list(userId="me", maxResults=5, q="-in:drafts")
    first = listing.execute()
    second = users.messages().list_next(listing, first).execute()
    ids = [message["id"] for page in (first, second) for message in page["messages"]]
    assert len(set(ids)) == 10, "two pages of five"
    whole = users.messages().get(userId="me", id=ids[0]).execute()
    assert whole["payload"]["headers"] and whole["internalDate"].isdigit()
    raw = users.messages().get(userId="me", id=ids[0], format="raw").execute()
    assert base64.urlsafe_b64decode(raw["raw"])
    for kind in ("minimal", "metadata"):
        assert users.messages().get(userId="me", id=ids[0], format=kind).execute()["id"] == ids[0]
    threads = users.threads().list(userId="me", maxResults=5, labelIds=["INBOX"]).execute()["threads"]
    thread = users.threads().get(userId="me", id=threads[0]["id"], format="full").execute()
    assert thread["messages"]
    refused(users.messages().get(userId="me", id="00000000deadbeef"), 404)
    return profile, ids


def batching(api, users, ids):
    answers = {}
    batch = api.new_batch_http_request(callback=lambda key, answer, error: answers.update({key: error or answer}))
    for one in ids:
        batch.add(users.messages().get(userId="me", id=one, format="minimal"), request_id=one)
    batch.add(users.messages().get(userId="me", id="00000000deadbeef"), request_id="missing")
    batch.execute()
    assert all(answers[one]["id"] == one for one in ids)
    assert answers["missing"].status_code == 404


def attachments(users):
    found = users.messages().list(userId="me", q="has:attachment", maxResults=1).execute()
    message = users.messages().get(userId="me", id=found["messages"][0]["id"]).execute()
    parts, waiting = [], [message["payload"]]
    while waiting:
        part = waiting.pop()
        parts.append(part)
        waiting.extend(part.get("parts", []))
    key = next(part["body"]["attachmentId"] for part in parts if part["body"].get("attachmentId"))
    body = users.messages().attachments().get(userId="me", messageId=message["id"], id=key).execute()
    assert len(base64.urlsafe_b64decode(body["data"])) == body["size"]


def changing(users, ids, since):
    label = users.labels().create(userId="me", body={"name": "Official client"}).execute()
    assert label["id"] in {known["id"] for known in users.labels().list(userId="me").execute()["labels"]}
    assert users.labels().get(userId="me", id="INBOX").execute()["messagesTotal"] >= 0
    refused(users.labels().create(userId="me", body={"name": "Official client"}), 409)
    users.messages().modify(userId="me", id=ids[0], body={"addLabelIds": [label["id"], "STARRED"]}).execute()
    users.messages().batchModify(userId="me", body={"ids": ids[:3], "removeLabelIds": ["UNREAD"]}).execute()
    users.messages().trash(userId="me", id=ids[1]).execute()
    users.messages().untrash(userId="me", id=ids[1]).execute()
    thread = users.messages().get(userId="me", id=ids[2], format="minimal").execute()["threadId"]
    users.threads().modify(userId="me", id=thread, body={"addLabelIds": ["STARRED"]}).execute()
    users.threads().trash(userId="me", id=thread).execute()
    users.threads().untrash(userId="me", id=thread).execute()
    history = users.history().list(userId="me", startHistoryId=since, historyTypes=["labelAdded", "labelRemoved"]).execute()
    changed = {entry["message"]["id"] for record in history["history"] for entry in record.get("labelsAdded", [])}
    assert ids[0] in changed
    refused(users.history().list(userId="me", startHistoryId="1"), 404)
    users.labels().patch(userId="me", id=label["id"], body={"name": "Renamed"}).execute()
    users.labels().delete(userId="me", id=label["id"]).execute()


def sending(users, address):
    aliases = users.settings().sendAs().list(userId="me").execute()["sendAs"]
    assert any(alias.get("isPrimary") for alias in aliases)
    draft = users.drafts().create(userId="me", body={"message": {"raw": encoded(rfc822("Draft", address, X_Marker="m1"))}}).execute()
    large = rfc822("Uploaded", address) + b"x" * 600_000
    upload = MediaIoBaseUpload(io.BytesIO(large), mimetype="message/rfc822", resumable=True, chunksize=256 * 1024)
    request, uploaded = users.drafts().create(userId="me", body={}, media_body=upload), None
    while uploaded is None:
        _, uploaded = request.next_chunk()
    listed = users.drafts().list(userId="me").execute()["drafts"]
    assert {draft["id"], uploaded["id"]} <= {known["id"] for known in listed}
    renewed = users.drafts().update(userId="me", id=draft["id"], body={"message": {"raw": encoded(rfc822("Again", address))}}).execute()
    assert renewed["id"] == draft["id"] and renewed["message"]["id"] != draft["message"]["id"]
    assert users.drafts().get(userId="me", id=draft["id"]).execute()["message"]["id"] == renewed["message"]["id"]
    sent = users.drafts().send(userId="me", body={"id": draft["id"]}).execute()
    assert "SENT" in sent["labelIds"]
    refused(users.drafts().get(userId="me", id=draft["id"]), 404)
    users.drafts().delete(userId="me", id=uploaded["id"]).execute()
    resumable = MediaIoBaseUpload(io.BytesIO(rfc822("Resumed", address)), mimetype="message/rfc822", resumable=True, chunksize=256 * 1024)
    request, answer = users.messages().send(userId="me", body={}, media_body=resumable), None
    while answer is None:
        _, answer = request.next_chunk()
    direct = users.messages().send(userId="me", body={"raw": encoded(rfc822("Direct", address)), "threadId": sent["threadId"]}).execute()
    return [answer["id"], direct["id"]]


def deleting(users, ids):
    users.messages().delete(userId="me", id=ids[0]).execute()
    users.messages().batchDelete(userId="me", body={"ids": ids[1:]}).execute()
    for one in ids:
        refused(users.messages().get(userId="me", id=one), 404)


def set_up_topic(topic, endpoint):
    """What is done in Google's console: Gmail may publish to the topic, and what it publishes is posted to the endpoint, signed."""
    subscription = {"topic": topic, "endpoint": endpoint.url, "audience": AUDIENCE, "service_account": SIGNER}
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(BASE + "_control/google/do/subscribe", json.dumps(subscription).encode(), headers))


def told(message, address):
    """The history id that a push tells of, after Google's own library has verified its signature."""
    assert message is not None, "no push came"
    headers, envelope = message
    scheme, token = headers["Authorization"].split()
    claims = id_token.verify_token(token, Request(), audience=AUDIENCE, certs_url=BASE + "oauth2/v3/certs")
    assert scheme == "Bearer" and claims["email"] == SIGNER and claims["email_verified"] is True, claims
    assert claims["iss"] in ("accounts.google.com", "https://accounts.google.com"), claims
    assert envelope["message"]["messageId"] and envelope["message"]["publishTime"] and envelope["subscription"], envelope
    data = json.loads(base64.b64decode(envelope["message"]["data"]))
    assert data["emailAddress"] == address, data
    return int(data["historyId"])


def change_until_told(users, endpoint, address, one, known):
    """Gmail tells of a mailbox once a second, and of what changes between never: so it is changed until a push comes."""
    until, add = time.monotonic() + PATIENCE, True
    while time.monotonic() < until:
        users.messages().modify(userId="me", id=one, body={"addLabelIds" if add else "removeLabelIds": ["STARRED"]}).execute()
        add = not add
        message = endpoint.next(0.2)
        if message is not None and (history := told(message, address)) > known:
            return history
    raise AssertionError("no push came")


def watched(answer):
    assert set(answer) == {"historyId", "expiration"} and answer["historyId"].isdigit(), answer
    left = int(answer["expiration"]) - time.time() * 1000
    assert WEEK_MS - 60_000 < left < WEEK_MS + 60_000, answer
    return int(answer["historyId"])


def pushing(users, address, one):
    error = refused(users.watch(userId="me", body={"topicName": TOPIC}), 403)
    assert "Cloud PubSub" in error.reason, error
    refused(users.watch(userId="me", body={"topicName": "mail"}), 400)
    with Endpoint() as endpoint:
        for topic in (TOPIC, OTHER_TOPIC):
            set_up_topic(topic, endpoint)
        within = {"topicName": TOPIC, "labelIds": ["INBOX"], "labelFilterBehavior": "include"}
        known = watched(users.watch(userId="me", body=within).execute())
        assert told(endpoint.next(), address) == known, "the first push says that the topic works"
        # Renewed, and for the whole mailbox from now on.
        known = watched(users.watch(userId="me", body={"topicName": TOPIC}).execute())
        assert told(endpoint.next(), address) == known
        then = change_until_told(users, endpoint, address, one, known)
        records = users.history().list(userId="me", startHistoryId=known).execute()["history"]
        assert any(int(record["id"]) == then for record in records), "the push names a record of the history"
        error = refused(users.watch(userId="me", body={"topicName": OTHER_TOPIC}), 400)
        assert "call /stop" in error.reason, error
        assert not users.stop(userId="me").execute()
        watched(users.watch(userId="me", body={"topicName": OTHER_TOPIC}).execute())
        for _ in range(2):
            assert not users.stop(userId="me").execute(), "stopped once or twice"


def main():
    api = service("batch/gmail/v1")
    users = api.users()
    profile, ids = reading(users)
    batching(api, users, ids)
    batching(service("batch"), users, ids)
    attachments(users)
    changing(users, ids, profile["historyId"])
    pushing(users, profile["emailAddress"], ids[3])
    deleting(users, sending(users, profile["emailAddress"]))


main()
