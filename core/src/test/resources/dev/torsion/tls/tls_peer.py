# Real Twisted with TLS: prints its ports as JSON, and ends when its input does.
# Run: python3 tls_peer.py KEY CERTIFICATE
import json
import sys

from twisted.internet import protocol, reactor, ssl, stdio
from twisted.protocols import basic

key, certificate = sys.argv[1:3]
own = ssl.PrivateCertificate.loadPEM(open(certificate, "rb").read() + open(key, "rb").read())
options = ssl.CertificateOptions(
    privateKey=own.privateKey.original, certificate=own.original, acceptableProtocols=[b"h2", b"http/1.1"]
)


class Upper(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())


class StartTLS(basic.LineReceiver):
    def lineReceived(self, line):
        if line == b"STARTTLS":
            self.sendLine(b"READY")
            self.transport.startTLS(options)
        else:
            self.sendLine(b"echo " + line)


class Greeting(protocol.Protocol):
    def connectionMade(self):
        self.transport.write(b"220 mail.example.com ESMTP\r\n")


class Ending(protocol.Protocol):
    def connectionLost(self, reason):
        reactor.stop()


def port(p):
    return p.getHost().port


F = protocol.Factory.forProtocol
ports = {
    "tls": port(reactor.listenSSL(0, F(Upper), options, interface="127.0.0.1")),
    "starttls": port(reactor.listenTCP(0, F(StartTLS), interface="127.0.0.1")),
    "plain": port(reactor.listenTCP(0, F(Greeting), interface="127.0.0.1")),
}
stdio.StandardIO(Ending())
print(json.dumps(ports), flush=True)
reactor.run()
