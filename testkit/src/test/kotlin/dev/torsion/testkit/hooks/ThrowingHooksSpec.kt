// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.log.LogObserver
import dev.torsion.log.LogPublisher
import dev.torsion.log.safeThrowable
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import java.io.PrintWriter
import java.io.Writer

/**
 * Every hook of a user's class throws everything that there is to throw, and the user's objects may have no description either. Each time
 * the loop lives on, connections end with their callbacks in pairs, the error is told, and whoever waits is told.
 */
class ThrowingHooksSpec :
    FunSpec({
        // Thousands of traces are of no use to anybody; but they are made, as a backend of SLF4J would make them.
        val printed =
            LogObserver { event ->
                event.toString()
                event.throwable?.let { safeThrowable(it).printStackTrace(PrintWriter(Writer.nullWriter())) }
            }
        val usual = LogPublisher.global().observers()
        beforeSpec {
            LogPublisher.global().addObserver(printed)
            usual.forEach(LogPublisher.global()::removeObserver)
        }
        afterSpec {
            usual.forEach(LogPublisher.global()::addObserver)
            LogPublisher.global().removeObserver(printed)
        }

        val groups =
            mapOf("connections" to CONNECTION_HOOKS, "datagrams" to DATAGRAM_HOOKS, "the loop" to LOOP_HOOKS, "services" to SERVICE_HOOKS)
        for ((group, hooks) in groups) {
            context(group) {
                for (hook in hooks) {
                    test(hook.name) {
                        for (kind in Kind.ALL.filter { !(hook.isCoroutine && it.hidesItsCause) }) {
                            for (isHostile in listOf(false, true)) {
                                withClue("${kind.name}${if (isHostile) ", and nothing can be described" else ""}") {
                                    Play(kind, isHostile).run(hook)
                                }
                            }
                        }
                    }
                }
            }
        }
    })
