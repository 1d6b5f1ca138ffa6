# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Real Twisted as the server: one port for each framing. Prints the ports as one line of JSON, and ends when its input does."""
import json
import struct

from twisted.internet import protocol, reactor, stdio
from twisted.protocols import basic


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Shouter(basic.LineReceiver):
    """Lines come back in upper case; after `raw N` the next N bytes come back reversed; `bye` ends it."""

    MAX_LENGTH = 100

    def lineReceived(self, line):
        if line == b'bye':
            self.sendLine(b'BYE')
            self.transport.loseConnection()
        elif line.startswith(b'raw '):
            self.wanted, self.held = int(line[4:]), b''
            self.setRawMode()
        else:
            self.sendLine(line.upper())

    def rawDataReceived(self, data):
        self.held += data
        if len(self.held) >= self.wanted:
            mine, rest = self.held[:self.wanted], self.held[self.wanted:]
            self.transport.write(mine[::-1])
            self.setLineMode(rest)

    def lineLengthExceeded(self, line):
        self.sendLine(b'TOO LONG')
        self.transport.loseConnection()


def answering(base):
    class Answering(base):
        def stringReceived(self, string):
            self.sendString(string)

    return Answering


class Private(protocol.Protocol):
    """The private protocol: three little-endian integers (version, size of the body, command) and JSON."""

    HEADER = struct.Struct('<iii')

    def connectionMade(self):
        self.held = b''

    def dataReceived(self, data):
        self.held += data
        while len(self.held) >= self.HEADER.size:
            version, size, command = self.HEADER.unpack_from(self.held)
            end = self.HEADER.size + size
            if len(self.held) < end:
                return
            order = json.loads(self.held[self.HEADER.size:end].decode())
            self.held = self.held[end:]
            answer = json.dumps({'company': order['company'][::-1], 'count': order.get('count', 1) + 1}).encode()
            self.transport.write(self.HEADER.pack(version, len(answer), command + 900) + answer)


class UntilTheEnd(protocol.Protocol):
    def connectionLost(self, reason):
        reactor.stop()


def main():
    services = {
        'echo': Echo,
        'line': Shouter,
        'int8': answering(basic.Int8StringReceiver),
        'int16': answering(basic.Int16StringReceiver),
        'int32': answering(basic.Int32StringReceiver),
        'netstring': answering(basic.NetstringReceiver),
        'header': Private,
    }
    ports = {}
    for name, service in services.items():
        port = reactor.listenTCP(0, protocol.Factory.forProtocol(service), interface='127.0.0.1')
        ports[name] = port.getHost().port
    print(json.dumps(ports), flush=True)
    stdio.StandardIO(UntilTheEnd())
    reactor.run()


main()
