// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import dev.torsion.net.CloseReason;
import dev.torsion.net.Factory;
import dev.torsion.net.HalfCloseableProtocol;
import dev.torsion.net.HalfCloseableTransport;
import dev.torsion.net.IPv4Address;
import dev.torsion.net.MinimumRate;
import dev.torsion.net.Producer;
import dev.torsion.net.Protocol;
import dev.torsion.net.StreamOptions;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.Throttle;
import dev.torsion.net.Transport;
import dev.torsion.policies.LimitConnectionsByPeer;
import dev.torsion.policies.TrafficLog;
import dev.torsion.testkit.ConnectedPair;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Java of docs/guide/transports.md and docs/guide/limits.md. */
@ExtendWith(TorsionExtension.class)
class TransportsGuideTest {
  static class Echo extends Protocol {
    @Override
    protected void connectionMade() {
      transport().registerProducer(transport(), true);
    }

    @Override
    public void dataReceived(byte[] data) {
      transport().write(data);
    }
  }

  /** Sends so many blocks, no faster than the peer reads. */
  static class Blocks implements Producer {
    private final Transport transport;
    private int left;

    Blocks(Transport transport, int count) {
      this.transport = transport;
      this.left = count;
    }

    @Override
    public void resumeProducing() {
      transport.write(new byte[8192]);
      if (--left == 0) {
        transport.unregisterProducer();
        transport.loseConnection();
      }
    }

    @Override
    public void stopProducing() {
      left = 0;
    }
  }

  static class Sender extends Protocol {
    @Override
    protected void connectionMade() {
      transport().registerProducer(new Blocks(transport(), 100), false);
    }
  }

  static class Counter extends Protocol implements HalfCloseableProtocol {
    int bytes;

    @Override
    public void dataReceived(byte[] data) {
      bytes += data.length;
    }

    @Override
    public void readConnectionLost() {
      transport().write(Integer.toString(bytes).getBytes(UTF_8));
      transport().loseConnection();
    }

    @Override
    public void writeConnectionLost() {}
  }

  static class Receiver extends Protocol {
    final StringBuilder text = new StringBuilder();
    long bytes;
    boolean isClean;

    @Override
    public void dataReceived(byte[] data) {
      bytes += data.length;
      if (text.length() < 100) text.append(new String(data, UTF_8));
    }

    @Override
    protected void connectionLost(CloseReason reason) {
      isClean = reason.isClean();
    }
  }

  @Test
  void aSlowReaderSlowsTheSenderDown() {
    var receiver = new Receiver();
    try (var pair = ConnectedPair.connect(new Sender(), receiver)) {
      receiver.transport().pauseProducing();
      pair.flush();
      assertTrue(pair.server().transport().getBufferedBytes() <= 8192);
      receiver.transport().resumeProducing();
      pair.flush();
      assertEquals(819_200, receiver.bytes);
    }
    try (var pair = ConnectedPair.connect(new Echo(), receiver)) {
      pair.client().transport().write("x".getBytes(UTF_8));
      pair.flush();
      assertEquals(819_201, receiver.bytes);
    }
  }

  @Test
  void oneHalfEndsBeforeTheOther() {
    var asking =
        new Receiver() {
          @Override
          protected void connectionMade() {
            transport().write(new byte[1000]);
            ((HalfCloseableTransport) transport()).loseWriteConnection();
          }
        };
    try (var pair = ConnectedPair.connect(new Counter(), asking)) {
      pair.flush();
      assertEquals("1000", asking.text.toString());
      assertTrue(asking.isClean);
    }
  }

  @Test
  void limits(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    var limits =
        TcpOptions.DEFAULT.withStream(
            StreamOptions.DEFAULT
                .withWaterMarks(16 * 1024, 64 * 1024)
                .withWriteLimit(1024 * 1024)
                .withCloseTimeout(Duration.ofSeconds(5)));
    var port = reactor.await(torsion.listenTcp(8007, new Factory(Echo::new), limits));

    var options =
        ConnectionOptions.DEFAULT
            .withReadIdleTimeout(Duration.ofSeconds(30))
            .withFrameTimeout(Duration.ofSeconds(10))
            .withMaxConnections(1000);
    var server =
        reactor.await(torsion.serve("tcp:8008", Codecs.line(), options, c -> c.onMessage(c::send)));

    var connection = reactor.await(torsion.connect("tcp:127.0.0.1:8008", Codecs.line()));
    var reason = reactor.await(connection.closed());
    assertEquals(Duration.ofSeconds(30), reactor.clock().elapsed());
    assertTrue(!reason.isClean());
    server.close();
    port.close();
    reactor.flush();
  }

  /** The Java of docs/guide/security.md. */
  @Test
  void security(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    var patient = MinimumRate.builder().reading(240).writing(240).build();
    var careful = TcpOptions.DEFAULT.withStream(StreamOptions.DEFAULT.withMinimumRate(patient));
    var options =
        ConnectionOptions.DEFAULT
            .withTransport(careful)
            .withReadIdleTimeout(Duration.ofMinutes(1))
            .withMaxConnections(10_000);
    var server =
        reactor.await(torsion.serve("tcp:8009", Codecs.line(), options, c -> c.onMessage(c::send)));

    var connection = reactor.await(torsion.connect("tcp:127.0.0.1:8009", Codecs.line()));
    connection.send("hello");
    assertEquals("hello", reactor.await(connection.receive()));
    reactor.advance(Duration.ofSeconds(59));
    assertFalse(connection.closed().isDone());
    reactor.advance(Duration.ofSeconds(2));
    reactor.await(connection.closed());
    server.close();
    reactor.flush();
  }

  @Test
  void policies(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    var slow = Throttle.builder().readPerConnection(64 * 1024).writeInAll(10_000_000).build();
    var options =
        TcpOptions.DEFAULT.withStream(
            StreamOptions.DEFAULT.withThrottle(slow).withListener(new TrafficLog()));
    var few = new LimitConnectionsByPeer(new Factory(Echo::new), 20);
    var port = reactor.await(torsion.listenTcp(8007, few, options));

    var connection = reactor.await(torsion.connect("tcp:127.0.0.1:8007", Codecs.line()));
    connection.send("hello");
    reactor.flush();
    assertEquals(1, few.connectionCount(new IPv4Address("127.0.0.1", 0)));
    connection.close();
    port.close();
    reactor.flush();
    assertEquals(0, few.connectionCount(new IPv4Address("127.0.0.1", 0)));
  }
}
