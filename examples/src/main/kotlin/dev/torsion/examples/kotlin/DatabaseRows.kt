// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.adbapi.ConnectionPool
import dev.torsion.adbapi.Sql
import dev.torsion.adbapi.Transaction
import dev.torsion.adbapi.UniqueViolationException
import dev.torsion.adbapi.awaitClose
import dev.torsion.adbapi.awaitInteraction
import dev.torsion.adbapi.awaitOperation
import dev.torsion.adbapi.awaitQuery
import dev.torsion.adbapi.into
import dev.torsion.defer.Deferred
import dev.torsion.examples.Output
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import kotlin.system.exitProcess

/** A row of the table as an object. */
data class Fruit(val id: Long, val name: String, val price: Int)

private const val TABLE = "CREATE TABLE fruit(id INTEGER PRIMARY KEY, name TEXT UNIQUE, price INTEGER)"
private const val INSERT = "INSERT INTO fruit(name, price) VALUES (?, ?)"

/** A database that does not block the reactor: an INSERT and a SELECT as one transaction. */
suspend fun databaseRows(reactor: Reactor, out: Output) {
    val db = ConnectionPool.open(reactor, "jdbc:sqlite::memory:")
    db.awaitOperation(TABLE)
    out.println(db.awaitInteraction { tx -> buy(tx) })
    for (row in db.awaitQuery("SELECT * FROM fruit ORDER BY id")) out.println("as a map: ${row.asMap()}")
    val cheap = Sql.of("SELECT * FROM fruit WHERE price < :most").bind("most", 4).into<Fruit>()
    for (fruit in db.awaitQuery(cheap)) out.println("cheap: ${fruit.name}")
    try {
        db.awaitInteraction { tx -> buyTwice(tx) }
    } catch (e: UniqueViolationException) {
        out.println("rolled back: ${e.javaClass.simpleName}")
    }
    out.println("rows: ${db.awaitQuery(Sql.of("SELECT COUNT(*) FROM fruit").into<Int>()).single()}")
    db.awaitClose()
}

/** The same with callbacks, as in Twisted. */
fun databaseRowsByCallbacks(reactor: Reactor, out: Output): Deferred<*> {
    val db = ConnectionPool.open(reactor, "jdbc:sqlite::memory:")
    return db
        .runOperation(TABLE)
        .addAsyncCallback { db.runInteraction { tx -> buy(tx) } }
        .addCallback { bought -> out.println(bought) }
        .addAsyncCallback { db.runQuery("SELECT * FROM fruit ORDER BY id") }
        .addCallback { rows -> rows.forEach { out.println("as a map: ${it.asMap()}") } }
        .addAsyncCallback { db.runQuery(Sql.of("SELECT * FROM fruit WHERE price < :most").bind("most", 4).into<Fruit>()) }
        .addCallback { rows -> rows.forEach { out.println("cheap: ${it.name}") } }
        .addAsyncCallback { db.runInteraction { tx -> buyTwice(tx) } }
        .addCallbacks({ }, { failure -> out.println("rolled back: ${failure.value.javaClass.simpleName}") })
        .addAsyncCallback { db.runQuery(Sql.of("SELECT COUNT(*) FROM fruit").into<Int>()) }
        .addCallback { count -> out.println("rows: ${count.single()}") }
        .addAsyncCallback { db.runClose() }
}

/** Runs on a thread of the pool, and may block there. */
private fun buy(tx: Transaction): String {
    val apple = tx.insert(INSERT, "apple", 3).key()
    val pear = tx.insert(INSERT, "pear", 5).key()
    val changed = tx.update("UPDATE fruit SET price = price + 1 WHERE id = ?", pear)
    return "keys $apple and $pear, rows changed: $changed"
}

private fun buyTwice(tx: Transaction) {
    tx.update(INSERT, "plum", 7)
    tx.update(INSERT, "apple", 7)
}

fun main() {
    exitProcess(react { reactor -> databaseRows(reactor, Output.CONSOLE) })
}
