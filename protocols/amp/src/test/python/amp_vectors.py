# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Writes the vectors that AmpVectorsSpec replays: values and boxes as Twisted itself writes them.

    /usr/bin/python3 amp_vectors.py | gzip -9n > ../resources/dev/torsion/amp/amp-vectors.txt.gz

One value per line, fields divided by a space: its type, what it is (see amp_values.py), and its bytes. The bytes of a box are those on the
wire; what it is are its pairs in hexadecimal, key=value, in the order of the keys.

With the argument `read` it does the opposite: it reads lines of a type and bytes, and writes what Twisted makes of them and the bytes that
it writes again. TwistedAmpSpec uses that.
"""
import datetime
import decimal
import random
import struct
import sys

import twisted
from twisted.protocols import amp

import amp_values
from amp_values import TYPES, describe, hexed

TEXTS = ['', 'a', 'hello', 'True', '\x00', '\u00e9', '\u4f60\u597d', '\U0001f40d', 'x' * 300, '\ud7ff\ue000', '-0', 'None']
INTEGERS = [0, 1, -1, 9, 10, -10, 127, 128, 2 ** 31 - 1, 2 ** 31, -2 ** 31, -2 ** 31 - 1, 2 ** 63 - 1, 2 ** 63, -2 ** 63, -2 ** 63 - 1, 2 ** 64, 10 ** 100,
            10 ** 4299, -10 ** 4299, 10 ** 18 - 1, 10 ** 18, -10 ** 17, -10 ** 18]
FLOATS = [0.0, -0.0, 1.0, -1.0, 1.5, 0.1, 1e15, 1e16, 1e17, 123456789012345678.0, 1e-4, 1e-5, 0.0001234, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308,
          float('inf'), float('-inf'), float('nan'), 9007199254740993.0, 2e-3, 2.0 ** -44, 1e23, 9.5e-3, 4.35, 2e23, 1e22, 8.41e21, 2.82879384806159e17]
DECIMALS = ['0', '-1', '1.0', '10', '1E+2', '1E-1', '1.5E+2', '0.000001', '0.0000001', '1E-10', '123.4500', '0E-7', '0E+3', '12345678901234567890.5', '1E+999999', '-7E-999999']


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def integer(self):
        r = self.random
        return r.choice(INTEGERS) if r.random() < 0.3 else r.choice([1, -1]) * r.getrandbits(r.choice([3, 7, 15, 31, 32, 60, 63, 64, 90, 500]))

    def bytes(self):
        r = self.random
        return bytes(r.getrandbits(8) for _ in range(r.choice([0, 1, 2, 5, 20, 300])))

    def unicode(self):
        r = self.random
        ranges = [(32, 127), (0xa0, 0xd7ff), (0x10000, 0x1ffff)]
        return r.choice(TEXTS) if r.random() < 0.4 else ''.join(chr(r.randrange(*r.choice(ranges))) for _ in range(r.randrange(12)))

    def float(self):
        r = self.random
        kind = r.random()
        if kind < 0.2:
            return r.choice(FLOATS)
        if kind < 0.4:
            return struct.unpack('>d', struct.pack('>Q', r.getrandbits(64)))[0]
        if kind < 0.5:
            return 2.0 ** r.randrange(-1074, 1023)
        if kind < 0.7:
            return round(r.uniform(-1000, 1000), r.randrange(5))
        return r.uniform(-1, 1) * 10 ** r.randrange(-20, 25)

    def boolean(self):
        return self.random.random() < 0.5

    def path(self):
        names = ['etc', 'a b', 'x.txt', '...', '-', "it's"]
        return amp.filepath.FilePath('/' + '/'.join(self.random.choice(names) for _ in range(self.random.randrange(4))))

    def decimal(self):
        r = self.random
        if r.random() < 0.4:
            return decimal.Decimal(r.choice(DECIMALS))
        return decimal.Decimal((r.randrange(2) if r.random() < 0.9 else 0, tuple(r.randrange(10) for _ in range(r.randrange(1, 40))), r.randrange(-60, 60)))

    def datetime(self):
        r = self.random
        minutes = r.choice([0, 0, 60, -60, 330, -570, 1, -1, 1080, -1080, r.randrange(-1080, 1081)])
        zone = amp.utc if minutes == 0 else datetime.timezone(datetime.timedelta(minutes=minutes))
        start = datetime.datetime(r.choice([1, 1970, 2024, 9999]), r.randrange(1, 13), r.randrange(1, 29), tzinfo=zone)
        return start + datetime.timedelta(seconds=r.randrange(86400), microseconds=r.choice([0, 1, 6, 999999, r.randrange(10 ** 6)]))

    def integers(self):
        return [self.random.randrange(-1000, 1000) for _ in range(self.random.randrange(6))]

    def texts(self):
        return [self.unicode() for _ in range(self.random.randrange(5))]

    def nested(self):
        return [self.integers() for _ in range(self.random.randrange(5))]

    def rows(self):
        r = self.random
        rows = []
        for _ in range(r.randrange(4)):
            row = {'id': self.integer() if r.random() < 0.9 else 10 ** 50, 'name': self.unicode(), 'more': self.integers()}
            if r.random() < 0.5:
                row['flag'] = self.boolean()
            rows.append(row)
        return rows

    def box(self):
        r = self.random
        box = amp.AmpBox()
        for _ in range(r.randrange(1, 8)):
            key = r.choice([b'a', b'_ask', b'_command', b'_answer', b'x-y', b'\xff', b'k' * 255, bytes(r.randrange(1, 256) for _ in range(r.randrange(1, 20)))])
            box[key] = r.choice([b'', b'1', b'v' * 65535 if r.random() < 0.05 else b'vv', self.bytes()])
        return box


def vectors():
    maker = Maker(20260101)
    for name in sorted(TYPES):
        for _ in range(40 if name == 'rows' else 150):
            value = getattr(maker, name)()
            if name in ('decimal',) and value.is_zero() and value.is_signed():
                continue  # the sign of a zero is lost
            yield name, describe(name, value), TYPES[name].toStringProto(value, None)
    for value in FLOATS:
        yield 'float', describe('float', value), TYPES['float'].toString(value)
    for value in INTEGERS:
        yield 'integer', describe('integer', value), TYPES['integer'].toString(value)
    for value in DECIMALS:
        yield 'decimal', describe('decimal', decimal.Decimal(value)), TYPES['decimal'].toString(decimal.Decimal(value))
    for _ in range(250):
        box = maker.box()
        yield 'box', amp_values.pairs(box), box.serialize()


def read():
    for line in sys.stdin:
        name, data = (line.rstrip('\n').split(' ') + [''])[:2]
        data = bytes.fromhex(data)
        if name == 'box':
            box, = amp.parseString(data)
            print(amp_values.pairs(box), hexed(box.serialize()))
        else:
            value = TYPES[name].fromStringProto(data, None)
            print(describe(name, value), hexed(TYPES[name].toStringProto(value, None)))


if sys.argv[1:] == ['read']:
    read()
else:
    print('# Twisted', twisted.__version__)
    for name, what, data in vectors():
        print(name, what, hexed(data))
