// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.torsion.benchmarks.HttpPages;
import dev.torsion.benchmarks.Order;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.TcpOptions;
import dev.torsion.reactor.Reactor;
import dev.torsion.web.HttpServerOptions;
import dev.torsion.web.Request;
import dev.torsion.web.Resource;
import dev.torsion.web.Response;
import dev.torsion.web.Site;
import dev.torsion.web.StaticFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Torsion's first voice: a tree of resources with callbacks, as Twisted has it. */
final class TorsionHttpResources implements BenchServer {
  /** For all voices: the defaults with a longer time for an idle connection. */
  static final HttpServerOptions OPTIONS =
      HttpServerOptions.DEFAULT.withIdleTimeout(Duration.ofSeconds(HttpPages.IDLE_SECONDS));

  @Override
  public int start(Wire wire) throws IOException {
    var reactor = Reactor.create();
    var root =
        Resource.tree()
            .putChild(HttpPages.TEXT_PATH.substring(1), new Text())
            .putChild(HttpPages.JSON_PATH.substring(1), new Json())
            .putChild("files", Resource.of(StaticFiles.of(reactor, HttpPages.folder())))
            .putChild(HttpPages.ECHO_PATH.substring(1), new Echo());
    var site = Site.of(reactor, root, OPTIONS);
    var port = reactor.listenTcp(0, site, "", ListeningPort.DEFAULT_BACKLOG, TcpOptions.DEFAULT);
    reactor.start();
    return port.port();
  }

  private static final class Text extends Resource {
    private final byte[] text = HttpPages.text();

    @Override
    public CompletionStage<Response> render(Request request) {
      return completedFuture(Response.bytes(text, HttpPages.TEXT_TYPE));
    }
  }

  private static final class Json extends Resource {
    private final Order order = Order.sample();

    @Override
    public CompletionStage<Response> render(Request request) {
      try {
        return completedFuture(Response.bytes(OrderJson.encode(order), HttpPages.JSON_TYPE));
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    }
  }

  private static final class Echo extends Resource {
    @Override
    public CompletionStage<Response> render(Request request) {
      return request.body().bytes().thenApply(bytes -> Response.bytes(bytes, HttpPages.ECHO_TYPE));
    }
  }
}
