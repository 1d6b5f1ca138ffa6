// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.ProcessEndpoint;
import dev.torsion.process.ProcessCommand;
import dev.torsion.process.ProcessProtocol;
import dev.torsion.service.ProcessServiceOptions;
import dev.torsion.service.RetryPolicy;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** Processes that are started again when they end. */
class KeptProcessTest extends InMemory {
  private static final ProcessCommand WORKER = ProcessCommand.of("worker");

  private static final class Worker extends ProcessProtocol {}

  private void exit(int code) {
    var all = reactor.processes().all();
    all.get(all.size() - 1).exit(code);
    reactor.flush();
  }

  @Test
  void aProcessThatEndsIsStartedAgain() {
    reactor.processes().add("worker", process -> {});
    var kept = torsion.keepRunning(WORKER);
    var first = now(kept.process());
    assertEquals(Optional.empty(), kept.lastEnd());
    exit(3);
    assertEquals(Optional.of(3), kept.lastEnd().map(end -> end.getExitCode()));
    var next = kept.process();
    reactor.flush();
    assertFalse(next.isDone());
    advance(1_000);
    assertEquals(first.pid() + 1, now(next).pid());
    assertEquals(1, kept.restarts());
    kept.restart();
    advance(0);
    assertEquals(2, kept.restarts());
    now(kept.stop());
    now(kept.stop());
    failsNow(CancellationException.class, kept.process());
    assertTrue(reactor.processes().all().stream().noneMatch(process -> process.isAlive()));
  }

  @Test
  void itHasDelaysAndProtocolsOfOnesOwn() {
    reactor.processes().add("worker", process -> process.onInputEnd(() -> process.exit(0)));
    var options =
        ProcessServiceOptions.DEFAULT
            .withMinRestartDelay(Duration.ofMillis(100))
            .withClosesInput(true);
    var kept = torsion.keepRunning(WORKER, options, Worker::new);
    now(kept.process());
    exit(1);
    advance(100);
    now(kept.process());
    now(kept.stop());
    assertEquals(Optional.of(0), kept.lastEnd().map(end -> end.getExitCode()));
  }

  @Test
  void theReactorWaitsForItsEnd() {
    reactor.processes().add("worker", process -> {});
    try (var kept = torsion.services().keepRunning(WORKER)) {
      now(kept.process());
      reactor.close();
      assertEquals("TERM", reactor.processes().all().get(0).signals().get(0));
    }
  }

  /** A worker that is asked by messages is a connection to a process, which is kept. */
  @Test
  void aKeptConnectionToAProcessIsAWorker() {
    reactor
        .processes()
        .add(
            "worker",
            process -> {
              process.onInput(
                  bytes -> {
                    var line = new String(bytes, UTF_8).strip();
                    if (line.equals("crash")) process.exit(3);
                    else process.print(line.toUpperCase(java.util.Locale.ROOT) + "\n");
                  });
              process.onInputEnd(() -> process.exit(0));
            });
    var worker =
        torsion.keepConnected(
            new ProcessEndpoint(torsion.reactor(), WORKER),
            Codecs.line(),
            setUp ->
                setUp.retryPolicy(
                    RetryPolicy.backoff(Duration.ofSeconds(1), Duration.ofSeconds(9))));
    assertEquals("ONE", now(worker.connection().thenCompose(c -> c.request("one"))));
    var crashed = worker.connection().thenCompose(c -> c.request("crash"));
    failsNow(dev.torsion.net.ConnectionLost.class, crashed);
    advance(3_000);
    assertEquals("TWO", now(worker.connection().thenCompose(c -> c.request("two"))));
    now(worker.stop());
    assertEquals(2, reactor.processes().all().size());
  }
}
