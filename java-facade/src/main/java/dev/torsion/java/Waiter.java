// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.UnseenFutures;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ClosedBy;
import dev.torsion.net.ProtocolViolationException;
import java.util.concurrent.CompletableFuture;

/**
 * One {@code receive()} or {@code request()} that waits for its message.
 *
 * <p>A message that a {@code receive()} has got and that nobody was handed goes back to the owner.
 */
final class Waiter<T> {
  /**
   * Whether it keeps its place when it is cancelled: the answer to a request comes all the same.
   */
  final boolean isRequest;

  final CompletableFuture<T> future;
  private final Receiving<T> owner;
  private final Deferred<T> deferred;

  // The reactor's thread only.
  private long number;
  private boolean isTaking;
  private boolean isRefused;

  Waiter(Receiving<T> owner, Loop loop, boolean isRequest) {
    this.owner = owner;
    this.isRequest = isRequest;
    deferred = new Deferred<>(ignored -> owner.nobodyWaits(this));
    Deferred<T> kept = isRequest ? deferred : deferred.onUndelivered(this::takeBack);
    future =
        UnseenFutures.toFuture(
            kept, loop.reactor, isRequest ? Waiter::isOurEnd : Waiter::isAnyEnd, null);
  }

  /** The failures that an unseen request is not reported for: this side has given it up. */
  static boolean isOurEnd(Throwable error) {
    return Loop.IS_END.test(error)
        || (error instanceof CloseReason reason && reason.getBy() == ClosedBy.US);
  }

  /** The same for an unseen receive: nobody has missed a message. */
  private static boolean isAnyEnd(Throwable error) {
    return error instanceof CloseReason
        || error instanceof ProtocolViolationException
        || Loop.IS_END.test(error);
  }

  /**
   * Completes the future with the message of this {@code number}. False when it was cancelled
   * before anybody had it, by any thread: then the message has gone nowhere.
   */
  boolean take(T message, long number) {
    if (future.isDone()) return false;
    this.number = number;
    isTaking = true;
    deferred.callback(message);
    isTaking = false;
    // Cancelled by another thread meanwhile it may come back later: then it must not come twice.
    if (future.isCancelled()) isRefused = true;
    return !isRefused;
  }

  private void takeBack(T message) {
    if (isTaking) {
      isRefused = true;
    } else if (!isRefused) {
      isRefused = true;
      owner.takeBack(new Returned<>(number, message));
    }
  }

  void fail(Throwable error) {
    if (!deferred.isCalled()) deferred.errback(error);
  }

  /** A message that nobody was handed, and when it came. */
  record Returned<T>(long number, T message) {}
}
