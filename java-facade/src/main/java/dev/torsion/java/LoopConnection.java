// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.Content;
import dev.torsion.framing.CorrelationOptions;
import dev.torsion.framing.MessageConnection;
import dev.torsion.framing.MessageKey;
import dev.torsion.net.Address;
import dev.torsion.net.ClosePhase;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ClosedBy;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.HalfCloseableTransport;
import dev.torsion.tls.TlsClientOptions;
import dev.torsion.tls.TlsConnections;
import dev.torsion.tls.TlsServerOptions;
import dev.torsion.tls.TlsSession;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Connection} over one of the framing module's. It sends and ends; {@link Receiving} is
 * the other half.
 *
 * <p>All fields that are not final belong to the reactor's thread.
 */
final class LoopConnection<T> implements Connection<T> {
  private final Loop loop;
  private final MessageConnection<T> inner;
  private final Content<T> content;
  private final Receiving<T> receiving;
  private final Address peer;
  private final Address host;
  private boolean isWriteClosed; // by us
  private long sends;

  /** On the reactor's thread. */
  LoopConnection(Loop loop, MessageConnection<T> inner, Codec<T> codec, ConnectionOptions options) {
    this.loop = loop;
    this.inner = inner;
    content = codec.getContent();
    receiving = new Receiving<>(loop, inner, content, options.getRequestLimit());
    peer = inner.peer();
    host = inner.host();
  }

  /** Begins to receive; on the reactor's thread. */
  LoopConnection<T> begin() {
    receiving.begin();
    return this;
  }

  Loop loop() {
    return loop;
  }

  /** The other half. */
  Receiving<T> receiving() {
    return receiving;
  }

  // Receiving.

  @Override
  public CompletableFuture<T> receive() {
    Waiter<T> waiter = new Waiter<>(receiving, loop, false);
    return receiving.await(waiter, () -> null);
  }

  @Override
  public CompletableFuture<T> request(T message) {
    given(message, "message");
    Waiter<T> waiter = new Waiter<>(receiving, loop, true);
    return receiving.await(
        waiter,
        () -> {
          write(message);
          return null;
        });
  }

  @Override
  public void onMessage(MessageHandler<T> handler) {
    given(handler, "handler");
    receiving.handleWith(new HandlerReceiver<>(loop, handler, this::isClosing, false));
  }

  @Override
  public void onMessage(int atOnce, MessageHandler<T> handler) {
    given(handler, "handler");
    var each = new HandlerReceiver<>(loop, handler, this::isClosing, false);
    receiving.handleWith(new QueueReceiver<>(each, atOnce, content, this::failed));
  }

  /** A handler has failed, which the connection below does not see. */
  void failed(Throwable error) {
    loop.report(error);
    abort(error);
  }

  @Override
  public void onEach(MessageConsumer<T> consumer) {
    given(consumer, "consumer");
    receiving.handleWith(new HandlerReceiver<>(loop, each(consumer), this::isClosing, true));
  }

  /** The next message waits for what {@code consumer} has sent before it returned. */
  MessageHandler<T> each(MessageConsumer<T> consumer) {
    return message -> {
      long before = sends;
      consumer.accept(message);
      // Earlier messages are not this message's doing: waiting for it could stop both sides.
      return sends == before || inner.isWritable() ? null : loop.future(this::accepted);
    };
  }

  /** All messages go to {@code receiver} from now on. */
  void handleWith(Receiver<T> receiver) {
    receiving.handleWith(receiver);
  }

  /** Somebody waits for the end. */
  void wantEnd() {
    receiving.wantEnd();
  }

  @Override
  public CompletableFuture<Void> whenPeerEnded() {
    return loop.future(receiving::whenPeerEnded, LoopConnection::isEnd);
  }

  @Override
  public Flow.Publisher<T> messages() {
    return receiving::subscribe;
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
    return receiving.closeReason() != null;
  }

  boolean isClosing() {
    return isGone() || isWriteClosed || inner.getTransport().isDisconnecting();
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
    CloseReason gone = receiving.closeReason();
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

  @Override
  public void answerHeartbeats(
      Predicate<? super T> isHeartbeat, Function<? super T, ? extends @Nullable T> answer) {
    given(isHeartbeat, "test for heartbeats");
    given(answer, "answer");
    loop.actIfRunning(() -> inner.answerHeartbeats(isHeartbeat, answer));
  }

  // Ending.

  @Override
  public void close() {
    loop.actIfRunning(
        () -> {
          receiving.dropAll();
          inner.close();
        });
  }

  @Override
  public void abort() {
    abort(null);
  }

  @Override
  public void abort(@Nullable Throwable cause) {
    loop.actIfRunning(() -> receiving.abort(cause));
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
              receiving.wantEnd();
              return inner.whenClosed();
            });
    CloseReason reason = receiving.closeReason();
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
