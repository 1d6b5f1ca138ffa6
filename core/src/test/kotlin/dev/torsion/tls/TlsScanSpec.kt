// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import org.w3c.dom.Element
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import javax.xml.parsers.DocumentBuilderFactory

/** The default settings of a server, as `sslscan` finds them. It tries with OpenSSL, and with bytes of its own, whatever is old or weak. */
class TlsScanSpec :
    StringSpec({
        val sslscan = whereRuns("sslscan", "--version")

        fun scan(identity: TlsIdentity): List<Element> = withReactor { reactor ->
            val opened = CompletableFuture<Int>()
            reactor.callFromThread {
                val factory = Factory { object : Protocol() {} }.apply { isNoisy = false }
                opened.complete(reactor.listenTls(0, factory, Tls.server(identity), "127.0.0.1").port())
            }
            val at = "127.0.0.1:${opened.get(SECONDS, TimeUnit.SECONDS)}"
            val builder = DocumentBuilderFactory.newInstance().newDocumentBuilder()
            val found = running("sslscan", "--xml=-", "--no-colour", at, seconds = 120) { builder.parse(it.inputStream) }
            val all = found.getElementsByTagName("ssltest").item(0).childNodes
            List(all.length, all::item).filterIsInstance<Element>()
        }

        fun List<Element>.named(name: String, vararg attributes: String) =
            filter { it.tagName == name }.map { one -> attributes.joinToString(" ") { one.getAttribute(it) } }

        for ((kind, key) in mapOf("RSA" to "rsa", "ECDSA" to "ec")) {
            "sslscan finds nothing old and nothing weak, with a key of $kind".config(enabledOrReasonIf = { sslscan }) {
                val found = scan(TlsIdentity.fromPem(file("$key.key"), file("$key.pem"), file("mid.pem")))
                found.named("protocol", "type", "version", "enabled") shouldContainExactlyInAnyOrder
                    listOf("ssl 2 0", "ssl 3 0", "tls 1.0 0", "tls 1.1 0", "tls 1.2 1", "tls 1.3 1")
                // Each has forward secrecy and authenticates what it encrypts; the order is the server's.
                found.named("cipher", "sslversion", "status", "cipher") shouldContainExactly
                    listOf(
                        "TLSv1.3 preferred TLS_AES_128_GCM_SHA256",
                        "TLSv1.3 accepted TLS_AES_256_GCM_SHA384",
                        "TLSv1.3 accepted TLS_CHACHA20_POLY1305_SHA256",
                        "TLSv1.2 preferred ECDHE-$kind-AES128-GCM-SHA256",
                        "TLSv1.2 accepted ECDHE-$kind-AES256-GCM-SHA384",
                        "TLSv1.2 accepted ECDHE-$kind-CHACHA20-POLY1305",
                    )
                found.named("cipher", "strength").filter { it in listOf("weak", "null", "anonymous") }.shouldBeEmpty()
                found.named("group", "sslversion", "bits", "name").shouldNotBeEmpty()
                found.filter { it.tagName == "group" && it.getAttribute("bits").toInt() < 112 }.shouldBeEmpty()
                found.named("compression", "supported").filter { it != "0" }.shouldBeEmpty()
                found.named("renegotiation", "supported") shouldBe listOf("0")
                found.named("heartbleed", "vulnerable").toSet() shouldBe setOf("0")
            }
        }
    })
