// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.java.Torsion;
import dev.torsion.web.Headers;
import dev.torsion.web.Request;
import dev.torsion.web.Response;
import dev.torsion.web.Site;
import dev.torsion.web.client.Agent;
import dev.torsion.web.client.ClientRequest;
import dev.torsion.web.client.HttpClient;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The Java of docs/guide/web.md and docs/guide/web-client.md on answers on the way and trailers.
 */
class WebTrailersTest {
  private static final byte[] PAGE = "<p>hello".getBytes(UTF_8);

  static Response page(Request request) {
    request.sendInterim(103, Headers.of("Link", "</style.css>; rel=preload; as=style"));
    return Response.streaming(
        "text/html",
        sink ->
            sink.send(PAGE)
                .thenRun(() -> sink.setTrailers(Headers.of("Server-Timing", "page;dur=12"))));
  }

  @Test
  void linksBeforeAnAnswerAndTimesBehindIt() throws Exception {
    try (var torsion = Torsion.start()) {
      var site = Site.of(torsion.reactor(), request -> completedFuture(page(request)));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var base = "http://127.0.0.1:" + server.port();
      var links = new CopyOnWriteArrayList<String>();
      try (var agent = Agent.of(torsion.reactor())) {
        var request =
            ClientRequest.get(base + "/")
                .withInterimListener((status, headers) -> links.addAll(headers.all("Link")));
        var timing =
            agent
                .send(request)
                .thenCompose(
                    response ->
                        response
                            .body()
                            .bytes()
                            .thenApply(body -> response.trailers().get("Server-Timing")));
        assertEquals("page;dur=12", timing.get(10, TimeUnit.SECONDS));
        assertEquals(List.of("</style.css>; rel=preload; as=style"), links);
      }
      try (var http = HttpClient.of(torsion.reactor())) {
        links.clear();
        var page =
            http.get(base + "/")
                .onInterim((status, headers) -> links.addAll(headers.all("Link")))
                .text()
                .join();
        assertEquals("<p>hello", page);
        assertEquals(1, links.size());
      }
    }
  }
}
