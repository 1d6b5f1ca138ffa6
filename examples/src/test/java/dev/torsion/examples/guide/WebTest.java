// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Locale.ROOT;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.java.Torsion;
import dev.torsion.web.AccessLog;
import dev.torsion.web.EventStream;
import dev.torsion.web.HttpServerOptions;
import dev.torsion.web.Response;
import dev.torsion.web.Router;
import dev.torsion.web.ServerSentEvent;
import dev.torsion.web.Site;
import dev.torsion.web.StaticFiles;
import dev.torsion.web.TrustedProxies;
import dev.torsion.web.proxy.ReverseProxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java of docs/guide/web.md, with the JDK's client on real sockets. */
class WebTest {
  static Response numbers(int count) {
    return Response.streaming("text/plain", sink -> sink.sendAll(lines(count)));
  }

  private static Iterator<byte[]> lines(int count) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(number -> (number + "\n").getBytes(UTF_8))
        .iterator();
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
                          .text()
                          .thenApply(text -> Response.text(text.toUpperCase(ROOT))))
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
      var site = Site.of(torsion.reactor(), request -> completedFuture(numbers(20_000)));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port());
      var answer =
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(at).build(), BodyHandlers.ofLines());
      assertEquals(20_000, answer.body().count());
    }
  }

  @Test
  void eventsOfAPublisher() throws Exception {
    try (var torsion = Torsion.start()) {
      var prices = new SubmissionPublisher<ServerSentEvent>();
      var site = Site.of(torsion.reactor(), request -> completedFuture(EventStream.of(prices)));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port());
      var answer =
          HttpClient.newHttpClient()
              .sendAsync(HttpRequest.newBuilder(at).build(), BodyHandlers.ofLines())
              .get(10, TimeUnit.SECONDS);
      prices.submit(ServerSentEvent.data("7.30").withEvent("price").withId("42"));
      assertEquals(
          List.of("event: price", "id: 42", "data: 7.30"), answer.body().limit(3).toList());
      prices.close();
    }
  }

  @Test
  void anAccessLog() throws Exception {
    try (var torsion = Torsion.start()) {
      var router =
          Router.builder().get("/", request -> completedFuture(Response.text("hello"))).build();
      var lines = new LinkedBlockingQueue<String>();
      var options =
          HttpServerOptions.DEFAULT.withListener(
              AccessLog.combined(lines::add).and(AccessLog.structured()));
      var site = Site.of(torsion.reactor(), router, options);
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port() + "/");
      HttpClient.newHttpClient().send(HttpRequest.newBuilder(at).build(), BodyHandlers.ofString());
      assertTrue(lines.poll(10, TimeUnit.SECONDS).contains("\"GET / HTTP/1.1\" 200 5 "));
    }
  }

  @Test
  void aProxyThatIsTrusted() throws Exception {
    try (var torsion = Torsion.start()) {
      var options =
          HttpServerOptions.DEFAULT.withTrustedProxies(
              TrustedProxies.forwarded("10.0.0.0/8", "127.0.0.1"));
      var site =
          Site.of(
              torsion.reactor(),
              request -> completedFuture(Response.text(request.client() + " " + request.scheme())),
              options);
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port()))
              .header("Forwarded", "for=192.0.2.7;proto=https")
              .build();
      var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
      assertEquals("192.0.2.7:0 https", answer.body());
    }
  }

  @Test
  void aProxyBesideFiles(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("a.txt"), "file");
    try (var torsion = Torsion.start()) {
      var behind =
          Site.of(torsion.reactor(), request -> completedFuture(Response.text(request.target())));
      var other = torsion.listen("tcp:0:interface=127.0.0.1", behind).join();
      var backend = "http://127.0.0.1:" + other.port() + "/";
      var router =
          Router.builder()
              .mount("/api", ReverseProxy.of(torsion.reactor(), backend))
              .mount("/", StaticFiles.of(torsion.reactor(), folder))
              .build();
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", Site.of(torsion.reactor(), router)).join();
      var at = URI.create("http://127.0.0.1:" + server.port());
      var client = HttpClient.newHttpClient();
      var passed = HttpRequest.newBuilder(at.resolve("/api/x?y")).build();
      assertEquals("/x?y", client.send(passed, BodyHandlers.ofString()).body());
      var file = HttpRequest.newBuilder(at.resolve("/a.txt")).build();
      assertEquals("file", client.send(file, BodyHandlers.ofString()).body());
    }
  }
}
