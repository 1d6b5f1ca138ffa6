# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted with TLS over AMP, for TwistedAmpTlsSpec. PEM has its key and certificate, which the other side has too.

`twisted_amp_tls.py server PEM` prints its port as one line of JSON, and ends when its input does.
`twisted_amp_tls.py client PEM PORT` prints `ok`, or what was otherwise.
"""
import json
import os
import sys
import traceback

from twisted.internet import defer, endpoints, protocol, reactor, ssl, stdio
from twisted.protocols import amp
from twisted.python import log

from amp_commands import Ask, Nothing, Sum

log.startLogging(open(os.devnull, 'w'), setStdout=False)
mode, pem = sys.argv[1:3]
own = ssl.PrivateCertificate.loadPEM(open(pem, 'rb').read())
trusted = ssl.Certificate.loadPEM(open(pem, 'rb').read())


class Both(amp.AMP):
    @Sum.responder
    def sum(self, a, b):
        return {'total': a + b}

    @Nothing.responder
    def nothing(self):
        return {}

    @Ask.responder
    def ask(self, number):
        return self.callRemote(Sum, a=number, b=1).addCallback(lambda answer: {'answer': answer['total']})


class Secure(Both):
    @amp.StartTLS.responder
    def secure(self):
        return dict(tls_localCertificate=own, tls_verifyAuthorities=[trusted])


class UntilTheEnd(protocol.Protocol):
    def connectionLost(self, reason):
        reactor.stop()


def same(got, expected):
    if got != expected:
        raise AssertionError('%r is not %r' % (got, expected))


async def main(port):
    peer = await endpoints.connectProtocol(endpoints.TCP4ClientEndpoint(reactor, '127.0.0.1', port), Both())
    same(await peer.callRemote(Sum, a=1, b=2), {'total': 3})
    begun = peer.callRemote(amp.StartTLS, tls_localCertificate=own, tls_verifyAuthorities=[trusted])
    meanwhile = peer.callRemote(Sum, a=3, b=4)
    await begun
    same(await meanwhile, {'total': 7})
    same(peer.peerCertificate.digest(), own.digest())
    same(await peer.callRemote(Ask, number=41), {'answer': 42})
    many = await defer.gatherResults([peer.callRemote(Sum, a=n, b=n) for n in range(500)])
    same(many, [{'total': 2 * n} for n in range(500)])
    peer.transport.loseConnection()


def run():
    done = defer.ensureDeferred(main(int(sys.argv[3])))
    done.addTimeout(25, reactor)
    done.addCallbacks(lambda ignored: print('ok', flush=True), lambda failure: print(failure.getTraceback(), flush=True))
    done.addErrback(lambda failure: traceback.print_exc())
    done.addBoth(lambda ignored: reactor.stop())


if mode == 'server':
    print(json.dumps({'amp': reactor.listenTCP(0, protocol.Factory.forProtocol(Secure), interface='127.0.0.1').getHost().port}), flush=True)
    stdio.StandardIO(UntilTheEnd())
else:
    reactor.callWhenRunning(run)
reactor.run()
