// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.defer.Callback;
import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.Content;
import dev.torsion.framing.CorrelationOptions;
import dev.torsion.framing.MessageConnection;
import dev.torsion.framing.MessageDemand;
import dev.torsion.framing.MessageKey;
import dev.torsion.framing.PlainBytesException;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.Address;
import dev.torsion.net.ClosePhase;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ClosedBy;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.HalfCloseableTransport;
import dev.torsion.net.ProtocolViolationException;
import dev.torsion.tls.TlsClientOptions;
import dev.torsion.tls.TlsConnections;
import dev.torsion.tls.TlsServerOptions;
import dev.torsion.tls.TlsSession;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Connection} over one of the framing module's, whose callback it is. The way from a
 * message to its answer has as few calls as can be, since the JIT inlines only so deep.
 *
 * <p>Each message goes to a waiter or to the receiver, or is held until one of them wants it. While
 * the {@link #gate} is shut the connection below delivers no further message and does not see its
 * end. After a {@code receive()} it stays shut until the next one, since the message may still be
 * in use.
 *
 * <p>All fields that are neither final nor volatile belong to the reactor's thread.
 */
final class LoopConnection<T>
    implements Connection<T>, Callback<T, @Nullable Object>, MessageDemand {
  /** How many calls of {@code receive()} get their message before they return, one in the other. */
  private static final int AT_ONCE = 32;

  private final Loop loop;
  private final MessageConnection<T> inner;
  private final Content<T> content;
  private final int waiterLimit;
  private final Address peer;
  private final Address host;
  private final AtomicReference<@Nullable Receiver<T>> receiver = new AtomicReference<>();
  private final ArrayDeque<Waiter<T>> waiters = new ArrayDeque<>();
  private @Nullable T held; // only while the gate is shut
  private @Nullable Deferred<Object> gate;

  /** Messages that came back from cancelled calls, by age; null rather than empty. */
  private @Nullable PriorityQueue<Waiter.Returned<T>> returned;

  private long taken; // by calls that waited: the number of the last message
  private long takenInTheClear; // the same when TLS began
  private boolean givesAgain; // what was returned
  private boolean isEndedByUs;
  private boolean isWriteClosed; // by us
  private int atOnce;
  private boolean inUse; // a message of a receive() that nobody has said to be done with
  private boolean endWanted; // somebody waits for the end
  private long sends;
  private volatile @Nullable CloseReason closeReason;

  /** On the reactor's thread. */
  LoopConnection(Loop loop, MessageConnection<T> inner, Codec<T> codec, ConnectionOptions options) {
    this.loop = loop;
    this.inner = inner;
    content = codec.getContent();
    waiterLimit = options.getRequestLimit();
    peer = inner.peer();
    host = inner.host();
  }

  Loop loop() {
    return loop;
  }

  /** Begins to receive; on the reactor's thread. */
  LoopConnection<T> begin() {
    inner
        .whenClosed()
        .addCallback(
            reason -> {
              gone(reason);
              return null;
            });
    inner.onMessage(this);
    return this;
  }

  // Receiving.

  @Override
  public CompletableFuture<T> receive() {
    Waiter<T> waiter = new Waiter<>(this, loop, false);
    return await(waiter, () -> null);
  }

  @Override
  public CompletableFuture<T> request(T message) {
    given(message, "message");
    Waiter<T> waiter = new Waiter<>(this, loop, true);
    return await(
        waiter,
        () -> {
          write(message);
          return null;
        });
  }

  private CompletableFuture<T> await(Waiter<T> waiter, Callable<@Nullable Void> before) {
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
      if (gate == null && returned == null) pump();
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
      abort(new PlainBytesException(1));
      return;
    }
    if (message.number() == taken) inUse = false;
    putBack(message);
    pump();
  }

  private void putBack(Waiter.Returned<T> message) {
    PriorityQueue<Waiter.Returned<T>> all = returned;
    if (all == null) {
      all = new PriorityQueue<>(Comparator.comparingLong(Waiter.Returned::number));
      returned = all;
    }
    all.add(message);
  }

  private Waiter.@Nullable Returned<T> pollReturned() {
    PriorityQueue<Waiter.Returned<T>> all = returned;
    if (all == null) return null;
    Waiter.Returned<T> first = all.poll();
    if (all.isEmpty()) returned = null;
    return first;
  }

  /** Gives messages that came back to the calls that wait, also to those that come meanwhile. */
  private void giveReturned() {
    if (givesAgain) return;
    givesAgain = true;
    try {
      while (!waiters.isEmpty()) {
        Waiter.Returned<T> first = pollReturned();
        if (first == null) return;
        if (!give(waiters.remove(), first.message(), first.number())) putBack(first);
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

  @Override
  public void onMessage(MessageHandler<T> handler) {
    given(handler, "handler");
    handleWith(new HandlerReceiver<>(loop, handler, this::isClosing));
  }

  @Override
  public void onEach(MessageConsumer<T> consumer) {
    given(consumer, "consumer");
    handleWith(
        new HandlerReceiver<>(
            loop,
            message -> {
              long before = sends;
              consumer.accept(message);
              // Earlier messages are not this message's doing: waiting for it could stop both
              // sides.
              return sends == before || inner.isWritable() ? null : loop.future(this::accepted);
            },
            this::isClosing));
  }

  void handleWith(Receiver<T> handler) {
    if (!receiver.compareAndSet(null, handler)) throw taken();
    loop.actIfRunning(this::pump);
  }

  private IllegalStateException taken() {
    return new IllegalStateException(
        this + ": its messages have a handler or a subscriber already");
  }

  @Override
  public Flow.Publisher<T> messages() {
    return this::subscribe;
  }

  private void subscribe(Flow.Subscriber<? super T> subscriber) {
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
    if (returned != null) return callAfterReturned(message);
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
    while (returned != null) {
      if (!waiters.isEmpty()) {
        giveReturned();
        if (!isWanted()) return shut();
      } else {
        Receiver<T> target = receiver.get();
        if (target == null || !target.isReady()) return shut();
        Waiter.Returned<T> first = pollReturned();
        if (first == null) break;
        Object busy = target.take(first.message());
        if (busy == Receiver.REFUSED) {
          putBack(first);
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
    if (returned != null && gate == null) giveReturned();
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
    boolean holds = held != null || returned != null || (target != null && target.holdsMessages());
    if (holds) dropAll();
    return holds;
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

  // Sending.

  @Override
  public CompletableFuture<Void> send(T message) {
    given(message, "message");
    if (!loop.reactor.isInReactorThread()) return sendFromThread(message);
    // The stage of a handler that leaves nothing to wait for or to cancel.
    try {
      write(message);
    } catch (Exception e) {
      return loop.future(() -> Deferreds.fail(e), LoopConnection::isEnd);
    }
    return inner.isWritable() ? Done.FUTURE : loop.future(this::accepted, LoopConnection::isEnd);
  }

  /**
   * The failures that are no news of a message that was not sent: the end of the connection is told
   * otherwise.
   */
  private static boolean isEnd(Throwable error) {
    return error instanceof CloseReason || Loop.IS_END.test(error);
  }

  private CompletableFuture<Void> sendFromThread(T message) {
    return loop.future(
        () -> {
          write(message);
          return accepted();
        },
        LoopConnection::isEnd);
  }

  void write(T message) throws CloseReason {
    refuseIfClosing();
    inner.write(message);
    sends++;
  }

  private Deferred<Void> accepted() {
    return inner.isWritable() ? Deferreds.succeed(null) : room();
  }

  /** Fires when there is room to send more; on the reactor's thread. */
  Deferred<Void> room() {
    return inner.whenWritable().addCallback(writable -> null);
  }

  /** On any thread. */
  boolean isGone() {
    return closeReason != null;
  }

  boolean isClosing() {
    return closeReason != null || isWriteClosed || inner.getTransport().isDisconnecting();
  }

  /** Whether a drain closes it, and no feed should go on. */
  boolean isDraining() {
    return inner.getTransport().isDraining();
  }

  @Override
  public boolean isWritable() {
    return inner.isWritable();
  }

  @Override
  public CompletableFuture<Void> whenWritable() {
    return loop.future(
        () -> {
          refuseIfClosing();
          return room();
        },
        LoopConnection::isEnd);
  }

  @Override
  public void closeWrite() {
    if (!(inner.getTransport() instanceof HalfCloseableTransport)) {
      throw new UnsupportedOperationException(this + " cannot end one side alone");
    }
    loop.actIfRunning(
        () -> {
          isWriteClosed = true;
          inner.closeWrite();
        });
  }

  @Override
  public <K> KeyedRequests<K, T> requestsBy(MessageKey<T, K> keyOf, CorrelationOptions options) {
    return new KeyedRequests<>(
        loop, this, content, given(keyOf, "key of a message"), given(options, "options"));
  }

  void refuseIfClosing() throws CloseReason {
    if (!isClosing()) return;
    CloseReason gone = closeReason;
    throw gone != null ? gone : new ConnectionDone(ClosedBy.US, ClosePhase.CLOSING);
  }

  @Override
  public Heartbeats every(Duration interval, T message) {
    given(interval, "interval");
    given(message, "message");
    if (Loop.nanos(interval) == 0) {
      throw new IllegalArgumentException("an interval must be positive, but is " + interval);
    }
    return new LoopHeartbeats(loop, () -> inner.every(interval, message));
  }

  // Ending.

  private void gone(CloseReason reason) {
    closeReason = reason;
    if (held == null) open();
    pump();
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

  private void dropAll() {
    isEndedByUs = true;
    held = null;
    returned = null;
  }

  @Override
  public void close() {
    loop.actIfRunning(
        () -> {
          dropAll();
          inner.close();
        });
  }

  @Override
  public void abort() {
    abort(null);
  }

  @Override
  public void abort(@Nullable Throwable cause) {
    loop.actIfRunning(
        () -> {
          dropAll();
          inner.abort(cause);
        });
  }

  @Override
  public CompletableFuture<TlsSession> startTls(TlsServerOptions options) {
    given(options, "options");
    return loop.future(() -> TlsConnections.startTls(inner.getTransport(), options));
  }

  @Override
  public CompletableFuture<TlsSession> startTls(TlsClientOptions options, String host) {
    given(options, "options");
    given(host, "host");
    return loop.future(() -> TlsConnections.startTls(inner.getTransport(), options, host));
  }

  @Override
  public CompletableFuture<Optional<TlsSession>> tlsSession() {
    return loop.future(
        () ->
            Deferreds.succeed(
                Optional.ofNullable(TlsConnections.tlsSession(inner.getTransport()))));
  }

  @Override
  public CompletableFuture<CloseReason> closed() {
    CompletableFuture<CloseReason> future =
        loop.future(
            () -> {
              wantEnd();
              return inner.whenClosed();
            });
    CloseReason reason = closeReason;
    // Once the reactor has stopped it cannot be asked, but then the connection is gone.
    return reason == null ? future : CompletableFuture.completedFuture(reason);
  }

  @Override
  public Address peer() {
    return peer;
  }

  @Override
  public Address host() {
    return host;
  }

  @Override
  public String toString() {
    return inner.toString();
  }
}
