// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.math.BigDecimal
import java.time.Duration
import java.time.LocalDateTime
import java.time.LocalTime
import java.time.OffsetDateTime
import java.time.OffsetTime
import java.time.ZoneOffset
import java.util.TimeZone
import java.util.concurrent.CountDownLatch

/** That a value is as the database has it, a count as many as were changed, and a connection as it was. */
internal class ExactnessSpec :
    FunSpec({
        test("times are as the database has them, whatever the zone of the JVM") {
            val usual = TimeZone.getDefault()
            TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin")) // where there is no 02:30 on the day of the first
            try {
                for (database in listOf(TestDatabase.H2, TestDatabase.POSTGRESQL, TestDatabase.MARIADB)) {
                    if (!database.isHere.isEnabled) continue
                    withPool(database.fresh()) { pool ->
                        pool.query("SELECT TIMESTAMP '2024-03-31 02:30:00' AS x").result()[0]["x"] shouldBe
                            LocalDateTime.of(2024, 3, 31, 2, 30)
                        if (database != TestDatabase.MARIADB) {
                            val row =
                                pool
                                    .query(
                                        "SELECT CAST('12:34:56.789' AS TIME(3)), CAST('01:02:03+05' AS TIME WITH TIME ZONE)," +
                                            " CAST('2024-01-01 00:00:00+00' AS TIMESTAMP WITH TIME ZONE), ARRAY[TIMESTAMP '2024-03-31 02:30:00']",
                                    ).result()[0]
                            row[0] shouldBe LocalTime.parse("12:34:56.789")
                            row[1] shouldBe OffsetTime.parse("01:02:03+05:00")
                            (row[2] as OffsetDateTime).toInstant() shouldBe
                                OffsetDateTime.of(2024, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC).toInstant()
                            row[3] shouldBe listOf(LocalDateTime.of(2024, 3, 31, 2, 30))
                        }
                    }
                }
            } finally {
                TimeZone.setDefault(usual)
            }
        }

        test("a number becomes a boolean or a floating point number only when it is that") {
            fun convert(value: Any, type: Class<*>) = Conversion.convert(value, type, "x")
            convert(BigDecimal("1.00"), Boolean::class.java) shouldBe true
            for (value in listOf<Number>(1.9, BigDecimal("0.5"), 2)) shouldThrow<MappingException> { convert(value, Boolean::class.java) }
            shouldThrow<MappingException> { convert(java.math.BigInteger.TWO.pow(64), Boolean::class.java) }
            convert(BigDecimal("19.99"), Double::class.java) shouldBe 19.99
            convert(BigDecimal("3.33333333333333333333"), Double::class.java) shouldBe 10.0 / 3
            convert(BigDecimal("0.99999999999999999999"), Double::class.java) shouldBe 1.0
            convert(1L shl 53, Double::class.java) shouldBe 9007199254740992.0
            shouldThrow<MappingException> { convert((1L shl 53) + 1, Double::class.java) }
            shouldThrow<MappingException> { convert(BigDecimal("1E400"), Double::class.java) }
            shouldThrow<MappingException> { convert((1 shl 24) + 1, Float::class.java) }
            shouldThrow<MappingException> { convert(1e300, Float::class.java) }
            convert(0.1, Float::class.java) shouldBe 0.1f
        }

        for (database in TestDatabase.entries) {
            test("${database.name}: a transaction that a single statement begins is over when its connection goes back").config(
                enabledOrReasonIf = { database.isHere },
            ) {
                withPool(database.fresh(), ConnectionPoolOptions.DEFAULT.withConnections(1)) { pool ->
                    pool.update("CREATE TABLE t(x INT)").result()
                    pool.update("BEGIN").result()
                    pool.update("INSERT INTO t VALUES (1)").result() shouldBe 1
                    runCatching { pool.update("ROLLBACK").result() }
                    pool.query(Sql.of("SELECT x FROM t").into<Int>()).result() shouldBe listOf(1)
                }
            }
        }

        for (database in listOf(TestDatabase.SQLITE, TestDatabase.POSTGRESQL)) {
            test("${database.name}: an update that returns rows says how many it has changed").config(enabledOrReasonIf = {
                database.isHere
            }) {
                withPool(database.fresh()) { pool ->
                    pool.update("CREATE TABLE t(x INT)").result()
                    pool.update("INSERT INTO t VALUES (1), (2) RETURNING x").result() shouldBe 2
                    pool.update("SELECT x FROM t").result() shouldBe 0
                }
            }
        }

        test("a data source that gives no connection in time: the caller is told, and what comes later goes back") {
            val source = HookedSource()
            val goOn = CountDownLatch(1)
            source.on("DataSource.getConnection") { real ->
                goOn.awaitSoon()
                real()
            }
            withPool(source, ConnectionPoolOptions.DEFAULT.withPooled(false).withConnectTimeout(Duration.ofMillis(250))) { pool ->
                shouldThrow<DatabaseUnavailableException> { pool.query("SELECT 1").result() }
                goOn.countDown()
                pool.query("SELECT 1").result().size shouldBe 1
            }
            source.calls.count { it == "Connection.close" } shouldBe 2
        }
    })
