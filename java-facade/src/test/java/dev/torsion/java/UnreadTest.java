// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.ConnectionLost;
import dev.torsion.net.HalfCloseableProtocol;
import dev.torsion.net.HalfCloseableTransport;
import dev.torsion.net.Protocol;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Messages that nobody asks for, and the end of their connection behind them. */
@SuppressWarnings("FutureReturnValueIgnored")
class UnreadTest extends InMemory {
  private final Pair<String> pair = connected(Codecs.line());
  private final Connection<String> client = pair.client();
  private final Connection<String> server = pair.server();

  @Test
  void closedCompletesThoughMessagesWaitUnread() {
    for (boolean askedBefore : List.of(true, false)) {
      var ends = connected(Codecs.line());
      CompletableFuture<CloseReason> early = askedBefore ? ends.server().closed() : null;
      ends.client().send("1");
      ends.client().send("2");
      ends.client().close();
      reactor.flush();
      assertTrue(now(early == null ? ends.server().closed() : early).isClean());
      assertTrue(now(ends.client().closed()).isClean());
      assertEquals("1", now(ends.server().receive()));
      assertEquals("2", now(ends.server().receive()));
      failsNow(ConnectionDone.class, ends.server().receive());
    }
    client.close();
    reactor.flush();
  }

  @Test
  void closedCompletesWhenThePeerIsGoneThoughMessagesWaitUnread() {
    var closed = server.closed();
    client.send("1");
    client.send("2");
    reactor.flush();
    assertFalse(closed.isDone());
    client.abort();
    assertTrue(now(closed) instanceof ConnectionLost);
    assertEquals("1", now(server.receive()));
    assertEquals("2", now(server.receive()));
    failsNow(ConnectionLost.class, server.receive());
  }

  @Test
  void whoWaitsForTheEndIsDoneWithWhatHeHasReceived() {
    client.send("1");
    client.close();
    var end = server.receive().thenCompose(line -> server.closed());
    assertTrue(now(end).isClean());
  }

  @Test
  void anAnswerIsWaitedForThoughSomebodyWaitsForTheEnd() {
    assertEquals("A;B;", halfClosing("a\r\nb\r\n", this::answerLater));
    assertEquals("A;B;", halfClosing("a\r\nb\r\n", c -> c.onMessage(line -> answer(c, line))));
    client.close();
    reactor.flush();
  }

  private void answerLater(Connection<String> c) {
    c.receive().thenCompose(line -> answer(c, line)).thenRun(() -> answerLater(c));
  }

  private CompletableFuture<Void> answer(Connection<String> c, String line) {
    return torsion
        .deferLater(Duration.ofMillis(100), line::toUpperCase)
        .thenCompose(answer -> c.send(answer));
  }

  /** The bytes that a peer gets which says {@code words}, ends its side and waits. */
  private String halfClosing(String words, Consumer<Connection<String>> handler) {
    var peer = new HalfClosing();
    var ended = new ArrayList<CloseReason>();
    var listening =
        now(
            torsion.serve(
                "tcp:0",
                Codecs.line(),
                c -> {
                  c.closed().thenAccept(ended::add);
                  handler.accept(c);
                }));
    now(torsion.connectProtocol("tcp:127.0.0.1:" + listening.port(), peer));
    peer.transport().write(words.getBytes(StandardCharsets.UTF_8));
    ((HalfCloseableTransport) peer.transport()).loseWriteConnection();
    advance(1_000);
    now(listening.stop());
    assertTrue(ended.get(0).isClean(), ended.toString());
    return peer.received.toString().replace("\r\n", ";");
  }

  private static final class HalfClosing extends Protocol implements HalfCloseableProtocol {
    final StringBuilder received = new StringBuilder();

    @Override
    public void dataReceived(byte[] data) {
      received.append(new String(data, StandardCharsets.UTF_8));
    }

    @Override
    public void readConnectionLost() {
      transport().loseConnection();
    }

    @Override
    public void writeConnectionLost() {}
  }

  @Test
  void aKeptConnectionIsConnectedAgainThoughItsServerSaidSomethingAtTheEnd() {
    client.close();
    var served = new ArrayList<Connection<String>>();
    var listening =
        now(
            torsion.serve(
                "tcp:8007",
                Codecs.line(),
                c -> {
                  served.add(c);
                  c.onMessage(c::send);
                }));
    var kept =
        torsion
            .services()
            .keepConnected(
                "tcp:127.0.0.1:8007",
                Codecs.line(),
                setUp -> setUp.retryPolicy(failures -> Duration.ofSeconds(1)));
    var first = now(kept.connection());
    assertEquals("hello", now(first.request("hello")));
    served.get(0).send("I am going");
    served.get(0).send("bye");
    served.get(0).close();
    advance(2_000);
    var second = now(kept.connection());
    assertNotSame(first, second);
    assertEquals("again", now(second.request("again")));
    assertEquals("I am going", now(first.receive()));
    now(kept.stop());
    now(listening.stop());
  }

  @Test
  void aMessageThatWaitsUnreadIsNotThePeersIdleness() {
    client.close();
    var c = impatient();
    var closed = c.closed();
    advance(60_000);
    assertFalse(closed.isDone());
    assertEquals("1", now(c.receive()));
    // It may be in use, but the peer could have said more.
    advance(4_999);
    assertFalse(closed.isDone());
    advance(1);
    assertTrue(now(closed) instanceof ConnectionAborted);
  }

  @Test
  void theTimeOfAHandlersStageIsNotThePeersIdleness() {
    client.close();
    var c = impatient();
    var closed = c.closed();
    var done = new CompletableFuture<Void>();
    c.onMessage(line -> done);
    advance(60_000);
    assertFalse(closed.isDone());
    done.complete(null);
    reactor.flush();
    advance(4_999);
    assertFalse(closed.isDone());
    advance(1);
    assertTrue(now(closed) instanceof ConnectionAborted);
  }

  /** One side of a connection, with an idle time-out, to which a message has come. */
  private Connection<String> impatient() {
    var made = new ArrayList<Connection<String>>();
    var options =
        ConnectionOptions.builder().requestLimit(16).idleTimeout(Duration.ofSeconds(5)).build();
    var listening = now(torsion.serve("tcp:0", Codecs.line(), options, made::add));
    now(torsion.connect("tcp:127.0.0.1:" + listening.port(), Codecs.line())).send("1");
    reactor.flush();
    now(listening.stop());
    return made.get(0);
  }
}
