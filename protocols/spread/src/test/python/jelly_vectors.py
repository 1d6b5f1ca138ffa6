# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Writes the vectors that JellyVectorsSpec replays: values jellied and bananaed by Twisted itself.

    python3 jelly_vectors.py | gzip -9n > ../resources/dev/torsion/spread/jelly/jelly-vectors.txt.gz

One value per line, fields divided by a space:

  what it is: n, T, F; i<decimal>; f<hex of its eight bytes>; b<hex>; u<hex of its UTF-8>; L(...) list, T(...) tuple, S(...) set, Z(...)
      frozenset, D(key=value,...) dictionary; dt, da, ti, td and their numbers; x<unscaled>e<exponent> decimal. A collection that has been
      met before in the value is @<its number>, counted from 0 as they begin
  its banana in dialect pb
  its banana in dialect none
"""
import datetime
import decimal
import io
import random
import struct

import twisted
from twisted.spread import banana, jelly

WORDS = sorted(banana.Banana.outgoingVocabulary)
TEXTS = ['', 'a', 'hello', 'None', '\x00', '\u00e9', '\u4f60\u597d', '\U0001f40d', 'x' * 200, '\ud7ff\ue000']
INTEGERS = [0, 1, -1, 127, 128, -127, -128, 2 ** 31 - 1, 2 ** 31, -2 ** 31, -2 ** 31 - 1, 2 ** 63 - 1, 2 ** 63, -2 ** 63, -2 ** 63 - 1,
            2 ** 62, 2 ** 64, 2 ** 100, -2 ** 100, 2 ** 448 - 1, -2 ** 448 + 1]
FLOATS = [0.0, -0.0, 1.5, -1.5, 1e300, 5e-324, float('inf'), float('-inf'), float('nan'), 0.1]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = []

    def scalar(self):
        r = self.random
        kind = r.randrange(12)
        if kind == 0:
            return None
        if kind == 1:
            return r.random() < 0.5
        if kind < 4:
            return r.choice(INTEGERS) if r.random() < 0.3 else r.choice([1, -1]) * r.getrandbits(r.choice([3, 7, 8, 15, 31, 32, 63, 64, 90]))
        if kind == 4:
            return r.choice(FLOATS) if r.random() < 0.5 else r.uniform(-1e6, 1e6)
        if kind == 5:
            return r.choice(WORDS) if r.random() < 0.4 else bytes(r.getrandbits(8) for _ in range(r.choice([0, 1, 5, 20, 130])))
        if kind < 8:
            return r.choice(TEXTS) if r.random() < 0.5 else ''.join(chr(r.choice([r.randrange(32, 127), r.randrange(0xa0, 0xd7ff)])) for _ in range(r.randrange(12)))
        if kind == 8:
            return datetime.datetime(r.randrange(1, 10000), r.randrange(1, 13), r.randrange(1, 29), r.randrange(24), r.randrange(60), r.randrange(60), r.randrange(10 ** 6))
        if kind == 9:
            return r.choice([datetime.date(r.randrange(1, 10000), r.randrange(1, 13), r.randrange(1, 29)),
                             datetime.time(r.randrange(24), r.randrange(60), r.randrange(60), r.randrange(10 ** 6))])
        if kind == 10:
            return datetime.timedelta(days=r.choice([0, 1, -1, r.randrange(-10 ** 6, 10 ** 6), 999999999, -999999999]), seconds=r.randrange(86400), microseconds=r.randrange(10 ** 6)) \
                if r.random() < 0.9 else datetime.timedelta.min
        return decimal.Decimal((r.randrange(2), tuple(r.randrange(10) for _ in range(r.randrange(1, 25))) if r.random() < 0.8 else (0,), r.randrange(-30, 30)))

    def key(self, depth):
        if depth > 0 and self.random.random() < 0.2:
            parts = [self.key(depth - 1) for _ in range(self.random.randrange(4))]
            return tuple(parts) if self.random.random() < 0.7 else frozenset(parts)
        return self.scalar()

    def value(self, depth):
        r = self.random
        if depth == 0 or r.random() < 0.35:
            return self.scalar()
        if self.made and r.random() < 0.15:
            return r.choice(self.made)
        size = r.choice([0, 1, 1, 2, 3, 5])
        kind = r.randrange(6)
        if kind < 2:
            made = []
            self.made.append(made)
            made.extend(self.value(depth - 1) for _ in range(size))
        elif kind == 2:
            made = tuple(self.value(depth - 1) for _ in range(size))
            self.made.append(made)
        elif kind == 3:
            made = {}
            self.made.append(made)
            for _ in range(size):
                made[self.key(2)] = self.value(depth - 1)
        else:
            made = (set if kind == 4 else frozenset)(self.key(2) for _ in range(size))
            self.made.append(made)
        return made


def describe(value, met):
    if value is None:
        return 'n'
    if value is True or value is False:
        return 'T' if value else 'F'
    if isinstance(value, int):
        return 'i%d' % value
    if isinstance(value, float):
        return 'f' + struct.pack('!d', value).hex()
    if isinstance(value, bytes):
        return 'b' + value.hex()
    if isinstance(value, str):
        return 'u' + value.encode().hex()
    if isinstance(value, decimal.Decimal):
        sign, digits, exponent = value.as_tuple()
        return 'x%de%d' % (int(''.join(map(str, digits))) * (-1 if sign else 1), exponent)
    if isinstance(value, datetime.datetime):
        return 'dt' + ','.join(map(str, (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)))
    if isinstance(value, datetime.date):
        return 'da' + ','.join(map(str, (value.year, value.month, value.day)))
    if isinstance(value, datetime.time):
        return 'ti' + ','.join(map(str, (value.hour, value.minute, value.second, value.microsecond)))
    if isinstance(value, datetime.timedelta):
        return 'td' + ','.join(map(str, (value.days, value.seconds, value.microseconds)))
    if id(value) in met:
        return '@%d' % met[id(value)]
    met[id(value)] = len(met)
    if isinstance(value, dict):
        return 'D(' + ','.join(describe(k, met) + '=' + describe(v, met) for k, v in value.items()) + ')'
    letter = {list: 'L', tuple: 'T', set: 'S', frozenset: 'Z'}[type(value)]
    return letter + '(' + ','.join(describe(v, met) for v in value) + ')'


def encode(dialect, sexp):
    coder = banana.Banana()
    coder.connectionMade()
    coder.currentDialect = dialect
    out = io.BytesIO()
    coder._encode(sexp, out.write)
    return out.getvalue().hex()


def special():
    """Cycles of each kind, and sharing at each place."""
    ring = []
    ring.append(ring)
    yield ring
    book = {}
    book['self'] = book
    yield book
    inner = []
    pair = (inner, 1)
    inner.append(pair)
    yield pair
    yield inner
    one = [1]
    yield (one, one)
    yield [one, [one, {b'k': one}], (one,)]
    key = (1, frozenset([2, b'x']))
    yield {key: key, 'other': [key]}
    yield [frozenset([key]), set([key]), key]
    deep = []
    for _ in range(60):
        deep = [deep, deep]
        if _ > 8:
            deep = [deep[0]]
    yield deep
    long = []
    for _ in range(40):
        long = (long,)
    yield long
    yield list(range(300))
    yield [WORDS, WORDS]
    for value in INTEGERS + FLOATS + TEXTS + WORDS:
        yield value


def main():
    print('# Made by jelly_vectors.py with Twisted %s; do not edit.' % twisted.__version__)
    values = list(special())
    for seed in range(3000):
        maker = Maker(seed)
        values.append(maker.value(4))
        if seed % 7 == 0:
            lists = [made for made in maker.made if type(made) is list]
            if lists:
                maker.random.choice(lists).append(maker.random.choice(maker.made))
    for value in values:
        sexp = jelly.jelly(value)
        print(describe(value, {}), encode(b'pb', sexp), encode(b'none', sexp))


main()
