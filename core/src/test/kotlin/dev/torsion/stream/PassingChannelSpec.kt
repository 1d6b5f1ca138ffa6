// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import java.lang.reflect.Method
import java.lang.reflect.Proxy
import java.nio.ByteBuffer

/** A layer that does nothing hides nothing, not even what has a default. */
class PassingChannelSpec :
    StringSpec({
        "all that the channel below says reaches the handler, and all that the transport asks reaches the channel" {
            for (type in listOf(StreamHandler::class.java, StreamChannel::class.java)) {
                val heard = ArrayList<String>()
                val handler = noting(StreamHandler::class.java, heard)
                val passing = object : PassingChannel(noting(StreamChannel::class.java, heard)) {}
                passing.start(handler)
                heard.clear()
                val methods = type.methods.filter { it.name !in OF_THE_LAYER }
                for (method in methods) method.invoke(passing, *method.parameterTypes.map(::argument).toTypedArray())
                heard shouldContainExactlyInAnyOrder methods.map { it.name }
            }
        }
    })

/** The layer itself knows its handler. */
private val OF_THE_LAYER = setOf("start", "handOver")

private fun <T> noting(type: Class<T>, heard: MutableList<String>): T = type.cast(
    Proxy.newProxyInstance(type.classLoader, arrayOf(type)) { _, method, _ ->
        heard.add(method.name)
        nothing(method)
    },
)

private fun nothing(method: Method): Any? = when (method.returnType) {
    Int::class.java -> 0
    Long::class.java -> 0L
    Boolean::class.java -> false
    else -> null
}

private fun argument(type: Class<*>): Any? = when (type) {
    Boolean::class.java -> true
    ByteBuffer::class.java -> ByteBuffer.allocate(1)
    Array<ByteBuffer>::class.java -> arrayOf(ByteBuffer.allocate(1))
    Throwable::class.java -> IllegalStateException()
    else -> null
}
