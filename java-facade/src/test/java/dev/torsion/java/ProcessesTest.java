// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.ProcessEndpoint;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.process.ProcessCommand;
import dev.torsion.process.ProcessDone;
import dev.torsion.process.ProcessEnd;
import dev.torsion.process.ProcessNotStarted;
import dev.torsion.process.ProcessProtocol;
import dev.torsion.process.UnexpectedErrorOutputException;
import dev.torsion.service.ProcessServiceOptions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProcessesTest {
  private static final ProcessCommand BOTH =
      ProcessCommand.of("sh", "-c", "echo out; echo err >&2; exit 4");

  @Test
  void whatAProcessHasWrittenIsAFuture() throws Exception {
    try (var torsion = Torsion.start()) {
      var hello = torsion.processOutput(ProcessCommand.of("echo", "hello"));
      assertEquals("hello\n", new String(hello.get(20, TimeUnit.SECONDS), UTF_8));
      var both = torsion.processOutputAndValue(BOTH).get(20, TimeUnit.SECONDS);
      assertEquals("out\n", both.outputText());
      assertEquals("err\n", both.errorText());
      assertEquals(4, both.exitCode());
      assertEquals(4, torsion.processValue(BOTH).get(20, TimeUnit.SECONDS));
      var error = assertThrows(CompletionException.class, torsion.processOutput(BOTH)::join);
      assertInstanceOf(UnexpectedErrorOutputException.class, error.getCause());
      var none = torsion.processValue(ProcessCommand.of("/no/such/program"));
      error = assertThrows(CompletionException.class, none::join);
      assertInstanceOf(ProcessNotStarted.class, error.getCause());
    }
  }

  @Test
  void aProcessOfTheMachineIsStartedAgain() throws Exception {
    try (var torsion = Torsion.start()) {
      var options = ProcessServiceOptions.DEFAULT.withMinRestartDelay(Duration.ofMillis(1));
      var sleep = ProcessCommand.of("sleep", "987653");
      var kept = torsion.keepRunning(sleep, options, () -> new ProcessProtocol() {});
      var first = kept.process().get(20, TimeUnit.SECONDS);
      var killed = new CompletableFuture<Long>();
      torsion
          .call(
              () -> {
                killed.complete(first.pid());
                first.signalProcess("KILL");
              })
          .join();
      var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      long next;
      do {
        assertTrue(System.nanoTime() < deadline, "there is no other process");
        var running = kept.process().get(20, TimeUnit.SECONDS);
        next = torsion.call(running::pid).get(20, TimeUnit.SECONDS);
      } while (next == killed.get(20, TimeUnit.SECONDS));
      kept.stop().get(20, TimeUnit.SECONDS);
      assertTrue(ProcessHandle.of(next).isEmpty(), "the process is still there");
    }
  }

  @Test
  void cancellingTheFutureKillsTheProcess() throws Exception {
    try (var torsion = Torsion.start()) {
      var sleeping = torsion.processOutput(ProcessCommand.of("sleep", "987654"));
      assertTrue(sleeping.cancel(true));
      torsion.call(() -> {}).join();
    }
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (ProcessHandle.current()
        .children()
        .anyMatch(child -> child.info().commandLine().orElse("").contains("987654"))) {
      assertTrue(System.nanoTime() < deadline, "the process is still there");
    }
  }

  @Test
  void aProtocolOfAProcess() throws Exception {
    try (var torsion = Torsion.start()) {
      var counting = new Counting();
      var process = torsion.spawnProcess(counting, ProcessCommand.of("wc", "-w")).join();
      assertInstanceOf(ProcessDone.class, counting.ended.get(20, TimeUnit.SECONDS));
      assertEquals("3", counting.said.toString().trim());
      assertTrue(process.toString().contains("wc -w"));
    }
  }

  @Test
  void aProcessIsAnEndpointForMessages() throws Exception {
    try (var torsion = Torsion.start()) {
      var command = ProcessCommand.of("cat");
      var endpoint = new ProcessEndpoint(torsion.reactor(), command);
      var cat = torsion.connect(endpoint, Codecs.line(), ConnectionOptions.DEFAULT).join();
      assertEquals("hello", cat.request("hello").get(20, TimeUnit.SECONDS));
      cat.close();
    }
  }

  private static class Counting extends ProcessProtocol {
    final StringBuilder said = new StringBuilder();
    final CompletableFuture<ProcessEnd> ended = new CompletableFuture<>();

    @Override
    protected void connectionMade() {
      transport().write("one two three".getBytes(UTF_8));
      transport().closeStdin();
    }

    @Override
    public void outReceived(byte[] data) {
      said.append(new String(data, UTF_8));
    }

    @Override
    public void processEnded(ProcessEnd reason) {
      ended.complete(reason);
    }
  }
}
