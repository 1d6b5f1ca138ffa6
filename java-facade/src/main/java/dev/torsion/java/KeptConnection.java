// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.endpoint.ClientEndpoint;
import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionFactory;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.net.Protocol;
import dev.torsion.service.ClientService;
import dev.torsion.service.RetryPolicy;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client that stays connected; Twisted's {@code ClientService}. It connects, and connects again
 * when an attempt fails or the connection is lost, with growing delays. {@link
 * Torsion#keepConnected} gives one.
 *
 * <pre>{@code
 * var kept = torsion.keepConnected("tcp:example.com:8007", Codecs.line());
 * kept.connection()
 *     .thenCompose(c -> c.request("hello"))
 *     .thenAccept(System.out::println);
 * }</pre>
 *
 * <p>There is never more than one connection. It ends before the reactor stops.
 *
 * <p>Thread: all methods may be called on any thread.
 *
 * @param <T> the type of the messages
 */
public final class KeptConnection<T> implements AutoCloseable {
  private final Loop loop;
  private final ClientService service;
  private final KeptService kept;
  private @Nullable Connection<T> newest; // the reactor's thread only

  KeptConnection(
      Loop loop,
      ServiceGroup services,
      ClientEndpoint endpoint,
      SetUp<T> setUp,
      ConnectionOptions options) {
    this.loop = loop;
    var factory =
        new ConnectionFactory<>(
            loop.reactor,
            setUp.codec,
            options,
            inner -> {
              var connection = new LoopConnection<>(loop, inner, setUp.codec, options).begin();
              connection.wantEnd(); // to connect again
              newest = connection;
            });
    factory.setNoisy(false); // it starts anew with each attempt
    var preparation = setUp.preparation;
    service = new ClientService(endpoint, factory, loop.reactor, setUp.retryPolicy);
    service.setPrepareConnection(protocol -> prepare(preparation));
    kept = new KeptService(loop, services, service);
  }

  private @Nullable Deferred<?> prepare(ConnectionPreparation<T> preparation) throws Exception {
    CompletionStage<?> stage = preparation.prepare(current());
    return stage == null ? null : Deferreds.toDeferred(stage, loop.reactor);
  }

  /** The service has one connection at a time, and has just told of it. */
  private Connection<T> current() {
    return Objects.requireNonNull(newest);
  }

  /**
   * The connection: at once when there is one, otherwise when there is. Ask again for the next one
   * when it is {@link Connection#closed}.
   *
   * <p>The future fails with {@link java.util.concurrent.CancellationException} when this client
   * has stopped, or stops meanwhile. Cancelling it only ends the waiting.
   */
  public CompletableFuture<Connection<T>> connection() {
    return connection(service::whenConnected);
  }

  /**
   * The same, but it also fails, with the reason, when {@code failAfterFailures} attempts in a row
   * have failed from now on: 1 for the first failure.
   *
   * @throws IllegalArgumentException when {@code failAfterFailures} is less than 1
   */
  public CompletableFuture<Connection<T>> connection(int failAfterFailures) {
    if (failAfterFailures < 1) {
      throw new IllegalArgumentException(
          "failAfterFailures must be 1 or more, but is " + failAfterFailures);
    }
    return connection(() -> service.whenConnected(failAfterFailures));
  }

  private CompletableFuture<Connection<T>> connection(Callable<Deferred<Protocol>> wait) {
    return loop.futureUntilStop(() -> wait.call().addCallback(protocol -> current()));
  }

  /**
   * Closes the connection, or gives up to connect. The future completes when all has ended.
   * Stopping it again waits for the same end.
   */
  public CompletableFuture<Void> stop() {
    return kept.stop();
  }

  /** {@link #stop()}, without waiting. */
  @Override
  public void close() {
    var unused = stop();
  }

  @Override
  public String toString() {
    return "KeptConnection(" + service + ")";
  }

  /**
   * The choices for a {@link KeptConnection}, see {@link Torsion#keepConnected(String, Codec,
   * Consumer)}. Not for several threads at once.
   *
   * @param <T> the type of the messages
   */
  public static final class SetUp<T> {
    private final Codec<T> codec;
    private ConnectionOptions options = ConnectionOptions.DEFAULT;
    private RetryPolicy retryPolicy = RetryPolicy.DEFAULT;
    private ConnectionPreparation<T> preparation = connection -> null;

    private SetUp(Codec<T> codec) {
      this.codec = codec;
    }

    static <T> SetUp<T> of(Codec<T> codec, Consumer<SetUp<T>> choose) {
      var setUp = new SetUp<T>(given(codec, "codec"));
      given(choose, "set-up").accept(setUp);
      return setUp;
    }

    ConnectionOptions options() {
      return options;
    }

    /**
     * Limits, such as how long a connection may be idle, or what may wait to be sent. An endpoint
     * that is an object has the options of the transport: others are refused here.
     */
    public SetUp<T> options(ConnectionOptions options) {
      this.options = given(options, "options");
      return this;
    }

    /**
     * How long to wait before the next attempt; by default 1.5 to 2.5 seconds at first, and a
     * minute at last.
     */
    public SetUp<T> retryPolicy(RetryPolicy retryPolicy) {
      this.retryPolicy = given(retryPolicy, "retry policy");
      return this;
    }

    /** Sees each new connection before anybody else does. */
    public SetUp<T> preparation(ConnectionPreparation<T> preparation) {
      this.preparation = given(preparation, "preparation");
      return this;
    }
  }
}
