# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""
Writes test vectors for Torsion's system event triggers and reactor states by driving the real Twisted through scripts.

Run it by hand, with a Python that has Twisted (Debian: apt install python3-twisted):

    /usr/bin/python3 core/src/test/python/trigger_vectors.py

It writes core/src/test/resources/dev/torsion/reactor/trigger-vectors.jsonl, one case per line:

    {"name": ..., "ops": [...], "events": [...]}                                      Twisted and Torsion agree
    {"name": ..., "ops": [...], "events": [...], "twisted": [...], "differs": [...]}  Torsion differs on purpose

A case whose name begins with "event" drives one _ThreePhaseEvent, one that begins with "reactor" a ReactorBase whose loop is turned
by hand; one that shows a behaviour of docs/twisted-coverage.md has its number in front of that. The operations, also used inside triggers, are

    add id phase [event] actions    adds a trigger, which does the actions when it runs
    add-again id                    adds the very same callable once more, as id + "+"
    remove id                       takes the trigger back by its handle
    fire                            fires the event
    callback d / errback d          fires a Deferred, unless it has fired
    look d                          writes down what result the Deferred has
    raise / return d                ends the trigger: with an error, or with a Deferred
    run, turn, stop, crash          the reactor's; run only begins, and turn does one turn if the loop goes on
    when id actions                 callWhenRunning
    thread id actions               callFromThread

Where Torsion differs on purpose, "events" comes from Twisted with that difference built in, "twisted" from Twisted as it is, and
"differs" names the differences that matter in the case:

    remove-what-has-run   removing a before-trigger that has run is always an error; Twisted only warns while the phase lasts
    failure-reported      the failure of a before-trigger's Deferred is reported when it is known; Twisted waits for the garbage collector
    own-handle            a handle names one trigger; Twisted removes the first one whose callable is equal
    crash-idle            crash() of a reactor that does not run is an error
    stop-after-crash      so is stop() after crash(), which in Twisted forbids running again
    crash-in-shutdown     crash() during the shutdown ends it for good, and connections are closed; Twisted leaves them open
    late-call             a call from a thread to a reactor that has stopped is refused; Twisted keeps it for ever
    late-startup          when the reactor ends before its startup is done, the rest of the startup never runs
    later-turn            what a Deferred has held up goes on in a turn after the callback that fired it; Twisted goes on inside of that
    immediate-call        what callWhenRunning calls at once and raises is reported, as at any other time; Twisted raises it at the caller

What a type system makes impossible is not here: an invalid phase, a handle that is none, a trigger that cannot be called.
"""

import json
import random
import re
import warnings
from pathlib import Path

from twisted.internet import base, defer, error
from twisted.internet.base import ReactorBase, _ThreePhaseEvent
from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner
from twisted.python import log

DIFFERENCES = [
    "remove-what-has-run", "failure-reported", "own-handle",
    "crash-idle", "stop-after-crash", "crash-in-shutdown", "late-call", "late-startup", "immediate-call",
    "later-turn",
]  # fmt: skip
TARGET = Path(__file__).parent.parent / "resources/dev/torsion/reactor/trigger-vectors.jsonl"
PHASES = ["before", "during", "after"]


class Scripted(Exception):
    """An error that a script asks for."""


class StrictEvent(_ThreePhaseEvent):
    """Torsion's differences that concern one event."""

    differences = ()
    goes_on = staticmethod(lambda: True)
    later = None
    firing = False

    def fireEvent(self):
        self.firing = True
        try:
            _ThreePhaseEvent.fireEvent(self)
        finally:
            self.firing = False

    def removeTrigger_BEFORE(self, handle):
        if "remove-what-has-run" in self.differences:
            return self.removeTrigger_BASE(handle)
        return _ThreePhaseEvent.removeTrigger_BEFORE(self, handle)

    def _continueFiring(self, ignored):
        if "later-turn" in self.differences and self.later and not self.firing:
            self.later(lambda: self.go_on(ignored))
        else:
            self.go_on(ignored)

    def go_on(self, ignored):
        if "late-startup" in self.differences and not self.goes_on():
            return
        _ThreePhaseEvent._continueFiring(self, ignored)


class HandReactor(ReactorBase):
    """A reactor without a loop: the script turns it."""

    _registerAsIOThread = False

    def __init__(self, run):
        self.run_of_script = run
        self.ended = False
        self.next_step = None
        self.is_step_new = False
        self.in_turn = False
        ReactorBase.__init__(self)

    def installWaker(self):
        pass

    def removeAll(self):
        self.run_of_script.events.append("disconnect all")
        return []

    def addSystemEventTrigger(self, phase, event, call, *args, **kwargs):
        if event not in self._eventTriggers:
            triggers = StrictEvent()
            triggers.differences = self.run_of_script.differences
            triggers.later = self.next_turn
            if event == "startup":
                triggers.goes_on = lambda: self._started
            self._eventTriggers[event] = triggers
        return ReactorBase.addSystemEventTrigger(self, phase, event, call, *args, **kwargs)

    def stop(self):
        if "stop-after-crash" in self.run_of_script.differences and not self._started:
            raise error.ReactorNotRunning()
        ReactorBase.stop(self)

    def scripted_crash(self):
        differences = self.run_of_script.differences
        if not self._started and "crash-idle" in differences:
            raise error.ReactorNotRunning()
        shutting_down = self._started and self._stopped
        ReactorBase.crash(self)
        self.next_step = None
        if shutting_down and "crash-in-shutdown" in differences:
            self._justStopped = False
            self.disconnect_in_this_turn = True

    disconnect_in_this_turn = False

    def next_turn(self, step):
        self.next_step = step
        self.is_step_new = self.in_turn

    def take_step(self):
        """The startup or the shutdown goes on at the end of a turn, before a stop that is wanted."""
        if self.is_step_new:
            self.is_step_new = False
        elif self.next_step:
            step, self.next_step = self.next_step, None
            step()

    def fireSystemEvent(self, event):
        if event == "shutdown":
            self.take_step()
            self.took_step = True
        ReactorBase.fireSystemEvent(self, event)

    def startRunning(self):
        self.in_turn = True
        try:
            ReactorBase.startRunning(self)
        finally:
            self.in_turn = False

    def turn(self):
        if self._started:
            self.in_turn = True
            self.took_step = False
            self.runUntilCurrent()
            if not self.took_step:
                self.take_step()
            self.in_turn = False
            if self.disconnect_in_this_turn:
                self.disconnect_in_this_turn = False
                self.removeAll()
            self.ended = not self._started and self._startedBefore


class Run:
    """Runs one script and writes down what happens."""

    def __init__(self, name, differences):
        self.differences = differences
        self.events = []
        self.deferreds = {}
        self.handles = {}
        self.calls = {}
        self.reactor = HandReactor(self) if re.match(r"(behaviour \d+: )?reactor", name) else None
        self.event = StrictEvent()
        self.event.differences = differences

    def whole(self, ops):
        plain_list = base.DeferredList
        if "failure-reported" in self.differences:
            base.DeferredList = self.reporting_list
        log.addObserver(self.logged)
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                self.warned = warned
                for op in ops:
                    try:
                        self.perform([op])
                    except Scripted as error:
                        self.events.append(f"raised {error}")
        finally:
            for deferred in self.deferreds.values():
                deferred.addErrback(lambda _: None)
            log.removeObserver(self.logged)
            base.DeferredList = plain_list
        return self.events

    def reporting_list(self, deferreds):
        for deferred in deferreds:
            deferred.addErrback(log.err)
        return defer.DeferredList(deferreds)

    def logged(self, event):
        if event["isError"]:
            self.events.append(f"reported {event['failure'].value}")

    def perform(self, ops):
        """The result of a trigger that consists of these operations."""
        for op in ops:
            if op[0] == "raise":
                raise Scripted(op[1])
            if op[0] == "return":
                return self.deferred(op[1])
            try:
                getattr(self, "op_" + op[0].replace("-", "_"))(*op[1:])
            except (ValueError, error.ReactorNotRunning, error.ReactorAlreadyRunning, error.ReactorNotRestartable):
                self.events.append(" ".join(["refused", op[0]] + ([op[1]] if op[0] in ("remove", "thread") else [])))
        return None

    def deferred(self, name):
        return self.deferreds.setdefault(name, Deferred())

    def call(self, id, actions):
        def trigger():
            running = "" if self.reactor is None else " running" if self.reactor.running else " not running"
            self.events.append(f"runs {id}{running}")
            return self.perform(actions)

        return trigger

    def add(self, id, phase, event, call):
        if "own-handle" in self.differences:
            inner = call
            call = lambda: inner()  # noqa: E731
        if self.reactor is None:
            self.handles[id] = self.event.addTrigger(phase, call)
        else:
            self.handles[id] = self.reactor.addSystemEventTrigger(phase, event, call)

    def op_add(self, id, phase, *rest):
        event = rest[0] if len(rest) == 2 else None
        self.calls[id] = (phase, event, self.call(id, rest[-1]))
        self.add(id, *self.calls[id])

    def op_add_again(self, id):
        self.add(id + "+", *self.calls[id])

    def op_remove(self, id):
        if id not in self.handles:
            return
        before = len(self.warned)
        if self.reactor is None:
            self.event.removeTrigger(self.handles[id])
        else:
            self.reactor.removeSystemEventTrigger(self.handles[id])
        if len(self.warned) > before:
            self.events.append(f"warned remove {id}")

    def op_fire(self):
        self.event.fireEvent()

    def op_callback(self, name):
        if not self.deferred(name).called:
            self.deferred(name).callback("value of " + name)

    def op_errback(self, name):
        if not self.deferred(name).called:
            self.deferred(name).errback(Scripted("failure of " + name))

    def op_look(self, name):
        def look(result):
            self.events.append(f"{name} has {getattr(result, 'value', result)}")
            return result

        self.deferred(name).addBoth(look)

    def op_run(self):
        self.reactor.startRunning()

    def op_turn(self):
        self.reactor.turn()

    def op_stop(self):
        self.reactor.stop()

    def op_crash(self):
        self.reactor.scripted_crash()

    def op_when(self, id, actions):
        call = self.call(id, actions)
        if self.reactor.running and "immediate-call" in self.differences:
            return self.reported(call)
        self.reactor.callWhenRunning(call)

    def reported(self, call):
        try:
            call()
        except Scripted:
            log.err()

    def op_thread(self, id, actions):
        if "late-call" in self.differences and self.reactor.ended:
            raise error.ReactorNotRunning()
        self.reactor.callFromThread(self.call(id, actions))


def case(name, ops):
    plain = Run(name, []).whole(ops)
    ours = Run(name, DIFFERENCES).whole(ops)
    if plain == ours:
        return {"name": name, "ops": ops, "events": ours}
    needed = [one for one in DIFFERENCES if Run(name, [other for other in DIFFERENCES if other != one]).whole(ops) != ours]
    if not needed:  # two of them lead to the same events, each by itself
        needed = [one for one in DIFFERENCES if Run(name, [one]).whole(ops) != plain]
    return {"name": name, "ops": ops, "events": ours, "twisted": plain, "differs": needed}


def written_by_hand():
    def add(id, phase, *actions):
        return ["add", id, phase, list(actions)]

    def on(id, phase, event, *actions):
        return ["add", id, phase, event, list(actions)]

    yield "event: phases in order, whatever the order of adding", [
        add("a", "after"), add("d", "during"), add("b", "before"), add("b2", "before"), add("d2", "during"), ["fire"]]
    yield "event: triggers run once", [add("b", "before"), add("d", "during"), add("a", "after"), ["fire"], ["fire"]]
    yield "event: fired with nothing added", [["fire"], add("b", "before"), ["fire"]]
    yield "event: a removed trigger does not run", [add("b", "before"), add("d", "during"), ["remove", "b"], ["fire"]]
    yield "event: removing twice", [add("d", "during"), ["remove", "d"], ["remove", "d"], ["fire"]]
    yield "event: removing what has run, after the event", [add("b", "before"), add("d", "during"), ["fire"], ["remove", "b"], ["remove", "d"]]
    yield "event: a before-trigger removes itself", [add("b", "before", ["remove", "b"]), add("d", "during"), ["fire"]]
    yield "event: a before-trigger removes an earlier one", [
        add("b1", "before"), add("b2", "before", ["remove", "b1"]), add("d", "during"), ["fire"]]
    yield "event: a before-trigger removes a later one", [
        add("b1", "before", ["remove", "b2"]), add("b2", "before"), add("d", "during"), ["fire"]]
    yield "event: a before-trigger removes triggers of the other phases", [
        add("b", "before", ["remove", "d"], ["remove", "a"]), add("d", "during"), add("a", "after"), ["fire"]]
    yield "event: while a Deferred holds it up, a during-trigger is removed", [
        add("b", "before", ["return", "x"]), add("d", "during"), ["fire"], ["remove", "d"], ["remove", "b"], ["callback", "x"]]
    yield "event: a during-trigger removes itself, an earlier and a later one", [
        add("d1", "during"), add("d2", "during", ["remove", "d1"], ["remove", "d2"], ["remove", "d3"]), add("d3", "during"), ["fire"]]
    yield "event: triggers that raise are reported and stop nothing", [
        add("b", "before", ["raise", "b"]), add("b2", "before"), add("d", "during", ["raise", "d"]), add("d2", "during"),
        add("a", "after", ["raise", "a"]), add("a2", "after"), ["fire"]]
    yield "event: a Deferred holds up the later phases", [
        add("b", "before", ["return", "x"]), add("b2", "before"), add("d", "during"), add("a", "after"), ["fire"], ["callback", "x"]]
    yield "event: a Deferred that fails is awaited too", [
        add("b", "before", ["return", "x"]), add("d", "during"), ["fire"], ["errback", "x"], ["look", "x"]]
    yield "event: what a Deferred has is left to who looks at it afterwards", [
        add("b", "before", ["return", "x"]), ["fire"], ["callback", "x"], ["look", "x"]]
    yield "event: several Deferreds, fired in another order", [
        add("b1", "before", ["return", "x"]), add("b2", "before", ["return", "y"]), add("b3", "before", ["return", "z"]),
        add("d", "during"), ["fire"], ["callback", "z"], ["errback", "x"], ["callback", "y"]]
    yield "event: the same Deferred from two triggers", [
        add("b1", "before", ["return", "x"]), add("b2", "before", ["return", "x"]), add("d", "during"), ["fire"], ["errback", "x"]]
    yield "event: Deferreds that have fired already", [
        ["callback", "x"], ["errback", "y"], add("b1", "before", ["return", "x"]), add("b2", "before", ["return", "y"]),
        add("d", "during"), ["fire"]]
    yield "behaviour 25: event: a later before-trigger fires the Deferred of an earlier one", [
        add("b1", "before", ["look", "x"], ["return", "x"]), add("b2", "before", ["callback", "x"], ["return", "y"]), add("d", "during"),
        ["fire"], ["callback", "y"]]
    yield "event: Deferreds of the later phases are not awaited", [
        add("d", "during", ["return", "x"]), add("a", "after", ["return", "y"]), add("a2", "after"), ["fire"]]
    yield "event: a before-trigger adds triggers to each phase", [
        add("b", "before", add("b2", "before"), add("d", "during"), add("a", "after")), ["fire"]]
    yield "event: a during-trigger adds triggers to each phase", [
        add("d", "during", add("b2", "before"), add("d2", "during"), add("a", "after")), ["fire"], ["fire"]]
    yield "event: an after-trigger adds triggers to each phase", [
        add("a", "after", add("b2", "before"), add("d2", "during"), add("a2", "after")), ["fire"], ["fire"]]
    yield "event: added while a Deferred holds it up", [
        add("b", "before", ["return", "x"]), ["fire"], add("b2", "before"), add("d", "during"), ["callback", "x"], ["fire"]]
    yield "event: fired again while a Deferred holds it up", [
        add("b", "before", ["return", "x"]), add("d", "during"), ["fire"], ["fire"], add("d2", "during"), ["callback", "x"]]
    yield "event: fired by one of its own before-triggers", [
        add("b1", "before", ["return", "x"]), add("b2", "before", ["fire"]), add("b3", "before"), add("d", "during"), ["fire"],
        add("d2", "during"), ["callback", "x"]]
    yield "event: the same callable added twice, its second handle removed", [
        add("b", "before"), add("c", "before"), ["add-again", "b"], ["remove", "b+"], ["fire"]]
    yield "event: the same callable added twice, the first run, its handle removed", [
        add("d", "during", ["remove", "d"]), add("e", "during"), ["add-again", "d"], ["fire"]]

    turn, stop, crash, run = ["turn"], ["stop"], ["crash"], ["run"]
    yield "reactor: stop when never run", [stop, run, turn]
    yield "reactor: stop twice, and when stopped", [run, stop, stop, turn, stop]
    yield "reactor: run twice", [run, run, stop, turn]
    yield "reactor: run after stop", [run, stop, turn, run]
    yield "reactor: when it runs, by phase", [
        on("sb", "before", "startup"), on("sd", "during", "startup"), on("sa", "after", "startup"),
        on("hb", "before", "shutdown"), on("hd", "during", "shutdown"), on("ha", "after", "shutdown"), run, turn, stop, turn]
    yield "reactor: stop only asks", [on("hb", "before", "shutdown"), run, ["when", "w", [stop, ["look", "x"]]], turn]
    yield "behaviour 26: reactor: callWhenRunning keeps its order and is immediate afterwards", [
        ["when", "w1", []], ["when", "w2", [["when", "w3", []], ["callback", "x"], ["look", "x"]]], ["when", "w4", []], run,
        ["when", "w5", []], stop, turn]
    yield "reactor: callWhenRunning in each startup phase", [
        on("sb", "before", "startup", ["when", "w1", []]), on("sd", "during", "startup", ["when", "w2", []]),
        on("sa", "after", "startup", ["when", "w3", []]), run, stop, turn]
    yield "reactor: callWhenRunning in each shutdown phase", [
        on("hb", "before", "shutdown", ["when", "w1", []]), on("hd", "during", "shutdown", ["when", "w2", []]),
        on("ha", "after", "shutdown", ["when", "w3", []]), run, stop, turn]
    yield "reactor: a Deferred holds up the startup, the loop turns all the same", [
        on("sb", "before", "startup", ["return", "x"]), ["when", "w", []], run, ["thread", "t", []], turn, ["callback", "x"], stop, turn]
    yield "reactor: stopped before the startup is done", [
        on("sb", "before", "startup", ["return", "x"]), ["when", "w", []], run, stop, turn, ["callback", "x"]]
    yield "reactor: stopped by a trigger before startup", [
        on("sb", "before", "startup", stop), on("sd", "during", "startup"), on("hb", "before", "shutdown"), run, turn]
    yield "reactor: a Deferred holds up the shutdown, and the loop turns until it fires", [
        on("hb", "before", "shutdown", ["return", "x"]), on("ha", "after", "shutdown"), run, stop, turn, ["thread", "t", []], turn,
        ["callback", "x"], turn]
    yield "reactor: the shutdown goes on in a turn after the call that fires its Deferred, and after what that call hands over", [
        on("hb", "before", "shutdown", ["return", "x"]), on("hd", "during", "shutdown"), run, stop, turn,
        ["thread", "t1", [["callback", "x"], ["thread", "t3", []]]], ["thread", "t2", []], turn, turn]
    yield "reactor: the startup goes on in a turn after the call that fires its Deferred", [
        on("sb", "before", "startup", ["return", "x"]), ["when", "w", []], run,
        ["thread", "t1", [["callback", "x"]]], ["thread", "t2", []], turn, turn, stop, turn]
    yield "reactor: calls from threads run before the shutdown of their turn", [
        on("hb", "before", "shutdown"), run, ["thread", "t1", [stop]], ["thread", "t2", []], turn]
    yield "reactor: calls from threads, before it runs, while it runs and when it has stopped", [
        ["thread", "t1", []], run, ["thread", "t2", []], turn, stop, turn, ["thread", "t3", []]]
    yield "behaviour 27: reactor: a call from a call waits for the next turn", [
        run, ["thread", "t1", [["thread", "t2", []], ["callback", "x"], ["look", "x"]]], turn, turn, stop, turn]
    yield "reactor: crash when never run", [crash, run, stop, turn]
    yield "reactor: crash runs no shutdown trigger, and it runs again", [
        on("hb", "before", "shutdown"), run, crash, turn, ["when", "w", []], run, stop, turn]
    yield "reactor: crash by a trigger after startup", [["when", "w", [crash]], run, turn, run, stop, turn]
    yield "reactor: stop after crash", [run, crash, turn, stop, run]
    yield "reactor: crash while it stops", [
        on("hb", "before", "shutdown", ["return", "x"]), run, stop, turn, ["thread", "t", [crash]], turn, run]
    yield "reactor: a shutdown trigger stops it again", [on("hb", "before", "shutdown", stop), run, stop, turn]
    yield "reactor: triggers of one event add to and remove from the other", [
        on("hb", "before", "shutdown"), on("hd", "during", "shutdown"),
        on("sd", "during", "startup", ["remove", "hb"], on("ha", "after", "shutdown")), run, stop, turn]
    yield "reactor: a startup trigger added once it runs waits for the next start", [
        run, on("sa", "after", "startup"), turn, crash, turn, run, stop, turn]


class Generator:
    def __init__(self, chance):
        self.chance = chance
        self.ids = []
        self.deferreds = ["x", "y", "z"]

    def known(self):
        return self.chance.choice(self.ids) if self.ids else "none"

    def new(self):
        self.ids.append(f"t{len(self.ids)}")
        return self.ids[-1]

    def common(self):
        kind = self.chance.random()
        if kind < 0.5:
            return ["remove", self.known()]
        if kind < 0.7:
            return ["callback", self.chance.choice(self.deferreds)]
        if kind < 0.85:
            return ["errback", self.chance.choice(self.deferreds)]
        return ["look", self.chance.choice(self.deferreds)]

    def actions(self, depth, action):
        count = self.chance.choice([0, 0, 1, 1, 2])
        found = [action(depth + 1) for _ in range(count)] if depth < 3 else []
        end = self.chance.random()
        if end < 0.12:
            found.append(["raise", f"error {len(self.ids)}"])
        elif end < 0.4:
            found.append(["return", self.chance.choice(self.deferreds)])
        return found

    # One event.

    def event_op(self, depth):
        kind = self.chance.random()
        if kind < 0.45:
            id = self.new()
            return ["add", id, self.chance.choice(["before", "before", "during", "after"]), self.actions(depth, self.event_op)]
        if kind < 0.5 and self.ids:
            return ["add-again", self.known()] if depth == 0 else self.common()
        if kind < 0.55 and depth > 0:
            return ["fire"]
        return self.common()

    def event_case(self):
        ops = [self.event_op(0) for _ in range(self.chance.randrange(2, 9))]
        for _ in range(self.chance.choice([1, 1, 2])):
            ops.append(["fire"])
            ops += [self.event_op(0) for _ in range(self.chance.randrange(0, 5))]
        ends = [[self.chance.choice(["callback", "errback"]), name] for name in self.deferreds]
        self.chance.shuffle(ends)
        # Fired once more, so that what was left in any phase is seen.
        return [op for op in ops if op[0] != "add-again" or is_added(ops, op)] + ends + [["fire"]]

    # A reactor.

    def reactor_op(self, depth):
        kind = self.chance.random()
        if kind < 0.3:
            id = self.new()
            event = self.chance.choice(["startup", "shutdown", "shutdown"])
            actions = self.actions(depth, self.reactor_op)
            if event == "startup" and not self.holding_startup:
                actions = [one for one in actions if one[0] != "return"]
            return ["add", id, self.chance.choice(PHASES), event, actions]
        if kind < 0.5:
            id = self.new()
            return ["when", id, [one for one in self.actions(depth, self.reactor_op) if one[0] != "return"]]
        if kind < 0.6 and depth == 0:
            return ["thread", self.new(), [one for one in self.actions(depth, self.reactor_op) if one[0] != "return"]]
        if kind < 0.67:
            return ["stop"]
        if kind < 0.7 and not self.holding_startup:
            return ["crash"] if depth == 0 else ["stop"]
        return self.common()

    def reactor_case(self):
        # A startup that is held up and a crash: what Twisted does then when run again is no model for anybody.
        self.holding_startup = self.chance.random() < 0.5
        ops = [self.reactor_op(0) for _ in range(self.chance.randrange(0, 5))] + [["run"]]
        for _ in range(self.chance.randrange(2, 6)):
            ops += [self.reactor_op(0) for _ in range(self.chance.randrange(0, 3))]
            ops.append(["turn"] if self.chance.random() < 0.9 else ["run"])
        ends = [[self.chance.choice(["callback", "errback"]), name] for name in self.deferreds]
        return ops + [["turn"], ["stop"], ["turn"]] + ends + [["turn"], ["run"]]


def is_added(ops, again):
    earlier = ops[: ops.index(again)]
    return any(op[0] == "add" and op[1] == again[1] for op in earlier)


def main():
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)  # nothing prints the errors
    cases = [case(name, ops) for name, ops in written_by_hand()]
    for seed in range(400):
        cases.append(case(f"event, seed {seed}", Generator(random.Random(seed)).event_case()))
    for seed in range(300):
        cases.append(case(f"reactor, seed {seed}", Generator(random.Random(10_000 + seed)).reactor_case()))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with TARGET.open("w") as out:
        for one in cases:
            out.write(json.dumps(one, separators=(",", ":")) + "\n")
    differing = {name: sum(name in one.get("differs", ()) for one in cases) for name in DIFFERENCES}
    print(f"{len(cases)} cases, {sum('differs' in one for one in cases)} of them with differences: {differing}")


main()
