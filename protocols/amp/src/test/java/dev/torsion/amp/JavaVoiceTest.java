// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferreds;
import dev.torsion.net.Factory;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.WrongThreadException;
import dev.torsion.reactor.Reactor;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** All of AMP that a Java program writes: commands as classes, responders, futures. */
class JavaVoiceTest {
  private final Reactor reactor = Reactor.create();

  @BeforeEach
  void start() {
    reactor.start();
  }

  @AfterEach
  void stop() {
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
  }

  static class TooCold extends Exception {
    private static final long serialVersionUID = 1;

    TooCold(String message) {
      super(message);
    }
  }

  /** One row of a list. */
  static final class Point extends Arguments {
    static final Point POINT = new Point();
    final Argument<Integer> x = argument("x", AmpTypes.INT);
    final Argument<String> name = optionalArgument("name", AmpTypes.UNICODE);
  }

  static final class Measure extends Command {
    static final Measure MEASURE = new Measure();
    final Argument<Long> degrees = argument("degrees", AmpTypes.LONG);
    final Argument<List<Values>> points = argument("points", AmpTypes.ampList(Point.POINT));
    final Argument<OffsetDateTime> at = optionalArgument("at", AmpTypes.DATE_TIME);
    final Argument<List<Integer>> sums = response("sums", AmpTypes.listOf(AmpTypes.INT));
    final Argument<OffsetDateTime> when = optionalResponse("when", AmpTypes.DATE_TIME);

    private Measure() {
      super("Measure");
      error("TOO_COLD", TooCold.class, TooCold::new);
    }
  }

  static final class Slow extends Command {
    static final Slow SLOW = new Slow();
    final Argument<String> text = response("text", AmpTypes.UNICODE);

    private Slow() {
      super("Slow");
    }
  }

  static final class Beat extends Command {
    static final Beat BEAT = new Beat();

    private Beat() {
      super("Beat", false);
    }
  }

  private final CompletableFuture<Values> slow = new CompletableFuture<>();
  private final CountDownLatch beats = new CountDownLatch(3);

  private final Responders responders =
      Responders.builder()
          .on(
              Measure.MEASURE,
              request -> {
                var m = Measure.MEASURE;
                if (request.get(m.degrees) < 0) {
                  throw new TooCold("it freezes");
                }
                int sum = 0;
                for (Values point : request.get(m.points)) {
                  sum += point.get(Point.POINT.x);
                }
                return Values.of(m.sums.of(List.of(sum)), m.when.of(request.get(m.at)));
              })
          .onFuture(Slow.SLOW, request -> slow)
          .on(
              Beat.BEAT,
              request -> {
                beats.countDown();
                return Values.EMPTY;
              })
          .build();

  @Test
  void commandsAreTyped() throws Exception {
    var m = Measure.MEASURE;
    try (var amp = connect()) {
      var points =
          List.of(
              Values.of(Point.POINT.x.of(3), Point.POINT.name.of("p")),
              Values.of(Point.POINT.x.of(4)));
      var now = OffsetDateTime.of(2024, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC);
      var answer = amp.call(m, m.degrees.of(5L), m.points.of(points), m.at.of(now)).join();
      assertEquals(List.of(7), answer.get(m.sums));
      assertEquals(now, answer.get(m.when));
      assertNull(
          amp.call(m, m.degrees.of(5L), m.points.of(List.of()))
              .thenApply(it -> it.get(m.when))
              .join());
      var cold =
          assertThrows(
              CompletionException.class,
              () -> amp.call(m, m.degrees.of(-5L), m.points.of(points)).join());
      assertEquals("it freezes", assertInstanceOf(TooCold.class, cold.getCause()).getMessage());
      var missing =
          assertThrows(CompletionException.class, () -> amp.call(m, m.degrees.of(1L)).join());
      assertInstanceOf(InvalidSignatureException.class, missing.getCause());
      assertThrows(WrongThreadException.class, () -> amp.callRemote(Slow.SLOW));
    }
  }

  @Test
  void answersMayComeFromOtherThreadsAndTheEndFailsWhatWaits() throws Exception {
    var amp = connect();
    var first = amp.call(Slow.SLOW);
    amp.call(Beat.BEAT).join();
    var second = amp.call(Beat.BEAT);
    amp.call(Beat.BEAT).thenCombine(second, (a, b) -> a).get(10, TimeUnit.SECONDS);
    assertTrue(beats.await(10, TimeUnit.SECONDS));
    slow.complete(Values.of(Slow.SLOW.text.of("at last")));
    assertEquals("at last", first.get(10, TimeUnit.SECONDS).get(Slow.SLOW.text));
    var lost = new CountDownLatch(1);
    amp.onDisconnect(lost::countDown);
    amp.close();
    assertTrue(lost.await(10, TimeUnit.SECONDS));
    assertTrue(amp.isDisconnected());
    var late = assertThrows(CompletionException.class, () -> amp.call(Slow.SLOW).join());
    assertInstanceOf(AmpConnectionLost.class, late.getCause());
  }

  @Test
  void aServerThatIsNotThereIsAConnectException() {
    var error =
        assertThrows(
            CompletionException.class,
            () -> AMP.connect(reactor, "tcp:127.0.0.1:1:timeout=5").join());
    assertInstanceOf(dev.torsion.net.CannotConnectException.class, error.getCause());
  }

  @Test
  void aStringThatIsNoEndpointFailsTheFuture() {
    var connecting = AMP.connect(reactor, "tcp:127.0.0.1");
    var error = assertThrows(CompletionException.class, connecting::join);
    assertInstanceOf(dev.torsion.endpoint.EndpointSyntaxException.class, error.getCause());
  }

  private AMP connect() throws Exception {
    ListeningPort port =
        reactor.blockingCallFromThread(
            () ->
                Deferreds.succeed(
                    reactor.listenTcp(
                        0,
                        new Factory(() -> new AMP(responders)),
                        "127.0.0.1",
                        50,
                        TcpOptions.DEFAULT)));
    return AMP.connect(reactor, "tcp:127.0.0.1:" + port.port()).get(10, TimeUnit.SECONDS);
  }
}
