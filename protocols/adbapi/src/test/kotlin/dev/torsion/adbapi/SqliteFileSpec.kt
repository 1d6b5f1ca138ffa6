// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.sql.DriverManager
import kotlin.io.path.absolutePathString

/** A database of SQLite in a file: one writer at a time, without an error that nobody has caused. */
internal class SqliteFileSpec :
    FunSpec({
        fun url(more: String = ""): String {
            val folder = Files.createTempDirectory("torsion-sqlite")
            folder.toFile().deleteOnExit()
            return "jdbc:sqlite:${folder.resolve("data.db").absolutePathString()}$more"
        }

        val timeout = Sql.of("PRAGMA busy_timeout").into<Int>()

        test("many who write at once wait for each other, with the options that a pool has by itself") {
            withPool(url()) { pool ->
                pool.update("CREATE TABLE t(x INTEGER PRIMARY KEY, y TEXT)").result()
                val all = List(300) { pool.insert("INSERT INTO t(y) VALUES (?)", "value $it") }
                all.forEach { it.result() }
                pool.query(Sql.of("SELECT COUNT(*) FROM t").into<Int>()).result() shouldBe listOf(300)
                pool.health().connections shouldBe 1
                pool.query(timeout).result() shouldBe listOf(10_000)
            }
        }

        test("a pool has as many connections as it is told to, and the URL counts for more than what we add") {
            val options = ConnectionPoolOptions.DEFAULT.withConnections(4)
            withPool(url("?journal_mode=WAL&transaction_mode=IMMEDIATE&busy_timeout=20000"), options) { pool ->
                pool.update("CREATE TABLE t(x INTEGER PRIMARY KEY, y INTEGER)").result()
                pool.insert("INSERT INTO t(y) VALUES (0)").result()
                pool.query(timeout).result() shouldBe listOf(20_000)
                val all = List(100) {
                    pool.interaction { tx ->
                        val before = tx.query(Sql.of("SELECT y FROM t").into<Int>()).single()
                        tx.update("UPDATE t SET y = ?", before + 1)
                    }
                }
                all.forEach { it.result() }
                pool.query(Sql.of("SELECT y FROM t").into<Int>()).result() shouldBe listOf(100)
            }
        }

        test("connections that are not kept wait as long") {
            withPool(url(), ConnectionPoolOptions.DEFAULT.withPooled(false)) { pool ->
                pool.query(timeout).result() shouldBe listOf(10_000)
            }
        }

        test("a lock that somebody else keeps is an error, and no silence") {
            val file = url()
            DriverManager.getConnection(file).use { other ->
                other.createStatement().use { it.execute("CREATE TABLE t(x INTEGER)") }
                other.createStatement().use { it.execute("BEGIN IMMEDIATE") }
                withPool("$file?busy_timeout=1") { pool ->
                    shouldThrow<LockTimeoutException> { pool.update("INSERT INTO t VALUES (1)").result() }.message!! shouldContain "locked"
                }
            }
        }
    })
