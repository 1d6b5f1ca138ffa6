// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

/** Tools that an extension gives to a test are closed by its watch. */
class ClosedToolsSpec :
    FunSpec({
        test("a tool is closed before the leftovers are looked for, the last one first; its failure is told") {
            val order = ArrayList<String>()
            val watch = LeakWatch.begin()
            val port = watch.reactor.listenTcp(0, Factory { object : Protocol() {} }, "127.0.0.1")
            watch.closeAtEnd {
                order.add("first")
                port.stopListening()
            }
            watch.closeAtEnd { order.add("last") }
            watch.end()
            order shouldBe listOf("last", "first")
            val failing = LeakWatch.begin()
            failing.closeAtEnd { error("stuck") }
            shouldThrow<AssertionError> { failing.end() }.message!! shouldContain "stuck"
        }

        test("a test that has failed has its tools closed, too") {
            var closed = 0
            val watch = LeakWatch.begin()
            watch.closeAtEnd { closed++ }
            watch.close()
            closed shouldBe 1
        }
    })
