// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.amp.AMP;
import dev.torsion.amp.AmpConnectionLost;
import dev.torsion.amp.AmpTypes;
import dev.torsion.amp.Argument;
import dev.torsion.amp.Arguments;
import dev.torsion.amp.Command;
import dev.torsion.amp.ProtocolSwitchCommand;
import dev.torsion.amp.Responders;
import dev.torsion.amp.TLSSettings;
import dev.torsion.amp.UnhandledCommandException;
import dev.torsion.amp.Values;
import dev.torsion.endpoint.Endpoints;
import dev.torsion.java.Torsion;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.service.ClientService;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsConnections;
import dev.torsion.tls.TlsTrust;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Java of docs/guide/amp.md. */
class AmpTest {
  static final class Divide extends Command {
    static final Divide DIVIDE = new Divide();
    final Argument<Long> numerator = argument("numerator", AmpTypes.LONG);
    final Argument<Long> denominator = argument("denominator", AmpTypes.LONG);
    final Argument<Double> result = response("result", AmpTypes.FLOAT);

    private Divide() {
      super("Divide");
      error("ZERO_DIVISION", ArithmeticException.class, ArithmeticException::new);
    }
  }

  private static final Divide DIVIDE = Divide.DIVIDE;

  /** A message that wants no answer. */
  static final class Log extends Command {
    static final Log LOG = new Log();
    final Argument<String> text = argument("text", AmpTypes.UNICODE);

    private Log() {
      super("Log", false);
    }
  }

  private static final Log LOG = Log.LOG;

  static final class Trip extends Arguments {
    static final Trip TRIP = new Trip();
    final Argument<String> to = argument("to", AmpTypes.UNICODE);
    final Argument<OffsetDateTime> leaves = argument("leaves", AmpTypes.DATE_TIME);
    final Argument<String> platform = optionalArgument("platform", AmpTypes.UNICODE);
  }

  static final class Timetable extends Command {
    static final Timetable TIMETABLE = new Timetable();
    final Argument<List<Values>> trips = response("trips", AmpTypes.ampList(Trip.TRIP));

    private Timetable() {
      super("Timetable");
    }
  }

  private static final Trip TRIP = Trip.TRIP;
  private static final Timetable TIMETABLE = Timetable.TIMETABLE;

  static final class ToShout extends ProtocolSwitchCommand {
    static final ToShout TO_SHOUT = new ToShout();

    private ToShout() {
      super("ToShout");
    }
  }

  private static final ToShout TO_SHOUT = ToShout.TO_SHOUT;

  static final class Shouting extends Protocol {
    @Override
    public void dataReceived(byte[] data) {
      transport().write(new String(data, UTF_8).toUpperCase(Locale.ROOT).getBytes(UTF_8));
    }
  }

  static final class Hears extends Protocol {
    final CompletableFuture<String> heard = new CompletableFuture<>();

    @Override
    protected void connectionMade() {
      transport().write("hello".getBytes(UTF_8));
    }

    @Override
    public void dataReceived(byte[] data) {
      heard.complete(new String(data, UTF_8));
    }
  }

  private final List<String> logged = new ArrayList<>();

  private final Responders responders =
      Responders.builder()
          .on(
              DIVIDE,
              request -> {
                if (request.get(DIVIDE.denominator) == 0) {
                  throw new ArithmeticException("division by zero");
                }
                double numerator = request.get(DIVIDE.numerator);
                return Values.of(DIVIDE.result.of(numerator / request.get(DIVIDE.denominator)));
              })
          .on(
              LOG,
              request -> {
                logged.add(request.get(LOG.text));
                return Values.EMPTY;
              })
          .onFuture(TIMETABLE, request -> CompletableFuture.supplyAsync(this::timetable))
          .build();

  private Values timetable() {
    var noon = OffsetDateTime.parse("2026-01-01T12:00:00+01:00");
    var trip = Values.of(TRIP.to.of("Berlin"), TRIP.leaves.of(noon), TRIP.platform.of("7"));
    return Values.of(TIMETABLE.trips.of(List.of(trip)));
  }

  @Test
  void commandsAreAskedAndAnswered() {
    try (var torsion = Torsion.start()) {
      var server =
          torsion
              .listen("tcp:0:interface=127.0.0.1", new Factory(() -> new AMP(responders)))
              .join();
      var address = "tcp:127.0.0.1:" + server.port();

      try (var amp = AMP.connect(torsion.reactor(), address).join()) {
        var answer = amp.call(DIVIDE, DIVIDE.numerator.of(1L), DIVIDE.denominator.of(4L)).join();
        assertEquals(0.25, answer.get(DIVIDE.result));

        var error =
            assertThrows(
                CompletionException.class,
                () -> amp.call(DIVIDE, DIVIDE.numerator.of(1L), DIVIDE.denominator.of(0L)).join());
        assertInstanceOf(ArithmeticException.class, error.getCause());

        amp.call(LOG, LOG.text.of("nothing to answer")).join();
        for (Values trip : amp.call(TIMETABLE).join().get(TIMETABLE.trips)) {
          assertEquals("Berlin", trip.get(TRIP.to));
        }
        assertEquals(List.of("nothing to answer"), logged);
      }
    }
  }

  @Test
  void theEndOfTheConnectionFailsWhatWaits() {
    try (var torsion = Torsion.start()) {
      var server = torsion.listen("tcp:0:interface=127.0.0.1", new Factory(() -> new AMP())).join();
      var amp = AMP.connect(torsion.reactor(), "tcp:127.0.0.1:" + server.port()).join();
      var unhandled = assertThrows(CompletionException.class, () -> amp.call(TIMETABLE).join());
      assertInstanceOf(UnhandledCommandException.class, unhandled.getCause());
      amp.close();
      var lost = assertThrows(CompletionException.class, () -> amp.call(TIMETABLE).join());
      assertInstanceOf(AmpConnectionLost.class, lost.getCause());
    }
  }

  @Test
  void aConnectionGoesOverToAnotherProtocol() {
    var shouting = Responders.builder().onSwitch(TO_SHOUT, request -> new Shouting()).build();
    try (var torsion = Torsion.start()) {
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", new Factory(() -> new AMP(shouting))).join();
      var address = "tcp:127.0.0.1:" + server.port();
      try (var amp = AMP.connect(torsion.reactor(), address).join()) {
        var hears = new Hears();
        amp.switchProtocolAsync(TO_SHOUT, new Factory(() -> hears)).join();
        assertEquals("HELLO", hears.heard.orTimeout(10, TimeUnit.SECONDS).join());
      }
    }
  }

  @Test
  @ExtendWith(TorsionExtension.class)
  void aClientServiceConnectsAgain(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    var server = reactor.await(torsion.listen("tcp:8900", new Factory(() -> new AMP(responders))));
    var endpoint = Endpoints.clientFromString(torsion.reactor(), "tcp:127.0.0.1:8900");
    var trains = new ClientService(endpoint, new Factory(AMP::new), torsion.reactor());
    var kept = reactor.await(torsion.services().add(trains));

    for (int attempt = 0; attempt < 2; attempt++) {
      var answer =
          torsion.future(trains::whenConnected).thenCompose(amp -> ((AMP) amp).call(TIMETABLE));
      assertEquals(1, reactor.await(answer).get(TIMETABLE.trips).size());
      reactor.network().everywhere().cut();
      reactor.flush();
    }
    reactor.await(kept.stop());
    server.close();
    reactor.flush();
  }

  @Test
  void startTls() {
    var identity = Tls.selfSigned("localhost");
    var tls = Tls.server(identity);
    var trusting = Tls.client().withTrust(TlsTrust.of(identity));
    var secure =
        Responders.builder()
            .addAll(responders)
            .onStartTLS(request -> TLSSettings.server(tls))
            .build();
    try (var torsion = Torsion.start()) {
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", new Factory(() -> new AMP(secure))).join();
      var address = "tcp:127.0.0.1:" + server.port();
      try (var amp = AMP.connect(torsion.reactor(), address).join()) {
        amp.startTLSAsync(TLSSettings.client(trusting, "localhost")).join();
        var answer = amp.call(DIVIDE, DIVIDE.numerator.of(1L), DIVIDE.denominator.of(4L)).join();
        assertEquals(0.25, answer.get(DIVIDE.result));
        var session = torsion.call(() -> TlsConnections.tlsSession(amp.transport())).join();
        assertEquals("localhost", session.getServerName());
      }
    }
  }
}
