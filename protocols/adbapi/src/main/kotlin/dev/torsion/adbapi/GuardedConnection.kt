// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.lang.reflect.InvocationHandler
import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import java.lang.reflect.Proxy
import java.sql.CallableStatement
import java.sql.Connection
import java.sql.DatabaseMetaData
import java.sql.PreparedStatement
import java.sql.ResultSet
import java.sql.Statement

/**
 * JDBC's own objects for a program's work: their statements can be cancelled, each call that may ask the server has a limit, and when the
 * work is over they refuse. Closing the connection is left to the pool.
 */
internal object GuardedConnection {
    /** The methods of a result that go to another row, for which a driver may ask the server. */
    private val MOVES = setOf("next", "previous", "first", "last", "beforeFirst", "afterLast", "absolute", "relative")

    fun of(session: JobSession): Connection {
        lateinit var guarded: Connection
        guarded =
            proxy(Connection::class.java, session, session.connection) { method, argument, call ->
                noteText(session, argument)
                when (method.name) {
                    "close" -> null
                    "abort" -> throw UnsupportedOperationException("the connection is the pool's")
                    "createStatement", "prepareStatement", "prepareCall" -> guard(session, guarded, session.limited(call) as Statement)
                    "getMetaData" -> guard(session, guarded, session.limited(call) as DatabaseMetaData)
                    "commit", "rollback", "setAutoCommit" -> {
                        session.job.connection.endsTransaction()
                        val commits = method.name == "commit" || argument == true // autocommit
                        if (commits) session.committing(call) else session.limited(call)
                    }
                    else -> session.limited(call)
                }
            }
        return guarded
    }

    private fun guard(session: JobSession, connection: Connection, statement: Statement): Statement {
        @Suppress("UNCHECKED_CAST")
        val type =
            when (statement) {
                is CallableStatement -> CallableStatement::class.java
                is PreparedStatement -> PreparedStatement::class.java
                else -> Statement::class.java
            } as Class<Statement>
        lateinit var guarded: Statement
        guarded =
            proxy(type, session, statement) { method, argument, call ->
                noteText(session, argument)
                val given =
                    when {
                        method.name == "getConnection" -> connection
                        method.name.startsWith("execute") -> session.job.statements.executingRaw(statement, session.defaultTimeout, call)
                        else -> session.limited(call)
                    }
                if (given is ResultSet) guard(session, given, statement, guarded) else given
            }
        return guarded
    }

    private fun guard(session: JobSession, connection: Connection, data: DatabaseMetaData): DatabaseMetaData =
        proxy(DatabaseMetaData::class.java, session, data) { method, _, call ->
            val given = if (method.name == "getConnection") connection else session.limited(call)
            if (given is ResultSet) guard(session, given, null, null) else given
        }

    /** [result] of [statement], which the program knows as [guarded]; null when the driver has made it without one of the program's. */
    private fun guard(session: JobSession, result: ResultSet, statement: Statement?, guarded: Statement?): ResultSet =
        proxy(ResultSet::class.java, session, result) { method, _, call ->
            when {
                method.name == "getStatement" -> guarded ?: call()
                isOfRow(method) -> call()
                method.name in MOVES && statement != null -> session.job.statements.readingRaw(statement, session.defaultTimeout, call)
                else -> session.limited(call)
            }
        }

    /** Whether it reads the row that is there: it is called for each value, and drivers have the values with the row. */
    private fun isOfRow(method: Method) = (method.name.startsWith("get") && method.name != "getMetaData") || method.name == "wasNull"

    /** The text of a statement may begin a transaction, or end one. */
    private fun noteText(session: JobSession, argument: Any?) {
        (argument as? String)?.let(session.job.connection::executes)
    }

    @Suppress("UNCHECKED_CAST")
    private fun <T : Any> proxy(type: Class<T>, session: JobSession, target: T, invoke: (Method, Any?, () -> Any?) -> Any?): T {
        val handler =
            InvocationHandler { self, method, arguments ->
                val plain = { invoked(target, method, arguments) }
                when {
                    method.declaringClass == Any::class.java && method.name == "equals" -> self === arguments?.get(0)
                    method.declaringClass == Any::class.java -> plain()
                    else -> {
                        session.checkUsable()
                        invoke(method, arguments?.firstOrNull(), plain)
                    }
                }
            }
        return Proxy.newProxyInstance(GuardedConnection::class.java.classLoader, arrayOf(type), handler) as T
    }

    private fun invoked(target: Any, method: Method, arguments: Array<Any?>?): Any? = try {
        if (arguments == null) method.invoke(target) else method.invoke(target, *arguments)
    } catch (e: InvocationTargetException) {
        throw e.targetException
    }
}
