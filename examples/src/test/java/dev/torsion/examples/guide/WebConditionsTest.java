// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.java.Torsion;
import dev.torsion.web.Conditional;
import dev.torsion.web.Request;
import dev.torsion.web.Response;
import dev.torsion.web.Router;
import dev.torsion.web.Site;
import dev.torsion.web.client.HttpClient;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/**
 * The Java of docs/guide/web.md about requests with conditions, and of docs/guide/web-client.md
 * about forms.
 */
class WebConditionsTest {
  static final class Page {
    private String text = "one";
    private int version = 1;

    CompletionStage<Response> get(Request request) {
      var known = Conditional.answer(request, tag(), null);
      return completedFuture(known != null ? known : Response.text(text).withHeader("ETag", tag()));
    }

    CompletionStage<Response> put(Request request) {
      return request
          .body()
          .text()
          .thenApply(
              newText -> {
                var refused = Conditional.answer(request, tag(), null);
                if (refused != null) return refused;
                text = newText;
                version++;
                return Response.of(204).withHeader("ETag", tag());
              });
    }

    private String tag() {
      return "\"" + version + "\"";
    }
  }

  @Test
  void whoHasThePageIsNotSentIt() {
    try (var torsion = Torsion.start()) {
      var page = new Page();
      var router = Router.builder().get("/page", page::get).put("/page", page::put).build();
      var port = torsion.listen("tcp:0:interface=127.0.0.1", Site.of(torsion.reactor(), router));
      var http =
          HttpClient.of(torsion.reactor()).withBaseUrl("http://127.0.0.1:" + port.join().port());
      assertEquals("one", http.get("/page").text().join());
      var known = http.get("/page").header("If-None-Match", "\"1\"");
      assertEquals(304, known.send().join().status());
      var change = http.put("/page").header("If-Match", "\"1\"").body("two");
      assertEquals(204, change.send().join().status());
      assertEquals(412, change.send().join().status());
      assertEquals("two", known.text().join());
    }
  }

  @Test
  void filtersQueriesAndForms() {
    try (var torsion = Torsion.start()) {
      var site =
          Site.of(
                  torsion.reactor(),
                  request ->
                      request
                          .body()
                          .text()
                          .thenApply(
                              body ->
                                  Response.text(request.queryParameters().get("tag") + body)
                                      .withHeader("ETag", "\"a\"")))
              .with(Conditional.filter());
      var port = torsion.listen("tcp:0:interface=127.0.0.1", site);
      var http =
          HttpClient.of(torsion.reactor()).withBaseUrl("http://127.0.0.1:" + port.join().port());
      assertEquals("[a, b]", http.get("/?tag=a&tag=b").text().join());
      var known = http.get("/").header("If-None-Match", "\"a\"");
      assertEquals(304, known.send().join().status());
      var sent = http.post("/").form("pet", "cat", "pet", "dog").text().join();
      assertEquals("nullpet=cat&pet=dog", sent);
    }
  }
}
