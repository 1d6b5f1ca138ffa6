// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.sql.SQLException

/**
 * The database has refused something, or cannot be reached. The subclasses are the cases that a program treats differently. [sqlState] and
 * [errorCode] are the driver's.
 *
 * @property sqlState five characters by the SQL standard, such as `23505`; empty when the driver gives none
 * @property errorCode the driver's own number; 0 when there is none
 */
public open class DatabaseException internal constructor(message: String, cause: Throwable?) : RuntimeException(message, cause) {
    public val sqlState: String = saidBy(cause) { it.sqlState }.orEmpty()

    public val errorCode: Int = saidBy(cause) { it.errorCode } ?: 0

    /** Whether the same transaction, begun anew, may well succeed: after a deadlock, or when two have changed the same rows at once. */
    public open val isRetryable: Boolean get() = false
}

/** A driver's exception need not be able to say anything. */
private fun <T> saidBy(cause: Throwable?, what: (SQLException) -> T?): T? = try {
    (cause as? SQLException)?.let(what)
} catch (_: Exception) {
    null
}

/** Two transactions waited for each other, and this one was given up; it was rolled back. */
public class DeadlockException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause) {
    override val isRetryable: Boolean get() = true
}

/** Another transaction has changed what this one has seen; it was rolled back. */
public class SerializationFailureException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause) {
    override val isRetryable: Boolean get() = true
}

/** Another transaction kept a lock for longer than the database waits; SQLite's "database is locked" too. */
public class LockTimeoutException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause) {
    override val isRetryable: Boolean get() = true
}

/** The change would break a rule about the data. */
public open class IntegrityViolationException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause)

/** There is a row with this key already. */
public class UniqueViolationException internal constructor(message: String, cause: Throwable?) :
    IntegrityViolationException(message, cause)

/** A row refers to a row that does not exist, or other rows still refer to a row that was to be deleted. */
public class ForeignKeyViolationException internal constructor(message: String, cause: Throwable?) :
    IntegrityViolationException(message, cause)

/** A column that must have a value got none. */
public class NotNullViolationException internal constructor(message: String, cause: Throwable?) :
    IntegrityViolationException(message, cause)

/** A `CHECK` of the table does not allow a value. */
public class CheckViolationException internal constructor(message: String, cause: Throwable?) : IntegrityViolationException(message, cause)

/** The statement is not understood, names something that is not there, or is not allowed. */
public class BadStatementException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause)

/** A statement took longer than its time-out; it was cancelled. */
public class StatementTimeoutException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause)

/** Somebody else has cancelled the statement, such as an administrator. */
public class StatementCancelledException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause)

/** The server cannot be reached, has gone, or takes no more connections. The next try may succeed. */
public open class DatabaseUnavailableException internal constructor(message: String, cause: Throwable?) : DatabaseException(message, cause)

/**
 * The connection was lost during a commit, or the driver does not say how the commit ended. Nobody knows whether the transaction was
 * committed.
 */
public class CommitOutcomeUnknownException internal constructor(message: String, cause: Throwable?) :
    DatabaseUnavailableException(message, cause)

/** An interaction took longer than its time-out; it is rolled back. */
public class InteractionTimeoutException internal constructor(message: String) : DatabaseException(message, null)

/** A query gave more rows than it may; see [Sql.maxRows]. */
public class TooManyRowsException internal constructor(message: String) : DatabaseException(message, null)

/** A row does not fit the type that it is wanted as, or a statement its parameters: an error of the program's. */
public class MappingException internal constructor(message: String, cause: Throwable? = null) : IllegalArgumentException(message, cause)

/** All threads are at work, and as many queries wait as may: [ConnectionPoolOptions.queueLimit]. Nothing was begun. */
public class TooBusyException internal constructor(message: String) : java.util.concurrent.RejectedExecutionException(message)

/** The pool was closed before the work began; or it was closed while the work ran, and [ConnectionPoolOptions.closeTimeout] has passed. */
public class ConnectionPoolClosedException internal constructor(message: String) : IllegalStateException(message)
