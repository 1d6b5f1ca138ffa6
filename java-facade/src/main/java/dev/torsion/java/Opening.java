// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Place;
import dev.torsion.endpoint.ClientEndpoint;
import dev.torsion.endpoint.Endpoints;
import dev.torsion.endpoint.ServerEndpoint;
import dev.torsion.framing.Codec;
import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.Connections;
import dev.torsion.framing.MessageConnection;
import dev.torsion.framing.MessagePort;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.Protocol;
import dev.torsion.net.TcpOptions;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * Opens ports and connections of a loop for {@link Torsion}. Each future closes its object again
 * when nobody is handed it.
 */
final class Opening {
  private final Loop loop;

  Opening(Loop loop) {
    this.loop = loop;
  }

  <T> CompletableFuture<Server> serve(
      String endpoint, Codec<T> codec, ConnectionOptions options, ConnectionHandler<T> handler) {
    return serve(
        () -> Endpoints.serverFromString(loop.reactor, endpoint, options.getTransport()),
        codec,
        withoutTransport(options),
        handler);
  }

  /** {@code options} for the connections of an endpoint that was made of a string with them. */
  static ConnectionOptions withoutTransport(ConnectionOptions options) {
    return options.withTransport(TcpOptions.DEFAULT);
  }

  <T> CompletableFuture<Server> serve(
      Callable<ServerEndpoint> endpoint,
      Codec<T> codec,
      ConnectionOptions options,
      ConnectionHandler<T> handler) {
    return listen(
        () ->
            Connections.listen(
                loop.reactor,
                endpoint.call(),
                codec,
                options,
                inner -> handler.connected(connection(inner, codec, options))));
  }

  CompletableFuture<Server> listen(Callable<Deferred<ListeningPort>> listen) {
    return loop.opening(
        () -> listen.call().addCallback(port -> new Server(loop, port)),
        Server::close,
        Place.here());
  }

  <T> CompletableFuture<Connection<T>> connect(
      String endpoint, Codec<T> codec, ConnectionOptions options) {
    return connect(
        () -> Endpoints.clientFromString(loop.reactor, endpoint, options.getTransport()),
        codec,
        withoutTransport(options));
  }

  <T> CompletableFuture<Connection<T>> connect(
      Callable<ClientEndpoint> endpoint, Codec<T> codec, ConnectionOptions options) {
    return loop.opening(
        () ->
            Connections.openConnection(loop.reactor, endpoint.call(), codec, options)
                .addCallback(inner -> connection(inner, codec, options)),
        Connection::abort);
  }

  <T> Connection<T> connection(
      MessageConnection<T> inner, Codec<T> codec, ConnectionOptions options) {
    return new LoopConnection<>(loop, inner, codec, options).begin();
  }

  <P extends Protocol> CompletableFuture<P> connectProtocol(
      Callable<ClientEndpoint> endpoint, P protocol) {
    return loop.opening(
        () -> Endpoints.connectProtocol(endpoint.call(), protocol),
        unwanted -> unwanted.transport().abortConnection());
  }

  <T> CompletableFuture<Datagrams<T>> openDatagrams(Callable<Deferred<MessagePort<T>>> open) {
    return loop.opening(
        () -> open.call().addCallback(inner -> new Datagrams<T>(loop, inner)), Datagrams::close);
  }
}
