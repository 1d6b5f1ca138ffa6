# Asks the server at the URL of the first argument with treq, and prints what it got as JSON.
# Run by LivePythonSpec: python3 treq_client.py http://127.0.0.1:PORT
import json
import sys
from io import BytesIO

import treq
from treq.client import HTTPClient
from twisted.internet.defer import gatherResults, inlineCallbacks
from twisted.internet.task import react
from twisted.web.client import Agent, HTTPConnectionPool


@inlineCallbacks
def main(reactor):
    base = sys.argv[1]
    pool = HTTPConnectionPool(reactor)
    client = HTTPClient(Agent(reactor, pool=pool))
    found = []

    response = yield client.get(base + "/json", params={"q": ["a b", "ü"]})
    found.append(["json", response.code, (yield response.json())])
    response = yield client.post(base + "/echo", data={"name": "Jürgen", "n": "1"})
    found.append(["form", response.code, (yield response.text())])
    response = yield client.post(base + "/echo", json={"deep": [1, {"a": None}]})
    found.append(["post of json", response.code, (yield response.json())])
    response = yield client.post(base + "/login", data={"name": "treq"})
    found.append(["redirect and cookie", response.code, len(response.history()), (yield response.text())])
    response = yield client.post(base + "/parts", files={"one": ("a.txt", BytesIO(b"z" * 50_000))}, data={"field": "value"})
    found.append(["multipart", response.code, (yield response.text())])
    pieces = []
    response = yield client.get(base + "/stream", unbuffered=True)
    yield treq.collect(response, pieces.append)
    found.append(["stream", response.code, len(b"".join(pieces))])
    many = yield gatherResults([client.get(base + "/json", params={"q": str(i)}) for i in range(100)])
    texts = yield gatherResults([each.json() for each in many])
    found.append(["many at once", texts == [[str(i)] for i in range(100)]])
    yield pool.closeCachedConnections()
    print(json.dumps(found))


react(main)
