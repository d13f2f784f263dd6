"""CloudWatch's protocol in the Rust SDK is Smithy RPC v2 CBOR; moto answers it with 404 and speaks AWS JSON 1.0.

This WSGI layer translates the one into the other and back. Times in answers come back as numbers, so read metrics
with boto3, never with the Rust SDK.
"""

import datetime
import gzip
import io
import json
import re

import cbor2

OPERATION = re.compile(r"^/service/([^/]+)/operation/(\w+)$")


def bridge(app):
    """`app`, able to speak CBOR."""

    def bridged(environ, start_response):
        match = OPERATION.match(environ["PATH_INFO"])
        if not match:
            return app(environ, start_response)
        heads = []
        chunks = app(_as_json(environ, match), lambda status, headers, exc_info=None: heads.append((status, headers)))
        text = b"".join(chunks)
        status, headers = heads[-1]
        body = cbor2.dumps(json.loads(text) if text else {})
        kept = [(name, value) for name, value in headers if name.lower() not in ("content-type", "content-length")]
        kept += [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
        start_response(status, kept + [("Content-Length", str(len(body)))])
        return [body]

    return bridged


def _as_json(environ, match):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ = dict(environ)
    if environ.pop("HTTP_CONTENT_ENCODING", "") == "gzip":
        body = gzip.decompress(body)
    text = json.dumps(cbor2.loads(body) if body else {}, default=_plain).encode()
    service, operation = match.groups()
    environ.update({
        "PATH_INFO": "/",
        "REQUEST_URI": "/",
        "RAW_URI": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(text)),
        "HTTP_X_AMZ_TARGET": f"{service}.{operation}",
        "wsgi.input": io.BytesIO(text),
    })
    return environ


def _plain(value):
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, cbor2.CBORTag):
        return value.value
    raise TypeError(f"no JSON for {type(value).__name__}")
