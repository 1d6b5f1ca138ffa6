// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.log.safeMessage
import dev.torsion.net.Address
import dev.torsion.net.InternetAddress
import org.slf4j.event.Level
import java.time.Instant
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.util.Locale
import java.util.function.Consumer

/**
 * Access logs: one line, or one event, for each request; Twisted's `combinedLogFormatter`.
 *
 * ```java
 * HttpServerOptions options = HttpServerOptions.DEFAULT.withListener(AccessLog.structured());
 * ```
 *
 * Thread: any.
 */
public object AccessLog {
    /**
     * Gives [lines] each request as a line of Apache's combined format, without its end:
     * `127.0.0.1 - joe [26/Nov/2026:16:40:06 +0000] "GET /a?b=c HTTP/1.1" 200 2326 "http://a/" "curl/8"`. The user is that of [Request.user].
     *
     * Quotes, backslashes and all bytes that are not printable ASCII are escaped as Apache does, and blanks in the name of a user too. So no peer can forge a line, or a part of one. A request without
     * an answer has the status 499, which is nginx's. The line has the query of the target, and so perhaps secrets: [structured] has none.
     *
     * [lines] is called on the reactor's thread, and must not block.
     */
    @JvmStatic
    public fun combined(lines: Consumer<String>): RequestListener = RequestListener { lines.accept(CombinedLine.of(it)) }

    /**
     * Logs each request at level info, as `dev.torsion.web.AccessLog`. The values are `client`, `method`, `path` without its query, `status`
     * (0 without an answer), `user`, `bytes` and `received` of the bodies, `millis`, `outcome` (`whole` or `cut`), `agent` and `referer`, `request` with its id,
     * and `reason`, where there are any.
     */
    @JvmStatic
    public fun structured(): RequestListener = structured(Logger(AccessLog::class.java))

    /** The same, with a logger of your own. */
    @JvmStatic
    public fun structured(logger: Logger): RequestListener = RequestListener { record ->
        if (!logger.isEnabled(Level.INFO)) return@RequestListener
        val entry = logger.at(Level.INFO).with("client", hostOf(record.client))
            .with("method", record.method ?: "-")
            .with("path", record.target?.let { escaped(it.substringBefore('?')) } ?: "-")
            .with("status", record.status)
            .with("bytes", record.bytesSent)
            .with("received", record.bytesReceived)
            .with("millis", record.duration.toMillis())
            .with("outcome", if (record.isWhole) "whole" else "cut")
        record.user?.let { entry.with("user", escaped(it)) }
        record.headers["User-Agent"]?.let { entry.with("agent", escaped(it)) }
        record.headers["Referer"]?.let { entry.with("referer", escaped(it.substringBefore('?'))) }
        record.requestId?.let { entry.with("request", it) }
        record.cause?.let { entry.with("reason", escaped(safeMessage(it) ?: it.javaClass.name)) }
        entry.log("{client} {method} {path}: {status}, {bytes} bytes, {outcome}")
    }
}

/** The host of [address] as access logs have it. */
internal fun hostOf(address: Address): String = (address as? InternetAddress)?.host ?: "-"

/** Lines of Apache's combined format. */
internal object CombinedLine {
    private val TIME = DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss '+0000'", Locale.ENGLISH).withZone(ZoneOffset.UTC)
    private const val NO_ANSWER = 499
    private const val HEX = "0123456789abcdef"

    fun of(record: RequestRecord): String {
        val line = StringBuilder(
            TYPICAL,
        ).append(hostOf(record.client)).append(" - ").user(record.user).append(" [").append(time(record.receivedAt)).append("] \"")
        if (record.method == null) {
            line.append('-')
        } else {
            line.escaped(record.method).append(' ').escaped(record.target!!).append(if (record.isHttp11) " HTTP/1.1" else " HTTP/1.0")
        }
        line.append("\" ").append(if (record.status == 0) NO_ANSWER else record.status).append(' ')
        if (record.bytesSent == 0L) line.append('-') else line.append(record.bytesSent)
        return line.append(" \"").field(record, "Referer").append("\" \"").field(record, "User-Agent").append('"').toString()
    }

    private fun time(at: Instant) = TIME.format(at)

    private fun StringBuilder.field(record: RequestRecord, name: String) = record.headers[name]?.let { escaped(it) } ?: append('-')

    /** Apache's `%u`. A name that could be taken for no user, or for two columns, is escaped. */
    private fun StringBuilder.user(name: String?): StringBuilder = when (name) {
        null -> append('-')
        "" -> append("\"\"")
        "-" -> append("\\x2d")
        else -> {
            for ((i, word) in String(name.toByteArray(), Charsets.ISO_8859_1).split(' ').withIndex()) {
                if (i > 0) append("\\x20")
                escaped(word)
            }
            this
        }
    }

    /** As `ap_escape_logitem` writes it. The characters are bytes by now. */
    private fun StringBuilder.escaped(text: String): StringBuilder {
        for (c in text) {
            when (c) {
                '"', '\\' -> append('\\').append(c)
                in ' '..'~' -> append(c)
                '\b' -> append("\\b")
                '\n' -> append("\\n")
                '\r' -> append("\\r")
                '\t' -> append("\\t")
                '\u000b' -> append("\\v")
                else -> append("\\x").append(HEX[c.code shr 4 and 15]).append(HEX[c.code and 15])
            }
        }
        return this
    }

    private const val TYPICAL = 160
}
