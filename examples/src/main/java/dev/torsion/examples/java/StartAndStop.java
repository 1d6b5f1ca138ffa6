// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.clock.Clocks;
import dev.torsion.examples.Output;
import dev.torsion.reactor.Phase;
import dev.torsion.reactor.Reactor;
import dev.torsion.reactor.SystemEvent;
import java.time.Duration;

/** Begins and ends the loop. */
public final class StartAndStop {
  private StartAndStop() {}

  /** The reactor has not run yet; when this returns it has, in the calling thread. */
  public static void run(Reactor reactor, Output out) {
    reactor.addSystemEventTrigger(
        Phase.BEFORE,
        SystemEvent.STARTUP,
        () -> {
          out.println("before startup");
          return null;
        });
    reactor.addSystemEventTrigger(
        Phase.BEFORE,
        SystemEvent.SHUTDOWN,
        () -> {
          out.println("before shutdown: saving, and everybody waits for it");
          return Clocks.deferLater(reactor, Duration.ofMillis(20))
              .addCallback(
                  nothing -> {
                    out.println("saved");
                    return null;
                  });
        });
    reactor.addSystemEventTrigger(
        Phase.AFTER,
        SystemEvent.SHUTDOWN,
        () -> {
          out.println("after shutdown");
          return null;
        });
    reactor.callWhenRunning(
        () -> {
          out.println("the reactor is running");
          reactor.stop();
          out.println("stop() was called, and returned at once");
        });
    out.println("nothing has run yet");
    reactor.run();
    out.println("run() has returned");
  }

  public static void main(String[] args) {
    run(Reactor.create(), Output.CONSOLE);
  }
}
