// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeAsyncDeferred
import dev.torsion.defer.succeed
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import java.time.Duration
import java.util.concurrent.CancellationException

/**
 * A server that listens while the service runs; Twisted's `StreamServerEndpointService`.
 *
 * ```kotlin
 * val echo = StreamServerEndpointService(serverFromString(reactor, "tcp:8007"), Factory { Echo() })
 * echo.startService()
 * ```
 *
 * When listening fails at once, as with a TCP port that is taken, [startService] throws the [dev.torsion.net.CannotListenException]. A
 * later failure is logged as an error. (Twisted logs both, unless told otherwise.)
 *
 * Stopping closes the port, or gives the attempt to listen up while it is in progress. Then it [drains][ListeningPort.drain] the
 * connections: they send what was written, and those of peers that do not take it within [drainTimeout] are reset. (In Twisted they live
 * on, as they do here when [drainTimeout] is null.)
 *
 * Thread: the reactor's.
 *
 * @property endpoint where it listens
 * @property factory makes the protocols of its connections
 * @property drainTimeout how long a stop waits for peers that do not read; 10 s. Null lets connections live on
 */
public class StreamServerEndpointService
@JvmOverloads
constructor(
    public val endpoint: ServerEndpoint,
    public val factory: Factory,
    public val drainTimeout: Duration? = DrainReport.DEFAULT_TIMEOUT,
) : Service() {
    init {
        require(drainTimeout?.isNegative != true) { "drainTimeout must not be negative, but is $drainTimeout" }
    }

    private lateinit var listening: Deferred<ListeningPort?>

    /** The port while it listens, otherwise null. */
    @get:JvmName("port")
    public var port: ListeningPort? = null
        private set

    override fun onStart() {
        var isStarting = true
        var failedNow: Throwable? = null
        listening =
            maybeAsyncDeferred { endpoint.listen(factory) }.addCallbacks({ opened -> opened.also { port = it } }, { failure ->
                when {
                    isStarting -> failedNow = failure.value
                    failure.value !is CancellationException -> log.failure(
                        "{service} cannot listen",
                        failure.value,
                        LogKeys.SERVICE to safeString(this),
                    )
                }
                null
            })
        isStarting = false
        failedNow?.let { throw it }
    }

    override fun onStop(): Deferred<*> {
        listening.cancel()
        return listening.addAsyncCallback { opened ->
            port = null
            opened?.let { if (drainTimeout == null) it.stopListening() else it.drain(drainTimeout).addCallback { } } ?: succeed(Unit)
        }
    }

    override fun toString(): String = "${titleFor(factory)}(${safeString(endpoint)}, ${if (port != null) "listening" else "closed"})"

    private companion object {
        val log = Logger(StreamServerEndpointService::class.java)
    }
}
