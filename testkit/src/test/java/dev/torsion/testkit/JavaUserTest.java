// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import dev.torsion.net.ClientFactory;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectOptions;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.Factory;
import dev.torsion.net.IPv4Address;
import dev.torsion.net.Protocol;
import dev.torsion.net.TcpOptions;
import dev.torsion.testkit.contract.StreamContract;
import dev.torsion.testkit.contract.StreamHarness;
import dev.torsion.testkit.junit.TorsionExtension;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** The testkit as a Java user sees it. */
@ExtendWith(TorsionExtension.class)
class JavaUserTest {
  /** Answers each byte with its double, and hangs up at zero. */
  private static final class Doubler extends Protocol {
    private CloseReason reason;

    @Override
    public void dataReceived(byte[] data) {
      for (var value : data) {
        if (value == 0) {
          transport().loseConnection();
        } else {
          transport().write(new byte[] {(byte) (value * 2)});
        }
      }
    }

    @Override
    protected void connectionLost(CloseReason reason) {
      this.reason = reason;
    }
  }

  private static final class Collector extends Protocol {
    private final List<Byte> received = new ArrayList<>();
    private final byte[] greeting;

    Collector(byte... greeting) {
      this.greeting = greeting;
    }

    @Override
    protected void connectionMade() {
      transport().write(greeting);
    }

    @Override
    public void dataReceived(byte[] data) {
      for (var value : data) received.add(value);
    }
  }

  @Test
  void aClockMovesWhenToldTo() {
    var clock = new VirtualClock();
    var heard = new ArrayList<String>();
    clock.callLater(Duration.ofSeconds(2), () -> heard.add("two"));
    clock.callLater(Duration.ofSeconds(1), () -> heard.add("one"));
    var cancelled = clock.callLater(Duration.ofSeconds(1), () -> heard.add("never"));
    cancelled.cancel();
    clock.pump(Duration.ofMillis(500), Duration.ofMillis(500));
    assertEquals(List.of("one"), heard);
    clock.advance(Duration.ofSeconds(1));
    assertEquals(List.of("one", "two"), heard);
    clock.runFor(Duration.ofMinutes(1));
    assertEquals(Duration.ofSeconds(62), clock.elapsed());
  }

  @Test
  void aReactorTalksInMemory(MemoryReactor reactor, VirtualClock clock) {
    var client = new Collector((byte) 3, (byte) 4, (byte) 0);
    var port =
        reactor.listenTcp(8007, Factory.forProtocol(Doubler::new), "", 50, TcpOptions.DEFAULT);
    reactor.network().addHost("example.com", "10.0.0.1");
    var factory = new ClientFactory(() -> client);
    reactor.connectTcp(
        "example.com",
        8007,
        factory,
        ConnectOptions.DEFAULT.withTimeout(Duration.ofSeconds(5)),
        TcpOptions.DEFAULT);
    reactor.flush();
    assertEquals(List.of((byte) 6, (byte) 8), client.received);
    assertFalse(client.isConnected());
    assertEquals(Duration.ZERO, clock.elapsed());
    assertEquals("done", reactor.await(port.stopListening().addCallback(ignored -> "done")));
  }

  @Test
  void awaitGivesTheResultOrThrowsTheFailure(MemoryReactor reactor) {
    var answer = new Deferred<String>();
    reactor.clock().callLater(Duration.ofSeconds(30), () -> answer.callback("yes"));
    assertEquals("yes", reactor.await(answer));
    var work =
        reactor.deferToThread(
            () -> {
              throw new java.io.IOException("no");
            });
    assertThrows(java.io.IOException.class, () -> reactor.await(work));
    assertThrows(
        AssertionError.class, () -> reactor.await(new Deferred<String>(), Duration.ofSeconds(1)));
  }

  @Test
  void aStringTransportTestsOneProtocol() {
    var doubler = new Doubler();
    var transport =
        new StringTransport(new IPv4Address("10.0.0.1", 8007), new IPv4Address("10.0.0.2", 4711));
    transport.connect(doubler);
    transport.receive(new byte[] {1, 2});
    assertArrayEquals(new byte[] {2, 4}, transport.value());
    transport.clear();
    assertEquals("10.0.0.2:4711", doubler.transport().peer().toString());
    transport.receive(new byte[] {0});
    assertTrue(transport.isDisconnecting());
    // It is sent while the connection closes, as in Twisted.
    transport.write(ByteBuffer.wrap(new byte[] {1}));
    assertArrayEquals(new byte[] {1}, transport.value());
    transport.lose();
    transport.write(ByteBuffer.wrap(new byte[] {2}));
    assertArrayEquals(new byte[] {1}, transport.value());
    assertInstanceOf(ConnectionDone.class, doubler.reason);
  }

  @Test
  void aPairSplitsBytesAtEveryPlace() {
    var question = new byte[] {1, 2, 3, 4, 5};
    IntStream.rangeClosed(1, question.length)
        .mapToObj(Chunking::splitAt)
        .forEach(
            chunking -> {
              var server = new Doubler();
              var client = new Collector(question);
              try (var pair = ConnectedPair.connect(server, client, chunking)) {
                pair.flush();
                assertEquals(
                    List.of((byte) 2, (byte) 4, (byte) 6, (byte) 8, (byte) 10), client.received);
                pair.server().transport().abortConnection();
                pair.flush();
                assertInstanceOf(ConnectionAborted.class, server.reason);
              }
            });
  }

  @TestFactory
  Stream<DynamicTest> contract() {
    return new StreamContract(() -> StreamHarness.memory(Chunking.random(7)))
        .checks().stream().map(check -> DynamicTest.dynamicTest(check.name(), check::run));
  }
}
