"""Runs lieer (Gmail → maildir and notmuch) against the Gmail fake, as the peer that the plugin's speed is held against.

Arguments: the fake's address, an access token, the mailbox's address, an empty folder. Prints one line of JSON: seconds and CPU
seconds of the pull, and how many messages notmuch knows afterwards.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import time

BASE, TOKEN, ADDRESS, FOLDER = sys.argv[1].rstrip("/") + "/", sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])


def notmuch(*arguments):
    return subprocess.run(["notmuch", *arguments], check=True, capture_output=True, text=True).stdout


def prepare():
    """A notmuch database and lieer's files in the folder, as `gmi init` after a sign-in leaves them."""
    mail = FOLDER / "mail"
    mail.mkdir(parents=True)
    configuration = FOLDER / "notmuch.conf"
    configuration.write_text(
        f"[database]\npath={mail}\n[user]\nname=Bench\nprimary_email={ADDRESS}\n[new]\ntags=new\nignore=/.*[.](json|lock|bak)$/\n"
    )
    os.environ["NOTMUCH_CONFIG"] = str(configuration)
    notmuch("new")
    box = mail / "account"
    box.mkdir()
    os.chdir(box)
    (box / ".credentials.gmailieer.json").write_text(json.dumps({
        "token": TOKEN, "refresh_token": "none", "client_id": "none", "client_secret": "none",
        "expiry": "2099-01-01T00:00:00Z", "scopes": ["https://www.googleapis.com/auth/gmail.modify"],
    }))


def gmi(*arguments):
    from lieer.gmailieer import Gmailieer

    sys.argv = ["gmi", *arguments]
    Gmailieer().main()


def point_at_fake():
    """Only the address changes: the same library, with its own description of Gmail."""
    import googleapiclient
    from googleapiclient import discovery

    path = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "gmail.v1.json"
    document = dict(json.loads(path.read_text()), rootUrl=BASE, baseUrl=BASE)
    discovery.build = lambda name, version, credentials: discovery.build_from_document(document, credentials=credentials)


def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main():
    out = os.dup(1)
    os.dup2(2, 1)
    prepare()
    point_at_fake()
    gmi("init", "--no-auth", ADDRESS)
    begun, used = time.monotonic(), cpu()
    gmi("pull")
    figures = {"seconds": time.monotonic() - begun, "cpu": cpu() - used}
    figures["messages"] = int(notmuch("count", "--lastmod", "*").split()[0])
    os.write(out, (json.dumps(figures) + "\n").encode())


main()
