"""The HTTP front: hands requests to the application in this process, logs each, and injects faults.

Its own paths, on the same port:
  GET  /_test/requests   the requests so far, oldest first: [{service, action, key, status, fault}]; key signed it
  POST /_test/serving    ["10.0.0.1", …] have requests under way, says whoever spreads requests, and is told the private
                         addresses of the servers that load balancers send them to; servers that leave drain until then
  POST /_test/spread-no-more   nobody does so any more
  POST /_test/faults     {"ACTION or *": ["fault", times]} replaces all faults; times -1 is for ever
  POST /_test/health     {"i-… or ami-…": "OutOfService" | "Registering" | "InService"} overrules load balancers
  POST /_test/delays     {"boot": 0.3, …} how long things take; the names are in mending.py
  POST /_test/crowd      {"i-…": 4999} makes so many more like an instance, and answers with their ids
  POST /_test/quotas     {"L-1216C47A": 8} is what the account may run of EC2
  POST /_test/consoles   {"i-…": "text"} is what EC2 has kept of their consoles
  POST /_test/checks     {"i-…": {…}} is what EC2 says of their machines; see ec2.py
  POST /_test/screens    {"i-…": "text"} is what stands there now; null: their type of instance cannot tell

A fault is one of
  hang        no answer until the other side gives up
  drop        the request is carried out, then the connection closes without an answer
  html        a web page with status 502
  page        a web page with status 200
  half        the headers and the first half of the right answer, then the connection closes
  garbage     status 200 and an answer that no service gives
  any other   the error answer of that name; throttling has status 503, denial 403
"""
import io
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from moto.elb.models import elb_backends
from werkzeug.test import EnvironBuilder, run_wsgi_app

from . import ec2, elb, mending, quotas

PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>Please log in</body></html>"
BUSY = ("RequestLimitExceeded", "ServiceUnavailable", "InternalError", "InsufficientInstanceCapacity")
FORBIDDEN = ("AccessDenied", "UnauthorizedOperation", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch")


def error_answer(service, code):
    """The error as the service would write it."""
    status = 503 if code in BUSY or code.startswith("Throttl") else 403 if code in FORBIDDEN else 400
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>injected by the test</Message></Error>"
    if service == "ec2":
        body = f"<Response><Errors>{error}</Errors><RequestID>test</RequestID></Response>"
    elif service == "monitoring":
        from .cloudwatch import encode
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return status, encode({"__type": f"com.amazonaws#{code}", "message": "injected by the test"}), headers
    elif service in ("acm", "ssm", "servicequotas"):
        said = {"__type": code, "message": "injected by the test"}
        return status, json.dumps(said).encode(), {"Content-Type": "application/x-amz-json-1.1"}
    else:
        body = f"<ErrorResponse>{error}<RequestId>test</RequestId></ErrorResponse>"
    return status, body.encode(), {"Content-Type": "text/xml"}


class Front(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, application):
        super().__init__(("127.0.0.1", 0), Handler)
        self.application = application
        self.lock, self.requests, self.faults = threading.Lock(), [], {}
        self.never = threading.Event()

    def next_fault(self, action):
        with self.lock:
            for name in (action, "*"):
                fault = self.faults.get(name)
                if fault and fault[1] != 0:
                    fault[1] -= fault[1] > 0
                    return fault[0]
        return None

    def handle_error(self, request, address):
        """Clients that hang up are part of the tests; anything else is a fault of the endpoint."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers, cut=None):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])

    def own_path(self, body):
        server = self.server
        with server.lock:
            if self.path == "/_test/requests":
                return self.answer(200, json.dumps(server.requests).encode(), {})
            if self.path == "/_test/serving":
                return self.answer(200, json.dumps(elb.spread(elb_backends, json.loads(body))).encode(), {})
            if self.path == "/_test/crowd":
                made = [i for like, count in json.loads(body).items() for i in ec2.crowd(like, count)]
                return self.answer(200, json.dumps(made).encode(), {})
            if self.path == "/_test/spread-no-more":
                elb.spread_no_more()
            elif self.path == "/_test/faults":
                server.faults = json.loads(body)
            elif self.path == "/_test/health":
                elb.FORCED.update(json.loads(body))
            elif self.path == "/_test/delays":
                mending.DELAYS.update(json.loads(body))
            elif self.path == "/_test/quotas":
                quotas.EC2.update(json.loads(body))
            elif self.path == "/_test/consoles":
                ec2.CONSOLES.update(json.loads(body))
            elif self.path == "/_test/checks":
                ec2.CHECKS.update(json.loads(body))
            elif self.path == "/_test/screens":
                ec2.SCREENS.update(json.loads(body))
        self.answer(200, b"{}", {})

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/_test/"):
            return self.own_path(body)
        key, service, action = self.named(body)
        fault = self.server.next_fault(action)
        record = {"service": service, "action": action, "key": key, "status": None, "fault": fault}
        with self.server.lock:
            self.server.requests.append(record)
        if fault == "hang":
            self.close_connection = True
            return self.connection.recv(1)                  # returns when the other side closes
        if fault in (None, "drop", "half"):
            status, answer, headers = self.carried_out(body)
        elif fault in ("html", "page"):
            status, answer, headers = (502 if fault == "html" else 200), PAGE, {"Content-Type": "text/html"}
        elif fault == "garbage":
            status, answer, headers = 200, b"<what><is>this", {"Content-Type": "text/xml"}
        else:
            status, answer, headers = error_answer(service, fault)
        if fault == "drop":
            self.close_connection = True
            return
        record["status"] = status
        if fault == "half":
            self.close_connection = True
            return self.answer(status, answer, headers, cut=len(answer) // 2)
        self.answer(status, answer, headers)

    def named(self, body):
        """(access key id, service, action) of a request, whichever protocol it speaks."""
        query = dict(parse_qsl(urlsplit(self.path).query))
        if body.startswith(b"Action=") or b"&Action=" in body[:4000]:
            query |= dict(parse_qsl(body.decode("latin1")))
        target = self.headers.get("X-Amz-Target", self.path)
        action = query.get("Action") or target.replace("/", ".").split(".")[-1]
        if self.command == "POST" and urlsplit(self.path).path.endswith("/invalidation"):
            action = "CreateInvalidation"       # CloudFront speaks in paths
        scope = self.headers.get("Authorization", "").partition("Credential=")[2].split("/")
        return scope[0], (scope[3] if len(scope) > 3 else "?"), action

    def carried_out(self, body):
        url = urlsplit(self.path)
        builder = EnvironBuilder(path=url.path, query_string=url.query, method=self.command,
                                 headers=list(self.headers.items()), input_stream=io.BytesIO(body))
        environ = builder.get_environ()
        environ["CONTENT_LENGTH"] = str(len(body))
        chunks, status, headers = run_wsgi_app(self.server.application, environ, buffered=True)
        headers, body = dict(headers.items()), b"".join(chunks)
        if "xml" in headers.get("Content-Type", ""):
            # moto writes control characters raw; other writers of XML use references: let both occur.
            body = body.replace(b"\x07", b"&#7;")
        return int(status.split()[0]), body, headers

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any
