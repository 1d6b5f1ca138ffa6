// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

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

  /** There are no more messages. */
  void ended(Throwable end);
}
