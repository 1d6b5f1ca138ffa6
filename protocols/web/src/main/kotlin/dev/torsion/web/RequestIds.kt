// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import kotlinx.coroutines.ThreadContextElement
import org.slf4j.MDC
import java.security.SecureRandom
import java.util.SplittableRandom
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext

/**
 * Gives each request an id: the one in the field of a [trusted proxy][HttpServerOptions.trustedProxies], or a new one of 32 hexadecimal
 * digits. [Request.id] has it, and so has the answer, the [RequestRecord], the log of the site, and SLF4J's MDC as `request` while code of
 * the handler runs as a coroutine, and in [RequestHandler.handle]. Set it with [HttpServerOptions.withRequestIds].
 *
 * The ids are not secret, and can be guessed. An id of a proxy is taken if it has 128 characters at most, which are letters, digits and
 * `-._~+/=:@`.
 *
 * Thread: any.
 *
 * @property field the name of the field, `X-Request-ID` as a rule
 */
public class RequestIds private constructor(@get:JvmName("field") public val field: String) {
    private val random = SplittableRandom(SecureRandom().nextLong())

    @JvmSynthetic
    internal fun idOf(headers: Headers, isFromProxy: Boolean): String {
        val given = if (isFromProxy) headers.all(field).singleOrNull() else null
        return given?.takeIf { it.length in 1..LONGEST && it.all(::isOfId) } ?: made()
    }

    private fun made(): String {
        val (high, low) = synchronized(random) { random.nextLong() to random.nextLong() } // a site of each reactor may have the same ids
        return digits(high) + digits(low)
    }

    private fun digits(bits: Long) = java.lang.Long.toHexString(bits).padStart(DIGITS, '0')

    override fun toString(): String = "RequestIds($field)"

    public companion object {
        private const val LONGEST = 128
        private const val DIGITS = 16

        private fun isOfId(c: Char) = c in 'a'..'z' || c in 'A'..'Z' || c in '0'..'9' || c in "-._~+/=:@"

        /** Ids in `X-Request-ID`. */
        @JvmStatic
        public fun of(): RequestIds = of("X-Request-ID")

        /** Ids in [field]. @throws IllegalArgumentException when it is no name of a field */
        @JvmStatic
        public fun of(field: String): RequestIds {
            require(isToken(field)) { "\"$field\" is no name of a field" }
            return RequestIds(field)
        }
    }
}

/** SLF4J's context of the coroutines of a request. */
internal class RequestContext(val id: String) :
    AbstractCoroutineContextElement(RequestContext),
    ThreadContextElement<String?> {
    override fun updateThreadContext(context: CoroutineContext): String? = MDC.get(NAME).also { MDC.put(NAME, id) }

    override fun restoreThreadContext(context: CoroutineContext, oldState: String?): Unit =
        if (oldState == null) MDC.remove(NAME) else MDC.put(NAME, oldState)

    companion object : CoroutineContext.Key<RequestContext> {
        const val NAME = "request"
    }
}
