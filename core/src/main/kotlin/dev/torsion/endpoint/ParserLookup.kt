// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.log.Logger
import java.util.ServiceLoader

/**
 * The parsers of one [type]: those of the library, [own], and plug-ins.
 *
 * @param verb what is done with such endpoints, as in "a server can listen on"
 */
internal class ParserLookup<P : EndpointParser>(
    private val type: Class<P>,
    private val own: List<P>,
    private val verb: String,
    private val not: String,
) {
    /** The parser of the kind of [text]. */
    fun parserOf(text: EndpointString): P {
        own.firstOrNull { it.prefix() == text.kind }?.let { return it }
        val plugins = plugins()
        val fitting = plugins.filter { it.first == text.kind }.map { it.second }
        if (fitting.size > 1) {
            throw text.error("\"${text.kind}\" has more than one parser: ${fitting.joinToString(" and ") { it.javaClass.name }}")
        }
        return fitting.firstOrNull() ?: throw unknown(text, plugins.map { it.first })
    }

    private fun unknown(text: EndpointString, others: List<String>): EndpointSyntaxException {
        val kinds = (own.map { it.prefix() } + others.sorted()).distinct().map { "\"$it\"" }
        val list = if (kinds.size == 1) kinds.single() else "${kinds.dropLast(1).joinToString(", ")} and ${kinds.last()}"
        return text.error("$verb $list, but $not \"${text.kind}\"")
    }

    /** The plug-ins and their kinds, each class once. */
    private fun plugins(): List<Pair<String, P>> {
        val found = LinkedHashMap<Class<*>, Pair<String, P>>()
        for (loader in listOfNotNull(Thread.currentThread().contextClassLoader, type.classLoader).distinct()) {
            val loaded = ServiceLoader.load(type, loader).iterator()
            var failures = 0
            while (failures < MOST_FAILURES) {
                try {
                    if (!loaded.hasNext()) break
                    val plugin = loaded.next()
                    found.getOrPut(plugin.javaClass) { plugin.prefix() to plugin }
                } catch (e: Throwable) { // a plug-in is anybody's code: it harms no other
                    failures++
                    log.failure("A parser of endpoints cannot be used", e)
                }
            }
        }
        return found.values.toList()
    }

    private companion object {
        /** A class path that cannot be read fails each time it is asked. */
        const val MOST_FAILURES = 100
        val log = Logger(EndpointParser::class.java)
    }
}
