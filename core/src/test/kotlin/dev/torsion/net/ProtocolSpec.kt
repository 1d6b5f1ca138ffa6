// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

/** How protocols and factories are called in messages, and how what peers have named is shown there. */
internal class ProtocolSpec :
    StringSpec({
        "a protocol is called by its class, or as it says itself" {
            Named().toString() shouldBe "Named(not connected)"
            Named { "chat" }.toString() shouldBe "chat(not connected)"
            Named { error("not known yet") }.toString() shouldBe
                "<${Named::class.java.name} whose logPrefix throws java.lang.IllegalStateException>(not connected)"
        }

        "so is a factory" {
            Factory { Named() }.toString() shouldBe "Factory(in use on 0 ports)"
            val unset =
                object : Factory() {
                    lateinit var name: String

                    override fun logPrefix() = name
                }
            unset.doStart()
            unset.toString() shouldBe
                "<${unset.javaClass.name} whose logPrefix throws kotlin.UninitializedPropertyAccessException>(in use on 1 ports)"
            unset.doStop()
            unset.numPorts shouldBe 0
        }

        "a host name in a message is escaped" {
            DnsLookupException("a\nb", "a\nb:1").message shouldBe """Host name "a\nb" has no address."""
            hostAndPort("\u001b[2J", 80) shouldBe """\x1b[2J:80"""
            hostAndPort("::1", 80) shouldBe "[::1]:80"
            shouldThrow<IllegalStateException> { Named().transport }.message shouldBe "Named has no transport before its connection is made"
        }
    })

private class Named(private val name: () -> String = { "Named" }) : Protocol() {
    override fun logPrefix() = name()
}
