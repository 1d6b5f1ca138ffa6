// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.clock.LoopingCall
import dev.torsion.log.Logger
import dev.torsion.reactor.Reactor
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.FileTime
import java.time.Duration
import java.util.function.Supplier

/**
 * An identity in files, which may be renewed while the program runs: new handshakes get the new one, open connections stay as they are.
 *
 * ```kotlin
 * val files = TlsIdentityFiles(Path.of("key.pem"), Path.of("cert.pem"))
 * files.watch(reactor, Duration.ofMinutes(1))
 * reactor.listenTls(8443, factory, Tls.server(files))
 * ```
 *
 * Thread: any. The constructor and [reload] read the files, and block.
 *
 * @param password of the key, if that is encrypted
 * @param files see [TlsIdentity.fromPem]
 */
public class TlsIdentityFiles(private val password: String?, private vararg val files: Path) : Supplier<TlsIdentity> {
    /** The same for a key that is not encrypted. */
    public constructor(vararg files: Path) : this(null, *files)

    @Volatile
    private var current: Read = read()

    private class Read(val identity: TlsIdentity, val times: List<FileTime>)

    private fun times() = files.map { Files.getLastModifiedTime(it) }

    private fun read(): Read {
        val times = times() // before: what is written meanwhile is read again
        return Read(TlsIdentity.fromPem(password, *files), times)
    }

    /** The identity that was read last. */
    override fun get(): TlsIdentity = current.identity

    /**
     * Reads the files again. When they cannot be used, the identity before stays.
     *
     * @return the identity from now on
     * @throws TlsKeyException when they have no usable identity
     * @throws java.io.IOException when they cannot be read
     */
    public fun reload(): TlsIdentity {
        current = read()
        return current.identity
    }

    /** [reload], when one of the files has changed since; whether it had. */
    public fun reloadIfChanged(): Boolean {
        if (times() == current.times) return false
        reload()
        return true
    }

    /**
     * Looks every [period] whether the files have changed, on a thread of [reactor]'s pool, until it is closed or the reactor stops. Files
     * that cannot be used are logged, and looked at again. Thread: the reactor's.
     */
    public fun watch(reactor: Reactor, period: Duration): AutoCloseable {
        val looking =
            LoopingCall(reactor) {
                reactor.deferToThread { reloadIfChanged() }
                    .addCallback { if (it) log.info("The TLS identity was renewed: {identity}", "identity" to "${get()}") }
                    .addErrback { log.failure("The TLS identity could not be renewed, and the old one stays", it.value) }
            }
        looking.start(period, false).addCallbacks({ }, { })
        return AutoCloseable { if (looking.isRunning) looking.stop() }
    }

    override fun toString(): String = "TlsIdentityFiles(${files.joinToString()}, $current)"

    private companion object {
        val log = Logger(TlsIdentityFiles::class.java)
    }
}
