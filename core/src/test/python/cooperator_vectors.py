# Copyright (c) the Torsion contributors
# SPDX-License-Identifier: MIT
"""Writes the vectors that CooperatorVectorsSpec replays, as Twisted's own Cooperator behaves.

    python3 cooperator_vectors.py > ../resources/dev/torsion/clock/cooperator-vectors.txt

One case per line, fields divided by " | ":

  "started" or "new", for the cooperator
  the tasks, each the list of its steps: "-" a plain value, "f" a Deferred that has fired, "e" one that has failed, "d3" one that the
      operation "fire 3" or "fail 3" fires, "r" it raises, "stop", "pause" the task does that to itself; behind the last step "end:halt",
      "end:stop" its whenDone stops the cooperator, or the task
  operations: "new A" the task begins, "pause A", "resume A", "stop A", "tick" the scheduled call runs (each task steps until it waits or
      ends), "fire 3", "fail 3", "start", "halt" for the cooperator (Twisted: stop)
  what happened after each operation, sorted: "A0" task A took its step 0, "A=done", "A=<error>" its whenDone, "A=after" what that did
      is done, "!<error>" the operation raised, "+" a call is scheduled

Cases that are written by hand have their name in front, as one more field.

Twisted's rotation leaves out the task behind one that ends or waits in the same turn, so the order among tasks is not compared: within
one operation the events are sorted.
"""
import random

import twisted
from twisted.internet import defer, task


class Scheduled:
    def __init__(self, world):
        self.world = world

    def cancel(self):
        self.world.scheduled = None


class World:
    def __init__(self, started, scripts):
        self.scripts, self.scheduled, self.events, self.tasks, self.gates = scripts, None, [], {}, {}
        self.owners = {}
        self.cooperator = task.Cooperator(lambda: lambda: False, self.schedule, started)

    def schedule(self, call):
        self.call = call
        self.scheduled = Scheduled(self)
        return self.scheduled

    def steps(self, name):
        for index, step in enumerate(self.scripts[name]):
            if step.startswith("end:"):
                return
            self.events.append("%s%d" % (name, index))
            if step == "-":
                yield index
            elif step == "f":
                yield defer.succeed(None)
            elif step == "e":
                yield defer.fail(RuntimeError())
            elif step == "r":
                raise RuntimeError()
            elif step.startswith("d"):
                self.owners[step[1:]] = name
                yield self.gates.setdefault(step[1:], defer.Deferred())
            else:
                try:
                    getattr(self.tasks[name], step)()
                except Exception as e:
                    self.events.append("!" + type(e).__name__)
                yield None

    def ended(self, name, what):
        self.events.append("%s=%s" % (name, what))

    def begin(self, name):
        self.tasks[name] = self.cooperator.cooperate(self.steps(name))
        done = self.tasks[name].whenDone()
        done.addCallbacks(lambda _: self.ended(name, "done"), lambda f: self.ended(name, f.type.__name__))
        last = self.scripts[name][-1:]
        if last and last[0].startswith("end:"):
            done.addCallback(lambda _: self.cooperator.stop() if last == ["end:halt"] else self.tasks[name].stop())
            done.addCallbacks(lambda _: self.ended(name, "after"), lambda f: self.events.append("!" + f.type.__name__))

    def run(self, operation):
        self.events = []
        word, _, name = operation.partition(" ")
        try:
            if word == "new":
                self.begin(name)
            elif word in ("pause", "resume", "stop"):
                getattr(self.tasks[name], word)()
            elif word == "tick":
                self.scheduled = None
                self.call()
            elif word == "fire":
                self.gates.pop(name).callback(None)
            elif word == "fail":
                self.gates.pop(name).errback(RuntimeError())
            elif word == "start":
                self.cooperator.start()
            else:
                self.cooperator.stop()
        except Exception as e:
            self.events.append("!" + type(e).__name__)
        return " ".join(sorted(self.events) + (["+"] if self.scheduled else []))


def case(chance):
    names = "ABC"[: chance.randrange(1, 4)]
    gate = [0]

    def step():
        kind = chance.choice(["-", "-", "-", "f", "d", "d", "e", "r", "stop", "pause"]) if chance.random() < 0.7 else "-"
        if kind == "d":
            gate[0] += 1
            return "d%d" % gate[0]
        return kind

    scripts = {name: [step() for _ in range(chance.randrange(0, 7))] for name in names}
    started = chance.random() < 0.8
    world, operations, outcomes, unborn = World(started, scripts), [], [], list(names)
    for _ in range(chance.randrange(4, 24)):
        # Twisted's stop forgets every second task without ending it; that all end is left to tests of our own.
        choices = ["halt"] * (chance.random() < 0.15 and len(world.cooperator._tasks) < 2)
        if unborn:
            choices += ["new"] * 4
        if world.scheduled:
            choices += ["tick"] * 6
        if world.tasks:
            choices += ["pause", "resume", "resume", "stop"]
        choices += ["fire"] * 3 * bool(world.gates)
        # A task that was stopped becomes one that failed in Twisted, when what it waited for fails later; here it stays stopped.
        failing = [g for g in sorted(world.gates) if world.tasks[world.owners[g]]._completionState is None]
        choices += ["fail"] * bool(failing)
        # Starting twice plans a second call in Twisted; that is left to tests of our own.
        if not world.scheduled and not world.cooperator._started or world.cooperator._stopped:
            choices += ["start"] * 2
        if not choices:
            break
        word = chance.choice(choices)
        if word == "new":
            word += " " + unborn.pop(0)
        elif word in ("pause", "resume", "stop"):
            word += " " + chance.choice(sorted(world.tasks))
        elif word in ("fire", "fail"):
            word += " " + chance.choice(failing if word == "fail" else sorted(world.gates))
        operations.append(word)
        outcomes.append(world.run(word))
    return line(started, scripts, operations, outcomes)


def line(started, scripts, operations, outcomes):
    return " | ".join([
        "started" if started else "new",
        ", ".join("%s: %s" % (name, " ".join(steps)) for name, steps in scripts.items()),
        ", ".join(operations),
        ", ".join(outcomes),
    ])


def written_by_hand():
    def case(name, scripts, *operations):
        scripts = {task: steps.split() for task, steps in scripts.items()}
        world = World(True, scripts)
        return name + " | " + line(True, scripts, operations, [world.run(operation) for operation in operations])

    yield case("behaviour 23: whenDone stops the cooperator", {"A": "- end:halt"}, "new A", "tick", "tick", "stop A")
    yield case(
        "behaviour 23: which ends the task that is left", {"A": "- end:halt", "B": "- - - -"}, "new A", "new B", "tick", "tick", "tick")
    yield case("behaviour 23: whenDone of a task that was stopped stops the cooperator", {"A": "- - end:halt"}, "new A", "tick", "stop A")
    yield case("behaviour 23: it can be started again", {"A": "end:halt", "B": "-"}, "new A", "tick", "start", "new B", "tick", "tick")
    yield case("whenDone stops its own task, which has ended", {"A": "- end:stop"}, "new A", "tick", "tick")
    yield case("a task that is paused twice", {"A": "- -"}, "new A", "pause A", "pause A", "resume A", "resume A", "tick", "tick", "resume A")
    yield case("a Deferred holds up its task only", {"A": "d1 -", "B": "- - -"}, "new A", "new B", "tick", "tick", "fire 1", "tick", "tick")


def main():
    chance = random.Random(30)
    print("# Made by cooperator_vectors.py with Twisted %s; do not edit." % twisted.__version__)
    for written in written_by_hand():
        print(written)
    for _ in range(600):
        generated = case(chance)
        if "!ValueError" not in generated:  # Twisted stumbles over its own list of tasks
            print(generated)


main()
