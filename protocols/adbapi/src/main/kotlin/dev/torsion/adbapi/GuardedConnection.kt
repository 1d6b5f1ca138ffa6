// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.lang.reflect.InvocationHandler
import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import java.lang.reflect.Proxy
import java.sql.CallableStatement
import java.sql.Connection
import java.sql.PreparedStatement
import java.sql.Statement

/**
 * JDBC's own objects for a program's work: their statements can be cancelled, and when the work is over they refuse. Closing the connection
 * is left to the pool.
 */
internal object GuardedConnection {
    fun of(session: Session): Connection {
        lateinit var guarded: Connection
        guarded =
            proxy(Connection::class.java, session, session.connection) { method, call ->
                when (method.name) {
                    "close" -> null
                    "abort" -> throw UnsupportedOperationException("the connection is the pool's")
                    "createStatement", "prepareStatement", "prepareCall" -> guard(session, guarded, call() as Statement)
                    "commit", "rollback", "setAutoCommit" -> {
                        session.job.connection.endsTransaction()
                        call()
                    }
                    else -> call()
                }
            }
        return guarded
    }

    private fun guard(session: Session, connection: Connection, statement: Statement): Statement {
        @Suppress("UNCHECKED_CAST")
        val type =
            when (statement) {
                is CallableStatement -> CallableStatement::class.java
                is PreparedStatement -> PreparedStatement::class.java
                else -> Statement::class.java
            } as Class<Statement>
        return proxy(type, session, statement) { method, call ->
            when {
                method.name == "getConnection" -> connection
                isExecute(method) -> session.job.statements.executingRaw(statement, session.defaultTimeout, call)
                else -> call()
            }
        }
    }

    private fun isExecute(method: Method) = method.name.startsWith("execute")

    @Suppress("UNCHECKED_CAST")
    private fun <T : Any> proxy(type: Class<T>, session: Session, target: T, invoke: (Method, () -> Any?) -> Any?): T {
        val handler =
            InvocationHandler { self, method, arguments ->
                val plain = { invoked(target, method, arguments) }
                val call = {
                    if (isExecute(method)) plain() else session.job.statements.within(session.defaultTimeout, session.connection, plain)
                }
                when {
                    method.declaringClass == Any::class.java && method.name == "equals" -> self === arguments?.get(0)
                    method.declaringClass == Any::class.java -> plain()
                    else -> {
                        session.checkUsable()
                        (arguments?.firstOrNull() as? String)?.let(session.job.connection::executes)
                        invoke(method, call)
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
