// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.FrameTooLongException;
import dev.torsion.net.ConnectionLost;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The messages of a connection as a publisher, with no time passing. */
@SuppressWarnings("FutureReturnValueIgnored")
class MessagesTest extends InMemory {
  private final Pair<String> pair = connected(Codecs.line());
  private final Connection<String> client = pair.client();
  private final Connection<String> server = pair.server();
  private final Recorder recorder = new Recorder();

  /** Notes every signal, and asks for nothing by itself. */
  private class Recorder implements Flow.Subscriber<String> {
    final List<Object> signals = new ArrayList<>();
    Flow.@Nullable Subscription subscription;

    @Override
    public void onSubscribe(Flow.Subscription made) {
      subscription = made;
    }

    @Override
    public void onNext(String message) {
      signals.add(message);
    }

    @Override
    public void onError(Throwable error) {
      signals.add(error);
    }

    @Override
    public void onComplete() {
      signals.add("complete");
    }

    void request(long n) {
      if (subscription == null) throw new AssertionError("not subscribed");
      subscription.request(n);
      reactor.flush();
    }

    void cancel() {
      if (subscription == null) throw new AssertionError("not subscribed");
      subscription.cancel();
      reactor.flush();
    }

    void subscribe() {
      server.messages().subscribe(this);
      reactor.flush();
    }
  }

  private void sent(String... lines) {
    for (String line : lines) client.send(line);
    reactor.flush();
  }

  @Test
  void aSubscriberGetsWhatItAskedForAndNoMore() {
    sent("1", "2");
    recorder.subscribe();
    assertEquals(List.of(), recorder.signals);
    recorder.request(1);
    assertEquals(List.of("1"), recorder.signals);
    recorder.request(3);
    assertEquals(List.of("1", "2"), recorder.signals);
    sent("3", "4", "5");
    assertEquals(List.of("1", "2", "3", "4"), recorder.signals);
    recorder.request(1);
    assertEquals(List.of("1", "2", "3", "4", "5"), recorder.signals);
  }

  @Test
  void whatNobodyAsksForIsNotReadFromThePeer() {
    recorder.subscribe();
    var sends = new ArrayList<CompletableFuture<Void>>();
    for (int i = 0; i < 500; i++) sends.add(client.send("x".repeat(1000)));
    reactor.flush();
    assertFalse(sends.get(499).isDone());
    recorder.request(500);
    assertEquals(500, recorder.signals.size());
    assertTrue(sends.get(499).isDone());
  }

  @Test
  void demandDoesNotOverflow() {
    recorder.subscribe();
    recorder.request(Long.MAX_VALUE);
    recorder.request(Long.MAX_VALUE);
    sent("1");
    recorder.request(1);
    sent("2", "3");
    assertEquals(List.of("1", "2", "3"), recorder.signals);
  }

  @Test
  void askingInsideOnNextKeepsTheStackFlatAndTheSignalsInOrder() {
    var depth = new int[2];
    var eager =
        new Recorder() {
          @Override
          public void onNext(String message) {
            depth[1] = Math.max(depth[1], ++depth[0]);
            super.onNext(message);
            if (subscription != null) subscription.request(1);
            depth[0]--;
          }
        };
    eager.subscribe();
    for (int i = 0; i < 20_000; i++) client.send("x");
    reactor.flush();
    eager.request(1);
    client.close();
    reactor.flush();
    assertEquals(20_001, eager.signals.size());
    assertEquals("complete", eager.signals.get(20_000));
    assertEquals(1, depth[1]);
  }

  @Test
  void nothingIsDeliveredInsideOnSubscribe() {
    var order = new ArrayList<String>();
    sent("1");
    server
        .messages()
        .subscribe(
            new Recorder() {
              @Override
              public void onSubscribe(Flow.Subscription made) {
                made.request(1);
                order.add("subscribed");
              }

              @Override
              public void onNext(String message) {
                order.add(message);
              }
            });
    reactor.flush();
    assertEquals(List.of("subscribed", "1"), order);
  }

  @Test
  void aCleanEndCompletesAfterTheLastMessage() {
    recorder.subscribe();
    recorder.request(10);
    sent("1");
    client.close();
    reactor.flush();
    assertEquals(List.of("1", "complete"), recorder.signals);
    assertTrue(now(server.closed()).isClean());
  }

  @Test
  void anEmptyStreamCompletesWithNoDemand() {
    recorder.subscribe();
    client.close();
    reactor.flush();
    assertEquals(List.of("complete"), recorder.signals);
  }

  @Test
  void theEndWaitsForASubscriberThatIsBusy() {
    recorder.subscribe();
    recorder.request(1);
    sent("1");
    client.close();
    reactor.flush();
    assertEquals(List.of("1"), recorder.signals);
    assertFalse(server.closed().isDone());
    recorder.request(1);
    assertEquals(List.of("1", "complete"), recorder.signals);
  }

  @Test
  void aBrokenConnectionIsATypedErrorAfterWhatHadCome() {
    recorder.subscribe();
    sent("1", "2");
    client.abort();
    reactor.flush();
    recorder.request(1);
    assertEquals(List.of("1"), recorder.signals);
    recorder.request(5);
    assertEquals(3, recorder.signals.size());
    assertInstanceOf(ConnectionLost.class, recorder.signals.get(2));
  }

  @Test
  void aBreachOfTheProtocolIsItsOwnError() {
    var loose = now(torsion.serve("tcp:0", Codecs.raw(), c -> c.send(new byte[20])));
    var reader = now(torsion.connect("tcp:127.0.0.1:" + loose.port(), Codecs.line("\n", 10)));
    var errors = new Recorder();
    reader.messages().subscribe(errors);
    errors.request(1);
    assertInstanceOf(FrameTooLongException.class, errors.signals.get(0));
    assertEquals(1, errors.signals.size());
    now(loose.stop());
  }

  @Test
  void whatIsLeftAfterACancelGoesToTheNextWhoAsks() {
    recorder.subscribe();
    recorder.request(1);
    sent("1", "2", "3");
    recorder.cancel();
    recorder.request(5);
    assertEquals(List.of("1"), recorder.signals);
    assertEquals("2", now(server.receive()));
    var other = new Recorder();
    other.subscribe();
    other.request(5);
    client.close();
    reactor.flush();
    assertEquals(List.of("3", "complete"), other.signals);
    assertEquals(List.of("1"), recorder.signals);
  }

  @Test
  void cancellingInsideOnNextStopsAtOnce() {
    var one =
        new Recorder() {
          @Override
          public void onNext(String message) {
            super.onNext(message);
            if (subscription != null) subscription.cancel();
          }
        };
    one.subscribe();
    one.request(10);
    sent("1", "2");
    assertEquals(List.of("1"), one.signals);
    assertEquals("2", now(server.receive()));
  }

  @Test
  void aCancelledSubscriberThatWasBusyDoesNotHoldTheEnd() {
    recorder.subscribe();
    recorder.request(1);
    sent("1");
    client.close();
    reactor.flush();
    recorder.cancel();
    assertTrue(now(server.closed()).isClean());
    assertEquals(List.of("1"), recorder.signals);
  }

  @Test
  void askingForNothingOrLessIsAnError() {
    for (long wrong : new long[] {0, -1}) {
      var bad = new Recorder();
      bad.subscribe();
      bad.request(wrong);
      bad.request(1);
      sent("x");
      assertEquals(1, bad.signals.size());
      assertInstanceOf(IllegalArgumentException.class, bad.signals.get(0));
      assertEquals("x", now(server.receive()));
    }
  }

  @Test
  void thereIsOneSubscriberAtATime() {
    recorder.subscribe();
    var second = new Recorder();
    second.subscribe();
    assertInstanceOf(IllegalStateException.class, second.signals.get(0));
    assertThrows(IllegalStateException.class, () -> server.onMessage(server::send));
    failsNow(IllegalStateException.class, server.receive());
    recorder.request(1);
    sent("1");
    assertEquals(List.of("1"), recorder.signals);
    assertEquals(1, second.signals.size());
  }

  @Test
  void aSubscriberThatThrowsAbortsTheConnectionAndIsReported() {
    var error = new IllegalArgumentException("no");
    var throwing =
        new Recorder() {
          @Override
          public void onNext(String message) {
            throw error;
          }
        };
    throwing.subscribe();
    throwing.request(2);
    sent("1", "2");
    assertEquals(List.of(error), errors);
    errors.clear();
    assertEquals(error, now(server.closed()).getCause());
    assertEquals(List.of(), throwing.signals);
  }

  @Test
  void onceTheReactorHasStoppedASubscriberIsToldSo() {
    reactor.close();
    server.messages().subscribe(recorder);
    assertEquals(1, recorder.signals.size());
    assertInstanceOf(Exception.class, recorder.signals.get(0));
  }

  @Test
  void thereIsNoSubscriberOfNull() {
    assertThrows(
        NullPointerException.class, () -> ((Flow.Publisher<?>) server.messages()).subscribe(null));
  }
}
