// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.long
import io.kotest.property.arbitrary.pair
import io.kotest.property.checkAll

private const val SECOND = 1_000_000_000L

class TokenBucketSpec :
    StringSpec({
        "a new bucket holds a quarter of a second's worth, at any time" {
            listOf(0L, Long.MIN_VALUE, Long.MAX_VALUE / 2, -5).forEach { TokenBucket(1000).available(it) shouldBe 250 }
        }

        "what was taken comes back with time, and never more than it holds" {
            val bucket = TokenBucket(1000)
            bucket.take(250, now = 0)
            bucket.available(0) shouldBe 0
            bucket.available(SECOND / 10) shouldBe 100
            bucket.available(SECOND * 100) shouldBe 250
        }

        "a debt is paid first" {
            val bucket = TokenBucket(1000)
            bucket.take(1250, now = 0)
            bucket.available(0) shouldBe 0
            bucket.available(SECOND) shouldBe 0
            bucket.available(SECOND + SECOND / 10) shouldBe 100
        }

        "what was reserved is there after the wait, at the slowest rate and at the fastest, and no earlier" {
            checkAll(Arb.long(16, 10_000_000_000), Arb.int(1, Int.MAX_VALUE)) { rate, taken ->
                val bucket = TokenBucket(rate)
                bucket.take(taken.toLong(), now = 0)
                val wait = bucket.reserve(bucket.worthWhile, 0)
                bucket.available(wait) shouldBeGreaterThanOrEqual 0
                if (wait > 2) bucket.available(wait - maxOf(SECOND / rate, 1) - 1) shouldBeLessThanOrEqual 0
            }
        }

        "those that share a bucket get something in turn" {
            val bucket = TokenBucket(1000)
            bucket.take(250, now = 0)
            val waits = List(3) { bucket.reserve(20, now = 0) }
            waits shouldBe listOf(20_000_000L, 40_000_000, 60_000_000)
            bucket.giveBack(20)
            bucket.reserve(20, now = 0) shouldBe 60_000_000
        }

        "whatever is taken and when, it is no more than the rate and what the bucket holds" {
            checkAll(Arb.long(16, 1_000_000), Arb.list(Arb.pair(Arb.long(0, SECOND / 2), Arb.int(1, 100_000)), 1..50)) { rate, steps ->
                val bucket = TokenBucket(rate)
                var now = 7L
                var sum = 0L
                steps.forEach { (pause, wanted) ->
                    now += pause
                    val count = minOf(wanted.toLong(), bucket.available(now))
                    if (count >= 1) {
                        bucket.take(count, now)
                        sum += count
                    }
                }
                sum shouldBeLessThanOrEqual rate / 4 + (rate * (now - 7) + SECOND - 1) / SECOND + 1
            }
        }

        "however many wait for it, it has nothing to give meanwhile" {
            val bucket = TokenBucket(10_000_000_000)
            repeat(5000) {
                bucket.reserve(bucket.worthWhile, now = 0)
                if (it > 20) bucket.available(0) shouldBeLessThanOrEqual 0
            }
        }

        "a rate that no bucket can hold is refused" {
            listOf(0L, -1, 15, Long.MAX_VALUE).forEach { shouldThrow<IllegalArgumentException> { Throttle.builder().readInAll(it) } }
        }
    })
