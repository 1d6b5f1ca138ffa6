// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.MinimumRate;
import dev.torsion.net.PeerTooSlowException;
import dev.torsion.net.StreamOptions;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.WriteLimitExceededException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The options of the transport, from Java and by strings; and what a connection tells of its
 * transport.
 */
class TransportLimitsTest extends InMemory {
  /** Two bytes may wait for a peer that does not read; more than 200,000 are too many. */
  private static final ConnectionOptions SMALL =
      ConnectionOptions.builder()
          .transport(
              TcpOptions.builder().stream(
                      StreamOptions.builder()
                          .lowWaterMark(1)
                          .highWaterMark(2)
                          .writeLimit(200_000)
                          .build())
                  .build())
          .build();

  private static final String LINE = "x".repeat(10_000);

  /** Sends to a peer that does not read, until something waits. */
  private static void fill(Connection<String> connection) {
    for (int i = 0; connection.isWritable(); i++) {
      assertTrue(i < 1_000, "it takes everything");
      var unused = connection.send(LINE);
    }
  }

  private void overflow(Connection<String> connection) {
    fill(connection);
    for (int i = 0; i < 30; i++) {
      var unused = connection.send(LINE);
    }
    var reason = now(connection.closed());
    assertInstanceOf(WriteLimitExceededException.class, reason.getCause(), reason.toString());
  }

  @Test
  void limitsReachServersAndClients() {
    var ends = connected(Codecs.line(), SMALL);
    overflow(ends.server());
    overflow(connected(Codecs.line(), SMALL).client());
  }

  @Test
  void aPeerThatTakesNothingIsCutOff() {
    var tenSeconds = Duration.ofSeconds(10);
    var rate = MinimumRate.builder().writing(100).grace(tenSeconds).window(tenSeconds).build();
    var stream = StreamOptions.DEFAULT.withMinimumRate(rate);
    var options = ConnectionOptions.DEFAULT.withTransport(TcpOptions.DEFAULT.withStream(stream));
    var ends = connected(Codecs.line(), options);
    fill(ends.server());
    advance(9_000);
    assertFalse(ends.server().closed().isDone());
    advance(2_000);
    var cause =
        assertInstanceOf(PeerTooSlowException.class, now(ends.server().closed()).getCause());
    assertFalse(cause.isReading());
    assertEquals(100, cause.getRate());
  }

  @Test
  void limitsReachClientsThatStayConnected() {
    List<Connection<String>> served = new ArrayList<>();
    var server = now(torsion.serve("tcp:8007", Codecs.line(), served::add));
    var kept =
        torsion.keepConnected("tcp:127.0.0.1:8007", Codecs.line(), setUp -> setUp.options(SMALL));
    overflow(now(kept.connection()));
    now(kept.stop());
    served.forEach(Connection::abort);
    now(server.stop());
  }

  @Test
  void whoAsksIsToldWhenThereIsRoomAgain() {
    var ends = connected(Codecs.line(), SMALL);
    assertTrue(ends.client().isWritable());
    now(ends.client().whenWritable());
    fill(ends.client());
    var room = ends.client().whenWritable();
    reactor.flush();
    assertFalse(room.isDone());
    ends.server().onEach(line -> {});
    now(room);
    assertTrue(ends.client().isWritable());
    fill(connected(Codecs.line(), SMALL).client());
    ends.client().close();
    failsNow(CloseReason.class, ends.client().whenWritable());
    reactor.flush();
    for (var end : List.of(ends.client(), ends.server())) end.abort();
    reactor.close();
  }

  @Test
  void oneSideEndsAndTheOtherAnswers() {
    var ends = connected(Codecs.line());
    ends.server().onMessage(line -> ends.server().send(line + "!"));
    now(ends.client().send("hello"));
    ends.client().closeWrite();
    failsNow(ConnectionDone.class, ends.client().send("more"));
    assertEquals("hello!", now(ends.client().receive()));
    failsNow(ConnectionDone.class, ends.client().receive());
    assertTrue(now(ends.client().closed()).isClean());
  }
}
