// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.framing.LineCodec
import dev.torsion.framing.serve
import dev.torsion.group.GroupPort
import dev.torsion.group.ReactorGroup
import kotlinx.coroutines.runBlocking
import java.security.MessageDigest
import java.time.Duration
import java.util.HexFormat
import java.util.concurrent.atomic.LongAdder

/**
 * Answers each line with its SHA-256, and with the thread that has computed it: on all cores. Each connection is on one thread; [served],
 * which all of them share, is fit for several.
 */
suspend fun serveHashes(group: ReactorGroup, endpoint: String, served: LongAdder): GroupPort =
    group.serve(endpoint, LineCodec()) { connection ->
        for (line in connection.incoming) {
            served.increment()
            connection.send("${hash(line)} by ${Thread.currentThread().name}")
        }
    }

private fun hash(text: String): String = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.toByteArray()), 0, 6)

fun main() {
    val group = ReactorGroup.create() // a reactor for each core
    group.stopOnShutdown(Duration.ofSeconds(10))
    group.start()
    runBlocking { serveHashes(group, "tcp:8007", LongAdder()) }
}
