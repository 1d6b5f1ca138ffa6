// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.adbapi.Classification.Kind
import java.sql.Connection
import java.sql.SQLException
import java.sql.Statement

/** Where databases differ in what concerns us. */
internal enum class Dialect(
    /** Whether `\` escapes within strings. */
    val hasBackslashes: Boolean = false,
    /** Whether closing a result that was not read to its end reads the rest, unless the statement is cancelled. */
    val readsRest: Boolean = false,
    /** Whether text may be quoted by `$$`. */
    val quotesDollar: Boolean = false,
    /** Whether the driver begins a transaction with its first statement only. */
    val beginsLate: Boolean = false,
) {
    POSTGRESQL(quotesDollar = true, beginsLate = true) {
        /**
         * The driver sends `BEGIN`, which the server takes as a request of its own, in front of the first statement. A cancellation that meets
         * the `BEGIN` ends only that; then the statement would run alone, and be committed. So nothing that can be cancelled goes first. `SHOW` takes
         * no snapshot, so the program's first statement is still the first of the transaction: `SET TRANSACTION` must be, and `LOCK TABLE` should.
         */
        override fun begin(connection: Connection) {
            try {
                // With an empty text it sends no `BEGIN`.
                connection.createStatement().use { it.execute("SHOW TRANSACTION ISOLATION LEVEL") }
            } catch (e: SQLException) {
                if (e.sqlState != FAILED_TRANSACTION) throw e // such a one has begun, and the statement may be its rollback
            }
        }

        /** The driver rolls back only without autocommit; when there is no transaction, it asks the server nothing. */
        override fun endTransaction(connection: Connection, mayHaveBegun: Boolean) {
            connection.autoCommit = false
            connection.rollback()
            connection.autoCommit = true
        }

        /** The driver sends one cancellation for each execution, which the server forgets when the statement has not reached it yet. */
        override fun cancelAgain(connection: Connection, statement: Statement) {
            val drivers = Class.forName(
                "org.postgresql.PGConnection",
                true,
                connection.unwrap(Connection::class.java).javaClass.classLoader,
            )
            drivers.getMethod("cancelQuery").invoke(connection.unwrap(drivers))
        }
    },
    MARIADB(hasBackslashes = true, readsRest = true) {
        /** The driver asks the server nothing when there is no transaction. */
        override fun endTransaction(connection: Connection, mayHaveBegun: Boolean): Unit = connection.rollback()

        override fun kindOf(error: SQLException): Kind? = when (error.errorCode) {
            1213 -> Kind.DEADLOCK
            1020 -> Kind.SERIALIZATION // the record has changed since it was read
            1205 -> Kind.LOCK_TIMEOUT
            1062, 1169, 1586 -> Kind.UNIQUE
            1216, 1217, 1451, 1452 -> Kind.FOREIGN_KEY
            1048, 1364 -> Kind.NOT_NULL
            4025 -> Kind.CHECK
            1317 -> Kind.CANCELLED
            1969 -> Kind.TIMEOUT
            1040, 1203, 1226 -> Kind.UNAVAILABLE // too many connections
            else -> if (error.sqlState == NO_VALUE) Kind.BAD_STATEMENT else null // the driver calls it an error of the connection
        }
    },
    SQLITE {
        override fun endTransaction(connection: Connection, mayHaveBegun: Boolean) {
            if (!mayHaveBegun) return
            try {
                connection.createStatement().use { it.execute("ROLLBACK") }
            } catch (e: SQLException) { // code 1: no transaction is active
                if (e.errorCode != 1) throw e
            }
        }

        // The driver's error code is the plain one. The extended one, which tells more, it writes in front of the message.
        override fun kindOf(error: SQLException): Kind? = when (error.message.orEmpty().substringBefore(']').removePrefix("[SQLITE_")) {
            "CONSTRAINT_UNIQUE", "CONSTRAINT_PRIMARYKEY", "CONSTRAINT_ROWID" -> Kind.UNIQUE
            "CONSTRAINT_FOREIGNKEY" -> Kind.FOREIGN_KEY
            "CONSTRAINT_NOTNULL" -> Kind.NOT_NULL
            "CONSTRAINT_CHECK" -> Kind.CHECK
            "BUSY_SNAPSHOT" -> Kind.SERIALIZATION
            else ->
                when (error.errorCode and 0xFF) {
                    1 -> Kind.BAD_STATEMENT
                    5, 6 -> Kind.LOCK_TIMEOUT
                    9 -> Kind.CANCELLED
                    14 -> Kind.UNAVAILABLE
                    19 -> Kind.INTEGRITY
                    else -> null
                }
        }
    },
    H2(quotesDollar = true) {
        override fun kindOf(error: SQLException): Kind? = when (error.errorCode) {
            40001 -> Kind.DEADLOCK
            90131 -> Kind.SERIALIZATION // the row was changed or deleted by another transaction
            50200 -> Kind.LOCK_TIMEOUT
            90012 -> Kind.BAD_STATEMENT // a parameter got no value
            57014 -> Kind.CANCELLED
            90020, 90067, 90098, 90108, 90121 -> Kind.UNAVAILABLE
            else -> null
        }
    },
    OTHER,
    ;

    /** The meaning of the database's own code in [error], where its SQLState does not say it. */
    open fun kindOf(error: SQLException): Kind? = null

    /** Begins the transaction of [connection], which has no autocommit; when [beginsLate]. */
    open fun begin(connection: Connection): Unit = Unit

    /** Cancels what [connection] runs, which is [statement], once more. */
    open fun cancelAgain(connection: Connection, statement: Statement): Unit = statement.cancel()

    /**
     * Rolls back a transaction that a single statement such as `BEGIN` has left open although autocommit is on. [mayHaveBegun] is for
     * SQLite.
     */
    open fun endTransaction(connection: Connection, mayHaveBegun: Boolean): Unit = Unit

    companion object {
        private const val FAILED_TRANSACTION = "25P02"

        /** A parameter got no value. */
        private const val NO_VALUE = "07004"

        fun ofProduct(name: String): Dialect = when {
            name.startsWith("PostgreSQL") -> POSTGRESQL
            name.startsWith("MariaDB") || name.startsWith("MySQL") -> MARIADB
            name.startsWith("SQLite") -> SQLITE
            name.startsWith("H2") -> H2
            else -> OTHER
        }
    }
}
