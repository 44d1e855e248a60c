"""What the peers of the speed comparison have in common.

Arguments of each: the fake's address, an access token, the mailbox's address, an empty folder. Each prints one line of JSON: seconds and CPU seconds
of the first sync, and how many messages are there afterwards.
"""

import json
import os
import pathlib
import resource
import sys
import time

BASE, TOKEN, ADDRESS, FOLDER = sys.argv[1].rstrip("/") + "/", sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
# As a program keeps it that somebody has signed in to; never to be refreshed.
CREDENTIALS = {
    "token": TOKEN, "refresh_token": "none", "client_id": "none", "client_secret": "none",
    "expiry": "2099-01-01T00:00:00Z", "scopes": ["https://www.googleapis.com/auth/gmail.modify"],
}
# Some peers print what they do.
OUT = os.dup(1)
os.dup2(2, 1)


def description():
    """Google's own description of Gmail, as its library brings it along: only the address is the fake's."""
    import googleapiclient

    path = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "gmail.v1.json"
    return dict(json.loads(path.read_text()), rootUrl=BASE, baseUrl=BASE)


def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(sync, count):
    begun, used = time.monotonic(), cpu()
    sync()
    figures = {"seconds": time.monotonic() - begun, "cpu": cpu() - used, "messages": count()}
    os.write(OUT, (json.dumps(figures) + "\n").encode())
