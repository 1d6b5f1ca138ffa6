"""Real Twisted at the other end. Run by UnixPeersSpec and ProxyPeersSpec: twisted_peer.py server|who|client ENDPOINT."""

import sys

from twisted.internet import endpoints, protocol, reactor, stdio


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Who(protocol.Protocol):
    """Tells its peer who that is."""

    def dataReceived(self, data):
        peer = self.transport.getPeer()
        self.transport.write(("%s %d" % (peer.host, peer.port)).encode())


class End(protocol.Protocol):
    """The end of standard input is the sign to stop."""

    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()


class Asking(protocol.Protocol):
    def connectionMade(self):
        self.got = b""
        self.transport.write(b"from Twisted")

    def dataReceived(self, data):
        self.got += data
        if len(self.got) == len(b"from Twisted"):
            print(self.got.decode(), self.transport.getPeer().name.decode(), flush=True)
            self.transport.loseConnection()

    def connectionLost(self, reason):
        print(reason.type.__name__, flush=True)
        reactor.stop()


def told(what):
    print(what, flush=True)


def failed(failure):
    told("%s: %s" % (failure.type.__name__, failure.getErrorMessage()))
    reactor.stop()


kind, endpoint = sys.argv[1:]
if kind in ("server", "who"):
    factory = protocol.Factory.forProtocol({"server": Echo, "who": Who}[kind])
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallbacks(lambda port: told("listening" if kind == "server" else port.getHost().port), failed)
    stdio.StandardIO(End())
else:
    endpoints.connectProtocol(endpoints.clientFromString(reactor, endpoint), Asking()).addErrback(failed)
reactor.run()
