"""CloudWatch speaks rpc-v2-cbor with current SDKs, moto does not: translated to the JSON that moto knows."""
import io
import json
import struct

TARGET = "GraniteServiceVersion20100801"
TIMES = ("Timestamp", "Timestamps")


def encode(value):
    """CBOR of JSON-like data; instants are given as `(1, seconds)`."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode()
        return head(3, len(raw)) + raw
    if isinstance(value, tuple):
        return head(6, value[0]) + encode(value[1])
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode, value))
    return head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


def head(major, number):
    for size, (code, form) in {24: (None, ""), 1 << 8: (24, "B"), 1 << 16: (25, ">H"), 1 << 32: (26, ">I"),
                               1 << 64: (27, ">Q")}.items():
        if number < size:
            return bytes([major << 5 | (number if code is None else code)]) + (struct.pack(form, number) if form else b"")
    raise ValueError(number)


BREAK = object()


def decode(stream):
    """The next CBOR value of a stream; tags are dropped, so that an instant is its seconds."""
    first = stream.read(1)[0]
    major, low = first >> 5, first & 31
    if first == 0xff:
        return BREAK
    if major == 7:
        if low in (20, 21, 22, 23):
            return {20: False, 21: True}.get(low)
        form, size = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}[low]
        return struct.unpack(form, stream.read(size))[0]
    if low == 31:
        parts = list(iter(lambda: decode(stream), BREAK))
        if major in (2, 3):
            return (b"" if major == 2 else "").join(parts)
        return dict(zip(parts[::2], parts[1::2])) if major == 5 else parts
    number = low if low < 24 else int.from_bytes(stream.read(1 << (low - 24)), "big")
    if major == 0:
        return number
    if major == 1:
        return -1 - number
    if major in (2, 3):
        raw = stream.read(number)
        return raw if major == 2 else raw.decode()
    if major == 4:
        return [decode(stream) for _ in range(number)]
    if major == 5:
        return {decode(stream): decode(stream) for _ in range(number)}
    return decode(stream)


def with_instants(value, name=None):
    """JSON from moto, with the numbers that are instants marked as such."""
    if isinstance(value, dict):
        return {k: with_instants(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [with_instants(v, name) for v in value]
    if name in TIMES and isinstance(value, (int, float)):
        return (1, float(value))
    if name == "Values" and isinstance(value, int):
        return float(value)
    return value


class Cbor:
    """Stands before moto's application."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if not path.startswith(f"/service/{TARGET}/operation/"):
            return self.application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
            import gzip
            body = gzip.decompress(body)
            del environ["HTTP_CONTENT_ENCODING"]
        body = json.dumps(decode(io.BytesIO(body)) if body else {}).encode()
        environ = {**environ, "PATH_INFO": "/", "CONTENT_TYPE": "application/x-amz-json-1.0", "CONTENT_LENGTH": str(len(body)),
                   "HTTP_X_AMZ_TARGET": f"{TARGET}.{path.rsplit('/', 1)[1]}", "wsgi.input": io.BytesIO(body)}
        status = []
        chunks = self.application(environ, lambda s, _headers, _exc=None: status.append(s))
        answer = b"".join(chunks)
        answer = encode(with_instants(json.loads(answer))) if answer.strip() else encode({})
        start_response(status[0], [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")])
        return [answer]
