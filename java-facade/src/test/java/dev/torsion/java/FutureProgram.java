// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.testkit.sweep.SweepRun;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A program in futures for a sweep of faults: a server, a client that asks and one that stays
 * connected, time, threads, and something to do before the stop.
 */
final class FutureProgram {
  private final SweepRun run;
  private final Torsion torsion;

  FutureProgram(SweepRun run) {
    this.run = run;
    this.torsion = Torsion.on(run.reactor());
  }

  void begin() {
    torsion.beforeStop(() -> run.call("beforeStop", () -> CompletableFuture.completedStage("")));
    run.reactor().callWhenRunning(() -> run.call("start", this::start));
  }

  private String start() {
    var unused =
        run.track("serve", torsion.serve("tcp:8007", Codecs.line(), this::connected))
            .thenCompose(
                server ->
                    run.track("ask", ask())
                        .handle((value, error) -> "")
                        .thenCompose(done -> run.track("keep", keep()))
                        .handle((value, error) -> "")
                        .thenCompose(done -> run.track("threads", threads()))
                        .handle((value, error) -> "")
                        .thenCompose(done -> run.track("stop server", server.stop())))
            .whenComplete((value, error) -> run.stop());
    return "";
  }

  private void connected(Connection<String> connection) {
    run.begun("connection");
    var unused =
        run.track("closed", connection.closed())
            .whenComplete((reason, error) -> run.ended("connection"));
    run.call(
        "connected",
        () -> {
          connection.onMessage(message -> run.call("onMessage", () -> answer(connection, message)));
          return "";
        });
  }

  private CompletionStage<Void> answer(Connection<String> connection, String message) {
    return connection.send(message);
  }

  private CompletableFuture<String> ask() {
    return run.track("connect", torsion.connect("tcp:server.test:8007", Codecs.line()))
        .thenCompose(
            connection ->
                run.track("request", connection.request("one"))
                    .thenCombine(
                        run.track("request", connection.request("two")),
                        (one, two) -> run.callInStage("answers", () -> one + two))
                    .whenComplete((both, error) -> connection.close()));
  }

  private CompletableFuture<Void> keep() {
    KeptConnection<String> kept = torsion.keepConnected("tcp:server.test:8007", Codecs.line());
    return run.track("connection", kept.connection())
        .thenCompose(connection -> run.track("request", connection.request("three")))
        .handle((answer, error) -> "")
        .thenCompose(done -> run.track("stop kept", kept.stop()));
  }

  private CompletableFuture<String> threads() {
    return run.track("deferToThread", torsion.deferToThread(() -> run.call("in thread", () -> "")))
        .thenCompose(done -> run.planning(() -> torsion.after(Duration.ofMillis(50))))
        .thenApply(done -> run.callInStage("after", () -> ""));
  }
}
