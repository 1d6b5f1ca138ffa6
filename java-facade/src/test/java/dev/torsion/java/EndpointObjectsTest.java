// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.HostnameEndpoint;
import dev.torsion.endpoint.ProtocolWrapper;
import dev.torsion.endpoint.TCP4ServerEndpoint;
import dev.torsion.endpoint.WrappingFactory;
import dev.torsion.framing.ConnectionFactory;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.net.ClientFactory;
import dev.torsion.net.ConnectOptions;
import dev.torsion.net.Connector;
import dev.torsion.net.Factory;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.Protocol;
import dev.torsion.net.StreamOptions;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.TcpTransport;
import dev.torsion.net.Transport;
import dev.torsion.reactor.ReactorOptions;
import dev.torsion.service.RetryPolicy;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Endpoints that are objects, and options, wherever the facade takes a string. */
@Timeout(60)
class EndpointObjectsTest {
  private static final TcpOptions KEPT_ALIVE =
      TcpOptions.builder().stream(
              StreamOptions.builder()
                  .writeLimit(1L << 20)
                  .closeTimeout(Duration.ofSeconds(5))
                  .build())
          .tcpKeepAlive(true)
          .build();

  private static TCP4ServerEndpoint anyPort(Torsion torsion) {
    return local(torsion, 0, KEPT_ALIVE);
  }

  private static TCP4ServerEndpoint local(Torsion torsion, int port, TcpOptions options) {
    return new TCP4ServerEndpoint(
            torsion.reactor(), port, ListeningPort.DEFAULT_BACKLOG, "127.0.0.1")
        .withOptions(options);
  }

  private static HostnameEndpoint at(Torsion torsion, Server server) {
    return new HostnameEndpoint(torsion.reactor(), "127.0.0.1", server.port());
  }

  /** A server whose first connection completes {@code accepted}. */
  private static Factory telling(CompletableFuture<Transport> accepted) {
    return new Factory(
        () ->
            new Protocol() {
              @Override
              protected void connectionMade() {
                accepted.complete(transport());
              }
            });
  }

  @Test
  void filesAreSent() throws Exception {
    var file = Files.createTempFile("torsion", ".txt");
    Files.writeString(file, "all of the file");
    try (var torsion = Torsion.start()) {
      var accepted = new CompletableFuture<Transport>();
      var server = Results.of(torsion.listenTcp(0, telling(accepted)));
      try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        var transport = accepted.get(30, TimeUnit.SECONDS);
        assertEquals(15, Results.of(torsion.sendFile(file, transport)));
        assertEquals(4, Results.of(torsion.sendFile(file, transport, 11, 100)));
        var bytes = socket.getInputStream().readNBytes(19);
        assertEquals("all of the filefile", new String(bytes, StandardCharsets.UTF_8));
      }
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void tcpTakesAddressesBacklogAndTheWayThere() throws Exception {
    try (var torsion = Torsion.start()) {
      var shared = TcpOptions.DEFAULT.withReusePort(true);
      var accepted = new CompletableFuture<Transport>();
      var factory = telling(accepted);
      var first = Results.of(torsion.listen(local(torsion, 0, shared), factory));
      var second = Results.of(torsion.listen(local(torsion, first.port(), shared), factory));
      assertEquals(first.port(), second.port());
      var from = ConnectOptions.DEFAULT.withBindAddress("127.0.0.2");
      var there = new HostnameEndpoint(torsion.reactor(), "127.0.0.1", first.port(), from);
      Results.of(torsion.connectProtocol(there, new Protocol() {}));
      var transport = (TcpTransport) accepted.get(30, TimeUnit.SECONDS);
      assertEquals("127.0.0.2", transport.peer().getHost());
    }
  }

  @Test
  void serveAndConnectTakeEndpointsWithTheirOptions() {
    try (var torsion = Torsion.start()) {
      var keptAlive = new CompletableFuture<Boolean>();
      var server =
          Results.of(
              torsion.serve(
                  anyPort(torsion),
                  Codecs.line(),
                  ConnectionOptions.DEFAULT,
                  c -> c.onMessage(c::send)));
      var probe =
          Results.of(
              torsion.listen(
                  anyPort(torsion),
                  new Factory(
                      () ->
                          new Protocol() {
                            @Override
                            protected void connectionMade() {
                              keptAlive.complete(((TcpTransport) transport()).getTcpKeepAlive());
                              transport().loseConnection();
                            }
                          })));
      var client =
          Results.of(
              torsion.connect(at(torsion, server), Codecs.line(), ConnectionOptions.DEFAULT));
      assertEquals("hello", Results.of(client.request("hello")));
      var protocol = new Quiet();
      assertSame(protocol, Results.of(torsion.connectProtocol(at(torsion, probe), protocol)));
      assertTrue(Results.of(keptAlive));
    }
  }

  @Test
  void keptConnectionsTakeEndpoints() {
    try (var torsion = Torsion.start()) {
      var server =
          Results.of(
              torsion.serve(
                  anyPort(torsion),
                  Codecs.line(),
                  ConnectionOptions.DEFAULT,
                  c -> c.onMessage(c::send)));
      var kept =
          torsion
              .services()
              .keepConnected(
                  at(torsion, server),
                  Codecs.line(),
                  setUp -> setUp.retryPolicy(RetryPolicy.DEFAULT));
      assertEquals("hello", Results.of(kept.connection().thenCompose(c -> c.request("hello"))));
      Results.of(kept.stop());
    }
  }

  @Test
  void connectionsAreKeptToEndpointsWithoutServicesToo() {
    try (var torsion = Torsion.start()) {
      var server =
          Results.of(torsion.serve(anyPort(torsion), Codecs.line(), c -> c.onMessage(c::send)));
      var kept = torsion.keepConnected(at(torsion, server), Codecs.line());
      assertEquals("hello", Results.of(kept.connection().thenCompose(c -> c.request("hello"))));
      Results.of(kept.stop());
      var prepared = new CompletableFuture<String>();
      var other =
          torsion.keepConnected(
              at(torsion, server),
              Codecs.line(),
              setUp -> setUp.preparation(c -> c.request("login").thenAccept(prepared::complete)));
      assertEquals("login", Results.of(prepared));
      Results.of(other.stop());
      Results.of(torsion.services().keepConnected(at(torsion, server), Codecs.line()).stop());
    }
  }

  /** They would be ignored in silence, and with them limits that somebody relies on. */
  @Test
  void optionsOfTheTransportAreRefusedBesideAnEndpoint() {
    var options = ConnectionOptions.DEFAULT.withTransport(KEPT_ALIVE);
    try (var torsion = Torsion.start();
        var group = TorsionGroup.start(1)) {
      var there = new HostnameEndpoint(torsion.reactor(), "127.0.0.1", 1);
      refused(
          Results.failure(
              IllegalArgumentException.class,
              torsion.serve(anyPort(torsion), Codecs.line(), options, c -> {})));
      refused(
          Results.failure(
              IllegalArgumentException.class, torsion.connect(there, Codecs.line(), options)));
      refused(
          assertThrows(
              IllegalArgumentException.class,
              () -> torsion.keepConnected(there, Codecs.line(), s -> s.options(options))));
      refused(
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  torsion.services().keepConnected(there, Codecs.line(), s -> s.options(options))));
      refused(
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  group.serve(
                      reactor -> new TCP4ServerEndpoint(reactor, 0),
                      Codecs.line(),
                      options,
                      c -> {})));
      refused(
          assertThrows(
              IllegalArgumentException.class,
              () -> new ConnectionFactory<>(torsion.reactor(), Codecs.line(), options, c -> {})));
    }
  }

  private static void refused(IllegalArgumentException error) {
    assertTrue(error.toString().contains("withOptions"), error::toString);
  }

  /** As strings they reach the endpoint. */
  @Test
  void optionsOfTheTransportGoWithStringsOfGroups() {
    var options = ConnectionOptions.DEFAULT.withTransport(KEPT_ALIVE);
    try (var torsion = Torsion.start();
        var group = TorsionGroup.start(1)) {
      var server =
          Results.of(group.serve("tcp:0", Codecs.line(), options, c -> c.onMessage(c::send)));
      var client =
          Results.of(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line(), options));
      assertEquals("hello", Results.of(client.request("hello")));
    }
  }

  @Test
  void groupsTakeEndpoints() {
    try (var group = TorsionGroup.start(2, ReactorOptions.builder().threadName("objects").build());
        var torsion = Torsion.start()) {
      var bytes = new LongAdder();
      var server =
          Results.of(
              group.serve(
                  reactor ->
                      new TCP4ServerEndpoint(reactor, 0, 5, "127.0.0.1")
                          .withOptions(KEPT_ALIVE)
                          .wrap(factory -> new Counting(factory, bytes)),
                  Codecs.line(),
                  ConnectionOptions.DEFAULT,
                  c -> c.onMessage(c::send)));
      var client =
          Results.of(
              torsion.connect(at(torsion, server), Codecs.line(), ConnectionOptions.DEFAULT));
      assertEquals("hello", Results.of(client.request("hello")));
      assertEquals("hello\r\n".length(), bytes.sum());
    }
  }

  @Test
  void anEndpointCanBeWrapped() {
    try (var torsion = Torsion.start()) {
      var bytes = new LongAdder();
      var server =
          Results.of(
              torsion.serve(
                  anyPort(torsion)
                      .wrap(factory -> new Counting(factory, bytes))
                      .wrap(factory -> new Counting(factory, bytes)),
                  Codecs.line(),
                  ConnectionOptions.DEFAULT,
                  c -> c.onMessage(c::send)));
      var client =
          Results.of(
              torsion.connect(
                  at(torsion, server).wrap(factory -> new Counting(factory, bytes)),
                  Codecs.line(),
                  ConnectionOptions.DEFAULT));
      assertEquals("hello", Results.of(client.request("hello")));
      assertEquals(3L * "hello\r\n".length(), bytes.sum());
    }
  }

  @Test
  void tcpTakesOptions() {
    try (var torsion = Torsion.start()) {
      var server = Results.of(torsion.listenTcp(0, new Factory(Quiet::new), KEPT_ALIVE));
      var keptAlive = new CompletableFuture<Boolean>();
      var factory =
          new ClientFactory(Quiet::new) {
            @Override
            public void clientConnectionMade(Connector connector, Protocol protocol) {
              keptAlive.complete(((TcpTransport) protocol.transport()).getTcpKeepAlive());
            }
          };
      Results.of(torsion.connectTcp("127.0.0.1", server.port(), factory, KEPT_ALIVE));
      assertTrue(Results.of(keptAlive));
    }
  }

  private static final class Quiet extends Protocol {}

  private static final class Counting extends WrappingFactory {
    private final LongAdder bytes;

    Counting(Factory factory, LongAdder bytes) {
      super(factory);
      this.bytes = bytes;
    }

    @Override
    protected Protocol wrapProtocol(Protocol protocol) {
      return new ProtocolWrapper(protocol) {
        @Override
        public void dataReceived(ByteBuffer view) {
          bytes.add(view.remaining());
          super.dataReceived(view);
        }
      };
    }
  }
}
