// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.policies

import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe

class PeerCountsSpec :
    StringSpec({
        "the hosts of one IPv6 network are one peer, those of another one are not" {
            PeerCounts.keyOf(IPv6Address("2001:db8:0:1::1", 5)) shouldBe PeerCounts.keyOf(IPv6Address("2001:db8:0:1:ffff::9", 7))
            PeerCounts.keyOf(IPv6Address("2001:db8:0:1::1", 5)) shouldNotBe PeerCounts.keyOf(IPv6Address("2001:db8:0:2::1", 5))
        }

        "a link-local address is found without its interface" {
            PeerCounts.keyOf(IPv6Address("fe80::1%nowhere", 5)) shouldBe PeerCounts.keyOf(IPv6Address("fe80::1", 5))
        }

        "hosts of IPv4 are peers, whatever their port" {
            PeerCounts.keyOf(IPv4Address("192.0.2.1", 5)) shouldBe PeerCounts.keyOf(IPv4Address("192.0.2.1", 6))
            PeerCounts.keyOf(IPv4Address("192.0.2.1", 5)) shouldNotBe PeerCounts.keyOf(IPv4Address("192.0.2.2", 5))
        }

        "a peer that has no more connections is forgotten" {
            val counts = PeerCounts()
            counts.add("a") shouldBe 1
            counts.add("a") shouldBe 2
            counts.remove("a")
            counts.count("a") shouldBe 1
            counts.remove("a")
            counts.remove("a")
            counts.count("a") shouldBe 0
        }
    })
