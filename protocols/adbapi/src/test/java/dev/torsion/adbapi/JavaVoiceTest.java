// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.net.WrongThreadException;
import dev.torsion.reactor.Reactor;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** All of a pool that a Java program writes. */
class JavaVoiceTest {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private final Reactor reactor = Reactor.create();
  private ConnectionPool db;

  record Fruit(String name, int price) {}

  @BeforeEach
  void start() {
    reactor.start();
    db =
        ConnectionPool.open(
            reactor,
            "jdbc:h2:mem:java" + COUNT.incrementAndGet() + ";DB_CLOSE_DELAY=-1",
            ConnectionPoolOptions.DEFAULT.withConnections(2).withName("shop"));
    db.update(
            "CREATE TABLE fruit(id IDENTITY, name VARCHAR(50) UNIQUE, price INT,"
                + " bought TIMESTAMP WITH TIME ZONE)")
        .join();
  }

  @AfterEach
  void stop() {
    db.close();
    assertEquals(0, db.health().getConnections());
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
  }

  @Test
  void futuresChain() {
    long key = db.insert("INSERT INTO fruit(name, price) VALUES (?, ?)", "apple", 3).join().key();
    assertEquals(1, key);
    var names =
        db.update("INSERT INTO fruit(name, price) VALUES (?, ?)", "pear", 5)
            .thenCompose(count -> db.query("SELECT name FROM fruit WHERE price > ?", 4))
            .thenApply(rows -> rows.stream().map(row -> row.get("name")).toList())
            .join();
    assertEquals(List.of("pear"), names);
  }

  @Test
  void rowsAreRecordsMapsAndLists() {
    db.batch(
            Batch.of(
                "INSERT INTO fruit(name, price) VALUES (?, ?)",
                rows -> rows.add("apple", 3).add("pear", 5)))
        .join();
    var sql = Sql.of("SELECT name, price FROM fruit WHERE name <> :name").bind("name", "plum");
    assertEquals(
        List.of(new Fruit("apple", 3), new Fruit("pear", 5)),
        db.query(sql.into(Fruit.class)).join());
    assertEquals(
        List.of(Map.of("NAME", "apple", "PRICE", 3), Map.of("NAME", "pear", "PRICE", 5)),
        db.query(sql.map(RowMapper.maps())).join());
    assertEquals(
        List.of(List.of("apple", 3), List.of("pear", 5)),
        db.query(sql.map(RowMapper.lists())).join());
    assertEquals(
        List.of(8L), db.query(Sql.of("SELECT SUM(price) FROM fruit").into(Long.class)).join());
    var row = db.query("SELECT * FROM fruit").join().get(0);
    assertEquals(3L, row.get("price", Long.class));
    assertThrows(MappingException.class, () -> row.get("colour"));
    var noTimes = db.query(Sql.of("SELECT name FROM fruit").into(Instant.class));
    assertInstanceOf(
        MappingException.class, assertThrows(CompletionException.class, noTimes::join).getCause());
  }

  @Test
  void anInteractionIsWholeOrNothing() {
    var failed =
        db.interaction(
            tx -> {
              tx.update("INSERT INTO fruit(name) VALUES ('apple')");
              return tx.update("INSERT INTO fruit(name) VALUES ('apple')");
            });
    var error = assertThrows(CompletionException.class, failed::join).getCause();
    var violation = assertInstanceOf(UniqueViolationException.class, error);
    assertEquals("23505", violation.getSqlState());
    assertInstanceOf(SQLException.class, violation.getCause());
    assertEquals(List.of(), db.query("SELECT * FROM fruit").join());
    var found =
        db.withConnection(
                connection -> {
                  try (var statement = connection.prepareStatement("SELECT 5")) {
                    var result = statement.executeQuery();
                    result.next();
                    return result.getInt(1);
                  }
                })
            .join();
    assertEquals(5, found);
  }

  @Test
  void anyStageCancelsAndATimeLimitToo() {
    var slow =
        Sql.of("SELECT SUM(a.x) FROM SYSTEM_RANGE(1, 10000000) a, SYSTEM_RANGE(1, 1000000) b");
    var stage = db.query(slow).thenApply(List::size);
    stage.cancel(true);
    var limited = db.query(slow).orTimeout(50, TimeUnit.MILLISECONDS);
    assertInstanceOf(
        TimeoutException.class, assertThrows(CompletionException.class, limited::join).getCause());
    // Both threads and both connections are free again.
    var one = db.interaction(tx -> tx.query("SELECT 1").size());
    var two = db.interaction(tx -> tx.query("SELECT 1").size());
    assertEquals(2, one.join() + two.join());
    assertEquals(2, db.health().getCancelled());
  }

  @Test
  void deferredsAreTheReactorsBusiness() {
    assertThrows(WrongThreadException.class, () -> db.runQuery("SELECT 1"));
    var answer = new CompletableFuture<Object>();
    reactor.callFromThread(
        () ->
            db.runInteraction(tx -> tx.query("SELECT 7").get(0).get(0))
                .addCallback(answer::complete));
    assertEquals(7, answer.join());
  }

  /** Takes what it asked for, and no more. */
  private static final class Collecting implements Flow.Subscriber<Fruit> {
    final List<Fruit> rows = new ArrayList<>();
    final CompletableFuture<List<Fruit>> done = new CompletableFuture<>();
    final CountDownLatch three = new CountDownLatch(3);
    Flow.Subscription subscription;

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription = subscription;
      subscription.request(3);
    }

    @Override
    public void onNext(Fruit row) {
      rows.add(row);
      three.countDown();
    }

    @Override
    public void onError(Throwable error) {
      done.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      done.complete(rows);
    }
  }

  @Test
  void aPublisherGivesWhatIsAskedFor() throws Exception {
    db.batch(
            Batch.of(
                "INSERT INTO fruit(name, price) VALUES (?, ?)",
                rows -> {
                  for (int i = 0; i < 10; i++) rows.add("fruit" + i, i);
                }))
        .join();
    var query = Sql.of("SELECT name, price FROM fruit ORDER BY id").fetchSize(4).into(Fruit.class);
    var collecting = new Collecting();
    db.stream(query).subscribe(collecting);
    assertTrue(collecting.three.await(10, TimeUnit.SECONDS));
    assertEquals(1, db.health().getBusy()); // it waits
    assertFalse(collecting.done.isDone());
    collecting.subscription.request(Long.MAX_VALUE);
    assertEquals(10, collecting.done.get(10, TimeUnit.SECONDS).size());

    var cancelled = new Collecting();
    db.stream(query).subscribe(cancelled);
    assertTrue(cancelled.three.await(10, TimeUnit.SECONDS));
    cancelled.subscription.cancel();
    var wrong = new Collecting();
    db.stream(Sql.of("SELECT nothing FROM nowhere").into(Fruit.class)).subscribe(wrong);
    var error = assertThrows(CompletionException.class, wrong.done::join).getCause();
    assertInstanceOf(BadStatementException.class, error);
    assertEquals(2, db.interaction(tx -> tx.query("SELECT 1").size() + 1).join());
  }

  @Test
  void closingDoesWhatWasGivenAndTakesNoMore() throws Exception {
    var begun = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var running =
        db.interaction(
            tx -> {
              begun.countDown();
              goOn.await();
              return tx.update("INSERT INTO fruit(name) VALUES ('last')");
            });
    begun.await();
    var closed = db.closeAsync();
    var late = db.query("SELECT 1");
    assertInstanceOf(
        ConnectionPoolClosedException.class,
        assertThrows(CompletionException.class, late::join).getCause());
    assertFalse(closed.isDone());
    goOn.countDown();
    assertEquals(1, running.join());
    closed.join();
  }
}
