// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.util.concurrent.TimeUnit.SECONDS;

import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import dev.torsion.log.Logger;
import dev.torsion.reactor.ExitException;
import java.util.concurrent.CompletionStage;

/** The programs of docs/guide/running.md. */
class RunningPrograms {
  private static final Logger log = new Logger(RunningPrograms.class);

  /** A server, which runs until it is stopped. */
  static class EchoServer {
    public static void main(String[] args) {
      System.exit(Torsion.runUntilStopped(torsion -> serve(torsion, args[0])));
    }

    static CompletionStage<?> serve(Torsion torsion, String endpoint) {
      torsion.beforeStop(() -> log.info("closing")); // ports and connections still work here
      return torsion.serve(endpoint, Codecs.line(), c -> c.onMessage(c::send));
    }
  }

  /** A program that has an end. */
  static class Ask {
    public static void main(String[] args) throws Exception {
      System.exit(Torsion.react(torsion -> ask(torsion, args[0])));
    }

    static CompletionStage<?> ask(Torsion torsion, String endpoint) {
      return torsion
          .connect(endpoint, Codecs.line())
          .thenCompose(c -> c.request("hello").orTimeout(5, SECONDS))
          .thenAccept(answer -> exitUnless(answer.equals("hello")));
    }

    static void exitUnless(boolean good) {
      if (!good) throw new ExitException(3);
    }
  }
}
