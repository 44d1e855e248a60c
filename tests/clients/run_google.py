"""Copies a mailbox of the Gmail fake into SQLite with Google's own library, as its guides lead to: pages of ids, the messages in batches of fifty.

Kept is what the plugin keeps: bodies, the list of attachments, and an index for full-text search. See peer.py.
"""

import base64
import re
import sqlite3

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document

import peer

# Ids in a page: Gmail's most. Messages in a batch: what its guide recommends not to exceed.
PAGE, BATCH = 500, 50
SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table messages (
    id text primary key, thread text, labels text, received integer, subject text, sender text, recipients text, cc text, snippet text,
    plain text, html text
);
create table attachments (message text, id text, name text, type text, size integer);
create virtual table words using fts5 (id unindexed, subject, people, body);
"""
TAG = re.compile(r"<[^>]*>")


def parts(payload):
    yield payload
    for part in payload.get("parts", []):
        yield from parts(part)


def text(part):
    data = part["body"].get("data", "")
    return base64.urlsafe_b64decode(data).decode("utf-8", "replace")


def rows(message):
    headers = {header["name"].lower(): header["value"] for header in message["payload"].get("headers", [])}
    subject, sender, to, cc = (headers.get(name, "") for name in ("subject", "from", "to", "cc"))
    bodies, attachments = {}, []
    for part in parts(message["payload"]):
        body = part["body"]
        if part.get("filename") or body.get("attachmentId"):
            attachments.append((message["id"], body.get("attachmentId"), part.get("filename"), part["mimeType"], body["size"]))
        elif part["mimeType"] in ("text/plain", "text/html"):
            bodies.setdefault(part["mimeType"], text(part))
    plain, html = bodies.get("text/plain"), bodies.get("text/html")
    row = (
        message["id"], message["threadId"], " ".join(message.get("labelIds", [])), int(message["internalDate"]), subject, sender, to, cc,
        message.get("snippet"), plain, html,
    )
    body = plain if plain is not None else TAG.sub(" ", html or "")
    return row, attachments, (message["id"], subject, f"{sender} {to} {cc}", body)


def store(database, messages):
    found = [rows(message) for message in messages]
    with database:
        database.executemany("insert into messages values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [row for row, _, _ in found])
        database.executemany("insert into attachments values (?, ?, ?, ?, ?)", [row for _, rows, _ in found for row in rows])
        database.executemany("insert into words values (?, ?, ?, ?)", [row for _, _, row in found])


def sync(database):
    gmail = build_from_document(peer.description(), credentials=Credentials(token=peer.TOKEN))
    messages = gmail.users().messages()
    request = messages.list(userId="me", maxResults=PAGE, includeSpamTrash=True)
    while request is not None:
        page = request.execute()
        ids = [message["id"] for message in page.get("messages", [])]
        for first in range(0, len(ids), BATCH):
            came = []

            def take(_, message, error):
                if error is not None:
                    raise error
                came.append(message)

            batch = gmail.new_batch_http_request(callback=take)
            for one in ids[first:first + BATCH]:
                batch.add(messages.get(userId="me", id=one, format="full"))
            batch.execute()
            store(database, came)
        request = messages.list_next(request, page)


peer.FOLDER.mkdir(parents=True)
database = sqlite3.connect(peer.FOLDER / "mail.sqlite3")
database.executescript(SCHEMA)
peer.measure(lambda: sync(database), lambda: database.execute("select count(*) from messages").fetchone()[0])
