// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static dev.torsion.java.Given.given;

import dev.torsion.defer.Deferred;
import dev.torsion.endpoint.ClientEndpoint;
import dev.torsion.endpoint.Endpoints;
import dev.torsion.framing.Codec;
import dev.torsion.process.ProcessCommand;
import dev.torsion.process.ProcessProtocol;
import dev.torsion.service.MultiService;
import dev.torsion.service.ProcessService;
import dev.torsion.service.ProcessServiceOptions;
import dev.torsion.service.Service;
import dev.torsion.service.Services;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The services of a program, from {@link Torsion#services}; Twisted's {@code MultiService}.
 *
 * <pre>{@code
 * var services = torsion.services();
 * services.add(new TimerService(torsion.reactor(), Duration.ofMinutes(1), () -> log.info("alive")));
 * var cache = services.add(new Cache()).join(); // a StageService
 * cache.stop().join();
 * }</pre>
 *
 * <p>A service starts when it is added, once the reactor runs, in the order of the calls. All
 * services stop before the reactor does, in reverse order, while connections still work, and the
 * reactor waits until they have ended. A service that fails harms no other.
 *
 * <p>Thread: all methods may be called on any thread. The services start and stop on the reactor's.
 */
public final class ServiceGroup {
  private final Loop loop;
  private final MultiService services = new MultiService();
  private boolean isTied; // the reactor's thread only

  ServiceGroup(Loop loop) {
    this.loop = loop;
  }

  /**
   * Starts {@code service}: one of {@code dev.torsion.service}, such as a {@code TimerService}. The
   * future completes when the service has started. It fails with the exception of the start: then
   * the service is not part of this group. Cancelling the future before that takes the service
   * back.
   */
  public CompletableFuture<StartedService> add(Service service) {
    given(service, "service");
    return loop.futureUntilStop(() -> adding(service));
  }

  /** The same for a service with stages. */
  public CompletableFuture<StartedService> add(StageService service) {
    given(service, "service");
    return add(new StageServiceAdapter(loop, service));
  }

  /**
   * Stays connected to {@code endpoint}: connects, and connects again whenever an attempt fails or
   * the connection is lost; Twisted's {@code ClientService}.
   *
   * @throws dev.torsion.endpoint.EndpointSyntaxException when the string is not understood
   */
  public <T> KeptConnection<T> keepConnected(String endpoint, Codec<T> codec) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    return keepConnected(endpoint, codec, setUp -> {});
  }

  /**
   * The same with limits, a retry policy or a preparation of each connection, which {@code setUp}
   * says.
   */
  public <T> KeptConnection<T> keepConnected(
      String endpoint, Codec<T> codec, Consumer<KeptConnection.SetUp<T>> setUp) {
    given(codec, "codec");
    given(setUp, "set up");
    given(endpoint, "endpoint");
    var choices = KeptConnection.SetUp.of(codec, setUp);
    var client =
        Endpoints.clientFromString(loop.reactor, endpoint, choices.options().getTransport());
    return new KeptConnection<>(
        loop, this, client, choices, Opening.withoutTransport(choices.options()));
  }

  /** The same for an endpoint that is an object of the reactor, with its own options. */
  public <T> KeptConnection<T> keepConnected(ClientEndpoint endpoint, Codec<T> codec) {
    given(endpoint, "endpoint");
    given(codec, "codec");
    return keepConnected(endpoint, codec, setUp -> {});
  }

  /**
   * The same with limits, a retry policy or a preparation of each connection.
   *
   * @throws IllegalArgumentException when the options of {@code setUp} have a transport: the
   *     endpoint has its own, by its {@code withOptions}
   */
  public <T> KeptConnection<T> keepConnected(
      ClientEndpoint endpoint, Codec<T> codec, Consumer<KeptConnection.SetUp<T>> setUp) {
    given(codec, "codec");
    given(setUp, "set up");
    given(endpoint, "endpoint");
    var choices = KeptConnection.SetUp.of(codec, setUp);
    return new KeptConnection<>(loop, this, endpoint, choices, choices.options());
  }

  /**
   * Keeps a process of {@code command} running: starts it again whenever it ends; Twisted's {@code
   * ProcessMonitor}. Each line that it writes is logged.
   */
  public KeptProcess keepRunning(ProcessCommand command) {
    given(command, "command");
    return new KeptProcess(loop, this, new ProcessService(loop.reactor, command));
  }

  /**
   * The same with delays, and a protocol for each process, which {@code protocols} makes on the
   * reactor's thread.
   */
  public KeptProcess keepRunning(
      ProcessCommand command,
      ProcessServiceOptions options,
      Supplier<? extends ProcessProtocol> protocols) {
    given(command, "command");
    given(options, "options");
    given(protocols, "protocols");
    return new KeptProcess(
        loop, this, new ProcessService(loop.reactor, command, options, protocols));
  }

  private Deferred<StartedService> adding(Service service) {
    if (!isTied) {
      isTied = true;
      Services.startWith(services, loop.reactor);
    }
    Deferred<StartedService> result = new Deferred<>();
    loop.reactor.callWhenRunning(
        () -> {
          if (result.isCalled()) return; // taken back
          try {
            services.addService(service);
          } catch (Throwable e) {
            result.errback(e);
            return;
          }
          result.callback(new StartedService(loop, services, service));
        });
    return result;
  }

  @Override
  public String toString() {
    return "ServiceGroup(" + services + ")";
  }
}
