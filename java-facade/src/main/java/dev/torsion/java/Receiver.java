// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import org.jspecify.annotations.Nullable;

/** Gets the messages of a connection when no call waits for one: a handler or a subscriber. */
interface Receiver<T> {
  /** The result of {@link #take} for a message that it has not taken. */
  Object REFUSED = new Object();

  /** Whether it wants a message now. */
  boolean isReady();

  /**
   * Takes {@code message}.
   *
   * @return null, or a Deferred that the next message waits for, or {@link #REFUSED}
   */
  @Nullable Object take(T message) throws Exception;

  /** Fires when it has done with what it took and no Deferred stands for; null when it has. */
  default @Nullable Deferred<?> unfinished() {
    return null;
  }

  /** Whether there is such unfinished work. */
  default boolean isAtWork() {
    return false;
  }

  /** Whether it begins work of which nobody says when it ends. */
  default boolean endsUnseen() {
    return false;
  }

  /** Whether messages that it took wait for their handler. */
  default boolean holdsMessages() {
    return false;
  }

  /** This side has closed the connection: what waits is received no more. */
  default void stopped() {}

  /** There are no more messages. */
  void ended(Throwable end);
}
