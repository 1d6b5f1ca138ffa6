// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.UnixPortOptions
import dev.torsion.reactor.DEADLINE_SECONDS
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermission
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.TimeUnit

private fun inNewFolder(test: (Path) -> Unit) {
    val folder = Files.createTempDirectory("torsion")
    try {
        test(folder)
    } finally {
        folder.toFile().deleteRecursively()
    }
}

private fun Path.names() = Files.list(this).use { list -> list.map { it.fileName.toString() }.toList() }

private fun aDeadNumber(): Long = ProcessBuilder("true").start().let {
    it.waitFor()
    it.pid()
}

/** Permissions that cannot be given, since they cannot even be read. */
private object Unreadable : AbstractSet<PosixFilePermission>() {
    override val size get() = 1

    override fun iterator(): Iterator<PosixFilePermission> = throw IOException("not permitted")
}

class SocketFilesSpec :
    StringSpec({
        "a stale lock that another process has taken over meanwhile stays that process's" {
            inNewFolder { folder ->
                val link = folder.resolve("x.lock")
                val other = ProcessBuilder("sleep", "100").start()
                try {
                    Files.createSymbolicLink(link, Path.of("${other.pid()}"))
                    PidLock.of(folder.resolve("x")).removeStale(aDeadNumber()) // which was there a moment ago
                    Files.readSymbolicLink(link).toString() shouldBe "${other.pid()}"
                    folder.names() shouldBe listOf("x.lock")
                    shouldThrow<IOException> { PidLock.of(folder.resolve("x")).take() }
                } finally {
                    other.destroyForcibly()
                }
            }
        }

        "a stale lock that is gone already, or is there, is removed, and nothing else is left" {
            inNewFolder { folder ->
                val lock = PidLock.of(folder.resolve("x"))
                val dead = aDeadNumber()
                lock.removeStale(dead)
                folder.names().shouldBeEmpty()
                Files.createSymbolicLink(folder.resolve("x.lock"), Path.of("$dead"))
                lock.removeStale(dead)
                folder.names().shouldBeEmpty()
            }
        }

        "of two who find the same stale lock at once, one gets it" {
            inNewFolder { folder ->
                val dead = aDeadNumber()
                repeat(200) {
                    Files.createSymbolicLink(folder.resolve("x.lock"), Path.of("$dead"))
                    val barrier = CyclicBarrier(2)
                    val outcomes = List(2) {
                        CompletableFuture.supplyAsync({
                            barrier.await(DEADLINE_SECONDS, TimeUnit.SECONDS)
                            val lock = PidLock.of(folder.resolve("x"))
                            runCatching { lock.take() }.map { lock }
                        }, { Thread(it).start() })
                    }.map { it.get(DEADLINE_SECONDS, TimeUnit.SECONDS) }
                    val winner = outcomes.single { it.isSuccess }.getOrThrow()
                    winner.isHeld shouldBe true
                    winner.release()
                    folder.names().shouldBeEmpty()
                }
            }
        }

        "a socket whose mode cannot be set is removed: nobody else could tell whose it is" {
            inNewFolder { folder ->
                val path = folder.resolve("x")
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).use {
                    it.bind(UnixDomainSocketAddress.of(path))
                    shouldThrow<IOException> { SystemSocketFiles.own(path, Unreadable) }
                    folder.names().shouldBeEmpty()
                }
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).use {
                    it.bind(UnixDomainSocketAddress.of(path))
                    val key = SystemSocketFiles.own(path, UnixPortOptions.OWNER_ONLY)
                    folder.names() shouldBe listOf("x")
                    SystemSocketFiles.remove(path, key)
                    folder.names().shouldBeEmpty()
                }
            }
        }
    })
