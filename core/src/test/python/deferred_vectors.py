# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""
Writes test vectors for Torsion's Deferred by driving the real Twisted through scripts.

Run it by hand, with a Python that has Twisted: any release from 22.4 on gives the same events, and one that has race (the committed
vectors are by 26.4.0) those of race too.

    python3 -m venv /tmp/twisted && /tmp/twisted/bin/pip install twisted
    /tmp/twisted/bin/python core/src/test/python/deferred_vectors.py [number of generated cases]

It writes core/src/test/resources/dev/torsion/defer/deferred-vectors.jsonl.gz, one case per line:

    {"name": ..., "ops": [...], "events": [...]}                                      Twisted and Torsion agree
    {"name": ..., "ops": [...], "events": [...], "twisted": [...], "differs": [...]}  Torsion differs on purpose

An event is a string: a callback that ran with what it got, an error that an operation raised, and at the end the state of every
Deferred and the failures that nobody handled. Where Torsion differs on purpose, "events" comes from Twisted with that difference
built in, "twisted" from Twisted as it is, and "differs" names the differences that matter in the case:

    pause-in-callback   pause() inside a callback holds the next callback at once; Twisted runs the rest of the chain first
    paused-waiter       a Deferred that waits and is also paused does not keep back the callbacks of the one it waited for
    ring                a callback that would make its Deferred wait for itself makes it fail; Twisted waits for ever
    unpause             unpause() without pause() is an error, and never wakes a Deferred that waits for another one
    raising-canceller   a canceller that raises makes the Deferred fail with that; cancel() does not raise
    cancel-in-canceller cancel() of a Deferred whose canceller is running does nothing; Twisted runs the canceller again, without end
    list-forward        cancel() of a fired list that waits for a Deferred of its callback reaches that one
    first-result        fireOnOneCallback always has one type of result: when all fail it is a failure with all of them, also for an empty
                        list, which never fires in Twisted; a cancelled one fails as cancelled, and so does a cancelled race

The scripts that are written by hand have names. Those that show one of the forty behaviours of docs/twisted-coverage.md begin with its
number. Besides the operations on Deferreds there are

    timeout d s / advance s        addTimeout on a clock of the script's own, and its seconds
    inline d label steps           an inlineCallbacks function: await d, try d (a failure is caught), do operations, return value, raise
    ladder how n                   how deep the stack is at the end of n Deferreds, compared with ten: in words, not in numbers
    future d f / cancel-future f / look f
                                   d.asFuture, and what the future is like after a turn of its loop
"""

import asyncio
import gzip
import inspect
import json
import random
import sys
import textwrap
from pathlib import Path

import twisted
from twisted.internet import defer, task
from twisted.internet.defer import Deferred, DeferredList, DeferredLock, DeferredQueue, DeferredSemaphore
from twisted.python.failure import Failure

DIFFERENCES = ["pause-in-callback", "paused-waiter", "ring", "unpause", "raising-canceller", "cancel-in-canceller", "list-forward", "first-result"]
TARGET = Path(__file__).parent.parent / "resources/dev/torsion/defer/deferred-vectors.jsonl.gz"


class Scripted(Exception):
    """An error that a script asks for."""


class FailureGroup(getattr(defer, "FailureGroup", Exception)):
    """All of several failed; the oldest releases have no such thing."""

    def __init__(self, failures):
        super().__init__(failures)
        self.failures = failures


class Misuse(Exception):
    """An operation that is refused."""


def error_text(error):
    if isinstance(error, Scripted):
        return "!" + error.args[0]
    if isinstance(error, defer.FirstError):
        return f"!FirstError({error.index}, {text(error.subFailure)})"
    if type(error).__name__ == "FailureGroup":
        return "!FailureGroup[" + ", ".join(text(f) for f in error.failures) + "]"
    names = {
        defer.CancelledError: "!Cancelled",
        defer.TimeoutError: "!TimedOut",
        defer.AlreadyCalledError: "!AlreadyCalled",
        defer.QueueOverflow: "!QueueOverflow",
        defer.QueueUnderflow: "!QueueUnderflow",
        AssertionError: "!Misuse",
        Misuse: "!Misuse",
        KeyError: "!Unknown",  # the operation that would have made this Deferred was refused
        TypeError: "!WrongType",  # a script fired the Deferred of gatherResults with what is no list
    }
    return names.get(type(error), "!" + type(error).__name__)


def text(value):
    if isinstance(value, Failure):
        return error_text(value.value)
    if isinstance(value, list):
        return "[" + ", ".join(text(item) for item in value) + "]"
    if isinstance(value, tuple):
        if isinstance(value[0], bool):
            return text(value[1])
        return f"({text(value[0])}, {value[1]})"
    if isinstance(value, (DeferredLock, DeferredSemaphore)):
        return "permit"
    if isinstance(value, Deferred):
        return "Deferred"
    return "null" if value is None else str(value)


# -- Twisted with differences built in ---------------------------------------------------------------------------------------------

PLAIN_RUN = Deferred._runCallbacks
PLAIN_CANCEL = Deferred.cancel
PLAIN_LIST_CANCEL = DeferredList.cancel
RUNNERS = {}
CALLBACKS = "_callbacks" if hasattr(Deferred(), "_callbacks") else "callbacks"  # later releases hide them


def would_wait_for_itself(current):
    """Whether what a callback of current returned waits for current."""
    seen = current.result
    while isinstance(seen, Deferred):
        if seen is current:
            return True
        seen = getattr(seen, "result", None)
    return False


def changed(source, old, new):
    if old not in source:
        raise SystemExit(f"this Twisted does not have: {old}")
    return source.replace(old, new, 1)


def runner(differences):
    wanted = frozenset(differences) & {"pause-in-callback", "paused-waiter", "ring"}
    if wanted not in RUNNERS:
        source = textwrap.dedent(inspect.getsource(PLAIN_RUN))
        if "pause-in-callback" in wanted:
            source = changed(source, f"while current.{CALLBACKS}:", f"while current.{CALLBACKS} and not current.paused:")
        if "paused-waiter" in wanted:
            head, tail = source.split("if current.paused:", 1)
            source = head + "if current.paused:" + changed(tail, "return\n", "chain.pop(); continue\n")
        if "ring" in wanted:
            tests = ["if isinstance(current.result, Deferred):\n", "if type(current.result) in _DEFERRED_SUBCLASSES:\n"]
            old = next(test for test in tests if test in source)
            indent = next(line for line in source.split("\n") if line.strip() == old.strip())
            indent = indent[: len(indent) - len(indent.lstrip())]
            fix = "if would_wait_for_itself(current):\n" + indent + "    current.result = Failure(Misuse())\n" + indent
            source = changed(source, old, fix + "el" + old)
            source = changed(source, "if current.result is current:", "if False:")
        space = dict(vars(defer), would_wait_for_itself=would_wait_for_itself, Misuse=Misuse)
        exec(source, space)
        RUNNERS[wanted] = space["_runCallbacks"]
    return RUNNERS[wanted]


def tolerant_cancel(self):
    if self.called or self._canceller is None:
        PLAIN_CANCEL(self)
        return
    try:
        self._canceller(self)
    except Exception as error:
        if not self.called:
            self._suppressAlreadyCalled = True
            self.errback(error)
    if not self.called:
        self.errback(defer.CancelledError())


def forwarding_list_cancel(self):
    if self.called:
        Deferred.cancel(self)
    else:
        PLAIN_LIST_CANCEL(self)


def guarded(cancel):
    """cancel, but not while it runs already."""

    def guard(self):
        if self.called:
            cancel(self)
        elif not getattr(self, "in_cancel", False):
            self.in_cancel = True
            try:
                cancel(self)
            finally:
                self.in_cancel = False

    return guard


class FirstList(DeferredList):
    """fireOnOneCallback as Torsion has it."""

    cancelling = False

    def __init__(self, children, fail_first, consume):
        super().__init__(children, fireOnOneCallback=True, fireOnOneErrback=fail_first, consumeErrors=consume)
        if not children:
            self.errback(FailureGroup([]))

    def callback(self, result):
        if result is not self.resultList:
            super().callback(result)
        elif not self.cancelling:
            self.errback(FailureGroup([failure for _, failure in result]))

    def errback(self, fail=None):
        own = isinstance(fail, Failure) and isinstance(fail.value, defer.FirstError)
        if not (own and self.cancelling):
            super().errback(fail)

    def cancel(self):
        if self.called:
            Deferred.cancel(self)
            return
        if self.cancelling:
            return
        self.cancelling = True
        for child in self._deferredList:
            child.cancel()
        self.cancelling = False
        if not self.called:
            self.errback(defer.CancelledError())


def failing_as_cancelled(winner):
    """The Deferred of race; when that is cancelled, the failures of its children are no result."""
    canceller = winner._canceller

    def cancel(deferred):
        winner.errback = lambda fail: None
        try:
            canceller(deferred)
        finally:
            del winner.errback

    winner._canceller = cancel
    return winner


# -- the driver --------------------------------------------------------------------------------------------------------------------


class Run:
    """One run of one script."""

    def __init__(self, differences):
        self.differences = differences
        self.events = []
        self.deferreds = {}
        self.tools = {}
        self.pauses = {}
        self.cancels = 0
        self.clock = None
        self.loop = None
        self.futures = {}

    def whole(self, ops):
        Deferred._runCallbacks = runner(self.differences)
        cancel = tolerant_cancel if "raising-canceller" in self.differences else PLAIN_CANCEL
        list_cancel = forwarding_list_cancel if "list-forward" in self.differences else PLAIN_LIST_CANCEL
        guard = guarded if "cancel-in-canceller" in self.differences else lambda unchanged: unchanged
        Deferred.cancel = self.limited(guard(cancel))
        DeferredList.cancel = self.limited(guard(list_cancel))
        try:
            self.perform(ops)
            self.finish()
        finally:
            Deferred._runCallbacks = PLAIN_RUN
            Deferred.cancel = PLAIN_CANCEL
            DeferredList.cancel = PLAIN_LIST_CANCEL
        return self.events

    def limited(self, cancel):
        """cancel, but only so often: lists that cancel each other would else keep Twisted busy for ever."""

        def limit(deferred):
            self.cancels += 1
            if self.cancels > 2000:
                raise RecursionError()
            cancel(deferred)

        return limit

    def perform(self, ops):
        for op in ops:
            try:
                getattr(self, "op_" + op[0].replace("-", "_"))(*op[1:])
            except (Exception, RecursionError) as error:
                self.events.append(f"{op[0]} raised {error_text(error)}")

    def finish(self):
        unhandled = []
        for name, deferred in self.deferreds.items():
            if not deferred.called:
                state = "unfired"
            elif deferred.paused:
                state = "held"
            else:
                state = text(deferred.result)
            self.events.append(f"{name} is {state}")
            info = deferred._debugInfo
            if info is not None and info.failResult is not None:
                if not (deferred.paused and getattr(deferred, CALLBACKS)):
                    unhandled.append(text(info.failResult))
                info.failResult = None
        if self.clock:
            self.events.append(f"{len(self.clock.getDelayedCalls())} timers")
        if self.loop:
            self.loop.close()
        self.events.append("unhandled " + " ".join(sorted(unhandled)))

    def behave(self, behaviour, given):
        self.perform(behaviour.get("do", []))
        kind, *rest = behaviour["then"]
        if kind == "return":
            return rest[0]
        if kind == "raise":
            raise Scripted(rest[0])
        if kind == "failure":
            return Failure(Scripted(rest[0]))
        if kind == "deferred":
            return self.deferreds[rest[0]]
        return given

    def callback(self, label, behaviour):
        def call(result):
            self.events.append(f"{label} got {text(result)}")
            return self.behave(behaviour, result)

        return call

    def op_new(self, name, kind, detail=None):
        def canceller(deferred):
            self.events.append(f"canceller of {name}")
            if kind == "callback":
                deferred.callback(detail)
            elif kind == "errback":
                deferred.errback(Scripted(detail))
            elif kind == "raise":
                raise Scripted(detail)
            elif kind == "cancel":
                deferred.cancel()
            elif kind == "callback-raise":
                deferred.callback(7)
                raise Scripted(detail)

        self.deferreds[name] = Deferred() if kind == "none" else Deferred(canceller)

    def op_fire(self, name, value):
        self.deferreds[name].callback(value)

    def op_fail(self, name, error):
        self.deferreds[name].errback(Scripted(error))

    def op_cb(self, name, label, behaviour):
        self.deferreds[name].addCallback(self.callback(label, behaviour))

    def op_eb(self, name, label, behaviour):
        self.deferreds[name].addErrback(self.callback(label, behaviour))

    def op_both(self, name, label, behaviour):
        self.deferreds[name].addBoth(self.callback(label, behaviour))

    def op_pair(self, name, label, good, bad):
        self.deferreds[name].addCallbacks(self.callback(label + "+", good), self.callback(label + "-", bad))

    def op_cancel(self, name):
        self.deferreds[name].cancel()

    def op_pause(self, name):
        self.deferreds[name].pause()
        self.pauses[name] = self.pauses.get(name, 0) + 1

    def op_unpause(self, name):
        deferred = self.deferreds[name]
        if "unpause" in self.differences and not self.pauses.get(name):
            raise Misuse()
        self.pauses[name] = self.pauses.get(name, 0) - 1
        deferred.unpause()

    def op_resume(self, name):
        """unpause, but only what the script has paused; the scripts' other unpauses ask for trouble on purpose."""
        if self.pauses.get(name):
            self.op_unpause(name)

    def op_chain(self, name, other):
        self.deferreds[name].chainDeferred(self.deferreds[other])

    def op_list(self, name, children, one_callback, one_errback, consume):
        parts = [self.deferreds[child] for child in children]
        if one_callback and "first-result" in self.differences:
            self.deferreds[name] = FirstList(parts, one_errback, consume)
        else:
            self.deferreds[name] = DeferredList(parts, one_callback, one_errback, consume)

    def op_gather(self, name, children, consume):
        self.deferreds[name] = defer.gatherResults([self.deferreds[child] for child in children], consume)

    def op_race(self, name, children):
        parts = [self.deferreds[child] for child in children]
        winner = defer.race(parts)
        winner.addCallback(lambda result: (result[1], result[0]))
        if "first-result" in self.differences:
            failing_as_cancelled(winner)
            if not parts:
                winner.errback(FailureGroup([]))
        self.deferreds[name] = winner

    def op_timeout(self, name, seconds):
        self.clock = self.clock or task.Clock()
        self.deferreds[name].addTimeout(seconds, self.clock)

    def op_advance(self, seconds):
        self.clock = self.clock or task.Clock()
        self.clock.advance(seconds)

    def op_inline(self, name, label, steps):
        @defer.inlineCallbacks
        def block():
            for kind, *rest in steps:
                if kind in ("await", "try"):
                    try:
                        value = yield self.deferreds[rest[0]]
                        self.events.append(f"{label} got {text(value)}")
                    except Exception as error:
                        self.events.append(f"{label} met {error_text(error)}")
                        if kind == "await":
                            raise
                elif kind == "do":
                    self.perform(rest[0])
                elif kind == "raise":
                    raise Scripted(rest[0])
                else:
                    return rest[0]

        self.deferreds[name] = block()

    def op_ladder(self, how, count):
        few, many = getattr(self, "ladder_" + how)(10), getattr(self, "ladder_" + how)(count)
        self.events.append(f"{count} {how}: as deep as ten" if many <= few else f"{count} {how}: deeper than ten")

    def ladder_chained(self, count):
        """Each waits for the one before, which is fired last."""
        depths = []
        first = last = Deferred()
        for _ in range(count):
            waiting = defer.succeed(None)
            waiting.addCallback(lambda _, inner=last: inner)
            waiting.addCallback(lambda value: depths.append(len(inspect.stack(0))) or value)
            last = waiting
        first.callback(None)
        assert len(depths) == count
        return max(depths)

    def ladder_awaits(self, count):
        """Awaits of what is there already."""
        depths = []

        @defer.inlineCallbacks
        def block():
            for _ in range(count):
                yield defer.succeed(None)
                depths.append(len(inspect.stack(0)))

        block()
        assert len(depths) == count
        return max(depths)

    def op_future(self, name, future):
        self.loop = self.loop or asyncio.new_event_loop()
        self.futures[future] = self.deferreds[name].asFuture(self.loop)
        self.one_turn()

    def op_cancel_future(self, future):
        self.futures[future].cancel()
        self.one_turn()

    def op_look(self, future):
        self.one_turn()
        seen = self.futures[future]
        if seen.cancelled():
            state = "cancelled"
        elif not seen.done():
            state = "open"
        else:
            state = error_text(seen.exception()) if seen.exception() else text(seen.result())
        self.events.append(f"{future} is {state}")

    def one_turn(self):
        self.loop.run_until_complete(asyncio.sleep(0))

    def op_lock(self, name):
        self.tools[name] = DeferredLock()

    def op_semaphore(self, name, tokens):
        self.tools[name] = DeferredSemaphore(tokens)

    def op_acquire(self, name, result):
        self.deferreds[result] = self.tools[name].acquire()

    def op_release(self, name):
        self.tools[name].release()

    def op_run(self, name, result, label, behaviour):
        def work():
            self.events.append(f"{label} runs")
            return self.behave(behaviour, None)

        self.deferreds[result] = self.tools[name].run(work)

    def op_queue(self, name, size, backlog):
        self.tools[name] = DeferredQueue(size, backlog)

    def op_put(self, name, value):
        self.tools[name].put(value)

    def op_get(self, name, result):
        self.deferreds[result] = self.tools[name].get()


def case(name, ops):
    plain = Run([]).whole(ops)
    ours = Run(DIFFERENCES).whole(ops)
    if plain == ours:
        return {"name": name, "ops": ops, "events": ours}
    needed = [one for one in DIFFERENCES if Run([other for other in DIFFERENCES if other != one]).whole(ops) != ours]
    return {"name": name, "ops": ops, "events": ours, "twisted": plain, "differs": needed or ["several"]}


# -- scripts written by hand, by the numbers of the behaviours ---------------------------------------------------------------------

PASS = {"then": ["pass"]}


def gives(value):
    return {"then": ["return", value]}


def raises(error):
    return {"then": ["raise", error]}


def waits(name):
    return {"then": ["deferred", name]}


WRITTEN = {
    "behaviour 1: one fire is swallowed after cancel, the second raises": [
        ["new", "a", "none"], ["both", "a", "x", PASS], ["cancel", "a"], ["fire", "a", 1], ["fire", "a", 2], ["fail", "a", "E1"],
    ],
    "behaviour 1: with a canceller none is swallowed": [["new", "a", "noop"], ["cancel", "a"], ["fire", "a", 1]],
    "behaviour 2: the canceller fires with a value": [["new", "a", "callback", 5], ["cb", "a", "x", PASS], ["cancel", "a"], ["cancel", "a"]],
    "behaviour 2: the canceller fires with an error": [["new", "a", "errback", "E1"], ["eb", "a", "x", PASS], ["cancel", "a"]],
    "behaviour 2: the canceller raises": [["new", "a", "raise", "E1"], ["both", "a", "x", PASS], ["cancel", "a"], ["fire", "a", 1]],
    "behaviour 2: the canceller fires and raises": [["new", "a", "callback-raise", "E1"], ["both", "a", "x", PASS], ["cancel", "a"]],
    "the canceller cancels again": [["new", "a", "cancel"], ["both", "a", "x", PASS], ["cancel", "a"], ["fire", "a", 1]],
    "behaviour 3: cancel reaches the inner one": [
        ["new", "a", "noop"], ["new", "b", "callback", 3], ["cb", "a", "x", waits("b")], ["cb", "a", "y", PASS], ["fire", "a", 1], ["cancel", "a"],
    ],
    "behaviour 4: callbacks added in a callback do not nest": [
        ["new", "a", "none"],
        ["cb", "a", "x", {"do": [["cb", "a", "inner", PASS], ["cb", "a", "inner2", PASS]], "then": ["pass"]}],
        ["cb", "a", "y", PASS], ["fire", "a", 1],
    ],
    "behaviour 4: nor on one that has fired": [
        ["new", "a", "none"], ["fire", "a", 1],
        ["cb", "a", "x", {"do": [["cb", "a", "inner", gives(2)], ["both", "a", "inner2", PASS]], "then": ["return", 3]}],
    ],
    "behaviour 5: a long chain of Deferreds takes no stack": [["ladder", "chained", 2000]],
    "behaviour 6: a paused inner one with a result pauses the outer": [
        ["new", "a", "none"], ["new", "b", "none"], ["pause", "b"], ["fire", "b", 2], ["cb", "a", "x", waits("b")], ["cb", "a", "y", PASS],
        ["fire", "a", 1], ["unpause", "b"],
    ],
    "behaviour 7: callbacks in the middle still run": [
        ["new", "a", "none"], ["new", "b", "none"], ["new", "c", "none"],
        ["cb", "c", "c1", waits("b")], ["cb", "c", "c2", PASS], ["cb", "b", "b1", waits("a")],
        ["fire", "c", 3], ["fire", "b", 2], ["cb", "b", "b2", PASS], ["fire", "a", 1], ["cb", "a", "a1", PASS],
    ],
    "behaviour 8: chaining moves the unhandled failure": [
        ["new", "a", "none"], ["new", "b", "none"], ["fail", "b", "E1"], ["cb", "a", "x", waits("b")], ["fire", "a", 1], ["eb", "a", "y", gives(2)],
    ],
    "behaviour 8: chainDeferred too": [["new", "a", "none"], ["new", "b", "none"], ["chain", "a", "b"], ["fail", "a", "E1"], ["eb", "b", "y", PASS]],
    "behaviour 9: failures that have fired, fireOnOneErrback": [
        ["new", "a", "none"], ["new", "b", "none"], ["fail", "b", "E1"], ["list", "l", ["a", "b"], False, True, False], ["both", "l", "x", PASS],
    ],
    "behaviour 10: one bad canceller does not stop the others": [
        ["new", "a", "noop"], ["new", "b", "raise", "E1"], ["new", "c", "noop"], ["list", "l", ["a", "b", "c"], False, False, True],
        ["both", "l", "x", PASS], ["cancel", "l"],
    ],
    "behaviour 11: cancel after an early fire, fireOnOneCallback": [
        ["new", "a", "noop"], ["new", "b", "noop"], ["list", "l", ["a", "b"], True, False, False], ["fire", "b", 1], ["cancel", "l"],
    ],
    "behaviour 11: cancel after an early fire, fireOnOneErrback": [
        ["new", "a", "noop"], ["new", "b", "noop"], ["list", "l", ["a", "b"], False, True, True], ["fail", "b", "E1"], ["cancel", "l"],
    ],
    "an empty list": [["list", "l", [], False, False, False], ["both", "l", "x", PASS]],
    "an empty first result": [["list", "l", [], True, False, False], ["both", "l", "x", PASS]],
    "all fail for a first result": [
        ["new", "a", "none"], ["new", "b", "none"], ["list", "l", ["a", "b"], True, False, True], ["both", "l", "x", PASS],
        ["fail", "b", "E2"], ["fail", "a", "E1"],
    ],
    "gatherResults": [
        ["new", "a", "none"], ["new", "b", "none"], ["gather", "g", ["a", "b"], False], ["cb", "g", "x", PASS], ["fire", "b", 2], ["fire", "a", 1],
    ],
    "gatherResults cancelled": [
        ["new", "a", "noop"], ["new", "b", "callback", 4], ["gather", "g", ["a", "b"], True], ["both", "g", "x", PASS], ["cancel", "g"],
    ],
    "a list that waits is cancelled": [
        ["new", "a", "none"], ["new", "b", "noop"], ["list", "l", ["a"], False, False, False], ["cb", "l", "x", waits("b")], ["fire", "a", 1],
        ["cancel", "l"],
    ],
    "behaviour 12: a loser of a race that succeeds from its canceller changes nothing": [
        ["new", "a", "noop"], ["new", "b", "callback", 7], ["new", "c", "errback", "E1"], ["race", "r", ["a", "b", "c"]],
        ["both", "r", "x", PASS], ["both", "b", "y", PASS], ["fire", "a", 1],
    ],
    "behaviour 12: so does one that comes before the winner in the list": [
        ["new", "a", "callback", 7], ["new", "b", "noop"], ["race", "r", ["a", "b"]], ["both", "r", "x", PASS], ["fire", "b", 1],
    ],
    "behaviour 12: a canceller's value when the race itself is cancelled": [
        ["new", "a", "noop"], ["new", "b", "callback", 7], ["race", "r", ["a", "b"]], ["both", "r", "x", PASS], ["cancel", "r"],
    ],
    "a race that all lose": [
        ["new", "a", "none"], ["new", "b", "none"], ["race", "r", ["a", "b"]], ["both", "r", "x", PASS], ["fail", "b", "E2"], ["fail", "a", "E1"],
    ],
    "a race that is cancelled": [
        ["new", "a", "noop"], ["new", "b", "none"], ["race", "r", ["a", "b"]], ["both", "r", "x", PASS], ["cancel", "r"], ["fire", "b", 1],
    ],
    "a race of nobody": [["race", "r", []], ["both", "r", "x", PASS]],
    "behaviour 13: a canceller that gives a value on time-out has its way": [
        ["new", "a", "callback", 5], ["timeout", "a", 10], ["both", "a", "x", PASS], ["advance", 9], ["advance", 1],
    ],
    "behaviour 13: so has one that gives an error of its own": [
        ["new", "a", "errback", "E1"], ["timeout", "a", 10], ["both", "a", "x", PASS], ["advance", 10],
    ],
    "a time-out": [["new", "a", "noop"], ["timeout", "a", 10], ["both", "a", "x", PASS], ["advance", 10], ["advance", 10]],
    "a time-out without a canceller": [
        ["new", "a", "none"], ["timeout", "a", 10], ["both", "a", "x", PASS], ["advance", 10], ["fire", "a", 1], ["fire", "a", 2],
    ],
    "a value in time, and an error in time": [
        ["new", "a", "none"], ["new", "b", "none"], ["timeout", "a", 10], ["timeout", "b", 10], ["both", "a", "x", PASS], ["both", "b", "y", PASS],
        ["fire", "a", 1], ["fail", "b", "E1"], ["advance", 10],
    ],
    "cancelled in time": [["new", "a", "none"], ["timeout", "a", 10], ["both", "a", "x", PASS], ["cancel", "a"], ["advance", 10]],
    "a time-out covers what stands before it": [
        ["new", "a", "none"], ["new", "b", "noop"], ["cb", "a", "x", waits("b")], ["timeout", "a", 10], ["both", "a", "y", PASS], ["fire", "a", 1],
        ["advance", 10],
    ],
    "a time-out does not cover what stands behind it": [
        ["new", "a", "none"], ["new", "b", "noop"], ["timeout", "a", 10], ["cb", "a", "x", waits("b")], ["both", "a", "y", PASS], ["fire", "a", 1],
        ["advance", 10], ["fire", "b", 2],
    ],
    "two time-outs": [["new", "a", "noop"], ["timeout", "a", 10], ["timeout", "a", 5], ["both", "a", "x", PASS], ["advance", 5], ["advance", 5]],
    "a time-out whose canceller raises": [["new", "a", "raise", "E1"], ["timeout", "a", 10], ["both", "a", "x", PASS], ["advance", 10]],
    "behaviour 14: an errback before the time-out may swallow it": [
        ["new", "a", "none"], ["eb", "a", "x", gives(3)], ["timeout", "a", 10], ["both", "a", "y", PASS], ["advance", 10],
    ],
    "behaviour 15: a cancelled waiter leaves the queue": [
        ["queue", "q", None, None], ["get", "q", "a"], ["get", "q", "b"], ["cancel", "a"], ["put", "q", 1], ["put", "q", 2], ["cancel", "b"],
        ["get", "q", "c"],
    ],
    "behaviour 16: cancelling the future cancels the Deferred": [
        ["new", "a", "noop"], ["future", "a", "f"], ["look", "f"], ["cancel-future", "f"], ["look", "f"],
    ],
    "behaviour 16: and the value that its canceller gives is dropped": [
        ["new", "a", "callback", 4], ["future", "a", "f"], ["cancel-future", "f"], ["look", "f"],
    ],
    "behaviour 16: and one later fire of a Deferred without a canceller": [
        ["new", "a", "none"], ["future", "a", "f"], ["cancel-future", "f"], ["fire", "a", 1], ["look", "f"], ["fire", "a", 2],
    ],
    "a future gets the value": [["new", "a", "none"], ["future", "a", "f"], ["look", "f"], ["fire", "a", 1], ["look", "f"], ["cancel-future", "f"], ["look", "f"]],
    "a future gets the error": [["new", "a", "none"], ["fail", "a", "E1"], ["future", "a", "f"], ["look", "f"]],
    "a cancelled Deferred and its future": [["new", "a", "none"], ["future", "a", "f"], ["cancel", "a"]],
    "behaviour 17: inlineCallbacks that catches its cancellation goes on": [
        ["new", "a", "noop"], ["new", "b", "noop"], ["inline", "i", "I", [["try", "a"], ["await", "b"], ["return", 3]]], ["both", "i", "x", PASS],
        ["cancel", "i"], ["fire", "b", 2],
    ],
    "behaviour 17: and may be cancelled again": [
        ["new", "a", "noop"], ["new", "b", "noop"], ["inline", "i", "I", [["try", "a"], ["await", "b"], ["return", 3]]], ["both", "i", "x", PASS],
        ["cancel", "i"], ["cancel", "i"],
    ],
    "behaviour 17: one that catches it and raises": [
        ["new", "a", "noop"], ["inline", "i", "I", [["try", "a"], ["raise", "E1"]]], ["both", "i", "x", PASS], ["cancel", "i"],
    ],
    "behaviour 17: one that does not catch it": [["new", "a", "noop"], ["inline", "i", "I", [["await", "a"]]], ["both", "i", "x", PASS], ["cancel", "i"]],
    "inlineCallbacks: values and failures, there already and to come": [
        ["new", "a", "none"], ["new", "b", "none"], ["new", "c", "none"], ["fire", "a", 1], ["fail", "b", "E1"],
        ["inline", "i", "I", [["await", "a"], ["try", "b"], ["try", "c"], ["await", "a"], ["raise", "E3"]]], ["both", "i", "x", PASS], ["fail", "c", "E2"],
    ],
    "inlineCallbacks: a canceller that gives a value": [
        ["new", "a", "callback", 6], ["inline", "i", "I", [["await", "a"], ["return", 3]]], ["both", "i", "x", PASS], ["cancel", "i"],
    ],
    "inlineCallbacks: one waits for another, and is cancelled": [
        ["new", "a", "noop"], ["inline", "i", "I", [["try", "a"], ["return", 3]]], ["inline", "o", "O", [["await", "i"], ["return", 4]]],
        ["both", "o", "x", PASS], ["cancel", "o"],
    ],
    "behaviour 18: awaits of what is there take no stack": [["ladder", "awaits", 2000]],
    "queue limits": [
        ["queue", "q", 1, 1], ["put", "q", 1], ["put", "q", 2], ["get", "q", "a"], ["get", "q", "b"], ["get", "q", "c"],
    ],
    "lock": [
        ["lock", "k"], ["release", "k"], ["acquire", "k", "a"], ["acquire", "k", "b"], ["acquire", "k", "c"], ["cancel", "b"], ["release", "k"],
        ["cb", "c", "x", {"do": [["release", "k"]], "then": ["pass"]}], ["release", "k"],
    ],
    "semaphore run": [
        ["semaphore", "s", 2], ["new", "w", "noop"], ["run", "s", "a", "A", waits("w")], ["run", "s", "b", "B", raises("E1")],
        ["run", "s", "c", "C", gives(3)], ["acquire", "s", "d"], ["acquire", "s", "e"], ["cancel", "a"], ["release", "s"], ["release", "s"],
    ],
    "release inside the callback of a waiter": [
        ["lock", "k"], ["acquire", "k", "a"], ["acquire", "k", "b"], ["acquire", "k", "c"],
        ["cb", "b", "x", {"do": [["release", "k"]], "then": ["pass"]}], ["cb", "b", "y", PASS], ["cb", "c", "z", PASS], ["release", "k"],
    ],
    "a Deferred returns itself": [["new", "a", "none"], ["cb", "a", "x", waits("a")], ["both", "a", "y", PASS], ["fire", "a", 1]],
    "two wait for each other": [
        ["new", "a", "none"], ["new", "b", "none"], ["cb", "a", "x", waits("b")], ["cb", "b", "y", waits("a")], ["fire", "a", 1], ["fire", "b", 2],
        ["both", "a", "z", PASS],
    ],
    "a callback returns a Failure": [["new", "a", "none"], ["cb", "a", "x", {"then": ["failure", "E1"]}], ["eb", "a", "y", gives(1)], ["fire", "a", 0]],
    "unpause without pause": [["new", "a", "none"], ["unpause", "a"], ["fire", "a", 1], ["cb", "a", "x", PASS]],
    "unpause of one that waits": [
        ["new", "a", "none"], ["new", "b", "none"], ["cb", "a", "x", waits("b")], ["fire", "a", 1], ["unpause", "a"], ["cb", "a", "y", PASS],
        ["fire", "b", 2],
    ],
    "pause in a callback": [
        ["new", "a", "none"], ["cb", "a", "x", {"do": [["pause", "a"]], "then": ["pass"]}], ["cb", "a", "y", PASS], ["fire", "a", 1], ["unpause", "a"],
    ],
    "a waiter that is paused too": [
        ["new", "a", "none"], ["new", "b", "none"], ["cb", "a", "x", waits("b")], ["fire", "a", 1], ["pause", "a"], ["cb", "b", "y", PASS],
        ["fire", "b", 2], ["unpause", "a"],
    ],
    "a result taken while its callbacks run": [
        ["new", "a", "none"], ["new", "b", "none"], ["cb", "b", "x", waits("a")],
        ["cb", "a", "y", {"do": [["fire", "b", 5]], "then": ["return", 2]}], ["cb", "a", "z", PASS], ["fire", "a", 1],
    ],
}


# -- scripts by a seeded generator -------------------------------------------------------------------------------------------------


class Generator:
    """One random script; the seed decides everything."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = []
        self.locks = []
        self.queues = []
        self.typed = set()
        self.races = set()  # nobody fires them but their children: Twisted's does not expect that
        self.labels = 0
        self.value = 0
        self.odd = self.random.random() < 0.25
        self.timed = self.random.random() < 0.3

    def script(self):
        ops = [self.new() for _ in range(self.random.randint(1, 4))]
        if self.random.random() < 0.25:
            ops.append(self.tool())
        for _ in range(self.random.randint(3, 18)):
            ops.append(self.op(0))
        return ops

    def name(self):
        return self.random.choice(self.names)

    def made(self):
        self.names.append("d%d" % len(self.names))
        return self.names[-1]

    def label(self):
        self.labels += 1
        return "c%d" % self.labels

    def number(self):
        self.value += 1
        return self.value

    def error(self):
        return "E%d" % self.random.randint(1, 4)

    def new(self):
        kinds = [["none"]] * 4 + [["noop"]] * 2 + [["callback", self.number()], ["errback", self.error()]]
        if self.odd:
            kinds += [["raise", self.error()], ["callback-raise", self.error()], ["cancel"]]
        kind = self.random.choice(kinds)
        return ["new", self.made()] + kind

    def tool(self):
        kind = self.random.randint(0, 2)
        if kind == 2:
            self.queues.append("q%d" % len(self.queues))
            limits = [None, 0, 1, 2]
            return ["queue", self.queues[-1], self.random.choice(limits), self.random.choice(limits)]
        self.locks.append("k%d" % len(self.locks))
        return ["lock", self.locks[-1]] if kind == 0 else ["semaphore", self.locks[-1], self.random.randint(1, 2)]

    def behaviour(self, depth, owner=None):
        others = [name for name in self.names if self.odd or name != owner] or self.names
        kinds = [["pass"]] * 3 + [["return", self.number()]] * 3 + [["raise", self.error()], ["failure", self.error()]]
        kinds += [["deferred", self.random.choice(others)]] * 4
        result = {"then": self.random.choice(kinds)}
        if depth < 2 and self.random.random() < 0.2:
            result["do"] = [self.op(depth + 1) for _ in range(self.random.randint(1, 2))]
        return result

    def some_names(self):
        return [self.name() for _ in range(self.random.randint(0, 3))]

    def flag(self):
        return self.random.random() < 0.5

    def op(self, depth):
        choices = ["cb"] * 5 + ["eb"] * 3 + ["both"] * 3 + ["pair"] * 2 + ["fire"] * 5 + ["fail"] * 3 + ["cancel"] * 3
        choices += ["pause", "chain"]
        if self.odd:
            choices += ["unpause", "pause"]
        else:
            choices += ["resume"] * 2
        if self.timed:
            choices += ["timeout"] * 2 + ["advance"] * 3
        if depth == 0:
            choices += ["new", "list", "list", "gather", "race"]
        if self.locks:
            choices += ["release"] * 3
            if depth == 0:
                choices += ["acquire"] * 3 + ["run"] * 2
        if self.queues:
            choices += ["put"] * 3
            if depth == 0:
                choices += ["get"] * 3
        return getattr(self, "make_" + self.random.choice(choices))(depth)

    def make_cb(self, depth):
        name = self.name()
        return ["cb", name, self.label(), self.behaviour(depth, name)]

    def make_eb(self, depth):
        name = self.name()
        return ["eb", name, self.label(), self.behaviour(depth, name)]

    def make_both(self, depth):
        name = self.name()
        return ["both", name, self.label(), self.behaviour(depth, name)]

    def make_pair(self, depth):
        name = self.name()
        return ["pair", name, self.label(), self.behaviour(depth, name), self.behaviour(depth, name)]

    def fireable(self):
        """A Deferred that takes numbers: not one that stands for a permit or a winner, whose type is fixed in Torsion."""
        return self.random.choice([name for name in self.names if name not in self.typed])

    def made_typed(self):
        self.typed.add(self.made())
        return self.names[-1]

    def make_fire(self, depth):
        return ["fire", self.fireable(), self.number()]

    def make_fail(self, depth):
        return ["fail", self.random.choice([name for name in self.names if name not in self.races]), self.error()]

    def make_cancel(self, depth):
        return ["cancel", self.name()]

    def make_pause(self, depth):
        return ["pause", self.name()]

    def make_unpause(self, depth):
        return ["unpause", self.name()]

    def make_resume(self, depth):
        return ["resume", self.name()]

    def make_chain(self, depth):
        return ["chain", self.name(), self.fireable()]

    def make_new(self, depth):
        return self.new()

    def make_list(self, depth):
        children = self.some_names()
        return ["list", self.made(), children, self.flag(), self.flag(), self.flag()]

    def make_gather(self, depth):
        children = self.some_names()
        return ["gather", self.made(), children, self.flag()]

    def make_race(self, depth):
        children = self.some_names()
        self.races.add(self.made_typed())
        return ["race", self.names[-1], children]

    def make_timeout(self, depth):
        return ["timeout", self.name(), self.random.randint(0, 9)]

    def make_advance(self, depth):
        return ["advance", self.random.randint(0, 5)]

    def make_acquire(self, depth):
        return ["acquire", self.random.choice(self.locks), self.made_typed()]

    def make_release(self, depth):
        return ["release", self.random.choice(self.locks)]

    def make_run(self, depth):
        behaviour = self.behaviour(depth)
        return ["run", self.random.choice(self.locks), self.made_typed(), self.label(), behaviour]

    def make_put(self, depth):
        return ["put", self.random.choice(self.queues), self.number()]

    def make_get(self, depth):
        return ["get", self.random.choice(self.queues), self.made()]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    scripts = list(WRITTEN.items()) + [(f"seed {seed}", Generator(seed).script()) for seed in range(count)]
    if not hasattr(defer, "race"):
        print(f"Twisted {twisted.__version__} has no race: those scripts are left out")
        scripts = [(name, ops) for name, ops in scripts if all(op[0] != "race" for op in ops)]
    cases = [case(name, ops) for name, ops in scripts]
    lines = "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in cases)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
    differing = [one for one in cases if "differs" in one]
    print(f"{len(cases)} cases ({len(WRITTEN)} by hand), {len(lines)} bytes, {TARGET.stat().st_size} packed, {len(differing)} differ on purpose:")
    for tag in DIFFERENCES + ["several"]:
        print(f"  {tag}: {sum(tag in one['differs'] for one in differing)}")


if __name__ == "__main__":
    main()
