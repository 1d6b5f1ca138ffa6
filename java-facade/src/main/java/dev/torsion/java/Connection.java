// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.framing.CorrelationOptions;
import dev.torsion.framing.MessageKey;
import dev.torsion.net.Address;
import dev.torsion.net.CloseReason;
import dev.torsion.tls.TlsClientOptions;
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
 * A connection that carries messages.
 *
 * <pre>{@code
 * torsion.connect("tcp:127.0.0.1:8007", Codecs.line())
 *     .thenCompose(c -> c.request("hello"))
 *     .thenAccept(System.out::println);
 * }</pre>
 *
 * <p><b>Thread.</b> All methods may be called on any thread, and none of them blocks. The work
 * happens on the reactor's thread: at once when called there, otherwise soon and in the order of
 * the calls. Handlers, subscribers and the stages of the futures run on the reactor's thread and
 * must not block it; see {@link Torsion}.
 *
 * <p><b>Receiving.</b> A message goes to the earliest {@link #receive} or {@link #request} that
 * waits. When none waits, it goes to the handler or subscriber if there is one. Otherwise it waits
 * until somebody asks for it. Only one message is taken ahead. The transport is paused meanwhile,
 * which slows the peer down.
 *
 * <p><b>Sending.</b> A message is accepted once the transport has taken it and has room for more. A
 * program that waits for the future of {@link #send} before it sends again never fills the memory
 * with unread messages of a slow peer. Without waiting, the connection is aborted at the
 * transport's write limit, 16 MiB.
 *
 * <p><b>The end.</b> All messages before the end are received before it. When the peer ends its
 * side, the connection is closed as soon as its last message is done with and everything is sent. A
 * message is done with when the stage of its handler is complete, or when the next {@code
 * receive()} or {@code request(n)} of a subscriber asks for more. So answers reach a peer that
 * sends its questions, ends its side and waits. A handler has {@code answerTimeout} for that, 10
 * seconds, from each message that it sends ({@link dev.torsion.framing.ConnectionOptions}): then
 * its stage is cancelled and the connection aborted with an {@link
 * dev.torsion.framing.AnswerTimeoutException}, unless {@code halfClose} is on. When nobody is at
 * work and nobody asks for more, the connection is closed after that time. When the connection
 * breaks, the stage of the handler that has the last message is cancelled at once. When the peer
 * breaks the rules of the protocol, the messages before that are handled, everything is sent, and
 * the connection ends with the violation. After our own {@link #close} or {@link #abort} nothing
 * more is received.
 *
 * @param <T> the type of the messages
 */
public interface Connection<T> extends AutoCloseable {
  /**
   * Sends {@code message}. The future completes once it is accepted, which is not when the peer has
   * it. It fails with a {@link dev.torsion.framing.EncodeException} when the codec cannot carry the
   * message, and with a {@link CloseReason} when the connection is closing or gone. Cancelling it
   * does not take the message back.
   */
  CompletableFuture<Void> send(T message);

  /**
   * Sends {@code message} and gives the answer: the next message that no earlier call waits for.
   * Requests may overlap, up to the {@link dev.torsion.framing.ConnectionOptions} limit of 1024;
   * the answers are taken in order. The future fails as those of {@link #send} and {@link #receive}
   * do. Cancelling it drops the answer when it comes.
   */
  CompletableFuture<T> request(T message);

  /**
   * Gives the next message. Cancelling the future, or a stage derived from it, before anybody was
   * handed the message loses nothing: the message goes to the next who asks.
   *
   * <p>It fails with {@link dev.torsion.net.ConnectionDone} after an end in order, with a {@link
   * dev.torsion.net.ProtocolViolationException} when the peer broke the rules or ended inside a
   * message, with another {@link CloseReason} when the connection broke, and with {@link
   * IllegalStateException} when there is a handler or a subscriber, or 1024 calls wait already.
   */
  CompletableFuture<T> receive();

  /**
   * Gives every message to {@code handler}, one at a time: the next one waits until the stage that
   * it returned is complete. So {@code c.onMessage(c::send)} is an echo that no peer can make grow.
   *
   * <p>When the handler throws, or its stage fails or is cancelled, the error is reported and the
   * connection is aborted with it as the cause; a stage that fails since this connection is closing
   * is not an error.
   *
   * @throws IllegalStateException when there is a handler or a subscriber already
   */
  void onMessage(MessageHandler<T> handler);

  /**
   * {@link #onMessage(MessageHandler)} for a handler that works on up to {@code atOnce} messages at
   * the same time: the next message waits only while so many of its stages are not complete. One
   * more is taken ahead. Messages begin in the order in which they have come. Their answers go out
   * as the stages send them, so let an id say which is which.
   *
   * <pre>{@code
   * connection.onMessage(8, job -> run(job).thenCompose(connection::send));
   * }</pre>
   *
   * <p>All stages are waited for at the end: a peer that has ended its side still gets the answers
   * of the messages in work, as the end of {@link Connection} says. When one of them fails, the
   * others are cancelled.
   *
   * @throws IllegalArgumentException when {@code atOnce} is not positive
   * @throws IllegalStateException when there is a handler or a subscriber already
   */
  void onMessage(int atOnce, MessageHandler<T> handler);

  /**
   * {@link #onMessage} for a handler that returns nothing. The next message waits until what it has
   * sent on this connection, before it returned, is accepted.
   *
   * <p>A message is done with when the consumer returns. An answer that is sent later may come too
   * late: the connection is closed as soon as the peer has ended its side and the consumer has
   * returned from the last message. Such work is for {@link #onMessage(int, MessageHandler)}, whose
   * stages say when it ends. With {@code halfClose} on, the connection stays open after the end of
   * the peer until this side closes it: see {@link #whenPeerEnded}.
   *
   * @throws IllegalStateException when there is a handler or a subscriber already
   */
  void onEach(MessageConsumer<T> consumer);

  /**
   * The messages, as a publisher for one subscriber at a time; another one fails with {@link
   * IllegalStateException}. It reads from the peer only what the subscriber has asked for, and one
   * message more.
   *
   * <p>{@code onComplete} tells of an end in order, by either side, and {@code onError} of every
   * other, as {@link #receive}. A subscriber that has received messages and asks for no more is
   * thought to be busy with them: the end waits for its next request, unless the connection is
   * gone. When the subscriber cancels, the messages go to the next who asks.
   */
  Flow.Publisher<T> messages();

  /**
   * Sends {@code message} after each {@code interval}, until this side ends its output or the
   * result is closed: heartbeats, by which the peer sees that this side is alive. Give the peer a
   * {@code readIdleTimeout} of two or three intervals ({@link
   * dev.torsion.framing.ConnectionOptions}). While the peer does not read, and much waits to be
   * sent, they are left out. A message that the codec cannot carry is reported, and nothing is
   * sent.
   *
   * @return closing it ends the heartbeats; on any thread, and as often as one likes
   * @throws IllegalArgumentException when {@code interval} is not positive
   */
  Heartbeats every(Duration interval, T message);

  /**
   * The other side of the peer's heartbeats: each message that {@code isHeartbeat} goes to {@code
   * answer}, and to nobody else. Its result is sent at once, apart from the answers of a handler;
   * null sends nothing, as for a pong. While the peer does not read, and much waits to be sent,
   * answers are left out. Messages are looked at in the order in which they come, so a heartbeat
   * waits behind messages that a handler or nobody takes.
   *
   * <pre>{@code
   * connection.answerHeartbeats(
   *     line -> line.equals("ping") || line.equals("pong"),
   *     line -> line.equals("ping") ? "pong" : null);
   * }</pre>
   *
   * <p>Both functions are called on the reactor's thread. An exception of theirs is reported, and
   * aborts the connection. Call it before messages come, such as in the handler of a new
   * connection.
   *
   * @throws IllegalStateException when heartbeats are answered already; on another thread than the
   *     reactor's that is reported
   */
  void answerHeartbeats(
      Predicate<? super T> isHeartbeat, Function<? super T, ? extends @Nullable T> answer);

  /**
   * Requests whose answers name them, by an id in the messages, and may come in any order. From now
   * on all messages go to the result, which is their handler.
   *
   * @param keyOf the key of the request that a message answers, or null when it answers none, on
   *     the reactor's thread
   * @throws IllegalStateException when there is a handler or a subscriber already
   */
  <K> KeyedRequests<K, T> requestsBy(MessageKey<T, K> keyOf, CorrelationOptions options);

  /** The same with the default limits. */
  default <K> KeyedRequests<K, T> requestsBy(MessageKey<T, K> keyOf) {
    return requestsBy(keyOf, CorrelationOptions.DEFAULT);
  }

  /**
   * False while more bytes than the high-water mark wait to be sent: a good moment to skip what can
   * be skipped. False too when nothing can be sent any more. On another thread than the reactor's
   * the answer may be a moment old.
   */
  boolean isWritable();

  /**
   * Completes when {@link #isWritable}. It fails with the {@link CloseReason} when the connection
   * ends first. Cancelling it only ends the waiting.
   */
  CompletableFuture<Void> whenWritable();

  /**
   * Sends what was accepted, then tells the peer that no more will come, and goes on receiving.
   * Nothing can be sent afterwards: {@link #send} fails with {@link
   * dev.torsion.net.ConnectionDone}. Returns at once.
   *
   * @throws UnsupportedOperationException when the transport cannot end one side alone
   */
  void closeWrite();

  /** Sends what was accepted, then closes. Returns at once, and may be called again. */
  @Override
  void close();

  /** Closes at once. Unsent messages are dropped, and the peer sees a reset. */
  void abort();

  /** {@link #abort()} for a reason, which becomes the cause of the {@link #closed} reason. */
  void abort(@Nullable Throwable cause);

  /**
   * Completes with the reason once the connection is gone; it never fails. Each call gives a future
   * of its own. Cancelling it only ends the waiting.
   *
   * <p>Messages that nobody asks for do not hold it up. The connection is closed when the peer has
   * ended its side, nobody receives, and nobody is busy with a message: the last one was received
   * before this call, or another {@code receive()} has followed it. Messages that wait can still be
   * received then, but not answered. So set a handler before you ask for the end.
   */
  CompletableFuture<CloseReason> closed();

  /**
   * Completes when the peer has ended its side and all its messages are done with. It fails with
   * the {@link CloseReason} when the connection ends otherwise. Each call gives a future of its
   * own. Cancelling it only ends the waiting. Twisted's {@code readConnectionLost}.
   *
   * <p>The connection is closed in the same moment, unless {@code halfClose} is on ({@link
   * dev.torsion.framing.ConnectionOptions}) and the messages go to {@link #onEach}. Then this side
   * still has all the time that it needs for its answers, and has to close the connection:
   *
   * <pre>{@code
   * connection.whenPeerEnded().thenCompose(ended -> answersInWork()).thenRun(connection::close);
   * }</pre>
   */
  CompletableFuture<Void> whenPeerEnded();

  /**
   * Begins TLS on this open connection, as its server; Twisted's {@code startTLS}. Messages that
   * were sent before go out in the clear, and first. Messages that are sent from now on wait for
   * the handshake, and everything that comes from now on has to be TLS. Call it on the reactor's
   * thread, as in a handler, right after the message that says so to the peer.
   *
   * <p>The future completes when the handshake is done. When that fails, so does the future, with a
   * {@link dev.torsion.tls.TlsException}, and the connection ends. It fails with {@link
   * IllegalStateException} on a connection that is closing. Cancelling it aborts the connection.
   *
   * <p>A connection on which messages have come in the clear behind the one that asked for TLS is
   * aborted: somebody between might have put them in.
   */
  CompletableFuture<TlsSession> startTls(TlsServerOptions options);

  /**
   * The same as its client.
   *
   * @param host the name or the address that was connected to, which the certificate has to be for
   */
  CompletableFuture<TlsSession> startTls(TlsClientOptions options, String host);

  /**
   * The session that TLS has agreed on, such as the certificate of the peer; empty when this
   * connection carries no TLS. The future fails when the reactor has stopped.
   */
  CompletableFuture<Optional<TlsSession>> tlsSession();

  /** The address of the other end. */
  Address peer();

  /** The address of this end. */
  Address host();
}
