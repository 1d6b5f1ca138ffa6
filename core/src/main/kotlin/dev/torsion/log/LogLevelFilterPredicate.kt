// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import org.slf4j.event.Level
import java.util.concurrent.ConcurrentHashMap

/**
 * Keeps back events below the level of their namespace; Twisted's class of the same name. A namespace has the level that was set for it
 * or for the nearest one above it: a level for `com.example` holds for `com.example.chat` and not for `com.examples`.
 *
 * ```java
 * var levels = new LogLevelFilterPredicate(Level.WARN);
 * levels.setLogLevelForNamespace("com.example.chat", Level.DEBUG);
 * ```
 *
 * Thread: any; levels may be changed while events are tested.
 *
 * @property defaultLevel the level where none was set
 */
public class LogLevelFilterPredicate
@JvmOverloads
constructor(public val defaultLevel: Level = Level.INFO) : LogFilterPredicate {
    private val levels = ConcurrentHashMap<String, Level>()

    /** The lowest level that passes for [namespace]; the empty one is above all others. */
    public fun logLevelForNamespace(namespace: String): Level {
        var name = namespace
        while (name.isNotEmpty()) {
            levels[name]?.let { return it }
            name = name.substringBeforeLast('.', "")
        }
        return levels[""] ?: defaultLevel
    }

    /** Sets the lowest level that passes, for [namespace] and those below it; the empty one stands for all. */
    public fun setLogLevelForNamespace(namespace: String, level: Level) {
        levels[namespace] = level
    }

    /** Forgets all levels that were set. */
    public fun clearLogLevels(): Unit = levels.clear()

    @JvmSynthetic
    internal fun isWanted(level: Level, namespace: String) = level.toInt() >= logLevelForNamespace(namespace).toInt()

    /** No for an event that is below its level, otherwise maybe: other predicates may still keep it back. */
    override fun test(event: LogEvent): PredicateResult =
        if (isWanted(event.level, event.namespace)) PredicateResult.MAYBE else PredicateResult.NO
}
