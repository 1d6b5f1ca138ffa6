// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Callback;
import dev.torsion.defer.Deferred;
import dev.torsion.framing.Content;
import dev.torsion.framing.MessageConnection;
import dev.torsion.framing.MessageDemand;
import dev.torsion.framing.PlainBytesException;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ProtocolViolationException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a {@link LoopConnection}: the callback of the framing module's. The way
 * from a message to its answer has as few calls as can be, since the JIT inlines only so deep.
 *
 * <p>Each message goes to a waiter or to the receiver, or is held until one of them wants it. While
 * the {@link #gate} is shut the connection below delivers no further message and does not see its
 * end. After a {@code receive()} it stays shut until the next one, since the message may still be
 * in use.
 *
 * <p>All fields that are neither final nor volatile belong to the reactor's thread.
 */
final class Receiving<T> implements Callback<T, @Nullable Object>, MessageDemand {
  /** How many calls of {@code receive()} get their message before they return, one in the other. */
  private static final int AT_ONCE = 32;

  private final Loop loop;
  private final MessageConnection<T> inner;
  private final Content<T> content;
  private final int waiterLimit;
  private final AtomicReference<@Nullable Receiver<T>> receiver = new AtomicReference<>();
  private final ArrayDeque<Waiter<T>> waiters = new ArrayDeque<>();
  private final ReturnedMessages<T> returned = new ReturnedMessages<>();
  private final PeerEnd peerEnd = new PeerEnd();
  private @Nullable T held; // only while the gate is shut
  private @Nullable Deferred<Object> gate;
  private long taken; // by calls that waited: the number of the last message
  private long takenInTheClear; // the same when TLS began
  private boolean givesAgain; // what was returned
  private boolean isEndedByUs;
  private int atOnce;
  private boolean inUse; // a message of a receive() that nobody has said to be done with
  private boolean endWanted; // somebody waits for the end
  private volatile @Nullable CloseReason closeReason;

  /** On the reactor's thread. */
  Receiving(Loop loop, MessageConnection<T> inner, Content<T> content, int waiterLimit) {
    this.loop = loop;
    this.inner = inner;
    this.content = content;
    this.waiterLimit = waiterLimit;
  }

  /** Begins to receive; on the reactor's thread. */
  void begin() {
    inner
        .whenClosed()
        .addCallback(
            reason -> {
              gone(reason);
              return null;
            });
    inner.onMessage(this);
  }

  /** Why the connection is gone; null while it is not. On any thread. */
  @Nullable CloseReason closeReason() {
    return closeReason;
  }

  // Calls that wait for a message.

  /** {@code waiter} gets the next message, after {@code before} was called for it. */
  CompletableFuture<T> await(Waiter<T> waiter, Callable<@Nullable Void> before) {
    try {
      loop.act(() -> enqueue(waiter, before));
    } catch (ReactorNotRunningException e) {
      waiter.fail(e);
    }
    return waiter.future;
  }

  private void enqueue(Waiter<T> waiter, Callable<@Nullable Void> before) {
    if (waiter.future.isDone()) return; // cancelled on the way
    if (receiver.get() != null) {
      waiter.fail(
          new IllegalStateException(this + ": its messages go to a handler or a subscriber"));
    } else if (waiters.size() >= waiterLimit) {
      waiter.fail(
          new IllegalStateException(
              this + ": " + waiterLimit + " calls wait for a message already"));
    } else {
      try {
        before.call();
      } catch (Throwable e) {
        waiter.fail(e);
        return;
      }
      inUse = false;
      waiters.add(waiter);
      if (gate == null && returned.isEmpty()) pump();
      else pumpWithinLimit();
    }
  }

  /**
   * A message that waits is given at once. A stage that is added then and asks for the next one is
   * a call deeper each time: the stack would overflow without a limit.
   */
  private void pumpWithinLimit() {
    if (++atOnce < AT_ONCE) {
      pump();
      return;
    }
    atOnce = 0;
    try {
      loop.reactor.callFromThread(this::pump);
    } catch (ReactorNotRunningException e) {
      pump(); // there is no later
    }
  }

  /** {@code waiter} was cancelled; a request stays in line, since its answer comes all the same. */
  void nobodyWaits(Waiter<T> waiter) {
    if (!waiter.isRequest) waiters.remove(waiter);
  }

  /**
   * A message comes back from a {@code receive()} that was cancelled before anybody was handed it.
   */
  void takeBack(Waiter.Returned<T> message) {
    if (isEndedByUs) return; // nothing more is received
    if (message.number() <= takenInTheClear) {
      loop.actIfRunning(() -> abort(new PlainBytesException(1)));
      return;
    }
    if (message.number() == taken) inUse = false;
    returned.add(message);
    pump();
  }

  /** Gives messages that came back to the calls that wait, also to those that come meanwhile. */
  private void giveReturned() {
    if (givesAgain) return;
    givesAgain = true;
    try {
      while (!waiters.isEmpty()) {
        Waiter.Returned<T> first = returned.poll();
        if (first == null) return;
        if (!give(waiters.remove(), first.message(), first.number())) returned.add(first);
      }
    } finally {
      givesAgain = false;
    }
  }

  /** Whether {@code waiter} has taken {@code message}; the answer to a request counts as taken. */
  private boolean give(Waiter<T> waiter, T message, long number) {
    if (!waiter.isRequest) inUse = true; // before its stages ask for the next one
    boolean isTaken = waiter.take(message, number);
    if (!isTaken) inUse = false;
    return isTaken || waiter.isRequest;
  }

  // Handlers and subscribers.

  void handleWith(Receiver<T> handler) {
    if (!receiver.compareAndSet(null, handler)) throw taken();
    loop.actIfRunning(this::pump);
  }

  private IllegalStateException taken() {
    return new IllegalStateException(
        this + ": its messages have a handler or a subscriber already");
  }

  void subscribe(Flow.Subscriber<? super T> subscriber) {
    MessageSubscription<T> subscription =
        new MessageSubscription<>(loop, this, Objects.requireNonNull(subscriber));
    if (!receiver.compareAndSet(null, subscription)) {
      MessageSubscription.refuse(loop, subscriber, taken());
      return;
    }
    try {
      loop.act(subscription::start);
    } catch (ReactorNotRunningException e) {
      receiver.set(null);
      MessageSubscription.refuse(loop, subscriber, e);
    }
  }

  /** {@code former} wants no more messages. */
  void forget(Receiver<T> former) {
    if (receiver.compareAndSet(former, null) && held == null) open();
  }

  /**
   * A message has come: gives it to a call that waits, or to the receiver. Returns the Deferred
   * that the next message must wait for, or null.
   */
  @Override
  public @Nullable Object call(T message) throws Exception {
    if (!returned.isEmpty()) return callAfterReturned(message);
    if (!waiters.isEmpty()) return callWaiter(message);
    Receiver<T> target = receiver.get();
    if (target == null || !target.isReady()) {
      held = content.keep(message);
      return shut();
    }
    Object busy = target.take(message);
    if (busy == Receiver.REFUSED) { // it has just cancelled, and will be forgotten in a moment
      held = content.keep(message);
      return shut();
    }
    if (busy != null) return busy;
    return target.isReady() || receiver.get() != target ? null : shut();
  }

  private @Nullable Object callWaiter(T message) throws Exception {
    while (true) {
      Waiter<T> waiter = waiters.poll();
      if (waiter == null) return call(message);
      T kept = content.keep(message); // the future's stages may run at any time
      boolean isTaken = give(waiter, kept, ++taken);
      if (waiter.isRequest) return null; // taken, or the answer to a request that was cancelled
      if (isTaken) return isWanted() ? null : shut();
    }
  }

  /** Whether somebody asks for a message. */
  private boolean isWanted() {
    Receiver<T> target = receiver.get();
    return !waiters.isEmpty() || (target != null && target.isReady());
  }

  private @Nullable Object shut() {
    if (closeReason != null && held == null) return null; // it has nothing to wait for
    Deferred<Object> shut = new Deferred<>();
    gate = shut;
    return shut.addCallback(ignored -> arrivedAgain());
  }

  /** {@code message} is newer than the messages that came back. */
  private @Nullable Object callAfterReturned(T message) throws Exception {
    held = content.keep(message);
    return arrivedAgain();
  }

  private @Nullable Object arrivedAgain() throws Exception {
    while (!returned.isEmpty()) {
      if (!waiters.isEmpty()) {
        giveReturned();
        if (!isWanted()) return shut();
      } else {
        Receiver<T> target = receiver.get();
        if (target == null || !target.isReady()) return shut();
        Waiter.Returned<T> first = returned.poll();
        if (first == null) break;
        Object busy = target.take(first.message());
        if (busy == Receiver.REFUSED) {
          returned.add(first);
          return shut();
        }
        if (busy != null) return ((Deferred<?>) busy).addCallback(ignored -> arrivedAgain());
      }
    }
    T message = held;
    held = null;
    return message == null ? null : call(message);
  }

  /** Gives what there is to those who ask for it. */
  void pump() {
    if (!returned.isEmpty() && gate == null) giveReturned();
    if (isWanted()) open();
    CloseReason reason = closeReason;
    if (reason != null && gate == null) ended(reason);
  }

  private void open() {
    Deferred<Object> shut = gate;
    if (shut == null) return;
    gate = null;
    shut.callback(this); // any value
  }

  // Whether somebody is busy with the messages, for the connection below.

  /** Without a gate it is the handler's stage that it waits for. */
  @Override
  public boolean isBusy() {
    return gate == null || held != null;
  }

  @Override
  public boolean isHandling() {
    return gate == null;
  }

  @Override
  public @Nullable Deferred<?> getUnfinished() {
    Receiver<T> target = receiver.get();
    return target == null ? null : target.unfinished();
  }

  @Override
  public boolean tlsBegins() {
    takenInTheClear = taken;
    Receiver<T> target = receiver.get();
    boolean holds =
        held != null || !returned.isEmpty() || (target != null && target.holdsMessages());
    if (holds) dropAll();
    return holds;
  }

  @Override
  public boolean isAtWork() {
    Receiver<T> target = receiver.get();
    return target != null && target.isAtWork();
  }

  @Override
  public boolean getEndsUnseen() {
    Receiver<T> target = receiver.get();
    return target != null && target.endsUnseen();
  }

  @Override
  public void peerEnded() {
    peerEnd.come();
  }

  @Override
  public void receivingStopped() {
    Receiver<T> target = receiver.get();
    if (target != null) target.stopped();
  }

  @Override
  public boolean isEndAwaited() {
    return endWanted && !inUse && waiters.isEmpty() && receiver.get() == null;
  }

  /** Somebody waits for the end. When no call waits now, the last message is done with. */
  void wantEnd() {
    endWanted = true;
    if (waiters.isEmpty()) inUse = false;
  }

  // The end.

  /** Fires when the peer has ended its side, and its messages are done with. */
  Deferred<Void> whenPeerEnded() {
    return peerEnd.whenCome();
  }

  private void gone(CloseReason reason) {
    closeReason = reason;
    if (held == null) open();
    pump();
    peerEnd.gone(reason);
  }

  private void ended(CloseReason reason) {
    Throwable end = reason;
    if (reason instanceof ConnectionAborted
        && reason.getCause() instanceof ProtocolViolationException violation) {
      end = violation;
    }
    while (true) {
      Waiter<T> waiter = waiters.poll();
      if (waiter == null) break;
      waiter.fail(end);
    }
    Receiver<T> target = receiver.get();
    if (target != null) target.ended(end);
  }

  /** This side ends the connection: nothing more is received. */
  void dropAll() {
    isEndedByUs = true;
    held = null;
    returned.clear();
  }

  /** On the reactor's thread. */
  void abort(@Nullable Throwable cause) {
    dropAll();
    inner.abort(cause);
  }

  @Override
  public String toString() {
    return inner.toString();
  }
}
