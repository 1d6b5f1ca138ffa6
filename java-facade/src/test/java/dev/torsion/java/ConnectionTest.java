// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.FrameTooLongException;
import dev.torsion.framing.StringTooLongException;
import dev.torsion.framing.TruncatedFrameException;
import dev.torsion.net.ClosedBy;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.ConnectionLost;
import dev.torsion.net.HalfCloseableProtocol;
import dev.torsion.net.HalfCloseableTransport;
import dev.torsion.net.Protocol;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A connection, both ends of it, with no time passing. */
@SuppressWarnings("FutureReturnValueIgnored")
class ConnectionTest extends InMemory {
  private final Pair<String> pair = connected(Codecs.line());
  private final Connection<String> client = pair.client();
  private final Connection<String> server = pair.server();
  private final List<String> seen = new ArrayList<>();

  // Receiving.

  @Test
  void aLoopOfReceivesOverAnyNumberOfMessagesThatWait() {
    int count = 20_000;
    var ends = connected(Codecs.line());
    for (int i = 0; i < count; i++) ends.client().send("x");
    reactor.flush();
    var got = new int[1];
    new Object() {
      void next() {
        ends.server()
            .receive()
            .thenAccept(
                message -> {
                  got[0]++;
                  next();
                });
      }
    }.next();
    reactor.flush();
    assertEquals(count, got[0]);
    ends.client().send("one more");
    reactor.flush();
    assertEquals(count + 1, got[0]);
    ends.client().close();
    reactor.flush();
  }

  @Test
  void requestsOverlapAndAreAnsweredInOrder() {
    server.onMessage(server::send);
    var answers = List.of(client.request("a"), client.request("b"), client.request("c"));
    assertEquals(List.of("a", "b", "c"), answers.stream().map(this::now).toList());
  }

  @Test
  void theAnswerToACancelledRequestGoesToNobodyElse() {
    server.onMessage(server::send);
    client.request("a").cancel(true);
    var other = client.request("b");
    assertEquals("b", now(other));
  }

  @Test
  void aRequestThatIsCancelledAfterItWasSentKeepsItsPlace() {
    var first = client.request("a");
    var second = client.request("b");
    reactor.flush();
    first.thenApply(String::length).cancel(true);
    server.onMessage(server::send);
    assertEquals("b", now(second));
    assertTrue(first.isCancelled());
  }

  @Test
  void messagesWaitUntilTheyAreReceived() {
    List.of("1", "2", "3").forEach(client::send);
    reactor.flush();
    assertEquals("1", now(server.receive()));
    assertEquals("2", now(server.receive()));
    assertEquals("3", now(server.receive()));
    assertFalse(server.receive().isDone());
  }

  @Test
  void cancellingAReceiveLosesNoMessage() {
    var cancelled = server.receive();
    var derived = server.receive();
    reactor.flush();
    cancelled.cancel(false);
    derived.thenApply(String::length).thenAccept(length -> {}).cancel(false);
    client.send("1");
    client.send("2");
    assertEquals("1", now(server.receive()));
    assertEquals("2", now(server.receive()));
    assertTrue(derived.isCancelled());
  }

  @Test
  void aReceiveInsideAComposedStageLosesNothingEither() {
    var stage = torsion.after(Duration.ZERO).thenCompose(done -> server.receive());
    reactor.flush();
    stage.cancel(true);
    client.send("1");
    assertEquals("1", now(server.receive()));
  }

  @Test
  void receiversThatGoOnFromTheirOwnStagesKeepTheStackFlat() {
    receiveAll();
    for (int i = 0; i < 20_000; i++) client.send("x");
    client.close();
    reactor.flush();
    assertEquals(20_001, seen.size());
    assertEquals("the end", seen.get(20_000));
  }

  private void receiveAll() {
    server
        .receive()
        .whenComplete(
            (line, end) -> {
              seen.add(end == null ? line : "the end");
              if (end == null) receiveAll();
            });
  }

  @Test
  void waitersAreLimited() {
    var small =
        connected(Codecs.line(), ConnectionOptions.builder().requestLimit(2).build()).client();
    small.receive();
    small.request("x");
    failsNow(IllegalStateException.class, small.receive());
    small.close();
  }

  // Handling.

  @Test
  void aHandlerIsGivenOneMessageAtATime() {
    var busy = new ArrayList<CompletableFuture<String>>();
    server.onMessage(
        line -> {
          seen.add(line);
          var done = new CompletableFuture<String>();
          busy.add(done);
          return done;
        });
    List.of("1", "2", "3").forEach(client::send);
    reactor.flush();
    assertEquals(List.of("1"), seen);
    busy.get(0).complete("done");
    reactor.flush();
    assertEquals(List.of("1", "2"), seen);
    busy.get(1).complete("done");
    reactor.flush();
    assertEquals(List.of("1", "2", "3"), seen);
  }

  @Test
  void anEchoHoldsBackWhatItsPeerDoesNotRead() {
    var idle = new Idle();
    var line = "x".repeat(1022);
    var echoed = new int[1];
    var talking = now(echoServer(echoed));
    now(torsion.connectProtocol("tcp:127.0.0.1:" + talking.port(), idle));
    idle.transport().pauseProducing();
    for (int i = 0; i < 4000; i++) {
      idle.transport().write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
      if (i % 16 == 0) reactor.turn();
    }
    reactor.flush();
    // 64 KiB on the network, 64 KiB of the high-water mark, and the message that went over it.
    assertTrue(echoed[0] > 60 && echoed[0] < 200, "echoed " + echoed[0] + " KiB");
    idle.transport().resumeProducing();
    reactor.flush();
    assertEquals(4000, echoed[0]);
    assertEquals(4000 * 1024, idle.bytes);
    idle.transport().loseConnection();
    now(talking.stop());
  }

  private CompletableFuture<Server> echoServer(int[] echoed) {
    return torsion.serve(
        "tcp:0",
        Codecs.line(),
        c ->
            c.onMessage(
                line -> {
                  echoed[0]++;
                  return c.send(line);
                }));
  }

  private static final class Idle extends Protocol {
    int bytes;

    @Override
    public void dataReceived(byte[] data) {
      bytes += data.length;
    }
  }

  @Test
  void aConsumerIsHeldBackUntilItCanSendMore() {
    var handled = new int[1];
    server.onEach(
        line -> {
          handled[0]++;
          server.send(line.repeat(16));
        });
    for (int i = 0; i < 1000; i++) client.send("x".repeat(1000));
    reactor.flush();
    assertTrue(
        handled[0] < 100, handled[0] + " messages were handled while nobody read the answers");
    client.onEach(seen::add);
    reactor.flush();
    assertEquals(1000, seen.size());
  }

  @Test
  void aHandlerThatThrowsAbortsTheConnectionAndIsReported() {
    var error = new IOException("no");
    server.onMessage(
        line -> {
          throw error;
        });
    client.send("1");
    reactor.flush();
    assertEquals(List.of(error), errors);
    errors.clear();
    assertSame(error, now(server.closed()).getCause());
    assertEquals(ClosedBy.PEER, now(client.closed()).getBy());
  }

  @Test
  void aHandlerWhoseStageFailsAbortsTheConnectionAndIsReported() {
    var error = new IOException("no");
    server.onMessage(line -> CompletableFuture.failedFuture(error));
    client.send("1");
    reactor.flush();
    assertEquals(List.of(error), errors);
    errors.clear();
    assertSame(error, now(server.closed()).getCause());
  }

  @Test
  void aHandlerThatCannotSendSinceTheConnectionIsClosingIsNoError() {
    server.onMessage(
        line -> {
          seen.add(line);
          server.close();
          return server.send("too late");
        });
    client.send("1");
    assertTrue(now(client.closed()).isClean());
    assertEquals(List.of("1"), seen);
  }

  @Test
  void thereIsOneHandler() {
    server.onMessage(line -> null);
    assertThrows(IllegalStateException.class, () -> server.onEach(line -> {}));
    failsNow(IllegalStateException.class, server.receive());
    failsNow(IllegalStateException.class, server.request("x"));
  }

  @Test
  void whoWaitsAlreadyComesBeforeTheHandler() {
    var first = client.request("a");
    client.onEach(seen::add);
    server.onMessage(line -> server.send(line).thenCompose(sent -> server.send("news")));
    assertEquals("a", now(first));
    assertEquals(List.of("news"), seen);
  }

  // Sending.

  @Test
  void sendCompletesOnceThereIsRoomForMore() {
    var sends = new ArrayList<CompletableFuture<Void>>();
    for (int i = 0; i < 200; i++) sends.add(client.send("x".repeat(1000)));
    reactor.flush();
    assertTrue(sends.get(0).isDone());
    assertFalse(sends.get(199).isDone());
    server.onEach(seen::add);
    now(sends.get(199));
    assertEquals(200, seen.size());
  }

  @Test
  void aMessageThatTheCodecCannotCarryFailsAndLeavesTheConnectionOpen() {
    failsNow(StringTooLongException.class, client.send("x".repeat(16_385)));
    failsNow(StringTooLongException.class, client.request("x".repeat(16_385)));
    client.send("fine");
    assertEquals("fine", now(server.receive()));
  }

  @Test
  void nothingIsSentOnAConnectionThatIsClosingOrGone() {
    client.close();
    failsNow(ConnectionDone.class, client.send("x"));
    reactor.flush();
    failsNow(ConnectionDone.class, client.send("x"));
    failsNow(ConnectionDone.class, client.request("x"));
  }

  // Ending.

  @Test
  void whatCameBeforeTheEndIsReceivedBeforeTheEnd() {
    client.send("1");
    client.send("2");
    client.close();
    reactor.flush();
    assertEquals("1", now(server.receive()));
    assertEquals("2", now(server.receive()));
    assertEquals(ClosedBy.PEER, failsNow(ConnectionDone.class, server.receive()).getBy());
    assertTrue(now(server.closed()).isClean());
    failsNow(ConnectionDone.class, server.receive());
  }

  @Test
  void whatCameBeforeAResetIsReceivedToo() {
    client.send("1");
    client.send("2");
    reactor.flush();
    client.abort();
    reactor.flush();
    assertEquals("1", now(server.receive()));
    assertEquals("2", now(server.receive()));
    failsNow(ConnectionLost.class, server.receive());
  }

  @Test
  void anAnswerReachesAPeerThatHasEndedItsSide() {
    var peer = new HalfClosing();
    var echo = now(torsion.serve("tcp:0", Codecs.line(), this::answerLater));
    now(torsion.connectProtocol("tcp:127.0.0.1:" + echo.port(), peer));
    peer.transport().write("hello\r\n".getBytes(StandardCharsets.UTF_8));
    ((HalfCloseableTransport) peer.transport()).loseWriteConnection();
    reactor.flush();
    assertEquals("", peer.received.toString());
    advance(100);
    assertEquals("HELLO\r\n", peer.received.toString());
    assertFalse(peer.isConnected());
    now(echo.stop());
  }

  /** Receives, thinks, sends, and receives again. */
  private void answerLater(Connection<String> c) {
    c.receive()
        .thenCompose(line -> torsion.deferLater(Duration.ofMillis(100), line::toUpperCase))
        .thenCompose(c::send)
        .thenCompose(sent -> c.receive());
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
  void aConnectionThatNobodyReceivesFromClosesWithItsPeer() {
    client.close();
    assertTrue(now(server.closed()).isClean());
  }

  @Test
  void whatThePeerDidWrongFailsWithItsNameAndLimit() {
    var raw = new Idle();
    var failures = new ArrayList<CompletableFuture<String>>();
    var strict = now(torsion.serve("tcp:0", Codecs.line("\n", 10), c -> failures.add(c.receive())));
    now(torsion.connectProtocol("tcp:127.0.0.1:" + strict.port(), raw));
    raw.transport().write("far too long for this".getBytes(StandardCharsets.UTF_8));
    assertEquals(10, failsNow(FrameTooLongException.class, failures.get(0)).getLimit());
    assertFalse(raw.isConnected());

    var half = new Idle();
    now(torsion.connectProtocol("tcp:127.0.0.1:" + strict.port(), half));
    half.transport().write("half".getBytes(StandardCharsets.UTF_8));
    half.transport().loseConnection();
    assertEquals(4, failsNow(TruncatedFrameException.class, failures.get(1)).getBytes());
    now(strict.stop());
  }

  @Test
  void aResetIsNoticedWhileTheLastMessageMayBeInUse() {
    client.send("1");
    assertEquals("1", now(server.receive()));
    client.abort();
    assertTrue(now(server.closed()) instanceof ConnectionLost);
  }

  @Test
  void closeSendsWhatWasAccepted() {
    client.send("last");
    client.close();
    client.close();
    assertEquals("last", now(server.receive()));
    assertEquals(ClosedBy.US, now(client.closed()).getBy());
  }

  @Test
  void afterOurOwnCloseNothingIsReceived() {
    client.send("1");
    client.send("2");
    reactor.flush();
    server.close();
    failsNow(ConnectionDone.class, server.receive());
  }

  @Test
  void abortCarriesItsCause() {
    var cause = new IOException("enough");
    client.abort(cause);
    assertSame(cause, now(client.closed()).getCause());
    failsNow(ConnectionAborted.class, client.receive());
    failsNow(ConnectionLost.class, server.receive());
  }

  @Test
  void eachCallOfClosedWaitsForItself() {
    var one = client.closed();
    var other = client.closed();
    reactor.flush();
    one.cancel(true);
    client.close();
    assertTrue(now(other).isClean());
    assertThrows(CancellationException.class, one::join);
    assertTrue(now(client.closed()).isClean());
  }

  @Test
  void aStoppedReactorEndsEverythingThatWaits() {
    var received = client.receive();
    var closed = client.closed();
    reactor.flush();
    reactor.close();
    failsNow(ConnectionLost.class, received);
    assertEquals(now(closed), Results.of(client.closed()));
    Results.failure(IllegalStateException.class, client.send("x"));
    Results.failure(IllegalStateException.class, client.receive());
    client.close();
    client.abort();
  }

  @Test
  void itSaysWhoAndWhere() {
    assertEquals(client.peer(), server.host());
    assertEquals(client.host(), server.peer());
    assertTrue(client.toString().contains(client.peer().toString()), client.toString());
  }

  @Test
  void anIdleConnectionIsAborted() {
    var options =
        ConnectionOptions.builder().requestLimit(16).idleTimeout(Duration.ofSeconds(5)).build();
    var idle = connected(Codecs.line(), options).client();
    var next = idle.receive();
    advance(4_999);
    assertFalse(next.isDone());
    advance(1);
    failsNow(ConnectionAborted.class, next);
  }
}
