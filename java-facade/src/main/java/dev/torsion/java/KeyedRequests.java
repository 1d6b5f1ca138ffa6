// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.defer.Deferred;
import dev.torsion.framing.Content;
import dev.torsion.framing.CorrelationOptions;
import dev.torsion.framing.Correlator;
import dev.torsion.framing.MessageKey;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The requests of a connection whose answers name them, by an id in the messages, and may come in
 * any order; from {@link Connection#requestsBy(MessageKey)}.
 *
 * <pre>{@code
 * var requests = connection.requestsBy(message -> message.answeredId()); // null for other messages
 * requests.onPush(news -> show(news));
 * requests.request(7, Message.question(7, "EUR")).thenAccept(System.out::println);
 * }</pre>
 *
 * <p>A request fails with {@link dev.torsion.clock.DeferredTimeoutException} when the time of its
 * {@link CorrelationOptions} is up, and with the reason when the connection ends: with the {@link
 * dev.torsion.net.CloseReason}, or the {@link dev.torsion.net.ProtocolViolationException} of the
 * peer. All that wait fail at once. It fails with {@link dev.torsion.framing.EncodeException} when
 * the message cannot be sent, and with {@link IllegalStateException} when too many requests wait,
 * or the key is one that an answer may still come for.
 *
 * <p>Cancelling a request, or a stage of it, frees its place. An answer that nobody waits for is
 * dropped: one that comes too late, or twice, or was never asked for. Messages without a key go to
 * {@link #onPush}.
 *
 * <p>Thread: all methods may be called on any thread.
 *
 * @param <K> the type of the keys
 * @param <T> the type of the messages
 */
public final class KeyedRequests<K, T> {
  private final Loop loop;
  private final LoopConnection<T> connection;
  private final Correlator<K, T> correlator;

  KeyedRequests(
      Loop loop,
      LoopConnection<T> connection,
      Content<T> content,
      MessageKey<T, K> keyOf,
      CorrelationOptions options) {
    this.loop = loop;
    this.connection = connection;
    correlator = new Correlator<>(loop.reactor, options, content, keyOf, connection::failed);
    connection.handleWith(new Sorted());
  }

  /**
   * Sends {@code message} and gives its answer: the message with this {@code key}. It does not wait
   * before it sends; {@link CorrelationOptions} limit how many may wait for their answers.
   */
  public CompletableFuture<T> request(K key, T message) {
    given(key, "key");
    given(message, "message");
    return loop.future(
        () ->
            correlator.request(
                key,
                () -> {
                  connection.write(message);
                  return null;
                }),
        Waiter::isOurEnd);
  }

  /**
   * Gives messages that answer no request to {@code handler}, one at a time, as {@link
   * Connection#onMessage} does. Answers do not wait for it, so it may make requests itself.
   *
   * <p>Messages that come before there is a handler wait for it, {@link
   * CorrelationOptions#getPushLimit} at most. More are dropped, with a warning for the first.
   *
   * @throws IllegalStateException when there is a handler already; on another thread than the
   *     reactor's that is reported
   */
  public void onPush(MessageHandler<T> handler) {
    var receiver =
        new HandlerReceiver<>(loop, given(handler, "handler"), connection::isClosing, false);
    loop.actIfRunning(() -> correlator.onPush(receiver::ending));
  }

  /**
   * {@link #onPush} for a handler that returns nothing, as {@link Connection#onEach} is for {@link
   * Connection#onMessage(MessageHandler)}.
   *
   * @throws IllegalStateException when there is a handler already; on another thread than the
   *     reactor's that is reported
   */
  public void onEachPush(MessageConsumer<T> consumer) {
    onPush(connection.each(given(consumer, "consumer")));
  }

  @Override
  public String toString() {
    return "KeyedRequests(" + connection + ")";
  }

  /** The messages of the connection come here. */
  private final class Sorted implements Receiver<T> {
    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public @Nullable Object take(T message) {
      return correlator.received(message);
    }

    @Override
    public @Nullable Deferred<?> unfinished() {
      return correlator.getUnfinished();
    }

    @Override
    public boolean isAtWork() {
      return correlator.isBusy();
    }

    @Override
    public boolean holdsMessages() {
      return correlator.getHoldsMessages();
    }

    @Override
    public void stopped() {
      correlator.stopped();
    }

    @Override
    public void ended(Throwable end) {
      correlator.ended(end);
    }
  }
}
