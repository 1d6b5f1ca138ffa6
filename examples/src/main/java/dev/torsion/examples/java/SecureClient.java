// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.endpoint.TlsClientEndpoint;
import dev.torsion.examples.Output;
import dev.torsion.java.Codecs;
import dev.torsion.java.Connection;
import dev.torsion.java.Torsion;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsClientOptions;
import dev.torsion.tls.TlsConnectException;
import dev.torsion.tls.TlsTrust;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Asks a server over TLS whose certificate signs itself: first without trust in it, then with it.
 */
public final class SecureClient {
  private final Torsion torsion;
  private final int port;
  private final Output out;

  private SecureClient(Torsion torsion, int port, Output out) {
    this.torsion = torsion;
    this.port = port;
    this.out = out;
  }

  /** The future completes when both are done. */
  public static CompletableFuture<Void> run(Torsion torsion, int port, TlsTrust trust, Output out) {
    var client = new SecureClient(torsion, port, out);
    return client
        .ask(Tls.client())
        .exceptionally(client::refused)
        .thenCompose(refused -> client.ask(Tls.client().withTrust(trust)));
  }

  private CompletableFuture<Void> ask(TlsClientOptions tls) {
    var endpoint = new TlsClientEndpoint(torsion.reactor(), "127.0.0.1", port, tls);
    return torsion.connect(endpoint, Codecs.line()).thenCompose(this::ask);
  }

  private CompletableFuture<Void> ask(Connection<String> connection) {
    return connection
        .tlsSession()
        .thenAccept(tls -> out.println("connected by " + tls.orElseThrow().getProtocol()))
        .thenCompose(told -> connection.request("hello"))
        .thenAccept(answer -> out.println("hello -> " + answer))
        .whenComplete((done, error) -> connection.close());
  }

  private Void refused(Throwable error) {
    var cause = error instanceof CompletionException ? error.getCause() : error;
    if (!(cause instanceof TlsConnectException refusal)) throw new CompletionException(cause);
    out.println("refused: " + refusal.getTls().getClass().getSimpleName());
    return null;
  }

  public static void main(String[] args) throws Exception {
    var trust = TlsTrust.fromPem(Path.of("localhost.pem"));
    System.exit(Torsion.react(torsion -> run(torsion, 8443, trust, Output.CONSOLE)));
  }
}
