// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.reactor.Reactor;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** One {@code receive()} or {@code request()} that waits for its message. */
final class Waiter<T> {
  /**
   * Whether it keeps its place when it is cancelled: the answer to a request comes all the same.
   */
  final boolean isRequest;

  final CompletableFuture<T> future;
  private final Deferred<T> deferred;

  /** {@code cancelled} hears, on the reactor's thread, when nobody waits any more. */
  Waiter(Reactor reactor, boolean isRequest, Consumer<Waiter<T>> cancelled) {
    this.isRequest = isRequest;
    deferred = new Deferred<>(ignored -> cancelled.accept(this));
    future = deferred.toCompletableFuture(reactor);
  }

  /**
   * Completes the future with {@code message}. False when it was cancelled before, by any thread:
   * then the message has gone nowhere.
   */
  boolean take(T message) {
    if (future.isDone()) return false;
    deferred.callback(message);
    return Loop.isResult(future, message);
  }

  void fail(Throwable error) {
    if (!deferred.isCalled()) deferred.errback(error);
  }
}
