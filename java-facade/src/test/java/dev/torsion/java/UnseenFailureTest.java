// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferreds;
import dev.torsion.defer.UnhandledFailure;
import dev.torsion.defer.UnhandledFailures;
import dev.torsion.endpoint.EndpointSyntaxException;
import dev.torsion.framing.EncodeException;
import dev.torsion.net.CannotConnectException;
import dev.torsion.net.CannotListenException;
import dev.torsion.net.CloseReason;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.reactor.ReactorOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A failure that nobody sees is reported; {@code UnseenFutureSpec} has what counts as seen. */
class UnseenFailureTest {
  private final LinkedBlockingQueue<UnhandledFailure> reports = new LinkedBlockingQueue<>();
  private AutoCloseable listening;
  private final Torsion torsion = Torsion.start();

  @BeforeEach
  void listen() {
    listening = UnhandledFailures.addListener(reports::add);
  }

  @AfterEach
  void close() throws Exception {
    torsion.close();
    listening.close();
  }

  private Throwable reported() throws InterruptedException {
    var report = reports.poll(10, TimeUnit.SECONDS);
    assertNotNull(report, "nothing was reported");
    return report.getFailure().getValue();
  }

  /** Lets a whole turn pass after what was begun in the present one. */
  private void turnEnds() {
    torsion.call(() -> 1).join();
    torsion.call(() -> 1).join();
  }

  @Test
  void serverThatCannotListenIsReportedWithThePlace() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var place = "tcp:" + taken.getLocalPort() + ":interface=127.0.0.1";
      var unused =
          torsion
              .serve(place, Codecs.line(), c -> c.onMessage(c::send))
              .thenAccept(server -> System.out.println(server.host()));
      var report = reports.poll(10, TimeUnit.SECONDS);
      assertNotNull(report);
      assertInstanceOf(CannotListenException.class, report.getFailure().getValue());
      assertTrue(
          String.valueOf(report.getMadeAt()).startsWith("UnseenFailureTest.java:"),
          report.getMadeAt());
    }
  }

  @Test
  void everyKindOfWorkIsReportedAtTheEndOfItsTurn() throws Exception {
    var error = new IOException("mine");
    List<Callable<CompletableFuture<?>>> works =
        List.of(
            () -> torsion.serve("nonsense", Codecs.line(), c -> {}),
            () -> torsion.listen("nonsense", new Factory(() -> new Protocol() {})),
            () -> torsion.connect("nonsense", Codecs.line()),
            () -> torsion.connectProtocol("nonsense", new Protocol() {}),
            () -> torsion.call(() -> fail(error)),
            () -> torsion.future(() -> Deferreds.fail(error)),
            () -> torsion.call(() -> 1).thenAccept(one -> Objects.requireNonNull(null)));
    for (var work : works) {
      torsion.call(() -> work.call() != null).join();
      turnEnds();
      assertNotNull(reports.poll(), "not reported in its turn");
      assertNull(reports.poll(), "reported twice");
    }
  }

  /** Throws it, as a callback may throw what is checked. */
  private static int fail(Exception error) throws Exception {
    throw error;
  }

  @Test
  void connectionThatIsRefusedIsReported() throws Exception {
    int free;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = socket.getLocalPort();
    }
    var unused =
        torsion
            .connect("tcp:127.0.0.1:" + free, Codecs.line())
            .thenCompose(c -> c.request("hello"))
            .thenAccept(answer -> {});
    assertInstanceOf(CannotConnectException.class, reported());
  }

  @Test
  void whatIsSeenInTimeIsNotReportedToo() {
    var errors = new ConcurrentLinkedQueue<Throwable>();
    torsion
        .call(
            () -> {
              var future = torsion.connect("nonsense", Codecs.line());
              var unused = future.thenAccept(c -> {});
              torsion.reactor().callFromThread(() -> {});
              var unusedToo =
                  future.exceptionally(
                      error -> {
                        errors.add(error);
                        return null;
                      });
              return 1;
            })
        .join();
    turnEnds();
    assertInstanceOf(EndpointSyntaxException.class, errors.poll());
    assertNull(reports.poll());
  }

  @Test
  void messageThatCannotBeSentIsReportedButNotTheEndOfItsConnection() throws Exception {
    var server = torsion.serve("tcp:0:interface=127.0.0.1", Codecs.line(), c -> {}).join();
    var client = torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()).join();
    torsion
        .call(
            () -> {
              var unused = client.send("x".repeat(20_000));
              var unusedToo = client.receive().thenAccept(line -> {});
              client.close();
              var unusedThree = client.send("too late");
              return 1;
            })
        .join();
    CloseReason reason = client.closed().get(10, TimeUnit.SECONDS);
    turnEnds();
    assertInstanceOf(EncodeException.class, reported());
    assertNull(reports.poll(), () -> "reported for the end of its connection: " + reason);
  }

  @Test
  void theEndOfTheConnectionIsNotReportedForTheSendOfAChainEither() throws Exception {
    var server = torsion.serve("tcp:0:interface=127.0.0.1", Codecs.line(), c -> c.close()).join();
    var client = torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()).join();
    client.closed().get(10, TimeUnit.SECONDS);
    torsion
        .call(
            () -> {
              var later = Duration.ofMillis(1);
              var unused = torsion.deferLater(later, () -> client).thenCompose(c -> c.send("late"));
              var unusedToo =
                  torsion
                      .after(later)
                      .thenCompose(nothing -> torsion.call(() -> 1))
                      .thenCompose(one -> client.send("late").thenApply(sent -> one))
                      .thenAccept(one -> {});
              var unusedThree = torsion.after(later).thenCompose(nothing -> client.whenWritable());
              return 1;
            })
        .join();
    torsion.after(Duration.ofMillis(20)).join();
    turnEnds();
    assertNull(reports.poll());
  }

  @Test
  void whatElseFailsInSuchAChainIsReported() throws Exception {
    var accepted = new CompletableFuture<Connection<String>>();
    var server =
        torsion.serve("tcp:0:interface=127.0.0.1", Codecs.line(), accepted::complete).join();
    var client = torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()).join();
    var now = Duration.ZERO;
    var error = new IllegalStateException("mine");
    torsion
        .call(
            () ->
                torsion.after(now).thenCompose(nothing -> client.send("x".repeat(20_000))) != null)
        .join();
    assertInstanceOf(EncodeException.class, reported());
    torsion
        .call(
            () ->
                torsion
                        .after(now)
                        .thenCompose(nothing -> client.send("short"))
                        .thenRun(
                            () -> {
                              throw error;
                            })
                    != null)
        .join();
    assertEquals(error, reported());
    accepted.get(10, TimeUnit.SECONDS).close();
    client.closed().get(10, TimeUnit.SECONDS);
    torsion
        .call(() -> torsion.after(now).thenCompose(nothing -> client.request("late")) != null)
        .join();
    assertInstanceOf(CloseReason.class, reported());
    assertNull(reports.poll());
  }

  @Test
  void requestWithoutAnswerIsReportedUnlessThisSideHasGivenItUp() throws Exception {
    var server =
        torsion
            .serve("tcp:0:interface=127.0.0.1", Codecs.line(), c -> c.onMessage(l -> closed(c)))
            .join();
    var place = "tcp:127.0.0.1:" + server.port();
    var client = torsion.connect(place, Codecs.line()).join();
    torsion.call(() -> client.request("hello").thenAccept(answer -> {}) != null).join();
    assertInstanceOf(CloseReason.class, reported());
    var other = torsion.connect(place, Codecs.line()).join();
    torsion
        .call(
            () -> {
              var unused = other.request("hello").thenAccept(answer -> {});
              other.abort();
              return 1;
            })
        .join();
    other.closed().get(10, TimeUnit.SECONDS);
    turnEnds();
    assertNull(reports.poll());
  }

  private static CompletableFuture<Void> closed(Connection<String> connection) {
    connection.close();
    return Done.FUTURE;
  }

  @Test
  void whatIsReportedOtherwiseIsNotReportedTwice() throws Exception {
    var heard = new LinkedBlockingQueue<Throwable>();
    var error = new IllegalStateException("mine");
    var options = ReactorOptions.builder().errorListener((context, e) -> heard.add(e)).build();
    try (var other = Torsion.start(options)) {
      other
          .call(
              () -> {
                Runnable failing =
                    () -> {
                      throw error;
                    };
                var unused = other.call(failing);
                return other.every(Duration.ofHours(1), failing) != null;
              })
          .join();
      assertEquals(error, heard.poll(10, TimeUnit.SECONDS));
      assertEquals(error, heard.poll(10, TimeUnit.SECONDS));
      other.call(() -> 1).join();
      assertNull(reports.poll());
    }
  }

  @Test
  void theEndOfTheReactorIsNotReported() throws Exception {
    var other = Torsion.start();
    other.call(() -> other.after(Duration.ofHours(1)).thenRun(() -> {}) != null).join();
    other.close();
    assertNull(reports.poll());
  }
}
