# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""The types of amp_vectors.py, and how a value of each is described.

integer 13 | bytes hex | unicode hex of its UTF-8 | float hex of its eight bytes | boolean T or F | path hex | decimal unscaled e exponent |
datetime year,month,day,hour,minute,second,microsecond,offset in minutes | integers [1,2] | texts [hex,hex] | nested [[1],[2,3]] |
rows [id:name:flag:more,...] where flag is T, F or n | nothing at all is `.`
"""
import struct

from twisted.protocols import amp

ROW = [(b'id', amp.Integer()), (b'name', amp.Unicode()), (b'flag', amp.Boolean(optional=True)), (b'more', amp.ListOf(amp.Integer()))]
TYPES = {
    'integer': amp.Integer(), 'bytes': amp.String(), 'unicode': amp.Unicode(), 'float': amp.Float(), 'boolean': amp.Boolean(), 'path': amp.Path(),
    'decimal': amp.Decimal(), 'datetime': amp.DateTime(), 'integers': amp.ListOf(amp.Integer()), 'texts': amp.ListOf(amp.Unicode()),
    'nested': amp.ListOf(amp.ListOf(amp.Integer())), 'rows': amp.AmpList(ROW),
}


def hexed(data):
    return data.hex() or '.'


def flag(value):
    return 'n' if value is None else 'T' if value else 'F'


def listed(texts):
    return '[' + ','.join(texts) + ']'


def row(values):
    return ':'.join([str(values['id']), values['name'].encode().hex(), flag(values.get('flag')), listed(map(str, values['more']))])


def date(value):
    minutes = value.utcoffset().total_seconds() / 60
    return ','.join(str(int(part)) for part in [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, minutes])


def number(value):
    sign, digits, exponent = value.as_tuple()
    return '%s%de%d' % ('-' if sign else '', int(''.join(map(str, digits))), exponent)


DESCRIBED = {
    'integer': str, 'bytes': hexed, 'unicode': lambda value: hexed(value.encode()), 'float': lambda value: struct.pack('>d', value).hex(), 'boolean': flag,
    'path': lambda value: hexed(value.path.encode()), 'decimal': number, 'datetime': date, 'integers': lambda value: listed(map(str, value)),
    'texts': lambda value: listed(text.encode().hex() for text in value), 'nested': lambda value: listed(listed(map(str, one)) for one in value),
    'rows': lambda value: listed(map(row, value)),
}


def describe(name, value):
    return DESCRIBED[name](value)


def pairs(box):
    return ','.join('%s=%s' % (key.hex(), value.hex()) for key, value in sorted(box.items()))
