# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Writes the vectors that LoopingCallVectorsSpec replays, as Twisted's own LoopingCall behaves on Twisted's own Clock.

    python3 looping_call_vectors.py > ../resources/dev/torsion/clock/looping-call-vectors.txt

Times are nanoseconds, as exact fractions, so that Twisted's arithmetic rounds nothing. One case per line, fields divided by " | ":

  interval, "now" or "later", "plain" or "count"
  what each call does, the last one for all that follow: "-" nothing, "b5" it takes 5, "d5" it returns a Deferred that fires 5 later,
      "stop" it stops the loop, "fail" it raises, "failed5" it returns a Deferred that fails 5 later
  steps: "+5" advance by 5, "reset", "stop"
  calls: time:count each (count is 1 when not counting)
  the end: running or stopped, the start's Deferred open, fired or failed, and the times of the pending calls of the clock

Cases that are written by hand have their name in front, as one more field.
"""
import random
from fractions import Fraction

import twisted
from twisted.internet import defer, task

SECOND = 10**9


def replay(interval, now, counting, actions, steps):
    """Runs one case, taking as many of the wanted steps as the loop allows. Returns its line."""
    clock = task.Clock()
    clock.rightNow = Fraction(0)
    calls, taken, ended = [], [], ["open"]

    def call(count=1):
        action = actions[min(len(calls), len(actions) - 1)]
        calls.append("%d:%d" % (clock.seconds(), count))
        if action == "stop":
            loop.stop()
        elif action == "fail":
            raise RuntimeError(action)
        elif action.startswith("b"):
            clock.rightNow += int(action[1:])
        elif action.startswith("d"):
            gate = defer.Deferred()
            clock.callLater(int(action[1:]), gate.callback, None)
            return gate
        elif action.startswith("failed"):
            gate = defer.Deferred()
            clock.callLater(int(action[6:]), gate.errback, RuntimeError(action))
            return gate

    loop = task.LoopingCall.withCount(call) if counting else task.LoopingCall(call)
    loop.clock = clock
    ends = loop.start(Fraction(interval), now)
    ends.addCallbacks(lambda _: ended.__setitem__(0, "fired"), lambda _: ended.__setitem__(0, "failed"))
    for step in steps:
        if step.startswith("+"):
            clock.advance(int(step[1:]))
        elif not loop.running:
            continue
        elif step == "reset":
            loop.reset()
        else:
            loop.stop()
        taken.append(step)
    pending = " ".join(str(int(c.getTime())) for c in clock.calls)
    return " | ".join([
        "%d %s %s" % (interval, "now" if now else "later", "count" if counting else "plain"),
        " ".join(actions),
        " ".join(taken),
        " ".join(calls),
        ("%s %s %s" % ("running" if loop.running else "stopped", ended[0], pending)).strip(),
    ])


def some_case(chance):
    interval = chance.choice([1, 7, SECOND // 10, SECOND // 3, SECOND, 5 * SECOND // 2, 3600 * SECOND, chance.randrange(1, 10**12)])
    unit = max(1, interval // chance.choice([1, 2, 3, 4, 10]))

    def span():
        return chance.choice([0, unit, interval, interval - 1, interval + 1, 2 * interval, chance.randrange(0, 4 * interval + 1)])

    def action():
        return chance.choice(["-", "-", "b%d" % span(), "b%d" % span(), "d%d" % span(), "d%d" % span()])

    actions = [action() for _ in range(chance.randrange(1, 6))]
    if actions[-1].startswith("b"):
        actions.append("-")  # a call that always takes longer than the interval would keep the clock advancing for ever
    if chance.random() < 0.15:
        actions[chance.randrange(len(actions))] = chance.choice(["stop", "fail", "failed%d" % span()])
    steps = []
    for _ in range(chance.randrange(1, 14)):
        steps.append("+%d" % span())
        if chance.random() < 0.12:
            steps.append("reset")
        if chance.random() < 0.04:
            steps.append("stop")
    return interval, chance.random() < 0.6, chance.random() < 0.6, actions, steps


def as_soon_as_possible(chance):
    actions = [chance.choice(["-", "b3", "d0", "d4"]) for _ in range(chance.randrange(1, 8))] + ["stop"]
    steps = [chance.choice(["+0", "+1", "+5", "+100"]) for _ in range(12)]
    return 0, chance.random() < 0.5, chance.random() < 0.5, actions, steps


def written_by_hand():
    half, tenth = SECOND // 2, SECOND // 10
    yield "behaviour 20: calls that take long skip the ticks up to now, the one that is now included", replay(
        half, True, False, ["b%d" % (2 * SECOND), "b%d" % SECOND, "-"], ["+0", "+%d" % half, "+0", "+%d" % half])
    yield "behaviour 20: a call of two and a half intervals", replay(
        SECOND, True, False, ["b%d" % (5 * half), "b%d" % SECOND, "-"], ["+0"] + ["+%d" % half] * 8)
    # In floating point Twisted needs a little more than the ten tenths for the tenth call; exactly, the tenth is enough.
    yield "behaviour 21: ten times a tenth", replay(tenth, False, True, ["-"], ["+%d" % tenth] * 10)
    yield "behaviour 21: with a first call at once", replay(tenth, True, True, ["-"], ["+%d" % tenth] * 10)
    yield "behaviour 21: thirds, fed in steps that do not fit", replay(SECOND // 3, False, True, ["-"], ["+%d" % (tenth * 7)] * 10)
    yield "behaviour 22: a Deferred holds up the loop, whose next call is on the grid", replay(
        SECOND, True, False, ["d3700000000", "-"], ["+%d" % SECOND] * 8)
    yield "behaviour 22: the calls that it held up are counted", replay(SECOND, True, True, ["d3700000000", "-"], ["+%d" % SECOND] * 8)
    yield "behaviour 22: a Deferred that fails ends the loop", replay(SECOND, True, False, ["failed3700000000"], ["+%d" % SECOND] * 8)


def main():
    chance = random.Random(20)
    print("# Made by looping_call_vectors.py with Twisted %s; do not edit." % twisted.__version__)
    for name, line in written_by_hand():
        print(name + " | " + line)
    for _ in range(360):
        print(replay(*some_case(chance)))
    for _ in range(40):
        print(replay(*as_soon_as_possible(chance)))


main()
