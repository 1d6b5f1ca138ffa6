# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted as the server of TwistedAmpSpec. Prints its port as one line of JSON, and ends when its input does."""
import json
import os

from twisted.internet import defer, protocol, reactor, stdio
from twisted.protocols import amp
from twisted.python import log

from amp_commands import (Ask, Divide, Echo, Explode, Fatal, Hang, Lose, NoAnswer, Nothing, ShoutSwitch, Sum, Unsendable, Wrong, Count)

log.startLogging(open(os.devnull, 'w'), setStdout=False)


class Shout(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())


class Server(amp.AMP):
    count = 0

    @Sum.responder
    def sum(self, a, b):
        return {'total': a + b}

    @Divide.responder
    def divide(self, numerator, denominator):
        return {'result': numerator / denominator}

    @Echo.responder
    def echo(self, **values):
        return values

    @NoAnswer.responder
    def no_answer(self, by):
        self.count += by
        return {}

    @Count.responder
    def counted(self):
        return {'count': self.count}

    @Explode.responder
    def explode(self):
        raise KeyError('not declared')

    @Fatal.responder
    def fatal(self):
        raise ValueError('for good')

    @Wrong.responder
    def wrong(self):
        return {'number': 'x'}

    @Unsendable.responder
    def unsendable(self):
        return {'number': 'no number'}

    @Ask.responder
    def ask(self, number):
        return self.callRemote(Sum, a=number, b=1).addCallback(lambda answer: {'answer': answer['total']})

    @Hang.responder
    def hang(self):
        return defer.Deferred()

    @Lose.responder
    def lose(self):
        self.transport.abortConnection()
        return defer.Deferred()

    @Nothing.responder
    def nothing(self):
        return {}

    @ShoutSwitch.responder
    def shout(self, greeting):
        if greeting == 'no':
            raise ZeroDivisionError('not with that greeting')
        return Shout()


class UntilTheEnd(protocol.Protocol):
    def connectionLost(self, reason):
        reactor.stop()


def main():
    port = reactor.listenTCP(0, protocol.Factory.forProtocol(Server), interface='127.0.0.1')
    print(json.dumps({'amp': port.getHost().port}), flush=True)
    stdio.StandardIO(UntilTheEnd())
    reactor.run()


main()
