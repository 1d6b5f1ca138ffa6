// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Input;
import dev.torsion.examples.Output;
import dev.torsion.java.Codecs;
import dev.torsion.java.Connection;
import dev.torsion.java.KeptConnection;
import dev.torsion.java.Torsion;
import dev.torsion.net.CloseReason;
import dev.torsion.service.RetryPolicy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Asks each line of the input, whatever becomes of the server meanwhile. */
public final class SteadyClient {
  /** Soon, so that nobody who looks on has to wait; the default grows from 2 s to a minute. */
  private static final RetryPolicy SOON = failedAttempts -> Duration.ofMillis(50);

  private final Torsion torsion;
  private final Input input;
  private final Output out;
  private final KeptConnection<String> server;

  private SteadyClient(Torsion torsion, String endpoint, Input input, Output out) {
    this.torsion = torsion;
    this.input = input;
    this.out = out;
    server =
        torsion
            .services()
            .keepConnected(
                endpoint,
                Codecs.line(),
                setUp -> setUp.retryPolicy(SOON).preparation(this::connected));
  }

  /** The future completes at the end of the input. */
  public static CompletableFuture<Void> run(
      Torsion torsion, String endpoint, Input input, Output out) {
    return new SteadyClient(torsion, endpoint, input, out).askNext();
  }

  /** Sees each new connection first; here there is nothing to do that the others must wait for. */
  private @Nullable CompletableFuture<?> connected(Connection<String> connection) {
    out.println("connected");
    connection.closed().thenAccept(reason -> out.println("disconnected"));
    return null;
  }

  private CompletableFuture<Void> askNext() {
    return torsion
        .future(input::readLine)
        .thenCompose(
            question ->
                question == null
                    ? server.stop()
                    : ask(question)
                        .thenAccept(answer -> out.println(question + " -> " + answer))
                        .thenCompose(printed -> askNext()));
  }

  /** A question whose connection is lost before the answer comes is asked again on the next one. */
  private CompletableFuture<String> ask(String question) {
    return server
        .connection()
        .thenCompose(connection -> connection.request(question))
        .exceptionallyCompose(
            error -> {
              Throwable cause = error instanceof CompletionException ? error.getCause() : error;
              return cause instanceof CloseReason
                  ? ask(question)
                  : CompletableFuture.failedFuture(error);
            });
  }

  public static void main(String[] args) throws Exception {
    System.exit(
        Torsion.react(
            torsion ->
                run(
                    torsion,
                    "tcp:localhost:8007",
                    Input.console(torsion.reactor()),
                    Output.CONSOLE)));
  }
}
