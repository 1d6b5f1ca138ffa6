// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.AnswerTimeoutException;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.EncodeException;
import dev.torsion.framing.ReadIdleTimeoutException;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.ConnectionLost;
import dev.torsion.net.DrainReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How connections, handlers and servers end, and how a silent peer is found. */
@SuppressWarnings("FutureReturnValueIgnored")
class ConnectionLifeTest extends InMemory {
  private final List<Connection<String>> served = new ArrayList<>();
  private final CompletableFuture<Void> work = new CompletableFuture<>();

  /** Reads nothing from the beginning. */
  private static class Deaf extends HalfPeer {
    @Override
    protected void connectionMade() {
      transport().pauseProducing();
    }
  }

  private Server serve(ConnectionOptions options, ConnectionHandler<String> handler) {
    return now(
        torsion.serve(
            "tcp:0",
            Codecs.line(),
            options,
            c -> {
              served.add(c);
              handler.connected(c);
            }));
  }

  private HalfPeer peer(Server server) {
    return now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new HalfPeer()));
  }

  @Test
  void aHandlerAtWorkOnTheLastMessageHasItsTimeAndIsCancelledThen() {
    var server = serve(ConnectionOptions.DEFAULT, c -> c.onMessage(line -> work));
    var peer = peer(server);
    peer.send("a\n");
    peer.end();
    advance(9_900);
    assertFalse(work.isDone());
    assertTrue(peer.isConnected());
    advance(3_000);
    assertTrue(work.isCancelled());
    assertFalse(peer.isConnected());
    var reason = assertInstanceOf(ConnectionAborted.class, now(served.get(0).closed()));
    assertInstanceOf(AnswerTimeoutException.class, reason.getCause());
  }

  @Test
  void withHalfCloseItHasAllTheTimeThereIs() {
    var server =
        serve(
            ConnectionOptions.DEFAULT.withHalfClose(true),
            c -> c.onMessage(line -> work.thenCompose(done -> c.send("answer"))));
    var peer = peer(server);
    peer.send("a\n");
    peer.end();
    advance(3_600_000);
    assertTrue(peer.isConnected());
    work.complete(null);
    reactor.flush();
    assertFalse(peer.isConnected());
    assertInstanceOf(ConnectionDone.class, now(served.get(0).closed()));
  }

  private HalfPeer askedByOneThatEndedItsSide(
      ConnectionOptions options, ConnectionHandler<String> on) {
    var peer = peer(serve(options, on));
    peer.send("a\nb\n");
    peer.end();
    reactor.flush();
    return peer;
  }

  @Test
  void withHalfCloseAConsumerThatHasReturnedMayStillAnswer() {
    var peer =
        askedByOneThatEndedItsSide(
            ConnectionOptions.DEFAULT.withHalfClose(true),
            c -> c.onEach(line -> work.thenRun(() -> c.send(line + "!"))));
    var ended = served.get(0).whenPeerEnded();
    var cancelled = served.get(0).whenPeerEnded();
    cancelled.cancel(false);
    now(ended);
    advance(3_600_000);
    assertTrue(peer.isConnected());
    work.complete(null);
    reactor.flush();
    assertEquals(Set.of("a!", "b!", ""), Set.of(peer.heard().split("\r\n", -1)));
    assertTrue(peer.isConnected());
    served.get(0).close();
    assertInstanceOf(ConnectionDone.class, now(served.get(0).closed()));
    now(served.get(0).whenPeerEnded());
  }

  @Test
  void withoutHalfCloseAConsumerThatHasReturnedIsDone() {
    var ended = new ArrayList<CompletableFuture<Void>>();
    var peer =
        askedByOneThatEndedItsSide(
            ConnectionOptions.DEFAULT,
            c -> {
              ended.add(c.whenPeerEnded());
              c.onEach(line -> c.send(line + "!"));
            });
    assertFalse(peer.isConnected());
    assertEquals("a!\r\nb!\r\n", peer.heard());
    now(ended.get(0));
  }

  @Test
  void theEndOfTheConnectionIsNoEndOfThePeer() {
    var peer = peer(serve(ConnectionOptions.DEFAULT, c -> c.onEach(line -> {})));
    reactor.flush();
    var ended = served.get(0).whenPeerEnded();
    peer.transport().abortConnection();
    failsNow(ConnectionLost.class, ended);
    failsNow(ConnectionLost.class, served.get(0).whenPeerEnded());
  }

  @Test
  void aPeerThatHasEndedItsSideIsNotSilent() {
    var options =
        ConnectionOptions.DEFAULT
            .withHalfClose(true)
            .withReadIdleTimeout(Duration.ofSeconds(30))
            .withFrameTimeout(Duration.ofSeconds(10));
    var peer =
        askedByOneThatEndedItsSide(
            options, c -> c.onEach(line -> work.thenRun(() -> c.send(line + "!"))));
    advance(3_600_000);
    work.complete(null);
    reactor.flush();
    assertEquals(2 * "a!\r\n".length(), peer.heard().length());
    served.get(0).close();
    reactor.flush();
    assertFalse(peer.isConnected());
  }

  @Test
  void aHandlerIsCancelledWhenTheConnectionBreaks() {
    var server = serve(ConnectionOptions.DEFAULT, c -> c.onMessage(line -> work));
    var peer = peer(server);
    peer.send("a\n");
    reactor.flush();
    peer.transport().abortConnection();
    reactor.flush();
    assertTrue(work.isCancelled());
  }

  @Test
  void oneThatClosesItsConnectionItselfMayGoOn() {
    var server =
        serve(
            ConnectionOptions.DEFAULT,
            c ->
                c.onMessage(
                    line -> {
                      c.close();
                      return work;
                    }));
    var peer = peer(server);
    peer.send("a\n");
    advance(60_000);
    assertFalse(peer.isConnected());
    assertFalse(work.isDone());
  }

  @Test
  void aConnectionFromWhichNobodyAsksForMoreIsClosedAfterThePeersEnd() {
    var server = serve(ConnectionOptions.DEFAULT, c -> c.receive());
    var peer = peer(server);
    peer.send("a\n");
    reactor.flush();
    peer.end();
    advance(9_000);
    assertTrue(peer.isConnected());
    advance(4_000);
    assertFalse(peer.isConnected());
    assertInstanceOf(ConnectionDone.class, now(served.get(0).closed()));
  }

  @Test
  void aMessageThatWaitsHoldsTheEndUp() {
    var server = serve(ConnectionOptions.DEFAULT, c -> c.receive());
    var peer = peer(server);
    peer.send("a\nb\n");
    reactor.flush();
    peer.end();
    advance(3_600_000);
    assertTrue(peer.isConnected());
    assertEquals("b", now(served.get(0).receive()));
    advance(13_000);
    assertFalse(peer.isConnected());
  }

  @Test
  void heartbeatsKeepAConnectionAndADeadPeerIsFound() {
    var options = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(30));
    var server = serve(options, c -> c.onEach(line -> {}));
    Connection<String> client =
        now(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    client.onEach(line -> {});
    Heartbeats beats = client.every(Duration.ofSeconds(10), "ping");
    advance(600_000);
    assertFalse(served.get(0).closed().isDone());
    beats.close();
    beats.close();
    advance(31_000);
    var reason = now(served.get(0).closed());
    assertInstanceOf(ReadIdleTimeoutException.class, reason.getCause());
    assertThrows(IllegalArgumentException.class, () -> client.every(Duration.ZERO, "never"));
  }

  @Test
  void aHeartbeatThatCannotBeSentIsReported() {
    var server = serve(ConnectionOptions.DEFAULT, c -> c.onEach(line -> {}));
    Connection<String> client =
        now(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    reactor.callFromThread(() -> client.every(Duration.ofSeconds(10), "two\nlines"));
    reactor.flush();
    assertInstanceOf(EncodeException.class, errors.remove(0));
    client.close();
  }

  @Test
  void aServerThatIsClosedEndsItsConnectionsAndReportsOnThem() {
    var server = serve(ConnectionOptions.DEFAULT, c -> c.send("bye"));
    var peer = peer(server);
    var other = peer(server);
    reactor.flush();
    var drained = server.drain(Duration.ofSeconds(5));
    assertEquals(new DrainReport(2, 0, 0), now(drained));
    reactor.flush();
    assertFalse(peer.isConnected());
    assertFalse(other.isConnected());
    server.close();
    assertEquals(DrainReport.NONE, now(server.drain()));
    assertThrows(IllegalArgumentException.class, () -> server.drain(Duration.ofSeconds(-1)));
  }

  @Test
  void aServerThatIsStoppedLetsItsConnectionsLiveOn() {
    var server = serve(ConnectionOptions.DEFAULT, c -> c.onMessage(c::send));
    Connection<String> client =
        now(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    now(server.stop());
    assertEquals("a", now(client.request("a")));
    server.close();
    reactor.flush();
    assertInstanceOf(ConnectionDone.class, now(client.closed()));
  }

  @Test
  void aPeerThatDoesNotReadIsResetAfterTheDeadline() {
    reactor.network().setWindow(1000);
    var server = serve(ConnectionOptions.DEFAULT, c -> c.send("x".repeat(10_000)));
    var peer = now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new Deaf()));
    reactor.flush();
    var drained = server.drain(Duration.ofSeconds(5));
    advance(4_900);
    assertFalse(drained.isDone());
    advance(200);
    var report = now(drained);
    assertEquals(1, report.getCutConnections());
    assertTrue(report.getUnsentBytes() > 0);
    peer.transport().abortConnection();
  }
}
