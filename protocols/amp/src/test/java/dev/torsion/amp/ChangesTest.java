// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.WrongThreadException;
import dev.torsion.reactor.Reactor;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsConnections;
import dev.torsion.tls.TlsIdentity;
import dev.torsion.tls.TlsSession;
import dev.torsion.tls.TlsTrust;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** TLS and other protocols in the middle of a connection, as futures on any thread. */
class ChangesTest {
  private static final TlsIdentity IDENTITY = Tls.selfSigned("localhost");
  private static final TLSSettings TRUSTING =
      TLSSettings.client(Tls.client().withTrust(TlsTrust.of(IDENTITY)), "localhost");

  private final Reactor reactor = Reactor.create();

  @BeforeEach
  void start() {
    reactor.start();
  }

  @AfterEach
  void stop() {
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
  }

  static final class Hello extends Command {
    static final Hello HELLO = new Hello();

    private Hello() {
      super("Hello");
    }
  }

  static final class ToShout extends ProtocolSwitchCommand {
    static final ToShout TO_SHOUT = new ToShout();
    final Argument<String> greeting = argument("greeting", AmpTypes.UNICODE);

    private ToShout() {
      super("ToShout");
      error("HOARSE", IllegalStateException.class, IllegalStateException::new);
    }
  }

  static class Shouting extends Protocol {
    @Override
    public void dataReceived(byte[] data) {
      transport().write(new String(data, UTF_8).toUpperCase(java.util.Locale.ROOT).getBytes(UTF_8));
    }
  }

  static class Hears extends Protocol {
    final CompletableFuture<String> heard = new CompletableFuture<>();

    @Override
    public void connectionMade() {
      transport().write("hello".getBytes(UTF_8));
    }

    @Override
    public void dataReceived(byte[] data) {
      heard.complete(new String(data, UTF_8));
    }
  }

  private final AtomicInteger asked = new AtomicInteger();
  private final Responders secure =
      Responders.builder()
          .on(Hello.HELLO, request -> Values.EMPTY)
          .onStartTLS(
              request -> {
                asked.incrementAndGet();
                return TLSSettings.server(Tls.server(IDENTITY));
              })
          .build();

  @Test
  void tlsBegins() throws Exception {
    try (var amp = connect(secure)) {
      assertThrows(WrongThreadException.class, () -> amp.startTLS(TRUSTING));
      amp.startTLSAsync(TRUSTING).get(10, TimeUnit.SECONDS);
      hello(amp);
      assertEquals("localhost", session(amp).getServerName());
      assertInstanceOf(OnlyOneTLSException.class, error(amp.startTLSAsync(TRUSTING)));
    }
  }

  @Test
  void tlsThatIsRefusedLeavesTheConnectionAsItWas() throws Exception {
    var plain = Responders.builder().on(Hello.HELLO, request -> Values.EMPTY).build();
    try (var amp = connect(plain)) {
      assertInstanceOf(UnhandledCommandException.class, error(amp.startTLSAsync(TRUSTING)));
      hello(amp);
      assertNull(session(amp));
    }
  }

  @Test
  void tlsThatIsCancelledBeforeItIsAskedForIsNot() throws Exception {
    try (var amp = connect(secure)) {
      var goOn = hold();
      var starting = amp.startTLSAsync(TRUSTING);
      assertTrue(starting.cancel(true));
      goOn.complete(null);
      hello(amp);
      assertNull(session(amp));
      assertEquals(0, asked.get());
      amp.startTLSAsync(TRUSTING).get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void tlsThatIsCancelledAfterItWasAskedForBeginsAllTheSame() throws Exception {
    try (var amp = connect(secure)) {
      var starting = onLoop(() -> cancelled(amp.startTLSAsync(TRUSTING)));
      assertTrue(starting.isCancelled());
      hello(amp);
      assertNotNull(session(amp));
      assertEquals(1, asked.get());
    }
  }

  @Test
  void anotherProtocolTakesTheConnectionOver() throws Exception {
    var s = ToShout.TO_SHOUT;
    try (var amp = connect(shouting(new CompletableFuture<>()))) {
      var hears = new Hears();
      var factory = new Factory(() -> hears);
      assertThrows(WrongThreadException.class, () -> amp.switchProtocol(s, factory));
      var unsaid = error(amp.switchProtocolAsync(s, factory));
      assertInstanceOf(InvalidSignatureException.class, unsaid);
      amp.switchProtocolAsync(s, factory, s.greeting.of("hi")).get(10, TimeUnit.SECONDS);
      assertEquals("HELLO", hears.heard.get(10, TimeUnit.SECONDS));
      assertInstanceOf(ProtocolSwitchedException.class, error(amp.call(Hello.HELLO)));
    }
  }

  @Test
  void aSwitchThatIsRefusedLeavesTheConnectionAsItWas() throws Exception {
    var s = ToShout.TO_SHOUT;
    try (var amp = connect(shouting(new CompletableFuture<>()))) {
      var factory = new Factory(Hears::new);
      var refused = error(amp.switchProtocolAsync(s, factory, s.greeting.of("no")));
      assertEquals("no", assertInstanceOf(IllegalStateException.class, refused).getMessage());
      hello(amp);
    }
  }

  @Test
  void aSwitchThatIsCancelledAfterItWasAskedForHappensAllTheSame() throws Exception {
    var s = ToShout.TO_SHOUT;
    var later = new CompletableFuture<Deferred<Protocol>>();
    try (var amp = connect(shouting(later))) {
      var goOn = hold();
      var never = amp.switchProtocolAsync(s, new Factory(Hears::new), s.greeting.of("never"));
      assertTrue(never.cancel(true));
      goOn.complete(null);
      hello(amp); // the other side was not asked
      var hears = new Hears();
      var factory = new Factory(() -> hears);
      var switching = amp.switchProtocolAsync(s, factory, s.greeting.of("later"));
      var answer = later.get(10, TimeUnit.SECONDS);
      assertTrue(switching.cancel(true));
      reactor.callFromThread(() -> answer.callback(new Shouting()));
      assertEquals("HELLO", hears.heard.get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void aReactorThatHasStoppedFailsTheFutures() throws Exception {
    var amp = connect(secure);
    stop();
    var s = ToShout.TO_SHOUT;
    assertInstanceOf(AmpConnectionLost.class, error(amp.startTLSAsync(TRUSTING)));
    assertInstanceOf(
        AmpConnectionLost.class,
        error(amp.switchProtocolAsync(s, new Factory(Hears::new), s.greeting.of("hi"))));
  }

  /** A server that shouts, or is hoarse. The test answers a greeting "later", by {@code later}. */
  private static Responders shouting(CompletableFuture<Deferred<Protocol>> later) {
    return Responders.builder()
        .on(Hello.HELLO, request -> Values.EMPTY)
        .onSwitchDeferred(
            ToShout.TO_SHOUT,
            request -> {
              var greeting = request.get(ToShout.TO_SHOUT.greeting);
              if (greeting.equals("no")) {
                throw new IllegalStateException("no");
              }
              if (!greeting.equals("later")) {
                return Deferreds.succeed(new Shouting());
              }
              var answer = new Deferred<Protocol>();
              later.complete(answer);
              return answer;
            })
        .build();
  }

  private AMP connect(Responders responders) throws Exception {
    var factory = new Factory(() -> new AMP(responders));
    var port = onLoop(() -> reactor.listenTcp(0, factory, "127.0.0.1", 50, TcpOptions.DEFAULT));
    return AMP.connect(reactor, "tcp:127.0.0.1:" + port.port()).get(10, TimeUnit.SECONDS);
  }

  private static void hello(AMP amp) throws Exception {
    amp.call(Hello.HELLO).get(10, TimeUnit.SECONDS);
  }

  private TlsSession session(AMP amp) throws Exception {
    return onLoop(() -> TlsConnections.tlsSession(amp.transport()));
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    return reactor.blockingCallFromThread(() -> Deferreds.succeed(work.call()));
  }

  private static <T> CompletableFuture<T> cancelled(CompletableFuture<T> future) {
    future.cancel(true);
    return future;
  }

  /** Holds the reactor's thread until the future is completed. */
  private CompletableFuture<Void> hold() throws Exception {
    var held = new CompletableFuture<Void>();
    var goOn = new CompletableFuture<Void>();
    reactor.callFromThread(
        () -> {
          held.complete(null);
          goOn.orTimeout(10, TimeUnit.SECONDS).join();
        });
    held.get(10, TimeUnit.SECONDS);
    return goOn;
  }

  private static Throwable error(CompletableFuture<?> future) {
    return assertThrows(
            CompletionException.class, () -> future.orTimeout(10, TimeUnit.SECONDS).join())
        .getCause();
  }
}
