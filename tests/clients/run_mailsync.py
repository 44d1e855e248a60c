"""Runs mailsync (Gmail → SQLite with an index for full-text search) against the Gmail fake; see peer.py."""

import asyncio
import json
import os

import peer

# Days that its first sync goes back: all of them.
ALWAYS = 20_000


def point_at_fake():
    """It looks up Google's services and Gmail's description when it starts: both are told here, the latter with the fake's address."""
    import fastgws
    from fastgws.core import GWSApi

    fastgws.apis = lambda: [{"name": "gmail", "preferred": True}]
    GWSApi._get_doc = lambda *_: peer.description()


def prepare():
    """Its configuration, as after `gclientid-auth` and the first start."""
    os.environ["XDG_CONFIG_HOME"] = str(peer.FOLDER / "config")
    os.environ["XDG_CACHE_HOME"] = str(peer.FOLDER / "cache")
    token = peer.FOLDER / "token.json"
    token.parent.mkdir(parents=True)
    token.write_text(json.dumps(peer.CREDENTIALS))
    from mailsync.core import settings

    return settings(peer.ADDRESS, token, ALWAYS)


def count(account):
    from mailsync.core import Store, db_path

    with Store(db_path(account)) as store:
        return store.db.execute("select count(*) from messages").fetchone()[0]


point_at_fake()
configuration = prepare()
from mailsync.sync import sync_once

peer.measure(lambda: asyncio.run(sync_once(configuration)), lambda: count(configuration.account))
