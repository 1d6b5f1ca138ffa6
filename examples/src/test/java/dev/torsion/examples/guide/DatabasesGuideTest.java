// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.adbapi.Batch;
import dev.torsion.adbapi.ConnectionPool;
import dev.torsion.adbapi.ConnectionPoolOptions;
import dev.torsion.adbapi.InteractionOptions;
import dev.torsion.adbapi.Isolation;
import dev.torsion.adbapi.Sql;
import dev.torsion.reactor.Reactor;
import dev.torsion.testkit.MemoryReactor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The Java of the guide's page about databases. */
class DatabasesGuideTest {
  record Fruit(String name, int price) {}

  @Test
  void thePage() throws Exception {
    var reactor = Reactor.create();
    reactor.start();
    ConnectionPool db;
    db = ConnectionPool.open(reactor, "jdbc:h2:mem:guide;DB_CLOSE_DELAY=-1");
    db.update("CREATE TABLE fruit(id IDENTITY, name VARCHAR(50) UNIQUE, price INT)").join();
    long key = db.insert("INSERT INTO fruit(name, price) VALUES (?, ?)", "apple", 3).join().key();

    var names =
        db.update("UPDATE fruit SET price = price + 1 WHERE id = ?", key)
            .thenCompose(count -> db.query("SELECT name FROM fruit WHERE price > ?", 3))
            .thenApply(rows -> rows.stream().map(row -> row.get("name")).toList())
            .join();
    assertEquals(List.of("apple"), names);
    var total =
        db.interaction(
                tx -> {
                  tx.insert("INSERT INTO fruit(name, price) VALUES (?, ?)", "pear", 5);
                  return tx.query(Sql.of("SELECT SUM(price) FROM fruit").into(Long.class)).get(0);
                })
            .join();
    assertEquals(9, total);
    var rows = List.of(Map.of("name", "plum", "price", 7), Map.of("name", "quince", "price", 8));
    db.batch(
            Batch.of(
                "INSERT INTO fruit(name, price) VALUES (:name, :price)",
                batch -> rows.forEach(batch::add)))
        .join();
    var raise =
        Sql.of("UPDATE fruit SET price = :to WHERE name = :name", Map.of("to", 9, "name", "plum"));
    assertEquals(1, db.interaction(tx -> tx.update(raise)).join());
    db.update("DELETE FROM fruit WHERE name IN ('plum', 'quince')").join();
    var sql = Sql.of("SELECT name, price FROM fruit WHERE name IN (:names)");
    var fruit = db.query(sql.bind("names", List.of("apple", "pear")).into(Fruit.class)).join();
    assertEquals(List.of(new Fruit("apple", 4), new Fruit("pear", 5)), fruit);
    var subscriber = new Counting();
    db.stream(Sql.of("SELECT name, price FROM fruit").fetchSize(100).into(Fruit.class))
        .subscribe(subscriber);
    assertEquals(2, subscriber.done.get(10, TimeUnit.SECONDS));
    var careful = InteractionOptions.DEFAULT.withIsolation(Isolation.SERIALIZABLE).withRetries(5);
    assertEquals(2, db.interaction(careful, tx -> tx.query("SELECT * FROM fruit").size()).join());
    db.close();
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
  }

  @Test
  void options() {
    var options =
        ConnectionPoolOptions.DEFAULT
            .withConnections(20) // and threads
            .withQueueLimit(1_000) // then TooBusyException
            .withConnectTimeout(Duration.ofSeconds(5))
            .withStatementTimeout(Duration.ofSeconds(30));
    assertEquals(20, options.getConnections());
  }

  @Test
  void aServer() {
    var reactor = new MemoryReactor();
    var password = "secret";
    var options = ConnectionPoolOptions.DEFAULT.withUser("shop", password);
    var db = ConnectionPool.open(reactor, "jdbc:postgresql://db.example.com/shop", options);
    db.close(); // nothing is connected yet
    reactor.close();
  }

  @Test
  void sqliteWithSeveralConnections() {
    var url = "jdbc:sqlite:shop.db?journal_mode=WAL&transaction_mode=IMMEDIATE";
    var options = ConnectionPoolOptions.DEFAULT.withConnections(4);
    var reactor = new MemoryReactor();
    ConnectionPool.open(reactor, url, options).close(); // nothing is connected yet
    reactor.close();
  }

  private static final class Counting implements Flow.Subscriber<Fruit> {
    final CompletableFuture<Integer> done = new CompletableFuture<>();
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(Fruit row) {
      count.incrementAndGet();
    }

    @Override
    public void onError(Throwable error) {
      done.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      done.complete(count.get());
    }
  }
}
