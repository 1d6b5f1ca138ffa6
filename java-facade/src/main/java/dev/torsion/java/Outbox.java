// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.CloseReason;
import java.util.LinkedHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Messages for a receiver that may be slower than they come, such as prices. It never waits and
 * never grows over its limit: when the receiver is behind, some messages are left out. The three
 * kinds differ in which.
 *
 * <pre>{@code
 * var prices = Outbox.latest(connection, price -> price.symbol());
 * feed.subscribe(prices::offer);
 * }</pre>
 *
 * <p>While the connection is {@linkplain Connection#isWritable() writable}, a message is written as
 * soon as the reactor comes to it. Otherwise it waits here. So at most the transport's high-water
 * mark and {@link #limit} messages are behind, whichever thread they come from. Messages that are
 * sent in another way, such as answers, do not wait behind those here.
 *
 * <p>When the connection ends, waiting messages are dropped. When its server or its reactor drains,
 * waiting messages are sent, and more are refused. A message that the codec cannot carry is
 * reported, and aborts the connection.
 *
 * <p>Thread: all methods may be called on any thread.
 *
 * @param <T> the type of the messages
 */
public final class Outbox<T> {
  private static final int MOST_KEYS = 1024;

  private final Loop loop;
  private final LoopConnection<T> connection;
  private final int limit;
  private final boolean dropsNewest;
  private final @Nullable Function<? super T, ?> key;

  // Guarded by this.
  private final LinkedHashMap<Object, T> messages = new LinkedHashMap<>();
  private long count; // the key of a message that has none
  private long dropped;
  private boolean isSending; // the reactor will come to what waits
  private boolean isOver;

  private Outbox(
      Connection<T> connection,
      int limit,
      boolean dropsNewest,
      @Nullable Function<? super T, ?> key) {
    if (!(given(connection, "connection") instanceof LoopConnection<T> ours)) {
      throw new IllegalArgumentException("an outbox needs a connection of Torsion's own");
    }
    if (limit <= 0) {
      throw new IllegalArgumentException("limit must be positive, but is " + limit);
    }
    this.connection = ours;
    this.loop = ours.loop();
    this.limit = limit;
    this.dropsNewest = dropsNewest;
    this.key = key;
  }

  /** Drops the oldest message that waits when there are {@code limit} already. */
  public static <T> Outbox<T> dropOldest(Connection<T> connection, int limit) {
    return new Outbox<>(connection, limit, false, null);
  }

  /** Refuses a message when {@code limit} wait already. */
  public static <T> Outbox<T> dropNewest(Connection<T> connection, int limit) {
    return new Outbox<>(connection, limit, true, null);
  }

  /** Conflates as {@link #latest(Connection, int, Function)} does, with 1,024 keys. */
  public static <T> Outbox<T> latest(Connection<T> connection, Function<? super T, ?> key) {
    return latest(connection, MOST_KEYS, key);
  }

  /**
   * Conflates: a message takes the place of the one with the same {@code key} that waits, if there
   * is one. When {@code limit} keys wait, the oldest message is dropped for a new one.
   *
   * @param key what a message is about, with {@code equals} and {@code hashCode}; called in {@link
   *     #offer}
   */
  public static <T> Outbox<T> latest(
      Connection<T> connection, int limit, Function<? super T, ?> key) {
    return new Outbox<>(connection, limit, false, given(key, "key"));
  }

  /**
   * Sends {@code message}, now or when there is room.
   *
   * @return false when it was dropped at once: the limit is reached and the newest is dropped, or
   *     the connection is known to be closing, draining or gone
   */
  public boolean offer(T message) {
    given(message, "message");
    Object about = key == null ? null : given(key.apply(message), "key of a message");
    boolean isHere = loop.reactor.isInReactorThread();
    boolean isEnding =
        isHere ? connection.isClosing() || connection.isDraining() : connection.isGone();
    synchronized (this) {
      if (isOver || isEnding || !put(about == null ? count++ : about, message)) {
        dropped++;
        return false;
      }
      if (isSending) return true;
      isSending = true;
    }
    try {
      loop.act(this::sendAll);
      return true;
    } catch (ReactorNotRunningException e) {
      dropAll();
      return false;
    }
  }

  private boolean put(Object about, T message) {
    if (messages.containsKey(about)) {
      dropped++;
    } else if (messages.size() >= limit) {
      if (dropsNewest) return false;
      messages.remove(messages.keySet().iterator().next());
      dropped++;
    }
    messages.put(about, message);
    return true;
  }

  /** On the reactor's thread. A message that is offered meanwhile has to wait for the next turn. */
  private void sendAll() {
    if (connection.isDraining()) refuseMore();
    int left = waiting();
    while (!connection.isClosing()) {
      if (!connection.isWritable()) {
        awaitRoom();
        return;
      }
      if (left-- <= 0 && waiting() > 0) {
        sendLater();
        return;
      }
      T message = next();
      if (message == null) return;
      try {
        connection.write(message);
      } catch (Throwable e) { // nobody else would hear of it
        dropAll();
        connection.abort(e);
        loop.report(e);
        return;
      }
    }
    dropAll();
  }

  private void awaitRoom() {
    connection
        .room()
        .<Void>addCallbacks(
            room -> {
              sendAll();
              return null;
            },
            failure -> {
              dropAll();
              return failure.getValue() instanceof CloseReason ? null : failure.get();
            });
  }

  private void sendLater() {
    try {
      loop.reactor.callFromThread(this::sendAll);
    } catch (ReactorNotRunningException e) {
      dropAll(); // there is no later
    }
  }

  private synchronized @Nullable T next() {
    var first = messages.values().iterator();
    isSending = first.hasNext();
    if (!isSending) return null;
    T message = first.next();
    first.remove();
    return message;
  }

  private synchronized void refuseMore() {
    isOver = true;
  }

  private synchronized void dropAll() {
    isOver = true;
    dropped += messages.size();
    messages.clear();
  }

  /** How many messages may wait. */
  public int limit() {
    return limit;
  }

  /** How many messages wait now. */
  public synchronized int waiting() {
    return messages.size();
  }

  /**
   * How many messages were left out: replaced by a newer one, dropped at the limit, or offered to a
   * connection that was closing or gone.
   */
  public synchronized long dropped() {
    return dropped;
  }

  @Override
  public String toString() {
    return "Outbox(" + waiting() + " waiting, " + dropped() + " dropped, for " + connection + ")";
  }
}
