// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.torsion.benchmarks.HttpPages;
import dev.torsion.benchmarks.Order;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import dev.torsion.java.Torsion;
import dev.torsion.web.Request;
import dev.torsion.web.Response;
import dev.torsion.web.Site;
import dev.torsion.web.StaticFiles;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Torsion's Java facade: one handler, which answers with futures. */
final class TorsionHttpJava implements BenchServer {
  private final byte[] text = HttpPages.text();
  private final Order order = Order.sample();

  @Override
  public int start(Wire wire) throws IOException {
    var torsion = Torsion.start();
    var files = StaticFiles.of(torsion.reactor(), HttpPages.folder());
    var site =
        Site.of(torsion.reactor(), request -> answer(request, files), TorsionHttpResources.OPTIONS);
    return torsion.listen("tcp:0", site).join().port();
  }

  private CompletionStage<Response> answer(Request request, StaticFiles files) {
    return switch (request.rawPath()) {
      case HttpPages.TEXT_PATH -> completedFuture(Response.bytes(text, HttpPages.TEXT_TYPE));
      case HttpPages.JSON_PATH -> json();
      case HttpPages.FILE_PATH -> files.handle(request);
      case HttpPages.ECHO_PATH ->
          request.body().bytes().thenApply(bytes -> Response.bytes(bytes, HttpPages.ECHO_TYPE));
      default -> completedFuture(Response.error(404));
    };
  }

  private CompletionStage<Response> json() {
    try {
      return completedFuture(Response.bytes(OrderJson.encode(order), HttpPages.JSON_TYPE));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
