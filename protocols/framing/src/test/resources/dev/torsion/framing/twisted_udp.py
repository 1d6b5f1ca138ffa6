# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted's UDP.

`server`: prints its port as JSON, answers as the tutorial's server, joins a group and leaves it on demand; ends when its input does.
`client PORT`: the tutorial's client; prints what comes, or that nobody listens.
`facts`: prints, one in a line, what its own ports do in the moments in which ours are compared with them.
"""
import json
import sys

from twisted.internet import error, protocol, reactor, stdio

GROUP = '239.255.77.78'


class Server(protocol.DatagramProtocol):
    def datagramReceived(self, data, addr):
        if data == b'raise':
            raise RuntimeError('a bad datagram')
        if data == b'join':
            d = self.transport.joinGroup(GROUP, '127.0.0.1')
            d.addCallback(lambda _: self.transport.write(b'joined', addr))
        elif data.startswith(b'group '):
            self.transport.setOutgoingInterface('127.0.0.1')
            self.transport.write(b'to the group', (GROUP, int(data[6:])))
        else:
            self.transport.write(b"the server's " + data, addr)


class Client(protocol.DatagramProtocol):
    def __init__(self, port):
        self.port = port

    def startProtocol(self):
        self.transport.connect('127.0.0.1', self.port)
        self.transport.write(b'hello')

    def datagramReceived(self, data, addr):
        self.say('received %s from %s' % (data.decode(), addr[0]))

    def connectionRefused(self):
        self.say('No one listening')

    def say(self, text):
        print(text, flush=True)
        if reactor.running:
            reactor.stop()


class UntilTheEnd(protocol.Protocol):
    def connectionLost(self, reason):
        reactor.stop()


class Noting(protocol.DatagramProtocol):
    noisy = False

    def __init__(self, story):
        self.story = story

    def startProtocol(self):
        self.story.append('started')

    def stopProtocol(self):
        self.story.append('stopped')

    def datagramReceived(self, data, addr):
        self.story.append('received ' + data.decode())
        if data == b'raise':
            raise RuntimeError()
        if data == b'stop':
            self.transport.stopListening().addCallback(lambda _: self.story.append('port free'))


def refusal(call):
    try:
        call()
    except (error.InvalidAddressError, error.MessageLengthError, RuntimeError) as e:
        return type(e).__name__
    return 'nothing raised'


def facts():
    story = []
    server = reactor.listenUDP(0, Noting(story), interface='127.0.0.1')
    at = ('127.0.0.1', server.getHost().port)
    client = reactor.listenUDP(0, protocol.DatagramProtocol(), interface='127.0.0.1')
    print('write to a name: ' + refusal(lambda: client.write(b'x', ('example.com', 9))))
    print('write to the other family: ' + refusal(lambda: client.write(b'x', ('::1', 9))))
    print('write too much: ' + refusal(lambda: client.write(b'x' * 65508, at)))
    print('connect to a name: ' + refusal(lambda: client.connect('example.com', 9)))
    client.connect(*at)
    print('connect twice: ' + refusal(lambda: client.connect(*at)))
    for data in (b'', b'raise', b'stop', b'never'):
        client.write(data)
    reactor.callLater(0.5, reactor.stop)
    reactor.run()
    print(', '.join(story))


def main():
    if sys.argv[1] == 'facts':
        return facts()
    if sys.argv[1] == 'client':
        reactor.listenUDP(0, Client(int(sys.argv[2])))
        reactor.callLater(20, reactor.stop)
    else:
        port = reactor.listenMulticast(0, Server(), interface='127.0.0.1')
        print(json.dumps({'udp': port.getHost().port}), flush=True)
        stdio.StandardIO(UntilTheEnd())
    reactor.run()


main()
