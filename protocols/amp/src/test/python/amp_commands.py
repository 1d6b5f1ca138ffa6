# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""The commands of twisted_amp_server.py and twisted_amp_client.py; Commands.kt has the same."""
from twisted.protocols import amp

from amp_values import ROW


class Sum(amp.Command):
    arguments = [(b'a', amp.Integer()), (b'b', amp.Integer())]
    response = [(b'total', amp.Integer())]


class Divide(amp.Command):
    arguments = [(b'numerator', amp.Integer()), (b'denominator', amp.Integer())]
    response = [(b'result', amp.Float())]
    errors = {ZeroDivisionError: b'ZERO_DIVISION'}


ALL = [(b'integer', amp.Integer()), (b'bytes', amp.String()), (b'unicode', amp.Unicode()), (b'float', amp.Float()), (b'boolean', amp.Boolean()),
       (b'path', amp.Path()), (b'decimal', amp.Decimal()), (b'datetime', amp.DateTime()), (b'integers', amp.ListOf(amp.Integer())),
       (b'rows', amp.AmpList(ROW)), (b'left-out', amp.Unicode(optional=True))]


class Echo(amp.Command):
    arguments = ALL
    response = ALL


class NoAnswer(amp.Command):
    requiresAnswer = False
    arguments = [(b'by', amp.Integer())]


class Count(amp.Command):
    response = [(b'count', amp.Integer())]


class Explode(amp.Command):
    pass


class Fatal(amp.Command):
    fatalErrors = {ValueError: b'FOR_GOOD'}


class Wrong(amp.Command):
    response = [(b'number', amp.Unicode())]


class Unsendable(amp.Command):
    response = [(b'number', amp.Integer())]


class Ask(amp.Command):
    arguments = [(b'number', amp.Integer())]
    response = [(b'answer', amp.Integer())]


class Hang(amp.Command):
    pass


class Lose(amp.Command):
    pass


class Nothing(amp.Command):
    pass


class NotThere(amp.Command):
    pass


class NotThereAndNoAnswer(amp.Command):
    requiresAnswer = False


class ExplodeWithoutAnswer(amp.Command):
    commandName = b'Explode'
    requiresAnswer = False


class ShoutSwitch(amp.ProtocolSwitchCommand):
    arguments = [(b'greeting', amp.Unicode())]
    errors = {ZeroDivisionError: b'ZERO_DIVISION'}
