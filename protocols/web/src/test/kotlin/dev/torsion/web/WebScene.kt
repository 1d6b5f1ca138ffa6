// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import kotlinx.coroutines.future.await
import java.io.ByteArrayOutputStream
import java.nio.file.Path
import java.time.Duration

/** The client's end of a connection, byte by byte. */
internal class Raw : Protocol() {
    private val bytes = ByteArrayOutputStream()
    var end: CloseReason? = null

    override fun dataReceived(data: ByteArray) = bytes.write(data)

    override fun connectionLost(reason: CloseReason) {
        end = reason
    }

    /** The bytes that have come since this was asked last, without its `Date`. */
    fun got(): String = bytes.toString(Charsets.ISO_8859_1).also { bytes.reset() }.replace(DATE, "")

    /** How many bytes have come since [got]. */
    val length: Int get() = bytes.size()

    fun send(text: String) = transport.write(text.toByteArray(Charsets.ISO_8859_1))

    private companion object {
        val DATE = Regex("Date: [A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT\r\n")
    }
}

/** A network in memory, with clients of bytes. */
internal abstract class RawScene : AutoCloseable {
    val reactor = MemoryReactor()

    /** The port of the servers that [connect] goes to. */
    abstract val port: ListeningPort

    fun connect(to: ListeningPort = port): Raw {
        val raw = Raw()
        reactor.connectTcp("127.0.0.1", to.port(), ClientFactory { raw })
        reactor.flush()
        return raw
    }

    fun Raw.ask(text: String): String {
        send(text)
        reactor.flush()
        return got()
    }

    fun pass(seconds: Long) {
        reactor.flush()
        reactor.runFor(Duration.ofSeconds(seconds))
    }

    override fun close() = reactor.close()
}

/** A site in memory, with clients of bytes. */
internal class WebScene(options: HttpServerOptions = HttpServerOptions.DEFAULT, handler: suspend (Request) -> Response) : RawScene() {
    val site = Site(reactor, options, handler)
    override val port: ListeningPort = reactor.listenTcp(0, site, "127.0.0.1")
}

internal fun scene(
    options: HttpServerOptions = HttpServerOptions.DEFAULT,
    handler: suspend (Request) -> Response,
    test: WebScene.() -> Unit,
): Unit = WebScene(options, handler).use(test)

/** The answers of the files below [folder], as [make] makes them, to requests of bytes. */
internal fun filesScene(folder: Path, make: (StaticFiles) -> StaticFiles, test: (ask: (String) -> String) -> Unit) {
    lateinit var files: StaticFiles
    scene(handler = { files.handle(it).await() }) {
        files = make(StaticFiles.of(reactor, folder))
        test { request ->
            val client = connect()
            client.send(request)
            pass(1)
            client.got()
        }
    }
}

/** A request with [fields], each with its line end. */
internal fun get(path: String, fields: String = ""): String = "GET $path HTTP/1.1\r\nHost: a\r\n$fields\r\n"

internal fun post(path: String, body: String, fields: String = ""): String =
    "POST $path HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n$fields\r\n$body"

/** For the tests in Java. */
internal object Raws {
    /** A client of [site], connected. */
    @JvmStatic
    fun connect(reactor: MemoryReactor, site: Site): Raw {
        val raw = Raw()
        val port = reactor.listenTcp(0, site, "127.0.0.1")
        reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { raw })
        reactor.flush()
        return raw
    }
}
