"""Where providers post to: a web address on this machine that keeps what comes, for as long as it is entered."""

import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# Seconds that a message may take; only a test that fails waits so long.
PATIENCE = 30


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        tokens = parse_qs(urlsplit(self.path).query).get("validationToken")
        if tokens:
            # Graph asks whether the address is the subscriber's.
            self.answer(200, tokens[0] if self.server.proves else "something else")
            return
        self.server.came.put((self.headers, json.loads(body)))
        self.answer(202, "")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Endpoint:
    def __init__(self, proves=True):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.proves = proves
        self.server.came = queue.Queue()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def next(self, patience=PATIENCE):
        """Headers and body of the next message; none if nothing comes."""
        try:
            return self.server.came.get(timeout=patience)
        except queue.Empty:
            return None

    def wanted(self, what, is_it):
        """The first message of which this is true: others may come before."""
        until, others = time.monotonic() + PATIENCE, []
        while (message := self.next(max(0, until - time.monotonic()))) is not None:
            if is_it(message[1]):
                return message
            others.append(message[1])
        raise AssertionError(f"{what} did not come, but {others}")
