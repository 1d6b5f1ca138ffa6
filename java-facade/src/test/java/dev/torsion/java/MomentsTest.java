// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.Codec;
import dev.torsion.framing.Content;
import dev.torsion.framing.LineFraming;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every moment in which somebody can cancel: a message is his, or it goes to the next who asks. */
@SuppressWarnings("FutureReturnValueIgnored")
class MomentsTest extends InMemory {
  private enum Moment {
    BEFORE_THE_MESSAGE,
    WHILE_IT_IS_DECODED,
    WHILE_IT_IS_HANDED_OVER,
    AFTER_IT
  }

  private @Nullable Runnable whileDecoding;
  private @Nullable Runnable whileKeeping;

  /** Text that lets the test act in the middle. */
  private final Content<String> content =
      new Content<>() {
        @Override
        public String decode(ByteBuffer frame) {
          run(whileDecoding);
          return StandardCharsets.UTF_8.decode(frame).toString();
        }

        @Override
        public byte[] encode(String value) {
          return value.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String keep(String value) {
          run(whileKeeping);
          return value;
        }
      };

  private static void run(@Nullable Runnable action) {
    if (action != null) action.run();
  }

  private static void elsewhere(Runnable action) {
    CompletableFuture.runAsync(action).join();
  }

  private void cancelAt(Moment moment, Connection<String> client, Runnable cancel) {
    if (moment == Moment.BEFORE_THE_MESSAGE) cancel.run();
    Runnable once =
        () -> {
          whileDecoding = null;
          whileKeeping = null;
          cancel.run();
        };
    if (moment == Moment.WHILE_IT_IS_DECODED) whileDecoding = once;
    if (moment == Moment.WHILE_IT_IS_HANDED_OVER) whileKeeping = once;
    client.send("1");
    reactor.flush();
    if (moment == Moment.AFTER_IT) cancel.run();
    client.send("2");
    reactor.flush();
  }

  @Test
  void aReceiveThatIsCancelledGivesItsMessageToTheNext() {
    List<Function<CompletableFuture<String>, CompletableFuture<?>>> derived =
        List.of(
            future -> future,
            future -> future.thenApply(String::length),
            future -> future.thenCompose(CompletableFuture::completedFuture));
    for (var stage : derived) {
      for (var moment : Moment.values()) {
        for (boolean onTheLoop : List.of(true, false)) {
          var ends = connected(new Codec<>(new LineFraming(), content));
          var receive = ends.server().receive();
          var cancelled = stage.apply(receive);
          reactor.flush();
          Runnable cancel = () -> cancelled.cancel(true);
          cancelAt(moment, ends.client(), onTheLoop ? cancel : () -> elsewhere(cancel));
          boolean hasIt = moment == Moment.AFTER_IT;
          assertEquals(hasIt, receive.isDone() && !receive.isCancelled(), moment.toString());
          if (!hasIt) assertEquals("1", now(ends.server().receive()), moment.toString());
          assertEquals("2", now(ends.server().receive()), moment.toString());
          ends.client().close();
          ends.server().close();
          reactor.flush();
        }
      }
    }
  }

  @Test
  void aSubscriberThatCancelsLeavesTheMessagesToTheNext() {
    for (var moment : Moment.values()) {
      for (boolean onTheLoop : List.of(true, false)) {
        var ends = connected(new Codec<>(new LineFraming(), content));
        var got = new ArrayList<String>();
        var subscriptions = new ArrayList<Flow.Subscription>();
        ends.server().messages().subscribe(new Asking(subscriptions, got, 100));
        reactor.flush();
        Runnable cancel = () -> subscriptions.get(0).cancel();
        cancelAt(moment, ends.client(), onTheLoop ? cancel : () -> elsewhere(cancel));
        while (got.size() < 2) got.add(now(ends.server().receive()));
        assertEquals(List.of("1", "2"), got, moment.toString());
        ends.client().close();
        ends.server().close();
        reactor.flush();
      }
    }
  }

  @Test
  void aSubscriberThatCancelsBetweenBeingAskedAndBeingGivenTheMessageIsNotGivenIt() {
    var ends = connected(Codecs.line());
    var subscriptions = new ArrayList<Flow.Subscription>();
    var got = new ArrayList<String>();
    var connection = (LoopConnection<String>) ends.server();
    var loop = new Loop(reactor, Thread.currentThread());
    var subscription =
        new MessageSubscription<>(loop, connection.receiving(), new Asking(subscriptions, got, 9));
    subscription.start();
    assertTrue(subscription.isReady());
    elsewhere(subscription::cancel);
    assertSame(Receiver.REFUSED, subscription.take("1"));
    assertEquals(List.of(), got);

    var refusing = new Refusing();
    connection.handleWith(refusing);
    ends.client().send("1");
    ends.client().send("2");
    reactor.flush();
    assertEquals(1, refusing.offered);
    connection.receiving().forget(refusing);
    assertEquals("1", now(connection.receive()));
    assertEquals("2", now(connection.receive()));
    ends.client().close();
    connection.close();
    reactor.flush();
  }

  /** Wants messages until it is given one. */
  private static final class Refusing implements Receiver<String> {
    int offered;

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public Object take(String message) {
      offered++;
      return REFUSED;
    }

    @Override
    public void ended(Throwable end) {}
  }

  @Test
  void aSubscriberThatFailsInOnSubscribeLeavesTheMessagesToTheNext() {
    var ends = connected(Codecs.line());
    var subscriber =
        new Asking(new ArrayList<>(), new ArrayList<>(), 1) {
          @Override
          public void onSubscribe(Flow.Subscription subscription) {
            throw new CancellationException("no");
          }
        };
    assertThrows(CancellationException.class, () -> ends.server().messages().subscribe(subscriber));
    ends.client().send("1");
    assertEquals("1", now(ends.server().receive()));
    ends.client().close();
    ends.server().close();
    reactor.flush();
  }

  private static class Asking implements Flow.Subscriber<String> {
    private final List<Flow.Subscription> subscriptions;
    private final List<String> got;
    private final long demand;

    Asking(List<Flow.Subscription> subscriptions, List<String> got, long demand) {
      this.subscriptions = subscriptions;
      this.got = got;
      this.demand = demand;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscriptions.add(subscription);
      subscription.request(demand);
    }

    @Override
    public void onNext(String item) {
      got.add(item);
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onComplete() {}
  }

  // Cancellation as an error of the handler.

  @Test
  void aHandlerThatFailsWithACancellationAbortsTheConnectionAndIsReported() {
    var cancelled = new CompletableFuture<String>();
    cancelled.cancel(true);
    List<MessageHandler<String>> handlers =
        List.of(
            line -> {
              throw new CancellationException("no");
            },
            line -> {
              cancelled.getNow(null);
              return null;
            },
            line -> cancelled,
            line -> {
              var later = new CompletableFuture<String>();
              reactor.callLater(10, TimeUnit.MILLISECONDS, () -> later.cancel(true));
              return later;
            },
            line -> {
              var later = torsion.after(java.time.Duration.ofHours(1));
              reactor.callLater(10, TimeUnit.MILLISECONDS, () -> later.cancel(true));
              return later;
            });
    for (var handler : handlers) {
      var ends = connected(Codecs.line());
      ends.server().onMessage(handler);
      shouldAbort(ends);
    }
    var consumed = connected(Codecs.line());
    consumed
        .server()
        .onEach(
            line -> {
              throw new CancellationException("no");
            });
    shouldAbort(consumed);
    var subscribed = connected(Codecs.line());
    subscribed
        .server()
        .messages()
        .subscribe(
            new Asking(new ArrayList<>(), new ArrayList<>(), 1) {
              @Override
              public void onNext(String item) {
                throw new CancellationException("no");
              }
            });
    shouldAbort(subscribed);
  }

  private void shouldAbort(Pair<String> ends) {
    ends.client().send("1");
    ends.client().send("2");
    advance(100);
    assertEquals(1, errors.size(), errors.toString());
    assertTrue(errors.get(0) instanceof CancellationException, errors.toString());
    assertSame(errors.get(0), now(ends.server().closed()).getCause());
    assertFalse(now(ends.client().closed()).isClean());
    errors.clear();
  }
}
