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

Cases that are written by hand have their name in front, as one more field.
"""
import random

import twisted
from twisted.internet import error, task

UNIT = 1024


class Replay:
    """A clock, and what happens on it."""

    def __init__(self, script_of):
        self.clock, self.calls, self.events, self.script_of = task.Clock(), [], [], script_of

    def ran(self, number):
        self.events.append("%d@%d" % (number, self.clock.seconds()))
        for operation in self.script_of(number):
            self.run(operation)

    def run(self, operation):
        word, *numbers = operation.split(" ")
        numbers = [int(n) for n in numbers]
        try:
            if word == "later":
                number = len(self.calls)
                self.calls.append(self.clock.callLater(numbers[0], self.ran, number))
            elif word == "advance":
                self.clock.advance(numbers[0])
            else:
                getattr(self.calls[numbers[0]], word)(*numbers[1:])
        except (error.AlreadyCalled, error.AlreadyCancelled) as e:
            self.events.append("!" + type(e).__name__)

    def outcome(self, operation):
        self.events = []
        self.run(operation)
        return " ".join(self.events)

    def line(self, scripts, operations, outcomes):
        return " | ".join([
            ", ".join("%d: %s" % (number, ";".join(script)) for number, script in sorted(scripts.items())),
            ", ".join(operations),
            ", ".join(outcomes),
            " ".join(str(int(t)) for t in sorted(c.getTime() for c in self.clock.getDelayedCalls())),
        ])


def case(chance):
    scripts, residues = {}, [1 << i for i in range(10)]

    def some_operation(inside):
        kinds = ["later"] * 4 + (["cancel", "reset", "delay"] * 2 if replay.calls else []) + ([] if inside else ["advance"] * 4)
        kind = chance.choice(kinds)
        if kind in ("reset", "delay") and not residues:
            kind = "cancel"
        if kind in ("later", "advance"):
            return "%s %d" % (kind, chance.randrange(0, 6) * UNIT + (UNIT if inside else 0))
        name = chance.randrange(len(replay.calls))
        if kind == "cancel":
            return "cancel %d" % name
        return "%s %d %d" % (kind, name, chance.randrange(0, 6) * UNIT + residues.pop(0))

    def some_script(number):
        while chance.random() < 0.35:
            scripts.setdefault(number, []).append(some_operation(True))
            yield scripts[number][-1]

    replay = Replay(some_script)
    operations, outcomes = [], []
    for _ in range(chance.randrange(3, 30)):
        operations.append(some_operation(False))
        outcomes.append(replay.outcome(operations[-1]))
    return replay.line(scripts, operations, outcomes)


def written_by_hand():
    def case(name, scripts, *operations):
        replay = Replay(lambda number: scripts.get(number, []))
        outcomes = [replay.outcome(operation) for operation in operations]
        return name + " | " + replay.line(scripts, operations, outcomes)

    yield case(
        "behaviour 19: a call puts a later one off, behind another", {0: ["reset 1 3000"]},
        "later 1000", "later 2000", "later 3000", "advance 1000", "advance 1000", "advance 1000", "advance 1000")
    yield case(
        "behaviour 19: all of it in one advance", {0: ["reset 1 3000"]}, "later 1000", "later 2000", "later 3000", "advance 9000")
    yield case(
        "behaviour 19: a call pulls a later one forward, in front of another", {0: ["reset 2 500"]},
        "later 1000", "later 2000", "later 3000", "advance 1000", "advance 500", "advance 500", "advance 1000")
    yield case(
        "behaviour 19: a call puts off one that is due in the same advance", {0: ["reset 1 3000"]},
        "later 1000", "later 1001", "later 2000", "advance 1500", "advance 500", "advance 3000")
    yield case(
        "behaviour 19: a call resets one that it has made itself", {0: ["later 1000", "reset 2 3000"]},
        "later 1000", "later 3000", "advance 1000", "advance 1000", "advance 1000", "advance 1000")
    yield case("a call cannot reset itself", {0: ["reset 0 1000"]}, "later 1000", "advance 1000", "advance 1000")
    yield case("calls of one time keep the order in which they were made", {}, "later 1000", "later 500", "later 1000", "advance 1000")


def main():
    chance = random.Random(40)
    print("# Made by clock_vectors.py with Twisted %s; do not edit." % twisted.__version__)
    for written in written_by_hand():
        print(written)
    for _ in range(1000):
        print(case(chance))


main()
