// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferreds;
import dev.torsion.defer.UnhandledFailures;
import dev.torsion.health.LoopHealth;
import dev.torsion.health.LoopHealthListener;
import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import dev.torsion.java.TorsionGroup;
import dev.torsion.log.Logger;
import dev.torsion.loop.ThreadPool;
import dev.torsion.micrometer.TorsionMetrics;
import dev.torsion.name.HostResolver;
import dev.torsion.reactor.ExitException;
import dev.torsion.reactor.ReactorOptions;
import dev.torsion.reactor.Reactors;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/guide/running.md does what it says. */
class RunningGuideTest {
  private static final Logger log = new Logger(RunningGuideTest.class);

  @Test
  void aReactorOnAThreadOfItsOwn() {
    try (var torsion = Torsion.start()) {
      var server = torsion.serve("tcp:0", Codecs.line(), c -> c.onMessage(c::send)).join();
      assertTrue(server.port() > 0);
    }
  }

  @Test
  void theExitCodeIsThatOfReact() throws Exception {
    assertEquals(0, Torsion.react(torsion -> torsion.after(Duration.ofMillis(1))));
    assertEquals(3, Torsion.react(torsion -> torsion.call(() -> exit(3))));
    assertThrows(
        IOException.class,
        () ->
            Torsion.react(
                torsion -> torsion.call(() -> Files.readString(Path.of("no such file")))));
  }

  private static int exit(int code) {
    if (code != 0) throw new ExitException(code);
    return code;
  }

  @Test
  void optionsAreSetByName() throws Exception {
    var blocked = new CountDownLatch(1);
    var options =
        ReactorOptions.builder()
            .threadName("orders")
            .blockedThreshold(Duration.ofMillis(200))
            .blockedLoopListener((reactor, blockedFor, stack) -> blocked.countDown())
            .shutdownTimeout(Duration.ofSeconds(30))
            .resolver(HostResolver.fixed(Map.of("db", List.of(InetAddress.getByName("10.0.0.7")))))
            .build();
    try (var torsion = Torsion.start(options)) {
      var addresses = torsion.future(() -> Reactors.resolve(torsion.reactor(), "db")).join();
      assertEquals("10.0.0.7", addresses.get(0).getHostAddress());
      assertTrue(torsion.call(() -> blocked.await(30, SECONDS)).join()); // it blocks until seen
    }
  }

  @Test
  void blockingWorkHasPools(@TempDir Path folder) throws Exception {
    var path = Files.writeString(folder.resolve("orders"), "three");
    try (var torsion = Torsion.start()) {
      torsion.call(() -> torsion.reactor().suggestThreadPoolSize(20)).join();

      var disk = new ThreadPool("disk", 2);
      disk.start();
      torsion.beforeStop(() -> disk.stop());

      var reactor = torsion.reactor();
      var text =
          torsion.future(
              () -> Reactors.deferToThreadPool(reactor, disk, () -> Files.readString(path)));

      assertEquals("three", text.join());
      assertEquals(20, reactor.getThreadPool().getSize());
    }
  }

  @Test
  void severalReactorsShareAPort() {
    try (var group = TorsionGroup.start(2)) {
      var server = group.serve("tcp:0", Codecs.line(), c -> c.onMessage(c::send)).join();
      var client = group.next().connect("tcp:127.0.0.1:" + server.port(), Codecs.line()).join();

      assertEquals("hello", client.request("hello").orTimeout(30, SECONDS).join());
    }
  }

  @Test
  void healthIsAskedAndTold() {
    var told = new CompletableFuture<LoopHealth>();
    try (var torsion = Torsion.start()) {
      var reactor = torsion.reactor();
      torsion.every(Duration.ofMillis(1), () -> {});

      LoopHealthListener listener = (loop, health) -> told.complete(health);
      torsion.call(() -> reactor.addHealthListener(Duration.ofMillis(10), listener));

      LoopHealth health = reactor.health();
      if (health.getBusyRatio() > 0.8) log.warn("{health}", "health", health);

      assertTrue(told.orTimeout(30, SECONDS).join().getBusyRatio() <= 1);
    }
  }

  @Test
  void metersAreBoundToARegistry() {
    var registry = new SimpleMeterRegistry();
    try (var torsion = Torsion.start()) {
      new TorsionMetrics(torsion.reactor(), "orders").bindTo(registry);

      assertEquals(0, registry.get("torsion.connections").tag("reactor", "orders").gauge().value());
    }
  }

  @Test
  void failuresThatNobodyHandledAreTold() throws Exception {
    var reports = new LinkedBlockingQueue<String>();
    var listener =
        UnhandledFailures.addListener(
            report -> {
              reports.add(report.getMadeAt() + ": " + report.getFailure().getValue());
              return true; // do not log it
            });
    try (var torsion = Torsion.start()) {
      torsion.reactor().callFromThread(() -> Deferreds.fail(new IOException("lost")));
      var report = Objects.requireNonNull(reports.poll(30, SECONDS));
      assertTrue(report.startsWith("RunningGuideTest.java:"), report);
      assertTrue(report.endsWith("lost"), report);
    } finally {
      listener.close();
    }
  }
}
