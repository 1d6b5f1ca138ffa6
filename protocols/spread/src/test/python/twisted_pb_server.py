# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted as the server of TwistedPBSpec. Prints its ports as one line of JSON, and ends when its input does."""
import json

from twisted.cred import checkers, portal
from twisted.internet import defer, protocol, reactor, stdio
from twisted.spread import pb, util
from zope.interface import implementer


class Second(pb.Root):
    def remote_server2_main(self, message):
        return '5: ' + message


class Pond(pb.Copyable):
    def __init__(self, frogs):
        self.frogs = frogs


class SharedPond(pb.Cacheable):
    def __init__(self):
        self.observers = []
        self.frogs = 5

    def getStateToCacheAndObserveFor(self, perspective, observer):
        self.observers.append(observer)
        return {'frogs': self.frogs}

    def stoppedObserving(self, perspective, observer):
        self.observers.remove(observer)

    def jump(self):
        self.frogs -= 1
        return defer.gatherResults([observer.callRemote('jumped', self.frogs) for observer in self.observers])


class ReceivedPoint(pb.RemoteCopy):
    pass


pb.setUnjellyableForClass('shapes.Point', ReceivedPoint)


class Root(pb.Root):
    def __init__(self):
        self.second, self.shared, self.kept = Second(), SharedPond(), None

    def remote_get_main(self, a, b):
        return ['2', '3', self.second]

    def remote_echo(self, *args, **kw):
        return args[0] if len(args) == 1 and not kw else [list(args), kw]

    def remote_same(self, thing):
        return thing is self.second

    def remote_fail(self):
        raise ValueError('a value\nof two lines')

    def remote_expected(self):
        raise pb.Error('for you')

    def remote_unsendable(self):
        return object()

    def remote_pond(self):
        return Pond(3)

    def remote_shared(self):
        return self.shared

    def remote_jump(self):
        return self.shared.jump().addCallback(lambda results: len(results))

    def remote_observers(self):
        return len(self.shared.observers)

    def remote_sharedIsMine(self, pond):
        return pond is self.shared

    def remote_point(self, point):
        return [type(point).__name__, point.x, point.name]

    def remote_callback(self, theirs, number):
        return theirs.callRemote('double', number)

    def remote_trap(self, theirs):
        """What our exceptions are to Twisted's errbacks."""
        def trapped(failure):
            return [bool(failure.check(name)) for name in ('java.lang.IllegalStateException', 'java.lang.RuntimeException', Exception, KeyError)] + [failure.getErrorMessage()]
        return theirs.callRemote('fail').addErrback(trapped)

    def remote_keep(self, theirs):
        self.kept = theirs

    def remote_drop(self):
        self.kept = None

    def remote_pages(self, collector, size):
        util.StringPager(collector, bytes(i % 251 for i in range(size)), 8192)

    def remote_collect(self, theirs):
        return util.getAllPages(theirs, 'pages').addCallback(lambda pages: [len(pages), sum(map(len, pages))])

    def remote_lose(self):
        self.broker = None
        reactor.callLater(0, lambda: [b.transport.abortConnection() for b in list(BROKERS)])
        return defer.Deferred()


BROKERS = []


class Factory(pb.PBServerFactory):
    def buildProtocol(self, addr):
        broker = pb.PBServerFactory.buildProtocol(self, addr)
        BROKERS.append(broker)
        return broker


class User(pb.Avatar):
    def __init__(self, name, mind):
        self.name, self.mind = name, mind

    def perspective_who(self):
        return self.name

    def perspective_mind(self, text):
        return self.mind.callRemote('tell', text)


LOGGED_OUT = []


@implementer(portal.IRealm)
class Realm:
    def requestAvatar(self, avatarId, mind, *interfaces):
        name = avatarId.decode() if isinstance(avatarId, bytes) else avatarId
        return pb.IPerspective, User(name or 'guest', mind), lambda: LOGGED_OUT.append(name)


class UntilTheEnd(protocol.Protocol):
    def connectionLost(self, reason):
        reactor.stop()


def main():
    users = portal.Portal(Realm(), [checkers.InMemoryUsernamePasswordDatabaseDontUse(joe=b'secret'), checkers.AllowAnonymousAccess()])
    ports = {}
    for name, factory in {'root': Factory(Root()), 'users': pb.PBServerFactory(users)}.items():
        ports[name] = reactor.listenTCP(0, factory, interface='127.0.0.1').getHost().port
    print(json.dumps(ports), flush=True)
    stdio.StandardIO(UntilTheEnd())
    reactor.run()


main()
