// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.defer.await
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import dev.torsion.reactor.stopOnShutdown
import dev.torsion.web.HttpException
import dev.torsion.web.client.Authentication
import dev.torsion.web.client.ClientResponse
import dev.torsion.web.client.HttpCall
import dev.torsion.web.client.HttpClient
import dev.torsion.web.client.HttpClientOptions
import dev.torsion.web.client.HttpProxy
import dev.torsion.web.client.RequestBody
import dev.torsion.web.client.RequestTimeoutException
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.withTimeout
import picocli.CommandLine.Command
import picocli.CommandLine.Option
import picocli.CommandLine.ParameterException
import picocli.CommandLine.Parameters
import java.io.Console
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.io.IOException
import java.nio.file.Path
import java.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration

/** `torsion get`. */
@Command(
    name = "get",
    description = [
        "A client of HTTP: asks for a URL, follows redirects, and writes the body to standard output.",
        "Exit code 0 for a status below 400, 1 for others and for what went wrong, 2 when there is no connection.",
    ],
)
internal class GetCommand : TorsionSubcommand() {
    @Parameters(paramLabel = "URL", description = ["What to ask for: http:// or https://, a host, a path."])
    private lateinit var url: String

    @Option(names = ["-X", "--request"], paramLabel = "METHOD", description = ["The method. Default: GET, and POST with --data."])
    private var method: String? = null

    @Option(names = ["-H", "--header"], paramLabel = "FIELD", description = ["A field of the request, such as \"Accept: text/plain\"."])
    private var fields: List<String> = emptyList()

    @Option(names = ["-d", "--data"], paramLabel = "TEXT", description = ["What is sent behind the head; @FILE for a file."])
    private var data: String? = null

    @Option(
        names = ["-o", "--output"],
        paramLabel = "FILE",
        description = ["Writes the body to a file, when all of it has come; - for standard output, also of what is no text."],
    )
    private var output: String? = null

    @Option(names = ["-i", "--include"], description = ["Shows the heads of the answers before the body."])
    private var isIncluding = false

    @Option(names = ["-I", "--head"], description = ["Asks for the head only, by HEAD, and shows it."])
    private var isHead = false

    @Option(names = ["-u", "--user"], paramLabel = "NAME:PASSWORD", description = ["Logs in to the server of the URL, by basic."])
    private var user: String? = null

    @Option(names = ["-x", "--proxy"], paramLabel = "URL", description = ["A proxy, such as http://127.0.0.1:3128."])
    private var proxy: String? = null

    @Option(names = ["-m", "--max-time"], paramLabel = "SECONDS", description = ["How long all of it may take. Default: any time."])
    private var seconds: Double? = null

    @Option(
        names = ["-L", "--location"],
        negatable = true,
        defaultValue = "true",
        fallbackValue = "true",
        description = ["Follows redirects, at most 10. Default."],
    )
    private var isFollowing = true

    @Option(names = ["-h", "--help"], usageHelp = true, description = ["Show this help message and exit."])
    private var helpRequested = false

    override fun call(): Int {
        val time = seconds?.let { Duration.ofNanos((it * NANOS).toLong()) }
        if (time != null && (time.isNegative || time.isZero)) {
            throw ParameterException(commandLine, "--max-time must be positive, but is $seconds")
        }
        val options = HttpClientOptions.DEFAULT.withProxy(orMistake { proxy?.let(HttpProxy::of) })
        val reactor = Reactor.create()
        reactor.stopOnShutdown(5.seconds)
        var code = 0
        val stopped = react(reactor) {
            HttpClient(reactor, options).use { http ->
                val call = orMistake { call(if (isFollowing) http else http.withRedirects(null)) }
                code = within(time) { ask(http, call, reactor) }
            }
        }
        return if (stopped != 0) stopped else code
    }

    private fun <T> orMistake(read: () -> T): T = try {
        read()
    } catch (e: IllegalArgumentException) {
        throw ParameterException(commandLine, e.message)
    } catch (e: IOException) {
        throw ParameterException(commandLine, "there is no file ${e.message}")
    }

    private fun call(http: HttpClient): HttpCall {
        val body = data?.let {
            if (it.startsWith("@")) RequestBody.file(Path.of(it.drop(1))) else RequestBody.text(it, "application/x-www-form-urlencoded")
        }
        var call = http.call(
            method ?: if (isHead) {
                "HEAD"
            } else if (body == null) {
                "GET"
            } else {
                "POST"
            },
            url,
        )
        user?.let { call = call.authentication(Authentication.basic(it.substringBefore(':'), it.substringAfter(':', ""))) }
        for (field in fields) {
            require(':' in field) { "a field has a name, a colon and a value, but \"$field\"" }
            call = call.addHeader(field.substringBefore(':').trim(), field.substringAfter(':').trim())
        }
        return if (body == null) call else call.body(body)
    }

    private suspend fun within(time: Duration?, ask: suspend () -> Int): Int {
        if (time == null) return ask()
        return try {
            withTimeout(time.toKotlinDuration()) { ask() }
        } catch (_: TimeoutCancellationException) {
            throw RequestTimeoutException(time)
        }
    }

    private suspend fun ask(http: HttpClient, call: HttpCall, reactor: Reactor): Int = call.fetch().use { response ->
        if (isIncluding || isHead) (response.history + response).forEach(::show)
        val path = output
        if (path == null || path == "-") write(response, reactor) else http.readTo(response, Path.of(path))
        if (response.status < FIRST_ERROR) 0 else 1
    }

    private fun show(response: ClientResponse) {
        out.println(shown("HTTP/1.${if (response.isHttp11) 1 else 0} ${response.status} ${response.reason}".trim()))
        response.headers.forEach { name, value -> out.println(shown("$name: $value")) }
        out.println()
    }

    /** The bytes as they come. A terminal or a pipe may make its writer wait, so the loop does not write. */
    private suspend fun write(response: ClientResponse, reactor: Reactor) {
        var isChecked = output == "-" || !isTerminal()
        while (true) {
            val piece = response.body.read() ?: break
            if (!isChecked && piece.any { it == 0.toByte() }) {
                throw HttpException(
                    "The body is no text, and might confuse the terminal. See -o FILE, and -o - for the terminal all the same.",
                )
            }
            isChecked = true
            reactor.deferToThread { write(piece) }.await()
        }
    }

    private fun write(piece: ByteArray) {
        out.flush()
        try {
            STANDARD_OUTPUT.write(piece)
        } catch (e: IOException) {
            throw IOException("standard output: ${e.message}", e)
        }
    }

    private companion object {
        const val FIRST_ERROR = 400
        const val NANOS = 1e9
        val STANDARD_OUTPUT = FileOutputStream(FileDescriptor.out)

        /** Some versions of Java have a console also where there is no terminal, and say so by a method that others do not have. */
        fun isTerminal(): Boolean {
            val console = System.console() ?: return false
            val asked = Console::class.java.methods.find { it.name == "isTerminal" } ?: return true
            return asked.invoke(console) as Boolean
        }
    }
}
