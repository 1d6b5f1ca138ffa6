// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import dev.torsion.web.Request;
import dev.torsion.web.Response;
import dev.torsion.web.Router;
import dev.torsion.web.Site;
import dev.torsion.web.client.Authentication;
import dev.torsion.web.client.CookieJar;
import dev.torsion.web.client.HttpClient;
import dev.torsion.web.client.HttpStatusException;
import dev.torsion.web.client.Multipart;
import dev.torsion.web.client.RequestBody;
import dev.torsion.web.client.RequestTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java of docs/guide/web-client.md, over real sockets. */
class WebClientTest {
  record Cat(String name, int lives) {}

  private static Response json(String text) {
    return Response.bytes(text.getBytes(UTF_8), "application/json");
  }

  private static Response cookie(Request request) {
    var before = request.headers().get("Cookie");
    return Response.text(String.valueOf(before)).withHeader("Set-Cookie", "a=1; Max-Age=60");
  }

  private static CompletionStage<Response> echo(Request request) {
    return request
        .body()
        .bytes()
        .thenApply(
            body -> Response.bytes(body, String.valueOf(request.headers().get("Content-Type"))));
  }

  private static Server server(Torsion torsion) {
    var router =
        Router.builder()
            .get("/cats/tom", r -> completedFuture(json("{\"name\": \"Tom\", \"lives\": 9}")))
            .get("/cookie", r -> completedFuture(cookie(r)))
            .get("/who", r -> completedFuture(Response.text("" + r.headers().get("Authorization"))))
            .get("/never", r -> new CompletableFuture<>())
            .post("/echo", WebClientTest::echo)
            .build();
    return torsion.listen("tcp:0:interface=127.0.0.1", Site.of(torsion.reactor(), router)).join();
  }

  @Test
  void textAndJson() {
    try (var torsion = Torsion.start()) {
      var base = "http://127.0.0.1:" + server(torsion).port();
      var http = HttpClient.of(torsion.reactor());
      String text = http.get(base + "/cats/tom").text().join();
      assertTrue(text.contains("Tom"));
      var jackson = new ObjectMapper();
      var api =
          http.withBaseUrl(base)
              .withJson(jackson::writeValueAsBytes, jackson::readValue)
              .raisingForStatus();
      Cat cat = api.get("/cats/tom").query("detail", "all").json(Cat.class).join();
      Cat same = api.post("/echo").jsonBody(cat).json(Cat.class).join();
      assertEquals(new Cat("Tom", 9), same);
      http.close();
    }
  }

  @Test
  void whatGoesWrong() {
    try (var torsion = Torsion.start()) {
      var base = "http://127.0.0.1:" + server(torsion).port();
      var http = HttpClient.of(torsion.reactor());
      var call = http.get(base + "/cats/garfield").raiseForStatus().timeout(Duration.ofSeconds(10));
      var answer =
          call.text()
              .exceptionally(
                  error -> {
                    var cause = error instanceof CompletionException e ? e.getCause() : error;
                    if (cause instanceof HttpStatusException e && e.getStatus() == 404) {
                      return "there is no such cat";
                    }
                    throw new CompletionException(cause);
                  });
      assertEquals("there is no such cat", answer.join());
      var late = http.get(base + "/never").timeout(Duration.ofMillis(50)).text();
      var error = assertThrows(CompletionException.class, late::join);
      assertInstanceOf(RequestTimeoutException.class, error.getCause());
      http.close();
    }
  }

  @Test
  void formsAndFiles(@TempDir Path folder) throws Exception {
    var picture = Files.writeString(folder.resolve("tom.png"), "a picture");
    try (var torsion = Torsion.start()) {
      var base = "http://127.0.0.1:" + server(torsion).port();
      var http = HttpClient.of(torsion.reactor());
      var sent = http.post(base + "/echo").form(Map.of("name", "Tom & co")).text().join();
      assertEquals("name=Tom+%26+co", sent);
      var progress = new AtomicLong();
      var form = Multipart.of("title", "Tom").file("picture", picture);
      var back =
          http.post(base + "/echo")
              .multipart(form)
              .onUpload((done, length) -> progress.set(100 * done / length))
              .saveTo(folder.resolve("back"))
              .join();
      assertTrue(Files.readString(back).contains("filename=\"tom.png\""));
      assertEquals(100, progress.get());
      var large = http.post(base + "/echo").body(RequestBody.file(picture)).bytes(1024).join();
      assertEquals(9, large.length);
      http.close();
    }
  }

  @Test
  void cookiesAndLogins(@TempDir Path folder) throws Exception {
    var file = folder.resolve("cookies.txt");
    try (var torsion = Torsion.start()) {
      var base = "http://127.0.0.1:" + server(torsion).port();
      var http = HttpClient.of(torsion.reactor());
      var jar = new CookieJar();
      var browsing = http.withCookies(jar);
      browsing.get(base + "/cookie").text().join();
      assertEquals("a=1", browsing.get(base + "/cookie").text().join());
      Files.writeString(file, torsion.call(jar::save).join());
      var api = http.withAuthentication(base, Authentication.basic("tom", "secret"));
      assertEquals("Basic dG9tOnNlY3JldA==", api.get(base + "/who").text().join());
      http.close();
    }
    var again = new CookieJar();
    again.load(Files.readString(file));
    assertEquals(1, again.all().size());
  }

  @Test
  void theHeadFirst() {
    try (var torsion = Torsion.start()) {
      var base = "http://127.0.0.1:" + server(torsion).port();
      var http = HttpClient.of(torsion.reactor());
      var size =
          http.get(base + "/cats/tom")
              .send()
              .thenCompose(
                  response -> {
                    assertEquals("application/json", response.headers().get("Content-Type"));
                    return response.body().bytes();
                  })
              .thenApply(body -> body.length);
      assertEquals(27, size.join());
      http.close();
    }
  }
}
