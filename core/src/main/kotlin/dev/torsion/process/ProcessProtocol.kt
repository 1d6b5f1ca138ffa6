// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.log.safeText
import dev.torsion.log.simpleName
import java.nio.ByteBuffer

/**
 * The program's side of one process; Twisted's `ProcessProtocol`. Subclass it, override the methods that you need, and give it to
 * [spawnProcess].
 *
 * ```kotlin
 * class Counting : ProcessProtocol() {
 *     override fun connectionMade() {
 *         transport.write("one two three".toByteArray())
 *         transport.closeStdin()
 *     }
 *
 *     override fun outReceived(data: ByteArray) = println(String(data))
 * }
 * reactor.spawnProcess(Counting(), ProcessCommand.of("wc", "-w"))
 * ```
 *
 * The order: [connectionMade] first, [processEnded] last. In between [outReceived] until [outConnectionLost], [errReceived] until
 * [errConnectionLost], [inConnectionLost], and [processExited], which may come before the pipes are at their end. Of a process that could not be
 * started only [processEnded] is called.
 *
 * Thread: all methods are called on the reactor's thread. An exception of a method is reported, and the process is killed. The reactor lives on.
 */
public abstract class ProcessProtocol {
    private var currentTransport: ProcessTransport? = null

    /**
     * The process, from [connectionMade] on; it stays readable after [processEnded].
     *
     * @throws IllegalStateException before the process is started
     */
    public val transport: ProcessTransport
        @JvmName("transport")
        get() = currentTransport ?: error("${simpleName(javaClass, "ProcessProtocol")} has no transport before its process is started")

    /** Binds this protocol to [process] and calls [connectionMade]. For transports and tests; users override [connectionMade]. */
    public open fun makeConnection(process: ProcessTransport) {
        currentTransport = process
        connectionMade()
    }

    /** The process runs. */
    protected open fun connectionMade() {}

    /** Bytes of its standard output: any number of them, however it wrote them. The array is yours. */
    public open fun outReceived(data: ByteArray) {}

    /** The same without a copy: a read-only view that is **valid only during this call**. The default calls the other [outReceived]. */
    public open fun outReceived(view: ByteBuffer): Unit = outReceived(copyOf(view))

    /** Bytes of its standard error. The array is yours. */
    public open fun errReceived(data: ByteArray) {}

    /** The same without a copy: a read-only view that is **valid only during this call**. The default calls the other [errReceived]. */
    public open fun errReceived(view: ByteBuffer): Unit = errReceived(copyOf(view))

    /** Its standard input is closed: by us, after all that was written, or since it reads no more. */
    public open fun inConnectionLost() {}

    /** Its standard output is at its end. */
    public open fun outConnectionLost() {}

    /** Its standard error is at its end. */
    public open fun errConnectionLost() {}

    /** It has exited. Bytes that it has written before may still come. */
    public open fun processExited(reason: ProcessEnd) {}

    /** It has exited and its three pipes are closed. No further method is called. */
    public open fun processEnded(reason: ProcessEnd) {}

    /** The name of this protocol in the log: the name of its class, unless overridden. */
    public open fun logPrefix(): String = simpleName(javaClass, "ProcessProtocol")

    override fun toString(): String = "${safeText(this, "logPrefix") { logPrefix() }}(${currentTransport ?: "not started"})"
}

internal fun copyOf(view: ByteBuffer): ByteArray = ByteArray(view.remaining()).also(view::get)
