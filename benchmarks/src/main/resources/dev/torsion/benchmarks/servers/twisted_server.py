# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Twisted's echo of a wire, and the same on uvloop: twisted_server.py twisted|uvloop RAW|LINE|INT32|JSON|DATAGRAM|HTTP (the last two not on uvloop). Prints its port."""
import json
import os
import struct
import sys
import tempfile

HEADER = struct.Struct("<iii")


def again(body):
    return json.dumps(json.loads(body), separators=(",", ":")).encode()


def run_twisted(wire):
    from twisted.internet import epollreactor

    epollreactor.install()
    from twisted.internet import protocol, reactor
    from twisted.protocols import basic

    class Echo(protocol.Protocol):
        def dataReceived(self, data):
            self.transport.write(data)

    class Lines(basic.LineOnlyReceiver):
        def lineReceived(self, line):
            self.sendLine(line)

    class Strings(basic.Int32StringReceiver):
        def stringReceived(self, string):
            self.sendString(string)

    class Orders(protocol.Protocol):
        rest = b""

        def dataReceived(self, data):
            answers, self.rest = answer_orders(self.rest + data)
            self.transport.write(answers)

    class Datagrams(protocol.DatagramProtocol):
        noisy = False

        def datagramReceived(self, data, addr):
            self.transport.write(data, addr)

    if wire == "DATAGRAM":
        port = reactor.listenUDP(0, Datagrams(), interface="0.0.0.0")
        print(port.getHost().port, flush=True)
        return reactor.run()

    if wire == "HTTP":
        port = reactor.listenTCP(0, http_site(), backlog=1024)
        print(port.getHost().port, flush=True)
        return reactor.run()

    class Quiet(protocol.Factory):
        noisy = False

    factory = Quiet.forProtocol({"RAW": Echo, "LINE": Lines, "INT32": Strings, "JSON": Orders}[wire])
    port = reactor.listenTCP(0, factory, backlog=1024)
    print(port.getHost().port, flush=True)
    reactor.run()


ORDER = {"id": 4711, "customer": "torsion-benchmarks", "items": ["bolt", "nut", "spring"], "total": 129.5, "express": True}


def http_site():
    """The pages of HttpPages.java."""
    from twisted.web import resource, server, static

    class Page(resource.Resource):
        isLeaf = True

        def __init__(self, media_type, make):
            super().__init__()
            self.media_type, self.make = media_type, make

        def render_GET(self, request):
            request.setHeader(b"content-type", self.media_type)
            return self.make(request)

        render_POST = render_GET

    folder = tempfile.TemporaryDirectory()
    with open(os.path.join(folder.name, "block.txt"), "wb") as block:
        block.write(bytes(97 + i % 26 for i in range(64 * 1024)))
    root = resource.Resource()
    root.folder = folder  # which is gone with it
    root.putChild(b"plaintext", Page(b"text/plain; charset=utf-8", lambda request: b"Hello, World!"))
    root.putChild(b"json", Page(b"application/json", lambda request: json.dumps(ORDER, separators=(",", ":")).encode()))
    root.putChild(b"echo", Page(b"application/octet-stream", lambda request: request.content.read()))
    root.putChild(b"files", static.File(folder.name))
    site = server.Site(root, timeout=600)
    site.noisy = False
    return site


def answer_lines(data):
    end = data.rfind(b"\r\n") + 2
    if end < 2:
        return b"", data
    lines = data[: end - 2].split(b"\r\n")
    return b"".join(line + b"\r\n" for line in lines), data[end:]


def answer_strings(data):
    at, answers = 0, []
    while len(data) - at >= 4:
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        string = data[at + 4 : end]
        answers.append(len(string).to_bytes(4, "big") + string)
        at = end
    return b"".join(answers), data[at:]


def answer_orders(data):
    at, answers = 0, []
    while len(data) - at >= HEADER.size:
        version, length, command = HEADER.unpack_from(data, at)
        end = at + HEADER.size + length
        if end > len(data):
            break
        body = again(data[at + HEADER.size : end])
        answers.append(HEADER.pack(version, len(body), command) + body)
        at = end
    return b"".join(answers), data[at:]


def run_uvloop(wire):
    import asyncio

    import uvloop

    answer = {"RAW": lambda data: (data, b""), "LINE": answer_lines, "INT32": answer_strings, "JSON": answer_orders}[wire]

    class Server(asyncio.Protocol):
        rest = b""

        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, data):
            answers, self.rest = answer(self.rest + data if self.rest else data)
            if answers:
                self.transport.write(answers)

    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Server, "0.0.0.0", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    uvloop.install()
    asyncio.run(main())


{"twisted": run_twisted, "uvloop": run_uvloop}[sys.argv[1]](sys.argv[2])
