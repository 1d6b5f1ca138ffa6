// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** Messages that came back from cancelled calls, by age. On the reactor's thread. */
final class ReturnedMessages<T> {
  private @Nullable PriorityQueue<Waiter.Returned<T>> all; // null rather than empty

  boolean isEmpty() {
    return all == null;
  }

  void add(Waiter.Returned<T> message) {
    PriorityQueue<Waiter.Returned<T>> queue = all;
    if (queue == null) {
      queue = new PriorityQueue<>(Comparator.comparingLong(Waiter.Returned::number));
      all = queue;
    }
    queue.add(message);
  }

  /** Takes the oldest; null when there is none. */
  Waiter.@Nullable Returned<T> poll() {
    PriorityQueue<Waiter.Returned<T>> queue = all;
    if (queue == null) return null;
    Waiter.Returned<T> first = queue.poll();
    if (queue.isEmpty()) all = null;
    return first;
  }

  void clear() {
    all = null;
  }
}
