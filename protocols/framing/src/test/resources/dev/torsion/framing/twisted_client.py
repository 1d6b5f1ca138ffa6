# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted as the client: `twisted_client.py KIND PORT` sends, checks what comes back, and prints `ok` or what was wrong."""
import json
import struct
import sys

from twisted.internet import protocol, reactor
from twisted.protocols import basic

WORDS = [b'hello', b'', b'x', b'z' * 80, b'\xc3\xa9']


class Checking:
    """Compares what comes with what is expected, one after the other."""

    expected = []

    def check(self, got):
        if got != self.expected[0]:
            self.finish('expected %r, but got %r' % (self.expected[0], got))
            return
        self.expected = self.expected[1:]
        if not self.expected:
            self.finish('ok')

    def finish(self, verdict):
        print(verdict, flush=True)
        self.expected = [None]
        self.transport.loseConnection()

    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()


class Echo(Checking, protocol.Protocol):
    def connectionMade(self):
        self.held = b''
        self.expected = [b''.join(WORDS)]
        for word in WORDS:
            self.transport.write(word)

    def dataReceived(self, data):
        self.held += data
        if len(self.held) >= len(self.expected[0]):
            self.check(self.held)


class Line(Checking, basic.LineReceiver):
    def connectionMade(self):
        self.expected = [word.upper() for word in WORDS]
        for word in WORDS:
            self.sendLine(word)

    def lineReceived(self, line):
        self.check(line)


class Raw(Checking, basic.LineReceiver):
    """Lines, nine raw bytes of which some look like a line, and lines again."""

    def connectionMade(self):
        self.held = b''
        self.expected = [b'FIRST', b'i\n\rhg\n\rfe', b'LAST']
        self.transport.write(b'first\r\nraw 9\r\nef\r\ngh\r\nilast\r\n')

    def lineReceived(self, line):
        self.check(line)
        if line == b'FIRST':
            self.setRawMode()

    def rawDataReceived(self, data):
        self.held += data
        if len(self.held) >= 9:
            rest = self.held[9:]
            self.check(self.held[:9])
            self.setLineMode(rest)


class Strings(Checking):
    def connectionMade(self):
        self.expected = list(WORDS)
        for word in WORDS:
            self.sendString(word)

    def stringReceived(self, string):
        self.check(string)


class Private(Checking, protocol.Protocol):
    HEADER = struct.Struct('<iii')

    def connectionMade(self):
        self.held = b''
        self.expected = [(1, 1001, {'company': 'ude', 'count': 3}), (1, 1002, {'company': '\xe9', 'count': 2})]
        for command, order in ((101, {'company': 'edu', 'count': 2}), (102, {'company': '\xe9'})):
            body = json.dumps(order, ensure_ascii=False).encode()
            self.transport.write(self.HEADER.pack(1, len(body), command) + body)

    def dataReceived(self, data):
        self.held += data
        while len(self.held) >= self.HEADER.size:
            version, size, command = self.HEADER.unpack_from(self.held)
            end = self.HEADER.size + size
            if len(self.held) < end:
                return
            body, self.held = self.held[self.HEADER.size:end], self.held[end:]
            self.check((version, command, json.loads(body.decode())))


class Int8(Strings, basic.Int8StringReceiver):
    pass


class Int16(Strings, basic.Int16StringReceiver):
    pass


class Int32(Strings, basic.Int32StringReceiver):
    pass


class Netstring(Strings, basic.NetstringReceiver):
    pass


KINDS = dict(echo=Echo, line=Line, raw=Raw, int8=Int8, int16=Int16, int32=Int32, netstring=Netstring, header=Private)


class Once(protocol.ClientFactory):
    noisy = False

    def clientConnectionFailed(self, connector, reason):
        print(reason.getErrorMessage(), flush=True)
        reactor.stop()


def main():
    factory = Once()
    factory.protocol = KINDS[sys.argv[1]]
    reactor.connectTCP('127.0.0.1', int(sys.argv[2]), factory, timeout=10)
    reactor.callLater(20, lambda: (print('nothing came for 20 seconds', flush=True), reactor.stop()))
    reactor.run()


main()
