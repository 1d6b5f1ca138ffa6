// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.framing.Datagram;
import dev.torsion.framing.MessagePort;
import dev.torsion.net.InternetAddress;
import dev.torsion.net.PortClosedException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A UDP port that carries messages, one in each datagram.
 *
 * <pre>{@code
 * var port = torsion.openDatagrams("udp:8007", Codecs.raw().text()).join();
 * port.onDatagram(d -> port.send(d.message().toUpperCase(ROOT), d.sender()));
 * }</pre>
 *
 * <p><b>Thread.</b> All methods may be called on any thread, and none of them blocks. The work
 * happens on the reactor's thread: at once when called there, otherwise soon and in the order of
 * the calls. Handlers, subscribers and the stages of the futures run there and must not block it.
 *
 * <p><b>Receiving.</b> A message goes to the earliest {@link #receive} or subscriber that waits, or
 * to the handler. Otherwise it waits in an inbox of a limited size. A message that comes when it is
 * full is lost, as in the network, and {@link #droppedMessages} counts it. A datagram that the
 * codec does not understand ends nothing; {@link #malformedDatagrams} counts it.
 *
 * <p><b>Cancellation.</b> Cancelling the future of {@link #receive} loses no message. A message
 * that was sent is not taken back.
 *
 * @param <T> the type of the messages
 */
public final class Datagrams<T> implements AutoCloseable {
  private final Loop loop;
  private final MessagePort<T> inner;
  private final InternetAddress host;
  private final @Nullable InternetAddress peer;

  /** On the reactor's thread. */
  Datagrams(Loop loop, MessagePort<T> inner) {
    this.loop = loop;
    this.inner = inner;
    this.host = inner.host();
    this.peer = inner.peer();
  }

  /**
   * Sends {@code message} to {@code address}. The future completes when the operating system has
   * taken it, which is not when anybody has it. It fails with {@link
   * dev.torsion.framing.EncodeException}, {@link dev.torsion.net.DatagramTooLongException}, {@link
   * dev.torsion.net.InvalidAddressException} when the address is a name, and {@link
   * dev.torsion.net.PortClosedException}.
   */
  public CompletableFuture<Void> send(T message, InternetAddress address) {
    if (!isAtOnce()) return sending(() -> inner.write(message, address));
    try {
      inner.write(message, address);
    } catch (Throwable e) {
      return loop.future(() -> Deferreds.fail(e));
    }
    return sent();
  }

  /** The same to where the port is connected. */
  public CompletableFuture<Void> send(T message) {
    if (!isAtOnce()) return sending(() -> inner.write(message));
    try {
      inner.write(message);
    } catch (Throwable e) {
      return loop.future(() -> Deferreds.fail(e));
    }
    return sent();
  }

  private boolean isAtOnce() {
    return loop.reactor.isInReactorThread() && inner.isOpen();
  }

  private CompletableFuture<Void> sent() {
    return inner.getTransport().getBufferedBytes() == 0 ? Done.FUTURE : sending(() -> {});
  }

  private CompletableFuture<Void> sending(Runnable write) {
    return loop.future(
        () -> {
          write.run();
          return inner.getTransport().whenWritable().addCallback(sent -> null);
        });
  }

  /**
   * Gives the next message. It fails with {@link dev.torsion.net.ConnectionRefusedException} when
   * the port is connected and nobody listens there; with {@link
   * dev.torsion.net.PortClosedException} when the port is closed; and with {@link
   * IllegalStateException} when there is a handler, or 1024 calls wait already.
   */
  public CompletableFuture<Datagram<T>> receive() {
    return loop.keepingUntilStop(inner::receiveDeferred);
  }

  /**
   * Gives every message to {@code handler} from now on, also those that wait. Its exception, and
   * the failure of the stage that it returns, is reported. The future fails with {@link
   * IllegalStateException} when there is a handler already, or a {@link #receive} waits.
   */
  public CompletableFuture<Void> onDatagram(DatagramHandler<T> handler) {
    return doing(() -> inner.onDatagram(datagram -> handle(handler, datagram)));
  }

  private void handle(DatagramHandler<T> handler, Datagram<T> datagram) {
    try {
      CompletionStage<?> stage = handler.handle(datagram);
      if (stage == null || stage == Done.FUTURE || HandlerReceiver.isDone(stage)) return;
      reportFailure(Deferreds.toDeferred(stage, loop.reactor));
    } catch (Throwable e) {
      loop.report(e);
    }
  }

  /** That an answer cannot be sent any more, since the port is closed, is no error. */
  private void reportFailure(Deferred<?> answer) {
    var unused =
        answer.<Void>addCallbacks(
            done -> null,
            failure -> {
              Throwable error = failure.getValue();
              if (!(error instanceof PortClosedException) || inner.isOpen()) loop.report(error);
              return null;
            });
  }

  /**
   * The messages as a publisher. A subscriber takes a message when it has asked for one. Several
   * subscribers share the messages. A refusal ends nothing; {@code onComplete} tells that the port
   * is closed.
   */
  public Flow.Publisher<Datagram<T>> messages() {
    return subscriber -> {
      Objects.requireNonNull(subscriber); // rule 1.9
      var subscription = new DatagramSubscription<T>(loop, inner, subscriber);
      try {
        loop.act(subscription::start);
      } catch (dev.torsion.loop.ReactorNotRunningException e) {
        MessageSubscription.refuse(loop, subscriber, e);
      }
    };
  }

  /**
   * Receives from now on what is sent to the numeric {@code group}, on the interface with that name
   * or address; empty for the default. The future fails with {@link
   * dev.torsion.net.MulticastException}.
   */
  public CompletableFuture<Void> joinGroup(String group, String networkInterface) {
    return doing(() -> inner.getTransport().multicast().joinGroup(group, networkInterface));
  }

  /** Undoes {@link #joinGroup}. */
  public CompletableFuture<Void> leaveGroup(String group, String networkInterface) {
    return doing(() -> inner.getTransport().multicast().leaveGroup(group, networkInterface));
  }

  private CompletableFuture<Void> doing(Runnable action) {
    return loop.future(
        () -> {
          action.run();
          return Deferreds.succeed(null);
        });
  }

  /** How many messages came when the inbox was full. */
  public long droppedMessages() {
    return inner.getDroppedMessages();
  }

  /** How many datagrams the codec did not understand. */
  public long malformedDatagrams() {
    return inner.getMalformedDatagrams();
  }

  /** The local address. */
  public InternetAddress host() {
    return host;
  }

  /** The number of the port: the real one where 0 was asked for. */
  public int port() {
    return host.getPort();
  }

  /** The address that it is connected to, or null. */
  public @Nullable InternetAddress peer() {
    return peer;
  }

  /** Closes the port. The future completes when it is free again. Calling it again does nothing. */
  public CompletableFuture<Void> stop() {
    return loop.future(() -> inner.close().addCallback(closed -> null));
  }

  /** {@link #stop()}, without waiting. */
  @Override
  public void close() {
    loop.actIfRunning(inner::close);
  }

  @Override
  public String toString() {
    return "Datagrams(" + host + (peer == null ? "" : " -> " + peer) + ")";
  }
}
