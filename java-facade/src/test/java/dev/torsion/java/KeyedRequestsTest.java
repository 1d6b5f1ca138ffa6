// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.clock.DeferredTimeoutException;
import dev.torsion.framing.CorrelationOptions;
import dev.torsion.framing.EncodeException;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ConnectionDone;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Messages are lines such as {@code 7=text}; those that begin with a star answer nothing. */
class KeyedRequestsTest extends InMemory {
  private final List<String> heard = new ArrayList<>();
  private final Pair<String> ends = connected(Codecs.line());

  private static @Nullable Integer keyOf(String line) {
    return line.startsWith("*") ? null : Integer.valueOf(line.substring(0, line.indexOf('=')));
  }

  private KeyedRequests<Integer, String> requests(CorrelationOptions options) {
    ends.server().onEach(heard::add);
    return ends.client().requestsBy(KeyedRequestsTest::keyOf, options);
  }

  private KeyedRequests<Integer, String> requests() {
    return requests(CorrelationOptions.DEFAULT);
  }

  @Test
  void answersComeInAnyOrder() {
    var requests = requests();
    var first = requests.request(1, "1=question");
    var second = requests.request(2, "2=question");
    reactor.flush();
    assertEquals(List.of("1=question", "2=question"), heard);
    now(ends.server().send("2=two"));
    now(ends.server().send("1=one"));
    now(ends.server().send("1=twice"));
    now(ends.server().send("9=never asked"));
    assertEquals("two", now(second.thenApply(KeyedRequestsTest::text)));
    assertEquals("one", now(first.thenApply(KeyedRequestsTest::text)));
    ends.client().close();
    reactor.flush();
  }

  private static String text(String line) {
    return line.substring(line.indexOf('=') + 1);
  }

  @Test
  void pushesGoToTheirHandlerWhichMayAskItself() {
    var requests = requests();
    var pushed = new ArrayList<String>();
    requests.onPush(
        push -> {
          pushed.add(push);
          return requests.request(pushed.size(), pushed.size() + "=about " + push);
        });
    now(ends.server().send("*first"));
    now(ends.server().send("*second"));
    reactor.flush();
    assertEquals(List.of("*first"), pushed);
    now(ends.server().send("1=known"));
    reactor.flush();
    assertEquals(List.of("*first", "*second"), pushed);
    ends.client().close();
    reactor.flush();
  }

  @Test
  void allThatWaitFailAtOnceWithTheConnection() {
    var requests = requests();
    var waiting = List.of(requests.request(1, "1=question"), requests.request(2, "2=question"));
    ends.server().abort();
    for (var request : waiting) failsNow(CloseReason.class, request);
    failsNow(CloseReason.class, requests.request(3, "3=late"));
  }

  @Test
  void timeOutsAreTheReactorsAndCancellingFreesAPlace() {
    var requests =
        requests(
            CorrelationOptions.builder().requestLimit(2).timeout(Duration.ofSeconds(3)).build());
    var slow = requests.request(1, "1=question");
    var given = requests.request(2, "2=question").thenAccept(answer -> {});
    failsNow(IllegalStateException.class, requests.request(3, "3=question"));
    assertTrue(given.cancel(false));
    var third = requests.request(3, "3=question");
    now(ends.server().send("2=late"));
    now(ends.server().send("3=three"));
    assertEquals("3=three", now(third));
    assertFalse(slow.isDone());
    advance(3_000);
    failsNow(DeferredTimeoutException.class, slow);
    now(ends.server().send("1=late"));
    reactor.flush();
    failsNow(EncodeException.class, requests.request(4, "x".repeat(20_000)));
    ends.client().close();
    failsNow(ConnectionDone.class, requests.request(5, "5=closed"));
    reactor.flush();
  }

  @Test
  void handlerOfPushesThatFailsAbortsTheConnection() {
    var requests = requests();
    var broken = new IllegalStateException("broken");
    requests.onPush(push -> CompletableFuture.failedFuture(broken));
    var waiting = requests.request(1, "1=question");
    now(ends.server().send("*news"));
    assertEquals(broken, failsNow(ConnectionAborted.class, waiting).getCause());
    assertEquals(List.of(broken), errors);
    errors.clear();
  }

  @Test
  void pushesBeforeThePeersEndAreAllHandled() {
    for (int limit : new int[] {1, 3, 100}) {
      var both = connected(Codecs.line());
      var requests =
          both.client()
              .requestsBy(
                  KeyedRequestsTest::keyOf, CorrelationOptions.builder().pushLimit(limit).build());
      var pushed = new ArrayList<String>();
      var work = new ArrayList<CompletableFuture<Void>>();
      requests.onPush(
          push -> {
            pushed.add(push);
            var done = new CompletableFuture<Void>();
            work.add(done);
            return done;
          });
      for (int n = 0; n < 10; n++) now(both.server().send("*" + n));
      both.server().close();
      reactor.flush();
      var closed = both.client().closed();
      for (int n = 0; n < 10; n++) {
        assertEquals(n + 1, pushed.size());
        assertFalse(closed.isDone());
        work.get(n).complete(null);
        reactor.flush();
      }
      assertEquals("*9", pushed.get(9));
      assertTrue(now(closed).isClean());
    }
  }

  @Test
  void answerToAPushBeforeThePeersEndArrives() {
    var requests = requests();
    var work = new CompletableFuture<String>();
    requests.onPush(push -> work.thenCompose(text -> ends.client().send(text + " to " + push)));
    now(ends.server().send("*push"));
    ends.server().closeWrite();
    reactor.flush();
    work.complete("answer");
    reactor.flush();
    assertEquals(List.of("answer to *push"), heard);
    assertTrue(now(ends.client().closed()).isClean());
  }

  @Test
  void pushesThatComeWhileAnotherThreadSetsTheHandlerWaitForIt() throws Exception {
    var requests =
        CompletableFuture.supplyAsync(() -> ends.client().requestsBy(KeyedRequestsTest::keyOf))
            .get(20, TimeUnit.SECONDS);
    now(ends.server().send("*first"));
    now(ends.server().send("*second"));
    reactor.flush();
    var pushed = new ArrayList<String>();
    CompletableFuture.runAsync(
            () ->
                requests.onPush(
                    push -> {
                      pushed.add(push);
                      return null;
                    }))
        .get(20, TimeUnit.SECONDS);
    now(ends.server().send("*third"));
    reactor.flush();
    assertEquals(List.of("*first", "*second", "*third"), pushed);
    ends.client().close();
    reactor.flush();
  }

  @Test
  void pushesThatWaitWhenTheHandlerClosesAreNotHandled() {
    var requests = requests();
    var pushed = new ArrayList<String>();
    var first = new CompletableFuture<Void>();
    requests.onPush(
        push -> {
          pushed.add(push);
          return first.thenRun(() -> ends.client().close());
        });
    now(ends.server().send("*first"));
    now(ends.server().send("*second"));
    reactor.flush();
    reactor.callFromThread(() -> first.complete(null));
    reactor.flush();
    assertEquals(List.of("*first"), pushed);
    assertTrue(now(ends.client().closed()).isClean());
  }

  @Test
  void workOnTheLastPushIsCancelledWhenThePeerIsGone() {
    for (int limit : new int[] {1, 2, 64}) {
      var both = connected(Codecs.line());
      var requests =
          both.client()
              .requestsBy(
                  KeyedRequestsTest::keyOf, CorrelationOptions.builder().pushLimit(limit).build());
      var work = new ArrayList<CompletableFuture<Void>>();
      requests.onPush(
          push -> {
            var done = new CompletableFuture<Void>();
            work.add(done);
            return done;
          });
      now(both.server().send("*first"));
      now(both.server().send("*last"));
      both.server().abort();
      reactor.flush();
      assertFalse(work.get(0).isDone());
      work.get(0).complete(null);
      reactor.flush();
      assertTrue(work.get(1).isCancelled(), "limit " + limit);
    }
    ends.client().close();
    reactor.flush();
  }

  @Test
  void messagesHaveOneHandler() {
    var requests = requests();
    assertThrows(IllegalStateException.class, () -> ends.client().onMessage(message -> null));
    requests.onPush(push -> null);
    assertThrows(IllegalStateException.class, () -> requests.onPush(push -> null));
    ends.client().close();
    reactor.flush();
  }
}
