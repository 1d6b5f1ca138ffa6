// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.ConnectOptions
import dev.torsion.net.TcpOptions
import dev.torsion.tls.TlsClientOptions
import dev.torsion.web.HttpLimits
import dev.torsion.web.isFieldValue
import java.time.Duration

/**
 * How an [HttpAgent] behaves. Immutable; each `with` method gives another one.
 *
 * ```java
 * HttpClientOptions options = HttpClientOptions.DEFAULT.withRequestTimeout(Duration.ofSeconds(10)).withMaxConnectionsPerHost(32);
 * ```
 *
 * @property limits of an answer: 64 KiB of fields, 256 fields, and a body of any length, which nothing keeps in memory. Reading it as a
 *   whole has a limit of its own
 * @property maxConnections how many connections there may be in all; 256
 * @property maxConnectionsPerHost how many there may be to one server; 8
 * @property maxWaiting how many requests may wait for a connection; 1,000. One more fails with an [AgentBusyException]
 * @property idleTimeout how long a connection is kept without a request; 30 s, or less when the server says so (`Keep-Alive: timeout=5`)
 * @property queueTimeout how long a request may wait for a connection that others use; 30 s. Then it fails with a [QueueTimeoutException]
 * @property connecting how to connect. Its time, 30 s, covers all: TCP, a tunnel, TLS. Then the request fails with a
 *   [ConnectTimeoutException][dev.torsion.net.ConnectTimeoutException]
 * @property responseTimeout how long the first byte of an answer may take after the request, and after an answer on the way; 60 s. Then it
 *   fails with a [ResponseTimeoutException]
 * @property headTimeout how long the head of an answer may take from its first byte; 10 s. It holds for each answer on the way, such as
 *   103, too. Then it fails with a [HeadTimeoutException]
 * @property readTimeout how long each next byte of an answer may take; 60 s. Then it fails with a [ReadTimeoutException]
 * @property unreadTimeout how long a body may wait for its reader; 5 min. Then the connection ends, and reading fails with an
 *   [UnreadBodyException]
 * @property writeTimeout how long a server may take nothing of what was written; 60 s. Then the request fails with an
 *   [HttpTimeoutException][dev.torsion.web.HttpTimeoutException]
 * @property requestTimeout how long all of a request may take, to the last byte of its answer; null, the default, for any time. Then it
 *   fails with a [RequestTimeoutException]
 * @property expectContinue whether bodies wait for `100 Continue`; false. See [ClientRequest.expectContinue]
 * @property retriesStale whether a request is sent again, once, when its connection was one that the server had ended meanwhile; true. Only
 *   where the method is idempotent (RFC 9110 9.2.2), the body replayable, and no byte of an answer has come
 * @property userAgent the value of `User-Agent` where a request has none; null for none
 * @property tls whom to trust, and what to offer
 * @property tcp limits and socket options of the connections
 * @property proxy the proxy; null, the default, for none
 * @property endpoints gives the endpoint of each server; null for the host and port of the URL
 * @property listener hears of the requests; null, the default, when nobody does
 */
@Suppress("LongParameterList")
public class HttpClientOptions private constructor(
    public val limits: HttpLimits =
        HttpLimits.DEFAULT.withMaxHeadBytes(64 * 1024).withMaxFields(256).withMaxBodyBytes(Long.MAX_VALUE),
    public val maxConnections: Int = 256,
    public val maxConnectionsPerHost: Int = 8,
    public val maxWaiting: Int = 1000,
    public val idleTimeout: Duration = Duration.ofSeconds(30),
    public val queueTimeout: Duration = Duration.ofSeconds(30),
    public val connecting: ConnectOptions = ConnectOptions.DEFAULT,
    public val responseTimeout: Duration = Duration.ofSeconds(60),
    public val headTimeout: Duration = Duration.ofSeconds(10),
    public val readTimeout: Duration = Duration.ofSeconds(60),
    public val unreadTimeout: Duration = Duration.ofMinutes(5),
    public val writeTimeout: Duration = Duration.ofSeconds(60),
    public val requestTimeout: Duration? = null,
    public val expectContinue: Boolean = false,
    public val retriesStale: Boolean = true,
    public val userAgent: String? = "Torsion",
    public val tls: TlsClientOptions? = null,
    public val tcp: TcpOptions = TcpOptions.DEFAULT,
    public val proxy: HttpProxy? = null,
    public val endpoints: AgentEndpointFactory? = null,
    public val listener: ClientRequestListener? = null,
) {
    init {
        require(maxConnections > 0) { "maxConnections must be positive, but is $maxConnections" }
        require(maxConnectionsPerHost > 0) { "maxConnectionsPerHost must be positive, but is $maxConnectionsPerHost" }
        require(userAgent == null || isFieldValue(userAgent)) { "userAgent is no value of a field" }
        require(maxWaiting >= 0) { "maxWaiting must not be negative, but is $maxWaiting" }
        listOf(idleTimeout, queueTimeout, responseTimeout, headTimeout, readTimeout, unreadTimeout, writeTimeout, requestTimeout).forEach {
            require(it == null || (!it.isNegative && !it.isZero)) { "a time-out must be positive, but $it was given" }
        }
    }

    /** These options with other [limits]. */
    public fun withLimits(limits: HttpLimits): HttpClientOptions = with(limits = limits)

    /** These options with another [maxConnections]. */
    public fun withMaxConnections(most: Int): HttpClientOptions = with(maxConnections = most)

    /** These options with another [maxConnectionsPerHost]. */
    public fun withMaxConnectionsPerHost(most: Int): HttpClientOptions = with(maxConnectionsPerHost = most)

    /** These options with another [maxWaiting]. */
    public fun withMaxWaiting(most: Int): HttpClientOptions = with(maxWaiting = most)

    /** These options with another [idleTimeout]. */
    public fun withIdleTimeout(timeout: Duration): HttpClientOptions = with(idleTimeout = timeout)

    /** These options with another [queueTimeout]. */
    public fun withQueueTimeout(timeout: Duration): HttpClientOptions = with(queueTimeout = timeout)

    /** These options with another way of [connecting]. */
    public fun withConnecting(connecting: ConnectOptions): HttpClientOptions = with(connecting = connecting)

    /** These options with another time for [connecting]. */
    public fun withConnectTimeout(timeout: Duration): HttpClientOptions = with(connecting = connecting.withTimeout(timeout))

    /** These options with another [responseTimeout]. */
    public fun withResponseTimeout(timeout: Duration): HttpClientOptions = with(responseTimeout = timeout)

    /** These options with another [headTimeout]. */
    public fun withHeadTimeout(timeout: Duration): HttpClientOptions = with(headTimeout = timeout)

    /** These options with another [readTimeout]. */
    public fun withReadTimeout(timeout: Duration): HttpClientOptions = with(readTimeout = timeout)

    /** These options with another [unreadTimeout]. */
    public fun withUnreadTimeout(timeout: Duration): HttpClientOptions = with(unreadTimeout = timeout)

    /** These options with another [writeTimeout]. */
    public fun withWriteTimeout(timeout: Duration): HttpClientOptions = with(writeTimeout = timeout)

    /** These options with another [requestTimeout]; null for none. */
    public fun withRequestTimeout(timeout: Duration?): HttpClientOptions = with(requestTimeout = timeout)

    /** These options, with bodies that wait for leave or not. */
    public fun withExpectContinue(expectContinue: Boolean): HttpClientOptions = with(expectContinue = expectContinue)

    /** These options, with or without a second try. */
    public fun withRetriesStale(retriesStale: Boolean): HttpClientOptions = with(retriesStale = retriesStale)

    /** These options with another [userAgent]; null for none. */
    public fun withUserAgent(userAgent: String?): HttpClientOptions = with(userAgent = userAgent)

    /** These options with other options for TLS; null for the defaults. */
    public fun withTls(tls: TlsClientOptions?): HttpClientOptions = with(tls = tls)

    /** These options with other ones for connections. */
    public fun withTcp(tcp: TcpOptions): HttpClientOptions = with(tcp = tcp)

    /** These options with a [proxy]; null for none. */
    public fun withProxy(proxy: HttpProxy?): HttpClientOptions = with(proxy = proxy)

    /** These options with [endpoints]; null for the hosts of the URLs. */
    public fun withEndpoints(endpoints: AgentEndpointFactory?): HttpClientOptions = with(endpoints = endpoints)

    /** These options with another [listener], or none; [ClientRequestListener.and] makes one of two. */
    public fun withListener(listener: ClientRequestListener?): HttpClientOptions = with(listener = listener)

    private fun with(
        limits: HttpLimits = this.limits,
        maxConnections: Int = this.maxConnections,
        maxConnectionsPerHost: Int = this.maxConnectionsPerHost,
        maxWaiting: Int = this.maxWaiting,
        idleTimeout: Duration = this.idleTimeout,
        queueTimeout: Duration = this.queueTimeout,
        connecting: ConnectOptions = this.connecting,
        responseTimeout: Duration = this.responseTimeout,
        headTimeout: Duration = this.headTimeout,
        readTimeout: Duration = this.readTimeout,
        unreadTimeout: Duration = this.unreadTimeout,
        writeTimeout: Duration = this.writeTimeout,
        requestTimeout: Duration? = this.requestTimeout,
        expectContinue: Boolean = this.expectContinue,
        retriesStale: Boolean = this.retriesStale,
        userAgent: String? = this.userAgent,
        tls: TlsClientOptions? = this.tls,
        tcp: TcpOptions = this.tcp,
        proxy: HttpProxy? = this.proxy,
        endpoints: AgentEndpointFactory? = this.endpoints,
        listener: ClientRequestListener? = this.listener,
    ) = HttpClientOptions(
        limits, maxConnections, maxConnectionsPerHost, maxWaiting, idleTimeout, queueTimeout, connecting, responseTimeout, headTimeout,
        readTimeout, unreadTimeout, writeTimeout, requestTimeout, expectContinue, retriesStale, userAgent, tls, tcp, proxy, endpoints,
        listener,
    )

    override fun toString(): String = "HttpClientOptions($maxConnections connections, $maxConnectionsPerHost for each host, $limits, " +
        "idle $idleTimeout, queue $queueTimeout, connect ${connecting.timeout}, response $responseTimeout, head $headTimeout, " +
        "read $readTimeout, unread $unreadTimeout, write $writeTimeout, request $requestTimeout)"

    public companion object {
        /** The options that hold where none are given. */
        @JvmField
        public val DEFAULT: HttpClientOptions = HttpClientOptions()
    }
}
