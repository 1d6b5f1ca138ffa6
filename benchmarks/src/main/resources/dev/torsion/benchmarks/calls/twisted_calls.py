# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Twisted's servers of calls: twisted_calls.py amp|pb. Prints its port."""
import sys

from twisted.internet import epollreactor

epollreactor.install()
from twisted.internet import protocol, reactor  # noqa: E402
from twisted.protocols import amp  # noqa: E402
from twisted.spread import pb  # noqa: E402


class Sum(amp.Command):
    arguments = [(b"a", amp.Integer()), (b"b", amp.Integer())]
    response = [(b"total", amp.Integer())]


class Math(amp.AMP):
    @Sum.responder
    def sum(self, a, b):
        return {"total": a + b}


class Root(pb.Root):
    def remote_echo(self, text):
        return text


factory = protocol.Factory.forProtocol(Math) if sys.argv[1] == "amp" else pb.PBServerFactory(Root())
port = reactor.listenTCP(0, factory, interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
