// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.EncodeException;
import dev.torsion.net.DrainReport;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The client reads when it is told to. */
class OutboxTest extends InMemory {
  private final Pair<String> ends = slow();

  private Pair<String> slow() {
    reactor.network().setWindow(1000);
    return connected(Codecs.line());
  }

  /** Messages that are offered from now on wait. */
  private void fill() {
    while (ends.server().isWritable()) {
      var sent = ends.server().send("fill".repeat(2000));
      assertEquals(sent.isDone(), ends.server().isWritable());
    }
  }

  /** The messages that the client gets before the end of this. */
  private List<String> received() {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      String line = now(ends.client().receive());
      if (line.equals("the end")) break;
      if (!line.startsWith("fill")) all.add(line);
    }
    ends.client().close();
    reactor.flush();
    return all;
  }

  private static void offerAll(Outbox<String> outbox, String... messages) {
    for (String message : messages) assertTrue(outbox.offer(message), message);
  }

  @Test
  void whileThereIsRoomEverythingIsSentAtOnce() {
    var outbox = Outbox.dropOldest(ends.server(), 1);
    offerAll(outbox, "1", "2", "3", "the end");
    assertEquals(0, outbox.waiting());
    assertEquals(0, outbox.dropped());
    assertEquals(List.of("1", "2", "3"), received());
  }

  @Test
  void theOldestAreDropped() {
    var outbox = Outbox.dropOldest(ends.server(), 2);
    fill();
    offerAll(outbox, "1", "2", "3", "the end");
    assertEquals(2, outbox.waiting());
    assertEquals(2, outbox.dropped());
    assertEquals(2, outbox.limit());
    assertEquals(List.of("3"), received());
    assertEquals(0, outbox.waiting());
  }

  @Test
  void theNewestAreDropped() {
    var outbox = Outbox.dropNewest(ends.server(), 2);
    fill();
    offerAll(outbox, "1", "the end");
    assertFalse(outbox.offer("3"));
    assertEquals(1, outbox.dropped());
    assertEquals(List.of("1"), received());
  }

  @Test
  void theLatestOfEachKeyIsSentInThePlaceOfTheFirst() {
    Outbox<String> outbox =
        Outbox.latest(ends.server(), 3, line -> line.substring(0, line.indexOf('=') + 1));
    fill();
    offerAll(outbox, "a=1", "b=1", "a=2", "the end", "b=2", "a=3");
    assertEquals(3, outbox.waiting());
    assertEquals(3, outbox.dropped());
    assertEquals(List.of("a=3", "b=2"), received());
  }

  @Test
  void anotherThreadFillsNoMoreThanTheLimitWhateverTheReactorDoes() throws Exception {
    var outbox = Outbox.dropOldest(ends.server(), 3);
    var thread =
        new Thread(
            () -> {
              for (int i = 0; i < 10_000; i++) outbox.offer(i == 9_999 ? "the end" : "" + i);
            });
    thread.start();
    thread.join();
    assertEquals(3, outbox.waiting());
    assertEquals(9_997, outbox.dropped());
    assertEquals(List.of("9997", "9998"), received());
  }

  @Test
  void whatIsOfferedDuringAWriteWaitsForTheNextTurnAndStaysInOrder() {
    var outbox = Outbox.dropOldest(ends.server(), 5);
    reactor.callLater(0, TimeUnit.SECONDS, () -> offerAll(outbox, "1", "2"));
    reactor.callLater(0, TimeUnit.SECONDS, () -> offerAll(outbox, "the end"));
    assertEquals(List.of("1", "2"), received());
  }

  @Test
  void waitingMessagesAreDroppedWithTheConnectionAndMoreAreRefused() {
    var outbox = Outbox.dropOldest(ends.server(), 3);
    fill();
    offerAll(outbox, "1", "2");
    ends.client().abort();
    assertFalse(now(ends.server().closed()).isClean());
    assertEquals(0, outbox.waiting());
    assertEquals(2, outbox.dropped());
    assertFalse(outbox.offer("3"));
    assertEquals(3, outbox.dropped());
  }

  @Test
  void aDrainSendsWhatWaitsAndRefusesMoreOnEachThread() throws Exception {
    List<Connection<String>> accepted = new ArrayList<>();
    var server = now(torsion.serve("tcp:0", Codecs.line(), accepted::add));
    var client = now(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    var slow = accepted.get(0);
    var outbox = Outbox.dropOldest(slow, 3);
    while (slow.isWritable()) {
      var sent = slow.send("fill".repeat(2000));
      assertEquals(sent.isDone(), slow.isWritable());
    }
    offerAll(outbox, "1", "2");
    var drained = server.drain(Duration.ofMinutes(1));
    assertFalse(outbox.offer("here"));
    var elsewhere = new ArrayList<Boolean>();
    List<String> all = new ArrayList<>();
    while (true) {
      var line = client.receive();
      reactor.flush();
      if (line.isCompletedExceptionally()) break;
      if (!now(line).startsWith("fill")) all.add(now(line));
      if (all.size() == 1) {
        var thread = new Thread(() -> elsewhere.add(outbox.offer("elsewhere")));
        thread.start();
        thread.join();
      }
    }
    assertEquals(List.of("1", "2"), all);
    assertEquals(List.of(false), elsewhere);
    assertEquals(new DrainReport(1, 0, 0), now(drained));
    ends.client().close();
    reactor.flush();
  }

  @Test
  void messageThatCannotBeEncodedIsReportedOnceAndAborts() {
    var outbox = Outbox.dropOldest(ends.server(), 5);
    fill();
    offerAll(outbox, "two\nlines", "also\ntwo", "last");
    var closed = ends.server().closed();
    for (int i = 0; i < 1000 && !closed.isDone(); i++) {
      var line = ends.client().receive().exceptionally(end -> "");
      reactor.flush();
      assertTrue(line.isDone());
    }
    assertTrue(closed.isDone());
    assertEquals(1, errors.size());
    assertTrue(errors.get(0) instanceof EncodeException, errors.toString());
    errors.clear();
    assertEquals(0, outbox.waiting());
    assertEquals(2, outbox.dropped());
  }

  @Test
  void limitsArePositiveAndConnectionsOurs() {
    assertThrows(IllegalArgumentException.class, () -> Outbox.dropOldest(ends.server(), 0));
    Object stranger =
        Proxy.newProxyInstance(
            getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, m, a) -> null);
    assertThrows(
        IllegalArgumentException.class, () -> Outbox.dropNewest((Connection<?>) stranger, 1));
    ends.client().close();
    reactor.flush();
  }
}
