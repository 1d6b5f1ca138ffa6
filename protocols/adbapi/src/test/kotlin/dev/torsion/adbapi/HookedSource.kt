// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.io.PrintWriter
import java.lang.reflect.InvocationHandler
import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Proxy
import java.sql.CallableStatement
import java.sql.Connection
import java.sql.DatabaseMetaData
import java.sql.DriverManager
import java.sql.PreparedStatement
import java.sql.ResultSet
import java.sql.Statement
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import java.util.logging.Logger
import javax.sql.DataSource

/** A database, H2 by itself, behind a source whose every call of JDBC can be watched, held up and made to fail. */
internal class HookedSource(private val url: String = TestDatabase.H2.fresh()) : DataSource {
    private val hooks = ConcurrentHashMap<String, (() -> Any?) -> Any?>()

    /** The call, as `Connection.commit`. */
    val calls = CopyOnWriteArrayList<String>()

    /** When there is one, each call becomes one of it, whatever its name: `null` for none. */
    @Volatile
    var watch: ((name: String, real: () -> Any?) -> Any?)? = null

    /** Each call of [name], such as `Connection.commit`, becomes one of [hook], which may make the real one. */
    fun on(name: String, hook: (real: () -> Any?) -> Any?) {
        hooks[name] = hook
    }

    fun off(name: String) {
        hooks.remove(name)
    }

    override fun getConnection(): Connection = call("DataSource.getConnection") {
        proxy(Connection::class.java, DriverManager.getConnection(url))
    } as Connection

    override fun getConnection(username: String?, password: String?): Connection = connection

    private fun call(name: String, real: () -> Any?): Any? {
        calls.add(name)
        watch?.let { return it(name, real) }
        val hook = hooks[name] ?: return real()
        return hook(real)
    }

    private fun <T : Any> proxy(type: Class<T>, target: T): T {
        val handler =
            InvocationHandler { self, method, arguments ->
                val real = {
                    try {
                        if (arguments == null) method.invoke(target) else method.invoke(target, *arguments)
                    } catch (e: InvocationTargetException) {
                        throw e.targetException
                    }
                }
                when {
                    method.name == "equals" -> self === arguments[0]
                    method.declaringClass == Any::class.java -> real()
                    type == ResultSet::class.java && method.name.startsWith("get") && method.name != "getMetaData" -> real() // of its row
                    else ->
                        when (val given = call("${type.simpleName}.${method.name}", real)) {
                            is CallableStatement -> proxy(CallableStatement::class.java, given)
                            is PreparedStatement -> proxy(PreparedStatement::class.java, given)
                            is Statement -> proxy(Statement::class.java, given)
                            is ResultSet -> proxy(ResultSet::class.java, given)
                            is DatabaseMetaData -> proxy(DatabaseMetaData::class.java, given)
                            else -> given
                        }
                }
            }
        return type.cast(Proxy.newProxyInstance(javaClass.classLoader, arrayOf(type), handler))
    }

    override fun getLogWriter(): PrintWriter? = null

    override fun setLogWriter(out: PrintWriter?) = Unit

    private var loginTimeout = 0

    override fun setLoginTimeout(seconds: Int) {
        loginTimeout = seconds
    }

    override fun getLoginTimeout(): Int = loginTimeout

    override fun getParentLogger(): Logger = Logger.getGlobal()

    override fun <T : Any?> unwrap(iface: Class<T>?): T = error("it is no wrapper")

    override fun isWrapperFor(iface: Class<*>?): Boolean = false
}
