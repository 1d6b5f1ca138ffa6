# Asks the server at the URL of the first argument with Twisted's Agent over one persistent pool, and prints what it got as JSON.
# Run by LiveClientsSpec: python3 twisted_agent.py http://127.0.0.1:PORT
import json
import sys
from io import BytesIO

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import react
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, readBody
from twisted.web.http_headers import Headers


@inlineCallbacks
def main(reactor):
    base = sys.argv[1].encode()
    pool = HTTPConnectionPool(reactor)
    agent = Agent(reactor, pool=pool)
    found = []
    for method, path, body in [
        (b"GET", b"/hello", None),
        (b"HEAD", b"/hello", None),
        (b"POST", b"/echo", b"x" * 300_000),
        (b"GET", b"/stream", None),
        (b"GET", b"/none", None),
        (b"GET", b"/fail", None),
        (b"GET", b"/hello", None),
    ]:
        producer = None if body is None else FileBodyProducer(BytesIO(body))
        response = yield agent.request(method, base + path, Headers({b"X-A": [b"1", b"2"]}), producer)
        answer = b"" if method == b"HEAD" else (yield readBody(response))
        found.append([method.decode(), path.decode(), response.code, len(answer), answer[:40].decode()])
    yield pool.closeCachedConnections()
    print(json.dumps(found))


react(main)
