// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.endpoint.ProcessEndpoint;
import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import dev.torsion.process.ProcessCommand;
import dev.torsion.process.ProcessProtocol;
import dev.torsion.service.ProcessServiceOptions;
import dev.torsion.testkit.MemoryProcess;
import dev.torsion.testkit.MemoryReactor;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The processes of docs/guide/processes.md that are connections, and that are started again. */
class ProcessesGuideTest {
  private final MemoryReactor reactor = new MemoryReactor();
  private final Torsion torsion = Torsion.on(reactor);

  private static final class Worker extends ProcessProtocol {}

  private static void shouts(MemoryProcess process) {
    process.onInput(bytes -> process.print(new String(bytes, UTF_8).toUpperCase(Locale.ROOT)));
    process.onInputEnd(() -> process.exit(0));
  }

  @AfterEach
  void end() {
    reactor.close();
  }

  @Test
  void aProcessIsAConnection() {
    reactor.processes().add("tr", ProcessesGuideTest::shouts);
    var sorter = new ProcessEndpoint(torsion.reactor(), ProcessCommand.of("tr", "a-z", "A-Z"));
    var answer =
        torsion
            .connect(sorter, Codecs.line("\n", 1000))
            .thenCompose(
                process -> {
                  var line = process.request("hello");
                  process.closeWrite(); // its input ends; it prints the rest and exits
                  return line;
                });
    assertEquals("HELLO", reactor.await(answer));
  }

  @Test
  void aProcessIsStartedAgain() {
    reactor.processes().add("worker", ProcessesGuideTest::shouts);
    var kept =
        torsion.keepRunning(
            ProcessCommand.of("worker", "--quiet").withKillAfter(Duration.ofSeconds(10)),
            ProcessServiceOptions.DEFAULT.withMaxRestartDelay(Duration.ofMinutes(1)),
            Worker::new);
    reactor.await(kept.process());
    reactor.processes().all().get(0).exit(1);
    reactor.runFor(Duration.ofSeconds(1));
    reactor.await(kept.process());
    assertEquals(1, kept.restarts());
    reactor.await(kept.stop());
  }

  @Test
  void aWorkerIsAKeptConnection() {
    reactor.processes().add("worker", ProcessesGuideTest::shouts);
    var command = ProcessCommand.of("worker");
    var worker =
        torsion.keepConnected(new ProcessEndpoint(torsion.reactor(), command), Codecs.line());
    var answer = worker.connection().thenCompose(c -> c.request("hello"));
    assertEquals("HELLO", reactor.await(answer));
    reactor.await(worker.stop());
  }
}
