// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.safeMessage
import java.sql.BatchUpdateException
import java.sql.SQLException
import java.sql.SQLIntegrityConstraintViolationException
import java.sql.SQLNonTransientConnectionException
import java.sql.SQLRecoverableException
import java.sql.SQLTimeoutException
import java.sql.SQLTransientConnectionException

/**
 * The meaning of an [SQLException]. The SQLState says it where the standard has one and the driver keeps to it; where not, the database's
 * own error code does.
 */
internal object Classification {
    fun of(error: SQLException, dialect: Dialect): DatabaseException {
        val cause = mostTelling(error)
        return make(kind(cause, dialect))(message(cause), cause)
    }

    /** A pool of connections says how long it has waited; the driver has said why there was none. */
    private fun message(error: SQLException): String {
        val own = error.message ?: error.javaClass.simpleName
        val reason = (error as? SQLTransientConnectionException)?.cause as? SQLException ?: return own
        return "$own: ${safeMessage(reason) ?: reason.javaClass.simpleName}"
    }

    /** The state of a failed batch is often that of the batch and not of its statement. */
    private fun mostTelling(error: SQLException): SQLException =
        if (error is BatchUpdateException) (error.nextException ?: error.cause as? SQLException ?: error) else error

    private fun kind(error: SQLException, dialect: Dialect): Kind = dialect.kindOf(error)
        ?: when (error) {
            is SQLTransientConnectionException, is SQLNonTransientConnectionException, is SQLRecoverableException -> Kind.UNAVAILABLE
            else -> null
        }
        ?: byState(error.sqlState.orEmpty())
        ?: when (error) {
            is SQLTimeoutException -> Kind.TIMEOUT
            is SQLIntegrityConstraintViolationException -> Kind.INTEGRITY
            else -> Kind.OTHER
        }

    private fun byState(state: String): Kind? = when (state) {
        "40P01" -> Kind.DEADLOCK
        "40001", "40002" -> Kind.SERIALIZATION
        "55P03" -> Kind.LOCK_TIMEOUT
        "23505" -> Kind.UNIQUE
        "23503", "23506" -> Kind.FOREIGN_KEY
        "23502" -> Kind.NOT_NULL
        "23513", "23514" -> Kind.CHECK
        "57014", "70100" -> Kind.CANCELLED
        "57P01", "57P02", "57P03", "57P05" -> Kind.UNAVAILABLE
        "HYT00", "HYT01" -> Kind.TIMEOUT
        else ->
            when (state.take(2)) {
                "08", "53" -> Kind.UNAVAILABLE
                "23" -> Kind.INTEGRITY
                "42" -> Kind.BAD_STATEMENT
                else -> null
            }
    }

    internal enum class Kind {
        DEADLOCK,
        SERIALIZATION,
        LOCK_TIMEOUT,
        UNIQUE,
        FOREIGN_KEY,
        NOT_NULL,
        CHECK,
        INTEGRITY,
        BAD_STATEMENT,
        TIMEOUT,
        CANCELLED,
        UNAVAILABLE,
        OTHER,
    }

    private fun make(kind: Kind): (String, Throwable) -> DatabaseException = when (kind) {
        Kind.DEADLOCK -> ::DeadlockException
        Kind.SERIALIZATION -> ::SerializationFailureException
        Kind.LOCK_TIMEOUT -> ::LockTimeoutException
        Kind.UNIQUE -> ::UniqueViolationException
        Kind.FOREIGN_KEY -> ::ForeignKeyViolationException
        Kind.NOT_NULL -> ::NotNullViolationException
        Kind.CHECK -> ::CheckViolationException
        Kind.INTEGRITY -> ::IntegrityViolationException
        Kind.BAD_STATEMENT -> ::BadStatementException
        Kind.TIMEOUT -> ::StatementTimeoutException
        Kind.CANCELLED -> ::StatementCancelledException
        Kind.UNAVAILABLE -> ::DatabaseUnavailableException
        Kind.OTHER -> ::DatabaseException
    }
}
