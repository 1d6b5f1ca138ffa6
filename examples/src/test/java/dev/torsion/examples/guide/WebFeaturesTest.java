// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.util.Objects.requireNonNullElse;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.torsion.cred.InMemoryChecker;
import dev.torsion.cred.Login;
import dev.torsion.cred.Portal;
import dev.torsion.defer.Deferreds;
import dev.torsion.java.Torsion;
import dev.torsion.web.Gzip;
import dev.torsion.web.Redirects;
import dev.torsion.web.Request;
import dev.torsion.web.RequestFilter;
import dev.torsion.web.Resource;
import dev.torsion.web.Response;
import dev.torsion.web.ResponseException;
import dev.torsion.web.Router;
import dev.torsion.web.Sessions;
import dev.torsion.web.SetCookie;
import dev.torsion.web.Site;
import dev.torsion.web.cred.BasicScheme;
import dev.torsion.web.cred.DigestScheme;
import dev.torsion.web.cred.Guard;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java of docs/guide/web.md about what stands around handlers, with the JDK's client. */
class WebFeaturesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  record User(String name) {}

  static final class Notes extends Resource {
    private final List<String> notes = new ArrayList<>();

    @Override
    public CompletionStage<Response> renderGet(Request request) {
      return completedFuture(Response.text(String.join("\n", notes)));
    }

    @Override
    public CompletionStage<Response> renderPost(Request request) {
      return request.body().text().thenApply(this::added);
    }

    private Response added(String note) {
      notes.add(note);
      return Response.of(201);
    }
  }

  static Response user(int id) {
    if (id > 99) throw new ResponseException(404, "There is no user " + id + ".");
    return Response.text("user " + id);
  }

  static Response echo(JsonNode order) {
    try {
      return Response.json(order, JSON::writeValueAsBytes);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static CompletionStage<Response> upload(Request request, Path folder) {
    return request
        .form()
        .thenCompose(
            form -> {
              var picture = form.file("picture");
              if (picture == null) throw new ResponseException(400, "Where is the picture?");
              return picture
                  .saveTo(folder.resolve(UUID.randomUUID().toString()))
                  .thenApply(saved -> Response.text(picture.size() + " bytes"));
            });
  }

  static Response dark() {
    return Response.redirect("/")
        .withCookie(SetCookie.of("theme", "dark").withMaxAge(Duration.ofDays(30)));
  }

  static Response login(Request request, String user) {
    var session = request.session();
    session.renew();
    session.set("user", user);
    return Redirects.within(requireNonNullElse(request.query("next"), "/"));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    return client.send(request.build(), BodyHandlers.ofString());
  }

  @Test
  void routersInRoutersAndFilters() throws Exception {
    try (var torsion = Torsion.start()) {
      var users =
          Router.builder()
              .get("/{id:int}", request -> completedFuture(user(request.intParameter("id"))))
              .build();
      var api = Router.builder().mount("/users", users).mount("/notes", new Notes()).build();
      RequestFilter noStore =
          (request, next) ->
              next.handle(request)
                  .thenApply(answer -> answer.withHeader("Cache-Control", "no-store"));
      var site =
          Site.of(torsion.reactor(), api)
              .with(noStore)
              .with(Gzip.filter())
              .with(Sessions.inMemory(torsion.reactor()).filter());
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port());
      var seven = send(HttpRequest.newBuilder(at.resolve("/users/7")));
      assertEquals("user 7", seven.body());
      assertEquals("no-store", seven.headers().firstValue("Cache-Control").orElseThrow());
      assertEquals(404, send(HttpRequest.newBuilder(at.resolve("/users/x"))).statusCode());
      assertEquals(
          "There is no user 100.\n", send(HttpRequest.newBuilder(at.resolve("/users/100"))).body());
      var notes = at.resolve("/notes");
      assertEquals(
          201, send(HttpRequest.newBuilder(notes).POST(BodyPublishers.ofString("a"))).statusCode());
      assertEquals("a", send(HttpRequest.newBuilder(notes)).body());
      assertEquals(405, send(HttpRequest.newBuilder(notes).DELETE()).statusCode());
    }
  }

  @Test
  void jsonFormsAndSessions(@TempDir Path folder) throws Exception {
    try (var torsion = Torsion.start()) {
      var router =
          Router.builder()
              .post(
                  "/orders",
                  request -> request.json(JSON::readTree).thenApply(WebFeaturesTest::echo))
              .post("/upload", request -> upload(request, folder))
              .get("/dark", request -> completedFuture(dark()))
              .get("/login", request -> completedFuture(login(request, "joe")))
              .build();
      var sessions = Sessions.inMemory(torsion.reactor());
      var site = Site.of(torsion.reactor(), router).with(sessions.filter());
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port());
      var order =
          HttpRequest.newBuilder(at.resolve("/orders"))
              .header("Content-Type", "application/json")
              .POST(BodyPublishers.ofString("{\"count\": 1}"));
      assertEquals("{\"count\":1}", send(order).body());
      var form =
          HttpRequest.newBuilder(at.resolve("/upload"))
              .header("Content-Type", "multipart/form-data; boundary=B")
              .POST(
                  BodyPublishers.ofString(
                      """
                      --B\r
                      Content-Disposition: form-data; name="id"\r
                      \r
                      7\r
                      --B\r
                      Content-Disposition: form-data; name="picture"; filename="../a.png"\r
                      \r
                      12345\r
                      --B--\r
                      """));
      assertEquals("5 bytes", send(form).body());
      try (var files = Files.list(folder)) {
        assertEquals("12345", Files.readString(files.findFirst().orElseThrow()));
      }
      var dark = send(HttpRequest.newBuilder(at.resolve("/dark")));
      assertTrue(dark.headers().firstValue("Set-Cookie").orElseThrow().startsWith("theme=dark; "));
      var login = send(HttpRequest.newBuilder(at.resolve("/login?next=/inbox")));
      assertEquals("/inbox", login.headers().firstValue("Location").orElseThrow());
      assertTrue(login.headers().firstValue("Set-Cookie").orElseThrow().startsWith("session="));
      assertEquals(
          400, send(HttpRequest.newBuilder(at.resolve("/login?next=//evil.example"))).statusCode());
    }
  }

  @Test
  void aGuardBeforeARouter() throws Exception {
    try (var torsion = Torsion.start()) {
      var portal =
          new Portal(
              (id, mind, types) -> Deferreds.succeed(new Login<>(User.class, new User(id.name()))),
              new InMemoryChecker().addUser("joe", "secret"));
      var guard =
          Guard.of(
              portal,
              User.class,
              new DigestScheme(torsion.reactor(), "orders"),
              new BasicScheme("orders"));
      var router =
          Router.builder()
              .with(guard.filter())
              .get("/me", request -> completedFuture(Response.text(guard.avatar(request).name())))
              .build();
      var site = Site.of(torsion.reactor(), router);
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var at = URI.create("http://127.0.0.1:" + server.port() + "/me");
      assertEquals(401, send(HttpRequest.newBuilder(at)).statusCode());
      var joe = HttpRequest.newBuilder(at).header("Authorization", "Basic am9lOnNlY3JldA==");
      assertEquals("joe", send(joe).body());
    }
  }
}
