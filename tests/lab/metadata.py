#!/usr/bin/env python3
"""metadata.py NAMESPACE FOLDER: what EC2 tells a server about itself (IMDSv2), for one host of the lab. Runs in a
network namespace that has 169.254.169.254 and reaches that host only; anywhere else it refuses. Says `ready` when it listens.

What it tells are the files of FOLDER, read at each request: `instance-id`, `local-ipv4`, `public-keys/0/openssh-key`, …
Nothing is told without a token, and a token is had by PUT only.
"""
import os
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ADDRESS = "169.254.169.254"
LONGEST = 21_600    # seconds that a token may be good for
TTL = "X-aws-ec2-metadata-token-ttl-seconds"


class Metadata(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tokens = {}     # token -> until when it is good

    def log_message(self, *_):
        pass

    def answer(self, status, text="", **headers):
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        # A header that proxies add: a token is for whoever asks from the server itself.
        if self.path != "/latest/api/token" or "X-Forwarded-For" in self.headers:
            return self.answer(404 if self.path != "/latest/api/token" else 403)
        seconds = self.headers.get(TTL, "")
        if not seconds.isdigit() or not 1 <= int(seconds) <= LONGEST:
            return self.answer(400)
        token = secrets.token_urlsafe(42)
        self.tokens[token] = time.monotonic() + int(seconds)
        self.answer(200, token, **{TTL: seconds})

    def do_GET(self):
        if self.tokens.get(self.headers.get("X-aws-ec2-metadata-token"), 0) < time.monotonic():
            return self.answer(401)
        parts = self.path.split("/")
        if parts[1:3] != ["latest", "meta-data"] or ".." in parts:
            return self.answer(404)
        found = self.server.folder.joinpath(*filter(None, parts[3:]))
        if found.is_dir():
            return self.answer(200, "\n".join(sorted(f.name + "/" * f.is_dir() for f in found.iterdir())))
        try:
            self.answer(200, found.read_text())
        except OSError:
            self.answer(404)


namespace, folder = sys.argv[1:]
if not namespace.startswith("/run/netns/") or not os.path.samefile(namespace, "/proc/self/ns/net"):
    sys.exit(f"metadata.py: this is not the network namespace {namespace}")
server = ThreadingHTTPServer((ADDRESS, 80), Metadata)
server.folder = Path(folder)
print("ready", flush=True)
server.serve_forever()
