// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.defer.Deferreds;
import dev.torsion.endpoint.Endpoints;
import dev.torsion.endpoint.GroupEndpoint;
import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionFactories;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.group.GroupFactory;
import dev.torsion.group.ReactorGroup;
import dev.torsion.net.Factory;
import dev.torsion.reactor.Reactor;
import dev.torsion.reactor.ReactorOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Several reactors, each on a thread of its own, for more than one core. They share the connections
 * of a server. {@link Torsion} is one of them.
 *
 * <pre>{@code
 * try (var group = TorsionGroup.start()) {
 *   var server = group.serve("tcp:8007", Codecs.line(), c -> c.onMessage(c::send)).join();
 *   ...
 * }
 * }</pre>
 *
 * <p>The reactors get connections in turn. A connection stays with one reactor. That reactor's
 * thread makes all of its callbacks and completes all of its futures, so its state needs no locks.
 * State that several connections share needs them, since they may be on different threads.
 *
 * <p><b>Threads.</b> All methods may be called on any thread. Futures are completed on the thread
 * of one of the reactors; on the threads of all of them {@code join} and {@code get} of a future
 * that is not complete throw {@link IllegalStateException}.
 *
 * <p>Cancellation and errors are as in {@link Torsion}.
 */
public final class TorsionGroup implements AutoCloseable {
  private final ReactorGroup group;
  private final List<Torsion> members;

  private TorsionGroup(ReactorGroup group) {
    this.group = group;
    members = group.getReactors().stream().map(Torsion::on).toList();
  }

  // Life.

  /** As many new reactors as there are processors, which run; {@link #close} ends them. */
  public static TorsionGroup start() {
    return start(Runtime.getRuntime().availableProcessors());
  }

  /**
   * {@code size} new reactors, which run; {@link #close} ends them.
   *
   * @throws IllegalArgumentException when {@code size} is not positive
   */
  public static TorsionGroup start(int size) {
    return start(size, ReactorOptions.builder().build());
  }

  /**
   * The same with options. They are those of each reactor, so their listeners are called on several
   * threads; the names of the threads are numbered.
   */
  public static TorsionGroup start(int size, ReactorOptions options) {
    given(options, "options");
    var group = ReactorGroup.create(size, options);
    try {
      group.start();
    } catch (Throwable e) { // nobody else has the group to close it
      try {
        group.close();
      } catch (Throwable second) {
        e.addSuppressed(second);
      }
      throw e;
    }
    return new TorsionGroup(group);
  }

  /**
   * Stops the reactors when the JVM is told to end, by Ctrl-C, a termination signal or {@code
   * System.exit}, and lets the JVM wait for their end, at most {@code timeout}. For programs, once.
   */
  public void stopOnShutdown(Duration timeout) {
    given(timeout, "timeout");
    group.stopOnShutdown(timeout);
  }

  /**
   * Asks all reactors to end: their shutdown triggers run, and ports and connections are closed.
   * Returns at once.
   */
  public void stop() {
    group.stopFromThread();
  }

  /**
   * Stops all reactors and waits until they have ended, at most 10 seconds longer than their {@code
   * drainTimeout}. On the thread of one of them it cannot wait, and only stops them.
   *
   * @throws IllegalStateException when they have not ended by then, since a callback or a thread of
   *     a pool is blocked, or a shutdown trigger waits
   */
  @Override
  public void close() {
    group.close();
  }

  /**
   * Stops all reactors and waits until they have ended, at most {@code timeout}. When the thread is
   * interrupted, it waits no longer, and stays interrupted.
   *
   * @return whether they have ended
   * @throws IllegalStateException on the thread of one of them
   */
  public boolean stopAndJoin(Duration timeout) {
    given(timeout, "timeout");
    try {
      return group.stopAndJoin(timeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  // The reactors.

  /**
   * The reactors, each with all that a {@link Torsion} can do; closing one of these ends nothing.
   */
  public List<Torsion> members() {
    return members;
  }

  /**
   * The next of the {@link #members}, in turn: for a client, a timer or other work that may be
   * anywhere.
   *
   * @throws dev.torsion.loop.ReactorNotRunningException when all have ended
   */
  public Torsion next() {
    return of(group.next());
  }

  private Torsion of(Reactor reactor) {
    for (Torsion member : members) {
      if (member.reactor() == reactor) return member;
    }
    throw new IllegalArgumentException(reactor + " is none of this group");
  }

  /** The group of reactors. */
  public ReactorGroup group() {
    return group;
  }

  // Servers.

  /**
   * Listens at {@code endpoint}, such as {@code "tcp:8007"}, and tells {@code handler} of each
   * connection, on the thread of the reactor that it lives on: at the same time on several.
   *
   * <p>The future fails as that of {@link Torsion#serve}.
   */
  public <T> CompletableFuture<Server> serve(
      String endpoint, Codec<T> codec, ConnectionHandler<T> handler) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(handler, "handler");
    return serve(endpoint, codec, ConnectionOptions.DEFAULT, handler);
  }

  /** The same with limits. How many connections there may be is for all reactors together. */
  public <T> CompletableFuture<Server> serve(
      String endpoint, Codec<T> codec, ConnectionOptions options, ConnectionHandler<T> handler) {
    given(codec, "codec");
    given(handler, "handler");
    return serve(
        GroupEndpoint.fromString(
            given(endpoint, "endpoint"), given(options, "options").getTransport()),
        codec,
        Opening.withoutTransport(options),
        handler);
  }

  /**
   * The same for an endpoint that is no string, such as {@code reactor -> new
   * TCP4ServerEndpoint(reactor, 8007, 100, "127.0.0.1").withOptions(tcpOptions)}.
   *
   * @throws IllegalArgumentException when {@code options} have a transport: the endpoint has its
   *     own
   */
  public <T> CompletableFuture<Server> serve(
      GroupEndpoint endpoint,
      Codec<T> codec,
      ConnectionOptions options,
      ConnectionHandler<T> handler) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    given(options, "options");
    given(handler, "handler");
    return listen(
        endpoint,
        new ConnectionFactories<>(
            codec,
            options,
            reactor -> {
              var member = of(reactor);
              return inner -> handler.connected(member.connection(inner, codec, options));
            }));
  }

  /**
   * Listens at {@code endpoint} with the protocols of a {@link Factory} for each reactor, such as
   * {@code reactor -> new Factory(Echo::new)}. It fails as {@link #serve} does, and with an
   * exception of {@code factories}.
   */
  public CompletableFuture<Server> listen(String endpoint, GroupFactory factories) {
    given(endpoint, "endpoint");
    given(factories, "factories");
    return listen(GroupEndpoint.fromString(endpoint), factories);
  }

  /** The same for an endpoint that is no string. */
  public CompletableFuture<Server> listen(GroupEndpoint endpoint, GroupFactory factories) {
    given(endpoint, "endpoint");
    given(factories, "factories");
    return Endpoints.listen(group, endpoint, factories)
        .thenCompose(
            port -> // composed, the server closes the port when nobody is handed it
            Deferreds.succeed(new Server(port.host(), port::stopListening, port::drain))
                    .onUndelivered(Server::close)
                    .toCompletableFuture(Runnable::run));
  }

  @Override
  public String toString() {
    return "TorsionGroup(" + members + ")";
  }
}
