// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.addTimeout
import dev.torsion.defer.Deferred
import dev.torsion.log.escapedThrowable
import dev.torsion.net.AddressFamily
import dev.torsion.net.DnsLookupException
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.CancellationException

private val DEFAULT_TIMEOUT = Duration.ofSeconds(60)

/**
 * The addresses of [host] in this [family], by [ReactorOptions.resolver], the best first; Twisted's `reactor.resolve` and
 * `resolveHostName`. A numeric address and `localhost` need no look-up: the Deferred has fired already.
 *
 * When there is no such address, the Deferred fails with a [DnsLookupException]. Its cause is an
 * [UnknownHostException][java.net.UnknownHostException], a [DeferredTimeoutException] after [timeout], or any exception of the resolver.
 * Cancelling it only ends the waiting.
 *
 * Thread: the reactor's.
 *
 * @param timeout 60 s unless given
 */
@JvmOverloads
public fun Reactor.resolve(
    host: String,
    family: AddressFamily = AddressFamily.ANY,
    timeout: Duration = DEFAULT_TIMEOUT,
): Deferred<List<InetAddress>> = lookUp(host)
    .addTimeout(timeout, this)
    .addCallback { all -> all.filter { it in family }.ifEmpty { throw DnsLookupException(host, host) } }
    .addErrback { failure -> throw lookUpFailed(host, failure.value) }

private fun lookUpFailed(host: String, error: Throwable) =
    if (error is CancellationException || error is DnsLookupException) error else DnsLookupException(host, host, escapedThrowable(error))
