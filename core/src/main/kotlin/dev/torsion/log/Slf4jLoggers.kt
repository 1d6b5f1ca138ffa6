// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.LoggerFactory
import org.slf4j.helpers.NOPLogger
import org.slf4j.helpers.SubstituteLogger
import org.slf4j.spi.SLF4JServiceProvider
import java.util.ServiceLoader

/** Loggers of SLF4J; those of the JDK where SLF4J has no provider, or one that fails, so that no error vanishes. */
internal object Slf4jLoggers {
    fun named(name: String): org.slf4j.Logger {
        val logger =
            try {
                LoggerFactory.getLogger(name)
            } catch (_: Throwable) { // a provider that cannot begin has said so itself
                return SystemLogger(name)
            }
        return if (losesEvents(logger) && !hasProvider) SystemLogger(name) else logger
    }

    // A substitute waits for the provider while SLF4J looks for one, and loses what it has got when there is none.
    private fun losesEvents(logger: org.slf4j.Logger) = logger is NOPLogger || logger is SubstituteLogger

    /** A provider that is silent, such as slf4j-nop, is somebody's wish. */
    private val hasProvider: Boolean by lazy {
        val loader = LoggerFactory::class.java.classLoader // the one that SLF4J asks
        System.getProperty(LoggerFactory.PROVIDER_PROPERTY_KEY) != null ||
            ServiceLoader.load(SLF4JServiceProvider::class.java, loader).stream().findAny().isPresent
    }
}
