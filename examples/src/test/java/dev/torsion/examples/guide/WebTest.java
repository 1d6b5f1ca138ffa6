// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Locale.ROOT;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.java.Torsion;
import dev.torsion.web.BodySink;
import dev.torsion.web.Response;
import dev.torsion.web.Router;
import dev.torsion.web.Site;
import dev.torsion.web.StaticFiles;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java of docs/guide/web.md, with the JDK's client on real sockets. */
class WebTest {
  static Response numbers(int count) {
    return Response.streaming("text/plain", sink -> number(sink, 1, count));
  }

  private static CompletionStage<?> number(BodySink sink, int next, int last) {
    if (next > last) {
      return completedFuture(null);
    }
    return sink.send((next + "\n").getBytes(UTF_8))
        .thenCompose(sent -> number(sink, next + 1, last));
  }

  @Test
  void aServerWithRoutes() throws Exception {
    try (var torsion = Torsion.start()) {
      var router =
          Router.builder()
              .get(
                  "/users/{id}",
                  request -> completedFuture(Response.text("user " + request.parameter("id"))))
              .post(
                  "/shout",
                  request ->
                      request
                          .body()
                          .bytes()
                          .thenApply(bytes -> new String(bytes, UTF_8).toUpperCase(ROOT))
                          .thenApply(Response::text))
              .build();
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", Site.of(torsion.reactor(), router)).join();
      var at = URI.create("http://127.0.0.1:" + server.port());
      var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
      var user =
          client.send(
              HttpRequest.newBuilder(at.resolve("/users/7")).build(), BodyHandlers.ofString());
      assertEquals("user 7", user.body());
      var shout =
          HttpRequest.newBuilder(at.resolve("/shout"))
              .POST(HttpRequest.BodyPublishers.ofString("hello"))
              .build();
      assertEquals("HELLO", client.send(shout, BodyHandlers.ofString()).body());
    }
  }

  @Test
  void filesBelowAFolder(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("a.txt"), "file");
    try (var torsion = Torsion.start()) {
      var site = Site.of(torsion.reactor(), StaticFiles.of(torsion.reactor(), folder));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port() + "/a.txt");
      var answer =
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(at).build(), BodyHandlers.ofString());
      assertEquals("file", answer.body());
    }
  }

  @Test
  void aBodyThatIsWrittenAsTheClientTakesIt() throws Exception {
    try (var torsion = Torsion.start()) {
      var site = Site.of(torsion.reactor(), request -> completedFuture(numbers(100)));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port());
      var answer =
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(at).build(), BodyHandlers.ofLines());
      assertEquals(100, answer.body().count());
    }
  }
}
