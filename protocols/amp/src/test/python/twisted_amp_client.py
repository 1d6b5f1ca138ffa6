# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted as the client of TwistedAmpSpec: `twisted_amp_client.py PORT`. Prints `ok`, or what was otherwise."""
import datetime
import decimal
import os
import sys
import traceback

from twisted.internet import defer, endpoints, error, protocol, reactor
from twisted.protocols import amp
from twisted.python import filepath, log

import amp_commands as c

log.startLogging(open(os.devnull, 'w'), setStdout=False)


class Client(amp.AMP):
    """Answers too."""

    def __init__(self):
        super().__init__()
        self.lost = defer.Deferred()

    @c.Sum.responder
    def sum(self, a, b):
        return {'total': a + b}

    def connectionLost(self, reason):
        super().connectionLost(reason)
        self.lost.callback(reason.type)


def same(got, expected):
    if got != expected:
        raise AssertionError('%r is not %r' % (got, expected))


async def fails(deferred, kind, text=None):
    try:
        got = await deferred
    except kind as e:
        same(type(e), kind)
        if text is not None and text not in str(e):
            raise AssertionError('%r does not say %r' % (str(e), text))
        return
    raise AssertionError('expected %r, but got %r' % (kind, got))


class Told(protocol.Protocol):
    def connectionMade(self):
        self.got, self.done = b'', defer.Deferred()
        self.transport.write(b'hello')

    def dataReceived(self, data):
        self.got += data
        if len(self.got) == 5:
            self.done.callback(self.got)


class Switched(protocol.ClientFactory):
    failed = 0

    def buildProtocol(self, address):
        self.built = Told()
        return self.built

    def clientConnectionFailed(self, connector, reason):
        self.failed += 1


async def main(port):
    async def connect():
        return await endpoints.connectProtocol(endpoints.TCP4ClientEndpoint(reactor, '127.0.0.1', port), Client())

    amp_ = await connect()
    same(await amp_.callRemote(c.Sum, a=13, b=81), {'total': 94})
    same(await amp_.callRemote(c.Sum, a=2 ** 100, b=-1), {'total': 2 ** 100 - 1})
    same(await amp_.callRemote(c.Divide, numerator=1, denominator=4), {'result': 0.25})
    await fails(amp_.callRemote(c.Divide, numerator=1, denominator=0), ZeroDivisionError, 'by zero')
    values = dict(
        integer=-10 ** 40, bytes=b'\x00\xff', unicode='\u4f60', float=1e16, boolean=True, path=filepath.FilePath('/tmp/x'), decimal=decimal.Decimal('1.50E+7'),
        datetime=datetime.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone(datetime.timedelta(minutes=-90))), integers=[1, -2],
        rows=[dict(id=1, name='one', flag=None, more=[]), dict(id=2, name='', flag=True, more=[3])])
    same(await amp_.callRemote(c.Echo, **values), dict(values, left_out=None))
    same(await amp_.callRemote(c.Echo, left_out='here', **values), dict(values, left_out='here'))
    same(amp_.callRemote(c.NoAnswer, by=5), None)
    same(await amp_.callRemote(c.Count), {'count': 5})
    same(await amp_.callRemote(c.Nothing), {})
    same(await amp_.callRemote(c.Ask, number=41), {'answer': 42})
    many = await defer.gatherResults([amp_.callRemote(c.Sum, a=n, b=n) for n in range(500)])
    same(many, [{'total': 2 * n} for n in range(500)])
    await fails(amp_.callRemote(c.NotThere), amp.UnhandledCommand)
    same((await amp_.callRemoteString(b'Sum', a=b'1', b=b'2'))[b'total'], b'3')
    refused = Switched()
    await fails(amp_.callRemote(c.ShoutSwitch, refused, greeting='no'), ZeroDivisionError)
    same(refused.failed, 1)
    same(await amp_.callRemote(c.Sum, a=1, b=1), {'total': 2})
    await fails(amp_.callRemote(amp.StartTLS), amp.UnhandledCommand)

    switched = Switched()
    before = await connect()
    await before.callRemote(c.ShoutSwitch, switched, greeting='yes')
    same(await switched.built.done, b'HELLO')
    before.transport.loseConnection()

    for call, kind in ((c.Explode, amp.UnknownRemoteError), (c.Fatal, ValueError), (c.Unsendable, amp.UnknownRemoteError)):
        other = await connect()
        await fails(other.callRemote(call), kind)
        same(await other.lost, error.ConnectionDone)
    for call in (c.NotThereAndNoAnswer, c.ExplodeWithoutAnswer):
        other = await connect()
        other.callRemote(call)
        await other.lost
    other = await connect()
    await fails(other.callRemoteString(b'Sum', a=b'x', b=b'2'), amp.RemoteAmpError, 'UNKNOWN')
    await other.lost

    hanging = amp_.callRemote(c.Hang)
    amp_.transport.loseConnection()
    await fails(hanging, error.ConnectionDone)
    lost = await connect()
    try:
        await lost.callRemote(c.Lose)
    except error.ConnectionLost:
        pass


def run():
    done = defer.ensureDeferred(main(int(sys.argv[1])))
    done.addTimeout(25, reactor)
    done.addCallbacks(lambda ignored: print('ok', flush=True), lambda failure: print(failure.getTraceback(), flush=True))
    done.addErrback(lambda failure: traceback.print_exc())
    done.addBoth(lambda ignored: reactor.stop())


reactor.callWhenRunning(run)
reactor.run()
