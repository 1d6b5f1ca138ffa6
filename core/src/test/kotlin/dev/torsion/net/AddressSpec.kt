// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.Inet6Address
import java.net.InetAddress

class AddressSpec :
    StringSpec({
        // RFC 5952, section 4: the longest run of zeros, the first of equals, of two groups at least.
        mapOf(
            "0:0:0:0:0:0:0:1" to "::1",
            "0:0:0:0:0:0:0:0" to "::",
            "2001:0DB8:0:0:0:0:0:1" to "2001:db8::1",
            "2001:db8:0:0:0:0:2:0" to "2001:db8::2:0",
            "2001:db8:0:1:1:1:1:1" to "2001:db8:0:1:1:1:1:1",
            "2001:0:0:1:0:0:0:1" to "2001:0:0:1::1",
            "2001:db8:0:0:1:0:0:1" to "2001:db8::1:0:0:1",
            "0:0:1:0:0:1:1:1" to "::1:0:0:1:1:1",
            "1:0:0:2:3:4:0:0" to "1::2:3:4:0:0",
            "1:2:3:4:5:6:0:0" to "1:2:3:4:5:6::",
            "10:20:30:40:50:60:70:80" to "10:20:30:40:50:60:70:80",
            "100:0:0:10::1" to "100:0:0:10::1",
        ).forEach { (written, canonical) ->
            "the address $written is $canonical" {
                InternetAddress.of(InetAddress.getByName(written), 80) shouldBe IPv6Address(canonical, 80)
            }
        }

        "a zone stays where it is" {
            val bytes = ByteArray(16).also {
                it[0] = 0xfe.toByte()
                it[1] = 0x80.toByte()
            }
            InternetAddress.of(Inet6Address.getByAddress(null, bytes.clone().also { it[15] = 1 }, 7), 80).host shouldBe "fe80::1%7"
            InternetAddress.of(Inet6Address.getByAddress(null, bytes, 7), 80).host shouldBe "fe80::%7"
        }

        "an end prints as people write it" {
            IPv4Address("127.0.0.1", 80).toString() shouldBe "127.0.0.1:80"
            IPv6Address("::1", 80).toString() shouldBe "[::1]:80"
        }
    })
