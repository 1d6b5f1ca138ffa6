// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.Marker
import org.slf4j.event.Level
import org.slf4j.helpers.LegacyAbstractLogger
import org.slf4j.helpers.MessageFormatter
import java.util.concurrent.atomic.AtomicBoolean

/**
 * Sends warnings and errors to the logger of the JDK that has the same name. That one writes to standard error, unless somebody has told it
 * otherwise. The first event comes with a hint.
 */
internal class SystemLogger(name: String) : LegacyAbstractLogger() {
    @Transient
    private val system = System.getLogger(name)

    init {
        this.name = name
    }

    override fun isTraceEnabled() = false

    override fun isDebugEnabled() = false

    override fun isInfoEnabled() = false

    override fun isWarnEnabled() = system.isLoggable(System.Logger.Level.WARNING)

    override fun isErrorEnabled() = system.isLoggable(System.Logger.Level.ERROR)

    override fun getFullyQualifiedCallerName(): String? = null

    override fun handleNormalizedLoggingCall(
        level: Level,
        marker: Marker?,
        messagePattern: String,
        arguments: Array<out Any?>?,
        throwable: Throwable?,
    ) {
        if (hintIsDue.compareAndSet(true, false)) System.getLogger(javaClass.packageName).log(System.Logger.Level.WARNING, HINT)
        val systemLevel = if (level == Level.ERROR) System.Logger.Level.ERROR else System.Logger.Level.WARNING
        system.log(systemLevel, MessageFormatter.basicArrayFormat(messagePattern, arguments), throwable)
    }

    private companion object {
        const val serialVersionUID = 1L
        const val HINT =
            "SLF4J has no provider, so Torsion shows its warnings and errors here, and nothing else. " +
                "Add one to the class path or module path, such as logback-classic or slf4j-simple."
        val hintIsDue = AtomicBoolean(true)
    }
}
