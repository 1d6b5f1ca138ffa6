# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted as the client of TwistedPBSpec: `twisted_pb_client.py ROOT_PORT USERS_PORT`. Prints `ok`, or what was otherwise."""
import datetime
import decimal
import gc
import os
import sys
import traceback

from twisted.cred import credentials, error
from twisted.internet import defer, reactor
from twisted.python import log
from twisted.spread import pb, util

log.startLogging(open(os.devnull, 'w'), setStdout=False)


class Point(pb.Copyable):
    """Named as our registry knows it."""

    def __init__(self, x, name):
        self.x, self.name = x, name

    def getTypeToCopy(self):
        return b'shapes.Point'


class ReceivedPoint(pb.RemoteCopy):
    pass


pb.setUnjellyableForClass('shapes.Point', ReceivedPoint)


class RemotePond(pb.RemoteCache):
    def observe_jumped(self, frogs):
        self.frogs = frogs


pb.setUnjellyableForClass('ponds.Shared', RemotePond)


class Mine(pb.Referenceable):
    def remote_double(self, number):
        return number * 2

    def remote_fail(self):
        raise KeyError('mine')


class Collected(pb.Referenceable):
    def remote_pages(self, collector):
        util.StringPager(collector, b'x' * 50000, 8192)


def same(got, expected):
    if got != expected:
        raise AssertionError('expected %r, but got %r' % (expected, got))


async def fails(deferred, name, message=None):
    try:
        got = await deferred
    except pb.RemoteError as e:
        same(e.remoteType.decode() if isinstance(e.remoteType, bytes) else e.remoteType, name)
        if message is not None:
            same(str(e), message)
        return
    raise AssertionError('expected %s, but got %r' % (name, got))


def trapped(deferred, *types):
    return deferred.addCallbacks(lambda got: 'no failure but %r' % (got,), lambda failure: failure.check(*types))


async def objects(root):
    values = [1, -1, 2 ** 40, 2 ** 100, 1.5, True, None, b'bytes', 'text \u4f60', (1, 2), {'k': [1]}, {1, 2}, frozenset([3]),
              datetime.datetime(2024, 1, 2, 3, 4, 5, 6), datetime.date(2024, 1, 2), datetime.time(3, 4), datetime.timedelta(-1, 5, 7), decimal.Decimal('1.50')]
    same(await root.callRemote('echo', values), [values])
    ring = []
    ring.append(ring)
    got = await root.callRemote('echo', ring)
    assert got[0][0] is got[0]
    same(await root.callRemote('named', 1, b=2), '1 2')
    two, three, second = await root.callRemote('get_main', '0', '1')
    same([two, three], ['2', '3'])
    same(await second.callRemote('server2_main', '4'), '5: 4')
    same(await root.callRemote('same', second), True)
    same(await root.callRemote('callback', Mine(), 21), 42)
    point = await root.callRemote('point', Point(3, 'p'))
    same((type(point), point.x, point.name), (ReceivedPoint, 4, 'p!'))


async def errors(root):
    await fails(root.callRemote('fail'), 'java.lang.IllegalStateException', 'on purpose')
    same(await trapped(root.callRemote('fail'), 'java.lang.RuntimeException'), 'java.lang.RuntimeException')
    same(await trapped(root.callRemote('fail'), Exception), Exception)
    same(await trapped(root.callRemote('nobody'), pb.NoSuchMethod), pb.NoSuchMethod)
    same(await trapped(root.callRemote('named', 1, 2, 3), TypeError), TypeError)
    same(await trapped(root.callRemote('expected'), pb.Error), pb.Error)
    same(await trapped(root.callRemote('unsendable'), 'twisted.spread.jelly.InsecureJelly'), 'twisted.spread.jelly.InsecureJelly')
    same(await root.callRemote('trap', Mine()), ['builtins.KeyError', True, "'mine'"])
    failure, = await root.callRemote('failure')
    same(failure.getErrorMessage(), 'as a value')
    failure.cleanFailure()


async def caches(root):
    pond = await root.callRemote('shared')
    same(pond.frogs, 5)
    await root.callRemote('jump')
    same(pond.frogs, 4)
    same(await root.callRemote('sharedIsMine', pond), True)
    del pond
    gc.collect()
    while await root.callRemote('observers'):
        pass


async def references(root):
    before = await root.callRemote('count')
    child = await root.callRemote('child')
    same(await root.callRemote('count'), before + 1)
    del child
    gc.collect()
    while await root.callRemote('count') > before:
        pass


async def pages(root):
    got = await util.getAllPages(root, 'pages', 100000)
    same(b''.join(got), bytes(i % 251 for i in range(100000)))
    same(await root.callRemote('collect', Collected()), 50000)


async def logins(port):
    factory = pb.PBClientFactory()
    reactor.connectTCP('127.0.0.1', port, factory)
    joe = await factory.login(credentials.UsernamePassword(b'joe', b'secret'), Mine())
    same(await joe.callRemote('who'), 'joe')
    same(await joe.callRemote('mind', 4), 8)
    guest = await factory.login(credentials.Anonymous())
    same(await guest.callRemote('who'), '(anonymous)')
    for name, password in ((b'joe', b'wrong'), (b'jim', b'secret')):
        same(await trapped(factory.login(credentials.UsernamePassword(name, password)), error.UnauthorizedLogin), error.UnauthorizedLogin)
    factory.disconnect()


async def main(root_port, users_port):
    factory = pb.PBClientFactory()
    reactor.connectTCP('127.0.0.1', root_port, factory)
    root = await factory.getRootObject()
    for check in (objects, errors, caches, references, pages):
        await check(root)
    await logins(users_port)
    lost = root.callRemote('wait')
    factory.disconnect()
    same(await trapped(lost, pb.PBConnectionLost), pb.PBConnectionLost)


def run():
    done = defer.ensureDeferred(main(int(sys.argv[1]), int(sys.argv[2])))
    done.addTimeout(25, reactor)
    done.addCallbacks(lambda ignored: print('ok', flush=True), lambda failure: print(failure.getTraceback(), flush=True))
    done.addErrback(lambda failure: traceback.print_exc())
    done.addBoth(lambda ignored: reactor.stop())


reactor.callWhenRunning(run)
reactor.run()
