"""Runs lieer (Gmail → maildir and notmuch) against the Gmail fake; see peer.py."""

import json
import os
import subprocess
import sys

import peer


def notmuch(*arguments):
    return subprocess.run(["notmuch", *arguments], check=True, capture_output=True, text=True).stdout


def prepare():
    """A notmuch database and lieer's files in the folder, as `gmi init` after a sign-in leaves them."""
    mail = peer.FOLDER / "mail"
    mail.mkdir(parents=True)
    configuration = peer.FOLDER / "notmuch.conf"
    configuration.write_text(
        f"[database]\npath={mail}\n[user]\nname=Bench\nprimary_email={peer.ADDRESS}\n[new]\ntags=new\nignore=/.*[.](json|lock|bak)$/\n"
    )
    os.environ["NOTMUCH_CONFIG"] = str(configuration)
    notmuch("new")
    box = mail / "account"
    box.mkdir()
    os.chdir(box)
    (box / ".credentials.gmailieer.json").write_text(json.dumps(peer.CREDENTIALS))


def gmi(*arguments):
    from lieer.gmailieer import Gmailieer

    sys.argv = ["gmi", *arguments]
    Gmailieer().main()


def point_at_fake():
    """Only the address changes: the same library, with its own description of Gmail."""
    from googleapiclient import discovery

    document = peer.description()
    discovery.build = lambda name, version, credentials: discovery.build_from_document(document, credentials=credentials)


prepare()
point_at_fake()
gmi("init", "--no-auth", peer.ADDRESS)
peer.measure(lambda: gmi("pull"), lambda: int(notmuch("count", "--lastmod", "*").split()[0]))
