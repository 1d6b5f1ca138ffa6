// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.tls

import com.sun.management.ThreadMXBean
import dev.torsion.tls.TlsEngines
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult

/** The JDK's engines, which count what they allocate themselves on the thread that calls them, and how many records they make. */
internal class MeasuredEngines {
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

    /** For the options of TLS. */
    val engines: TlsEngines = PassingEngine.engines(::Measured)

    /** The bytes that the engines have allocated while they made or took records. Of one thread only, that of the engines. */
    var allocated = 0L
        private set

    /** How often an engine was asked to make a record or to take one. */
    var calls = 0L
        private set

    @Suppress("DEPRECATION")
    private fun now() = threads.getThreadAllocatedBytes(Thread.currentThread().id)

    private inline fun counting(call: () -> SSLEngineResult): SSLEngineResult {
        val before = now()
        val result = call()
        allocated += now() - before
        calls++
        return result
    }

    private inner class Measured(real: SSLEngine) : PassingEngine(real) {
        override fun wrap(from: Array<ByteBuffer>, offset: Int, length: Int, to: ByteBuffer) =
            counting { own.wrap(from, offset, length, to) }

        override fun wrap(from: ByteBuffer, to: ByteBuffer) = counting { own.wrap(from, to) }

        override fun unwrap(from: ByteBuffer, to: Array<ByteBuffer>, offset: Int, length: Int) =
            counting { own.unwrap(from, to, offset, length) }

        override fun unwrap(from: ByteBuffer, to: ByteBuffer) = counting { own.unwrap(from, to) }
    }
}
