// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Locale.ROOT;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.adbapi.ConnectionPool;
import dev.torsion.adbapi.ConnectionPoolOptions;
import dev.torsion.adbapi.Row;
import dev.torsion.adbapi.Sql;
import dev.torsion.java.Torsion;
import dev.torsion.web.Response;
import dev.torsion.web.Router;
import dev.torsion.web.Site;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The large bodies of docs/guide/web.md, from a database and from a file. */
@Timeout(60)
class WebRowsTest {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  static ByteBuffer line(Row row) {
    return UTF_8.encode(row.get("name") + "," + row.get("price") + "\n");
  }

  static Response shouted(Path file) {
    return Response.streaming("text/plain", sink -> sink.sendAllInThread(() -> shouts(file)));
  }

  @SuppressWarnings("StreamResourceLeak") // the sink closes it
  private static Stream<byte[]> shouts(Path file) throws IOException {
    return Files.lines(file).map(line -> (line.toUpperCase(ROOT) + "\n").getBytes(UTF_8));
  }

  private static HttpResponse<String> get(String url) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(30)).build();
    return CLIENT.send(request, BodyHandlers.ofString());
  }

  @Test
  void theRowsOfADatabaseAreAnAnswer() throws Exception {
    var one = ConnectionPoolOptions.DEFAULT.withConnections(1);
    try (var torsion = Torsion.start();
        var db =
            ConnectionPool.open(torsion.reactor(), "jdbc:h2:mem:rows;DB_CLOSE_DELAY=-1", one)) {
      db.update("CREATE TABLE fruit(name VARCHAR(50), price INT)").join();
      db.update("INSERT INTO fruit SELECT 'fruit' || X, X FROM SYSTEM_RANGE(1, 20000)").join();
      var router =
          Router.builder()
              .get(
                  "/fruit.csv",
                  request ->
                      completedFuture(
                          Response.publishing(
                              "text/csv",
                              db.stream(
                                  Sql.of("SELECT name, price FROM fruit ORDER BY name")
                                      .fetchSize(100)
                                      .map(WebRowsTest::line)))))
              .get(
                  "/broken.csv",
                  request ->
                      completedFuture(
                          Response.publishing(
                              "text/csv",
                              db.stream(Sql.of("SELECT nothing FROM fruit").map(r -> line(r))))))
              .build();
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", Site.of(torsion.reactor(), router)).join();
      var base = "http://127.0.0.1:" + server.port();
      var csv = get(base + "/fruit.csv");
      assertEquals(20_000, csv.body().lines().count());
      assertTrue(csv.body().startsWith("fruit1,1\nfruit10,10\n"));
      assertEquals(500, get(base + "/broken.csv").statusCode());
      // A client that goes away gives the one connection back.
      try (var half =
          CLIENT
              .send(
                  HttpRequest.newBuilder(URI.create(base + "/fruit.csv")).build(),
                  BodyHandlers.ofInputStream())
              .body()) {
        assertEquals('f', half.read());
      }
      var count = db.query(Sql.of("SELECT COUNT(*) FROM fruit").into(Long.class));
      assertEquals(20_000, count.get(30, TimeUnit.SECONDS).get(0));
    }
  }

  @Test
  void theLinesOfAFileAreAnAnswer(@TempDir Path folder) throws Exception {
    var file = Files.writeString(folder.resolve("words"), "one\ntwo\n".repeat(10_000));
    try (var torsion = Torsion.start()) {
      var site = Site.of(torsion.reactor(), request -> completedFuture(shouted(file)));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var answer = get("http://127.0.0.1:" + server.port());
      assertEquals("ONE\nTWO\n".repeat(10_000), answer.body());
    }
  }

  /** Gives one piece, and then waits. */
  private static final class Waiting implements Iterator<byte[]>, AutoCloseable {
    final CountDownLatch waits = new CountDownLatch(1);
    final CountDownLatch goesOn = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    private boolean isFirst = true;
    private boolean isInside;

    @Override
    public boolean hasNext() {
      if (isFirst) return true;
      isInside = true;
      waits.countDown();
      try {
        assertTrue(goesOn.await(30, TimeUnit.SECONDS));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      isInside = false;
      return true;
    }

    @Override
    public byte[] next() {
      isFirst = false;
      return "first".getBytes(UTF_8);
    }

    @Override
    public void close() {
      if (!isInside) closed.countDown();
    }
  }

  @Test
  void aPieceIsSentWhileTheNextOneIsWaitedForAndTheClientMayGoMeanwhile() throws Exception {
    try (var torsion = Torsion.start()) {
      var pieces = new Waiting();
      var site =
          Site.of(
              torsion.reactor(),
              request ->
                  completedFuture(Response.streaming("a/b", sink -> sink.sendAllInThread(pieces))));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port())).build();
      try (var body = CLIENT.send(request, BodyHandlers.ofInputStream()).body()) {
        assertEquals("first", new String(body.readNBytes(5), UTF_8));
        assertTrue(pieces.waits.await(30, TimeUnit.SECONDS));
      }
      pieces.goesOn.countDown();
      assertTrue(pieces.closed.await(30, TimeUnit.SECONDS));
    }
  }

  @Test
  void aCutAnswerIsNoWholeOne() throws Exception {
    try (var torsion = Torsion.start()) {
      var site =
          Site.of(
              torsion.reactor(),
              request ->
                  completedFuture(
                      Response.streaming(
                          "a/b",
                          sink ->
                              sink.sendAllInThread(
                                  () -> Stream.of(1, 0).map(n -> new byte[1 / n])))));
      var server = torsion.listen("tcp:0:interface=127.0.0.1", site).join();
      assertThrows(IOException.class, () -> get("http://127.0.0.1:" + server.port()));
    }
  }
}
