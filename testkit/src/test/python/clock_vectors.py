# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Writes the vectors that ClockVectorsSpec replays, as Twisted's own task.Clock behaves.

    python3 clock_vectors.py > ../resources/dev/torsion/testkit/clock-vectors.txt

Times are nanoseconds. One case per line, fields divided by " | ":

  what each call does when it runs, by its number: operations as below, divided by ";"
  operations: "later 5" makes the next call, "cancel 0", "reset 0 5", "delay 0 5", and "advance 5", which only stands outside of calls
  what happened after each operation: "0@5" call 0 ran when the clock said 5, "!AlreadyCalled", "!AlreadyCancelled"
  the times of the calls that are left, sorted

Calls are made at multiples of 1024, often several for the same time, whose order must be that of their making. Each reset and delay adds
a different power of two below that, since Twisted does not say how a call that was moved stands to others of its time.
"""
import random

import twisted
from twisted.internet import error, task

UNIT = 1024


def case(chance):
    clock, calls, events, scripts, residues = task.Clock(), [], [], {}, [1 << i for i in range(10)]

    def some_operation(inside):
        kinds = ["later"] * 4 + (["cancel", "reset", "delay"] * 2 if calls else []) + ([] if inside else ["advance"] * 4)
        kind = chance.choice(kinds)
        if kind in ("reset", "delay") and not residues:
            kind = "cancel"
        if kind in ("later", "advance"):
            return "%s %d" % (kind, chance.randrange(0, 6) * UNIT + (UNIT if inside else 0))
        name = chance.randrange(len(calls))
        if kind == "cancel":
            return "cancel %d" % name
        return "%s %d %d" % (kind, name, chance.randrange(0, 6) * UNIT + residues.pop(0))

    def ran(number):
        events.append("%d@%d" % (number, clock.seconds()))
        script = []
        while chance.random() < 0.35:
            script.append(some_operation(True))
            run(script[-1])
        if script:
            scripts[number] = ";".join(script)

    def run(operation):
        word, *numbers = operation.split(" ")
        numbers = [int(n) for n in numbers]
        try:
            if word == "later":
                number = len(calls)
                calls.append(clock.callLater(numbers[0], ran, number))
            elif word == "advance":
                clock.advance(numbers[0])
            else:
                getattr(calls[numbers[0]], word)(*numbers[1:])
        except (error.AlreadyCalled, error.AlreadyCancelled) as e:
            events.append("!" + type(e).__name__)

    operations, outcomes = [], []
    for _ in range(chance.randrange(3, 30)):
        del events[:]
        operations.append(some_operation(False))
        run(operations[-1])
        outcomes.append(" ".join(events))
    return " | ".join([
        ", ".join("%d: %s" % item for item in sorted(scripts.items())),
        ", ".join(operations),
        ", ".join(outcomes),
        " ".join(str(int(t)) for t in sorted(c.getTime() for c in clock.getDelayedCalls())),
    ])


def main():
    chance = random.Random(40)
    print("# Made by clock_vectors.py with Twisted %s; do not edit." % twisted.__version__)
    for _ in range(1000):
        print(case(chance))


main()
