// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.reactor.DEADLINE_SECONDS
import io.kotest.assertions.withClue
import io.kotest.core.annotation.EnabledIf
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.io.File
import java.io.IOException
import java.io.OutputStream
import java.net.InetAddress
import java.net.Socket
import java.nio.ByteBuffer
import java.security.cert.X509Certificate
import java.util.Random
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket
import javax.net.ssl.X509TrustManager
import kotlin.io.path.createTempDirectory

/**
 * The robustness run: thousands of connections of hostile peers, by TCP and by TLS, against a server with 48 MiB of heap and 256 descriptors.
 * The server must live on, serve others, give each connection a reason for its end, and leave nothing behind. It runs for some seconds.
 */
@EnabledIf(HasUnixShell::class)
class RobustnessSpec :
    StringSpec({
        "hostile peers leave nothing behind, and a server that serves others" {
            RobustServer().use { server ->
                val peers = HostilePeers(server.plain, server.secure)
                val attempts = CONNECTIONS
                peers.run(connections = attempts, threads = THREADS)
                val afterwards = server.report() // it has ended those too that are silent
                peers.release()
                withClue("$afterwards; ${peers.counts()}") {
                    afterwards.errors shouldBe "[]"
                    afterwards.accepted shouldBeInRange attempts - peers.resets.get()..attempts
                    afterwards.ended shouldBe afterwards.accepted
                    afterwards.cutOff shouldBeGreaterThan 0
                    afterwards.failedHandshakes shouldBeGreaterThan CONNECTIONS / 10
                    peers.served.get() shouldBeGreaterThan CONNECTIONS / 10
                    peers.refusedToServe.get() shouldBe 0
                }

                val held = List(MORE_THAN_DESCRIPTORS) { peers.connect(server.plain) }
                held.take(ACCEPTED).forEach(peers::echoes) // by then the server has no descriptor left for the others
                held.forEach { it.close() }
                peers.honest() // behind all of them
                val exhausted = server.report()
                withClue(exhausted) {
                    exhausted.errors shouldBe "[]"
                    exhausted.ended shouldBe exhausted.accepted
                    exhausted.accepted - afterwards.accepted shouldBe MORE_THAN_DESCRIPTORS + 1
                    exhausted.most shouldBeInRange ACCEPTED..DESCRIPTORS
                }
                peers.honestByTls()
            }
        }
    }) {
    private companion object {
        const val CONNECTIONS = 2_000
        const val THREADS = 16
        const val MORE_THAN_DESCRIPTORS = 400
        const val ACCEPTED = 150
    }
}

/** The server's words about its connections. */
private class Report(line: String) {
    private val text = line
    val accepted = number("accepted")
    val most = number("most")
    val failedHandshakes = number("handshakes")
    val errors = Regex("errors=(\\[.*]) ends").find(line)!!.groupValues[1]
    val ended = Regex("=(\\d+)").findAll(line.substringAfter("ends=")).sumOf { it.groupValues[1].toInt() }

    val cutOff = number("ConnectionAborted")

    private fun number(name: String) = Regex("$name=(\\d+)").find(text)!!.groupValues[1].toInt()

    override fun toString() = text
}

/** The process of [RobustnessProgram]. */
private class RobustServer : AutoCloseable {
    private val folder = createTempDirectory("robustness").toFile()
    private val process = run {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val options = "-Xmx48m -XX:MaxDirectMemorySize=32m -XX:+ExitOnOutOfMemoryError -XX:-MaxFDLimit"
        val command = "ulimit -n $DESCRIPTORS; exec \"$java\" $options -cp \"${archives(folder)}\" ${RobustnessProgram::class.java.name}"
        ProcessBuilder("/bin/sh", "-c", command).redirectError(ProcessBuilder.Redirect.DISCARD).start()
    }
    private val lines = process.inputReader()
    private val questions = process.outputWriter()
    val plain: Int
    val secure: Int

    init {
        val ports = checkNotNull(lines.readLine()) { "the server does not start" }.split(' ').map { it.toInt() }
        plain = ports[0]
        secure = ports[1]
    }

    /** Comes when all connections have ended, or should have. */
    fun report(): Report {
        questions.write("\n")
        questions.flush()
        return Report(checkNotNull(lines.readLine()) { "the server has ended, with ${process.waitFor()}" })
    }

    override fun close() {
        questions.close()
        check(process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) { "the server does not end" }
        folder.deleteRecursively()
    }
}

private const val DESCRIPTORS = 256

private fun frame(length: Int) = ByteArray(2 + length).also {
    it[0] = (length shr 8).toByte()
    it[1] = length.toByte()
}

/** Connects again and again, each time as somebody else. */
private class HostilePeers(private val plain: Int, private val secure: Int) {
    val served = AtomicInteger()
    val refusedToServe = AtomicInteger()
    val resets = AtomicInteger() // of connections that may be gone before they are accepted
    private val failures = AtomicInteger()
    private val trusting = SSLContext.getInstance("TLS").apply { init(null, arrayOf(TrustsAll), null) }
    private val attacks: List<(Random) -> Unit> =
        listOf(
            { honest() },
            { honestByTls() },
            { random -> plainly { it.getOutputStream().write(frame(500), 0, 1 + random.nextInt(400)) } },
            { random -> plainly { it.resetAfter { write(frame(500), 0, 1 + random.nextInt(400)) } } },
            { plainly { it.resetAfter {} } },
            { plainly { it.isSentAwayAfter(byteArrayOf(-1, -1)) } },
            { random -> asksAndReadsNothing(random) },
            { beginsAndSaysNothing() },
            { random -> secretly { it.isSentAwayAfter(ByteArray(100).also(random::nextBytes)) } },
            { secretly { it.isSentAwayAfter("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".toByteArray()) } },
            { random -> secretly { it.getOutputStream().write(HELLO, 0, 1 + random.nextInt(HELLO.size - 1)) } },
            { random -> secretly { it.resetAfter { write(HELLO, 0, 1 + random.nextInt(HELLO.size - 1)) } } },
            { secretly { it.resetAfter {} } },
            { renegotiates() },
            { random -> breaksTls(random) },
        )
    private val held = ConcurrentLinkedQueue<Socket>()

    fun counts() = "served $served, refused $refusedToServe, resets $resets, failures $failures"

    fun run(connections: Int, threads: Int) {
        val next = AtomicInteger()
        val done = CountDownLatch(threads)
        val pool = Executors.newFixedThreadPool(threads)
        repeat(threads) {
            pool.execute {
                try {
                    while (true) {
                        val number = next.getAndIncrement()
                        if (number >= connections) break
                        attack(number)
                    }
                } finally {
                    done.countDown()
                }
            }
        }
        check(done.await(90, TimeUnit.SECONDS)) { "the peers do not come to an end: ${counts()}" }
        pool.shutdown()
    }

    /** Closes those that wait to be ended. */
    fun release() = held.forEach { it.close() }

    private fun attack(number: Int) {
        val isHonest = number % attacks.size < 2
        try {
            attacks[number % attacks.size](Random(number.toLong()))
        } catch (_: IOException) {
            failures.incrementAndGet() // the server has cut it off, as it should
            if (isHonest) refusedToServe.incrementAndGet()
        }
    }

    fun honest() = plainly(::echoes)

    fun honestByTls() = byTls(::echoes)

    fun echoes(socket: Socket) {
        val sent = frame(700)
        socket.getOutputStream().write(sent)
        if (!socket.getInputStream().readNBytes(sent.size).contentEquals(sent)) throw IOException("it was not served")
        served.incrementAndGet()
    }

    /** A peer that takes nothing has its connection ended, and nobody waits for it. */
    private fun asksAndReadsNothing(random: Random) {
        val socket = connect(plain)
        held.add(socket)
        socket.getOutputStream().write(byteArrayOf(0, 1, (1 + random.nextInt(100)).toByte()))
    }

    private fun beginsAndSaysNothing() {
        val socket = connect(plain)
        held.add(socket)
        socket.getOutputStream().write(frame(500), 0, 100)
    }

    private fun renegotiates() = byTls {
        it.enabledProtocols = arrayOf("TLSv1.2")
        echoes(it)
        it.startHandshake()
        it.getInputStream().read()
    }

    fun connect(port: Int) = Socket(InetAddress.getLoopbackAddress(), port).apply { soTimeout = 20_000 }

    private fun plainly(use: (Socket) -> Unit) = connect(plain).use(use)

    private fun secretly(use: (Socket) -> Unit) = connect(secure).use(use)

    private fun byTls(use: (SSLSocket) -> Unit) =
        (trusting.socketFactory.createSocket(connect(secure), "localhost", secure, true) as SSLSocket).use(use)

    private fun breaksTls(random: Random) {
        val below = connect(secure)
        val socket = trusting.socketFactory.createSocket(below, "localhost", secure, true)
        socket.getOutputStream().write(frame(500), 0, 1 + random.nextInt(400))
        below.resetAfter {}
        below.close()
    }

    private fun Socket.resetAfter(write: OutputStream.() -> Unit) {
        resets.incrementAndGet()
        setSoLinger(true, 0)
        getOutputStream().write()
    }

    /** Sends [data], and reads until the server ends the connection. */
    private fun Socket.isSentAwayAfter(data: ByteArray) {
        getOutputStream().write(data)
        getInputStream().readAllBytes()
    }

    private object TrustsAll : X509TrustManager {
        override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun getAcceptedIssuers() = emptyArray<X509Certificate>()
    }

    private companion object {
        /** The record that a client of the JDK begins with. */
        val HELLO: ByteArray =
            SSLContext.getDefault().createSSLEngine("localhost", 443).let { engine ->
                engine.useClientMode = true
                val out = ByteBuffer.allocate(engine.session.packetBufferSize)
                engine.wrap(ByteBuffer.allocate(0), out)
                out.array().copyOf(out.position())
            }
    }
}
