// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.adbapi.ConnectionPool;
import dev.torsion.adbapi.DatabaseException;
import dev.torsion.adbapi.Sql;
import dev.torsion.adbapi.Transaction;
import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A database that does not block the reactor: an INSERT and a SELECT as one transaction. */
public final class DatabaseRows {
  private DatabaseRows() {}

  /** A row of the table as an object. */
  record Fruit(long id, String name, int price) {}

  /** The future completes at the end. */
  public static CompletableFuture<Void> run(Torsion torsion, Output out) {
    var db = ConnectionPool.open(torsion.reactor(), "jdbc:sqlite::memory:");
    return db.update("CREATE TABLE fruit(id INTEGER PRIMARY KEY, name TEXT UNIQUE, price INTEGER)")
        .thenCompose(created -> db.interaction(DatabaseRows::buy))
        .thenAccept(out::println)
        .thenCompose(bought -> db.query("SELECT * FROM fruit ORDER BY id"))
        .thenAccept(rows -> rows.forEach(row -> out.println("as a map: " + row.asMap())))
        .thenCompose(
            shown ->
                db.query(
                    Sql.of("SELECT * FROM fruit WHERE price < :most")
                        .bind("most", 4)
                        .into(Fruit.class)))
        .thenAccept(fruit -> fruit.forEach(each -> out.println("cheap: " + each.name())))
        .thenCompose(shown -> db.interaction(DatabaseRows::buyTwice))
        .exceptionally(
            failed -> {
              var error = failed instanceof CompletionException ? failed.getCause() : failed;
              out.println("rolled back: " + error.getClass().getSimpleName());
              return null;
            })
        .thenCompose(ended -> db.query(Sql.of("SELECT COUNT(*) FROM fruit").into(Integer.class)))
        .thenAccept(count -> out.println("rows: " + count.get(0)))
        .whenComplete((done, failed) -> db.closeAsync());
  }

  /** Runs on a thread of the pool, and may block there. */
  private static String buy(Transaction tx) {
    long apple = tx.insert("INSERT INTO fruit(name, price) VALUES (?, ?)", "apple", 3).key();
    long pear = tx.insert("INSERT INTO fruit(name, price) VALUES (?, ?)", "pear", 5).key();
    long changed = tx.update("UPDATE fruit SET price = price + 1 WHERE id = ?", pear);
    return "keys " + apple + " and " + pear + ", rows changed: " + changed;
  }

  private static Long buyTwice(Transaction tx) throws DatabaseException {
    tx.update("INSERT INTO fruit(name, price) VALUES (?, ?)", "plum", 7);
    return tx.update("INSERT INTO fruit(name, price) VALUES (?, ?)", "apple", 7);
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, Output.CONSOLE)));
  }
}
