# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Writes struct-vectors.txt: formats, values and bytes as Python's own struct module has them.

Run it on 64-bit little-endian Linux, where the native layout is the one that Torsion's Struct promises:
    python3 make_struct_vectors.py > ../resources/dev/torsion/framing/struct-vectors.txt

A line is: format, size, hex bytes, the values packed, the values unpacked; separated by tabs, the values by blanks. A value is its type (i integer, f float, d
double, t truth, c one byte, s bytes) and, for floats, the hex bits of a double, for bytes their hex. A line "error<TAB>format" is a
format that the module refuses.
"""
import random
import struct

random.seed(20240607)
WIDTHS = dict(b=1, B=1, h=2, H=2, i=4, I=4, l=8, L=8, q=8, Q=8, P=8)
STANDARD = dict(WIDTHS, l=4, L=4)


def integer(code, marked):
    bits = 8 * (STANDARD if marked else WIDTHS)[code]
    signed = code in 'bhilq'
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return random.choice([low, high, 0 if signed else low, 1, random.randint(low, high), random.randint(low, high)])


def some_bytes(length):
    return bytes(random.randrange(256) for _ in range(length))


def bits_of(number):
    return struct.pack('>d', number).hex()


def field(marked):
    """One field: its text, the values to pack, and the types of the values it unpacks."""
    code = random.choice('xcbB?hHiIlLqQfdsp' + ('' if marked else 'P'))
    count = random.choice(['', '', '', '1', '2', '3', '0', '11'])
    number = 1 if count == '' else int(count)
    if code == 'x':
        return count + code, [], []
    if code in 'sp':
        if code == 'p' and number == 0:
            count, number = '1', 1
        return count + code, [some_bytes(random.randrange(number + 3))], ['s']
    values, types = [], []
    for _ in range(number):
        if code == 'c':
            values.append(some_bytes(1))
            types.append('c')
        elif code == '?':
            values.append(random.random() < 0.5)
            types.append('t')
        elif code in 'fd':
            values.append(random.choice([0.0, -0.0, 1.5, 2.7, float('inf'), -float('inf'), random.uniform(-1e30, 1e30), random.gauss(0, 1)]))
            types.append(code)
        else:
            values.append(integer(code, marked))
            types.append('i')
    return count + code, values, types


def text_of(kind, value):
    if kind in 'cs':
        return kind + value.hex()
    if kind in 'fd':
        return kind + bits_of(value)
    return kind + (str(int(value)))


def main():
    for _ in range(4000):
        mark = random.choice(['', '@', '=', '<', '>', '!'])
        text, values, types = '', [], []
        for _ in range(random.randrange(1, 7)):
            part, part_values, part_types = field(mark not in ('', '@'))
            text += part + random.choice(['', '', ' '])
            values += part_values
            types += part_types
        form = mark + text.rstrip(' ')
        packed = struct.pack(form, *values)
        given = ' '.join(text_of(k, v) for k, v in zip(types, values))
        read = ' '.join(text_of(k, v) for k, v in zip(types, struct.unpack(form, packed)))
        print('\t'.join([form, str(struct.calcsize(form)), packed.hex(), given, read]))
    for bad in ['y', '3', '<P', '=P', '>P', '!P', 'i!', '1', 'i2', 'z', '<<i']:
        try:
            struct.calcsize(bad)
        except struct.error:
            print('error\t' + bad)


main()
