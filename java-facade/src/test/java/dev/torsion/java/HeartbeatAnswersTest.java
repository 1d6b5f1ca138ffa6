// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.ReadIdleTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The answering side of heartbeats, and pushes without a stage. */
@SuppressWarnings("FutureReturnValueIgnored")
class HeartbeatAnswersTest extends InMemory {
  private static final ConnectionOptions SILENT =
      ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(30));

  private static void beats(Connection<String> connection) {
    connection.answerHeartbeats(
        line -> line.equals("ping") || line.equals("pong"),
        line -> line.equals("ping") ? "pong" : null);
  }

  @Test
  void onePairShowsBothSidesThatTheOtherLives() {
    List<String> heard = new ArrayList<>();
    var ends = connected(Codecs.line(), SILENT);
    beats(ends.server());
    beats(ends.client());
    ends.server().onEach(heard::add);
    ends.client().onEach(heard::add);
    ends.client().every(Duration.ofSeconds(10), "ping");
    advance(3_600_000);
    assertFalse(ends.client().closed().isDone());
    ends.client().send("news");
    reactor.flush();
    assertEquals(List.of("news"), heard);
    ends.client().close();
    reactor.flush();
  }

  @Test
  void aBeatIsNoAnswerToARequestAndIsTakenByNoReceive() {
    var ends = connected(Codecs.line());
    beats(ends.client());
    var answer = ends.client().request("question");
    ends.server().send("pong");
    ends.server().send("ping");
    ends.server().send("answer");
    assertEquals("answer", now(answer));
    assertEquals("question", now(ends.server().receive()));
    assertEquals("pong", now(ends.server().receive()));
    ends.client().close();
    ends.server().close();
    reactor.flush();
  }

  @Test
  void aPeerThatReadsNoneDoesNotMakeThemPileUp() {
    reactor.network().setWindow(1_000);
    var server = now(torsion.serve("tcp:0", Codecs.line(), HeartbeatAnswersTest::beats));
    var peer = now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new HalfPeer()));
    peer.transport().pauseProducing();
    for (int i = 0; i < 200; i++) {
      peer.send("ping\r\n".repeat(1_000));
      reactor.flush();
    }
    assertTrue(reactor.network().getConnections() > 0, "it is still connected");
    peer.transport().abortConnection();
    now(server.stop());
  }

  @Test
  void anExceptionOfTheAnswerEndsTheConnection() {
    var ends = connected(Codecs.line());
    var error = new IllegalStateException("no answer");
    ends.server()
        .answerHeartbeats(
            line -> true,
            line -> {
              throw error;
            });
    assertThrows(
        IllegalStateException.class,
        () -> ends.server().answerHeartbeats(line -> true, line -> null));
    ends.client().send("ping");
    assertSame(error, now(ends.server().closed()).getCause());
    assertSame(error, errors.remove(0));
    reactor.flush();
  }

  @Test
  void withoutAnswersThePeerIsSilent() {
    var ends = connected(Codecs.line(), SILENT);
    ends.client().onEach(line -> {});
    ends.server().onEach(line -> {});
    advance(40_000);
    assertInstanceOf(ReadIdleTimeoutException.class, now(ends.client().closed()).getCause());
  }

  @Test
  void pushesGoToAConsumer() {
    List<String> heard = new ArrayList<>();
    var ends = connected(Codecs.line());
    var requests =
        ends.client().requestsBy((String line) -> line.startsWith("=") ? line.substring(1) : null);
    requests.onEachPush(
        line -> {
          heard.add(line);
          ends.client().send("got " + line);
        });
    ends.server().send("one");
    ends.server().send("=two");
    assertEquals("got one", now(ends.server().receive()));
    assertEquals(List.of("one"), heard);
    ends.client().close();
    ends.server().close();
    reactor.flush();
  }
}
