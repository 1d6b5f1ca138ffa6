// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.testkit.CapturedLogs;
import dev.torsion.testkit.MemoryReactor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** The server in Java. */
class SiteTest {
  private static String ask(Site site, MemoryReactor reactor, String... requests) {
    var client = Raws.connect(reactor, site);
    for (var request : requests) {
      client.send(request);
      reactor.flush();
    }
    return client.got();
  }

  private static String body(String answer) {
    return answer.substring(answer.indexOf("\r\n\r\n") + 4);
  }

  @Test
  void aFutureIsTheAnswer() {
    try (var reactor = new MemoryReactor()) {
      var site =
          Site.of(
              reactor,
              request -> request.body().text().thenApply(body -> Response.text("got " + body)));
      assertEquals(
          "got abc",
          body(ask(site, reactor, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")));
    }
  }

  @Test
  void nullInPlaceOfAFutureIsAnErrorThatNamesTheHandlerOrTheFilter() {
    try (var reactor = new MemoryReactor();
        var logs = CapturedLogs.start()) {
      var get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
      var answer = completedFuture(Response.of(204));
      var resource =
          new Resource() {
            @Override
            public CompletionStage<Response> renderGet(Request request) {
              return null;
            }
          };
      ask(Site.of(reactor, request -> null), reactor, get);
      ask(Site.of(reactor, request -> answer).with((request, next) -> null), reactor, get);
      ask(
          Site.of(reactor, Router.builder().mount("/a", resource).build()),
          reactor,
          get.replace("/ ", "/a "));
      var messages = logs.failures(NullPointerException.class).stream().map(e -> e.getMessage());
      assertEquals(
          List.of(
              "The handler has given no answer.",
              "The filter has given no answer.",
              "The resource has given no answer."),
          messages.toList());
      logs.flushLoggedErrors();
    }
  }

  @Test
  void aRouterHasHandlersOfJava() {
    try (var reactor = new MemoryReactor()) {
      var router =
          Router.builder()
              .get("/users/{id}", r -> completedFuture(Response.text("user " + r.parameter("id"))))
              .build();
      assertEquals(
          "user 7",
          body(ask(Site.of(reactor, router), reactor, "GET /users/7 HTTP/1.1\r\nHost: a\r\n\r\n")));
    }
  }

  @Test
  void aBodyIsWrittenByFutures() {
    try (var reactor = new MemoryReactor()) {
      var site =
          Site.of(
              reactor,
              request ->
                  completedFuture(
                      Response.streaming(
                          "a/b",
                          sink ->
                              sink.send("a".getBytes(UTF_8))
                                  .thenCompose(x -> sink.send("b".getBytes(UTF_8))))));
      assertEquals(
          "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
          body(ask(site, reactor, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
      var known =
          Site.of(
              reactor,
              request ->
                  completedFuture(
                      Response.streaming("a/b", sink -> sink.send("ab".getBytes(UTF_8)), 2)));
      var answer = ask(known, reactor, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertEquals("ab", body(answer));
      assertTrue(answer.contains("\r\nContent-Length: 2\r\n"), answer);
    }
  }

  @Test
  void aHandlerThatThrowsOrGivesNothingIsAnsweredWith500() {
    List<RequestHandler> handlers = new ArrayList<>();
    handlers.add(
        request -> {
          throw new IllegalStateException("secret");
        });
    handlers.add(request -> CompletableFuture.failedFuture(new IllegalStateException("secret")));
    for (var handler : handlers) {
      try (var reactor = new MemoryReactor();
          var logs = CapturedLogs.start()) {
        var answer = ask(Site.of(reactor, handler), reactor, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 500 "), answer);
        assertEquals(1, logs.flushLoggedErrors(IllegalStateException.class).size());
      }
    }
  }

  @Test
  void aFutureIsCancelledWhenItsClientGoes() {
    var never = new CompletableFuture<Response>();
    try (var reactor = new MemoryReactor()) {
      var client = Raws.connect(reactor, Site.of(reactor, request -> never));
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      reactor.flush();
      client.transport().abortConnection();
      reactor.flush();
      assertTrue(never.isCancelled());
    }
  }

  /** Has a child for every name but one. */
  private static final class Users extends Resource {
    @Override
    public Resource getChild(String name, Request request) {
      return name.isEmpty()
          ? null
          : Resource.of(r -> completedFuture(Response.text("user " + name + r.pathSegments())));
    }

    @Override
    public CompletionStage<Response> render(Request request) {
      return completedFuture(Response.text("users"));
    }
  }

  @Test
  void aTreeOfResourcesIsWalkedByTheNamesOfThePath() {
    var expected =
        Map.of(
            "/", "root",
            "/users", "users",
            "/users/a%2Fb", "user a/b[users, a/b]",
            "/users/7/and/more", "user 7[users, 7, and, more]",
            "/users/", "404 Not Found\n",
            "/none", "404 Not Found\n",
            "/none/users", "404 Not Found\n");
    var root =
        Resource.tree()
            .putChild("", Resource.of(r -> completedFuture(Response.text("root"))))
            .putChild("users", new Users());
    expected.forEach(
        (path, answer) -> {
          try (var reactor = new MemoryReactor()) {
            var request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
            assertEquals(answer, body(ask(Site.of(reactor, root), reactor, request)), path);
          }
        });
  }
}
